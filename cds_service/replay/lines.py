"""A chunk of a source as lines, none of them read whole.

Of each line it is found whose it is, its type and place, and what is wrong with it.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import IO, Any, Final

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from cds_service.fhir.elements import reference
from cds_service.fhir.resource_types import SUBJECTS
from cds_service.replay import ledger
from cds_service.replay.rows import LINES
from cds_service.replay.source import Chunk
from cds_service.replay.terms import SHARED, Terms

_BATCH: Final = 8192
_MARK: Final = b"\xef\xbb\xbf"
"""The byte order mark that some write before UTF-8."""
_BATCH_BYTES: Final = 16 * 1024 * 1024


class _Head(msgspec.Struct):
    """What is read of a resource to know whose it is.

    Everything else in the resource is skipped.
    """

    resourceType: Any = None  # noqa: N815 - FHIR's name
    id: Any = None
    subject: Any = None
    patient: Any = None
    beneficiary: Any = None


_head: Final[Callable[[bytes], _Head]] = msgspec.json.Decoder(_Head).decode
Line = tuple[int, bytes | None]
"""A line's number and its content; None where it is too long."""


def lines_of(chunk: Chunk, terms: Terms, parts: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a chunk, in batches.

    Every line is there once: in a part by its patient, or with the reason why it is in none.
    """
    yield from keyed(_raw(chunk, terms.largest_chart), chunk.name, terms, parts)


def keyed(raw: Iterable[Line | tuple[int, str]], name: str, terms: Terms, parts: int) -> Iterator[pa.RecordBatch]:
    """Yield lines as rows of ``LINES``.

    A line with a text in place of bytes is one that could not be read; the text says why.
    """
    held: dict[str, list[Any]] = {column: [] for column in LINES.names}
    size = 0
    types = terms.types
    for number, written in raw:
        if isinstance(written, bytes) and not written.strip():
            continue
        part, patient, kind, reason = _placed(written, types, parts) if isinstance(written, bytes) else (0, None, None, written)
        kept = written if isinstance(written, bytes) and reason is None else None
        for column, value in zip(LINES.names, (part, patient, kind, name, number, kept, reason), strict=True):
            held[column].append(value)
        size += len(kept or b"")
        if len(held["line"]) >= _BATCH or size >= _BATCH_BYTES:
            yield pa.RecordBatch.from_pydict(held, schema=LINES)
            held, size = {column: [] for column in LINES.names}, 0
    if held["line"]:
        yield pa.RecordBatch.from_pydict(held, schema=LINES)


def _placed(written: bytes, types: frozenset[str], parts: int) -> tuple[int, str | None, str | None, str | None]:
    """Return the part, patient, type and reason of a line."""
    try:
        head = _head(written)
        if not written.isascii():
            written.decode()
    except UnicodeDecodeError:
        return 0, None, None, ledger.NOT_UTF8
    except (msgspec.DecodeError, RecursionError):
        return 0, None, None, _broken(written)
    kind = head.resourceType
    if not isinstance(kind, str) or not kind:
        return 0, None, None, ledger.NOT_A_RESOURCE
    if kind not in types:
        return 0, None, kind[:60] if kind.isalnum() and kind.isascii() else None, ledger.NOT_READ
    if kind in SHARED:
        return -1, None, kind, None
    patient = patient_id(head, kind)
    if not patient:
        return 0, None, kind, ledger.NO_PATIENT
    return zlib.crc32(patient.encode()) % parts, patient, kind, None


def _broken(written: bytes) -> str:
    try:
        written.decode()
    except UnicodeDecodeError:
        return ledger.NOT_UTF8
    try:
        return ledger.NOT_JSON if not isinstance(msgspec.json.decode(written), dict | list | str | int) else ledger.NOT_A_RESOURCE
    except (msgspec.DecodeError, RecursionError):
        return ledger.NOT_JSON


def patient_id(head: Any, kind: str) -> str:
    """Return the bare id of the patient that a resource is about.

    Every form of reference is understood. Returns the empty string where no patient is named.
    """
    if kind == "Patient":
        return head.id.strip() if isinstance(head.id, str) else ""
    about = next((one for name in SUBJECTS if (one := getattr(head, name)) is not None), None)
    if not isinstance(about, dict):
        return ""
    written = about.get("reference")
    if isinstance(written, str) and written.startswith("urn:uuid:"):
        return written.removeprefix("urn:uuid:").strip()
    kind, _, id_ = reference(about).partition("/")
    return id_ if kind == "Patient" else ""


def _raw(chunk: Chunk, longest: int) -> Iterator[Line | tuple[int, str]]:
    match chunk.form:
        case "lines":
            with open(chunk.path, "rb") as file:
                file.seek(chunk.start)
                yield from _numbered(file, chunk.first, longest, chunk.end - chunk.start)
        case "gzip":
            with gzip.open(chunk.path) as packed:
                yield from _numbered(packed, 1, longest, None)
        case "parquet":
            file = pq.ParquetFile(chunk.path)
            columns = [name for name in ("resource", "patient") if name in file.schema_arrow.names]
            groups = list(range(chunk.start, chunk.end))
            yield from _from_table(file.iter_batches(_BATCH, groups, columns), chunk.first)
        case "table":
            with closing(duckdb.connect(chunk.path, read_only=True)) as database:
                quoted = chunk.table.replace('"', '""')
                found = database.sql(f'SELECT resource FROM "{quoted}"')  # noqa: S608 - the name is quoted
                yield from _from_table(found.to_arrow_reader(_BATCH), 1)


def _numbered(file: IO[bytes] | gzip.GzipFile, first: int, longest: int, length: int | None) -> Iterator[Line | tuple[int, str]]:
    """Yield the numbered lines of a file from where it stands.

    They go to the end of the file, or for so many bytes. A line that is too long is skipped in pieces.
    """
    number, read = first - 1, 0
    while length is None or read < length:
        number += 1
        try:
            line = file.readline(longest + 1)
            read += len(line)
            whole = line
            while len(whole) > longest and not whole.endswith(b"\n"):
                whole = file.readline(longest + 1)
                read += len(whole)
                if not whole:
                    break
        except (EOFError, gzip.BadGzipFile, zlib.error):
            yield number, ledger.CUT_OFF
            return
        if not line:
            return
        if len(line) > longest:
            yield number, ledger.TOO_LONG
            continue
        yield number, line.removeprefix(_MARK) if number == 1 else line


def _from_table(batches: Iterable[pa.RecordBatch], first: int) -> Iterator[Line | tuple[int, str]]:
    """Yield the resources of a table, by row.

    The patient is the one that the resource itself names; the column ``patient`` only repeats it.
    """
    number = first - 1
    for batch in batches:
        for value in batch.column("resource").to_pylist():
            number += 1
            if isinstance(value, str):
                yield number, value.encode()
            elif isinstance(value, bytes) and value:
                yield number, value
            else:
                yield number, ledger.NOT_A_RESOURCE
