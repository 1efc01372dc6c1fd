"""The files of a source, cut into chunks that workers read apart.

A source is Bulk Data NDJSON, gzipped or not, Parquet, or a DuckDB table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

import duckdb
import orjson
import pyarrow.parquet as pq

from cds_service.replay.terms import CannotReplay

CHUNK: Final = 32 * 1024 * 1024
"""Bytes of a file that are read as one chunk."""
_BLOCK: Final = 4 * 1024 * 1024
_MANIFEST: Final = 4 * 1024 * 1024
_FORMS: Final = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz", ".parquet", ".duckdb")
Form = Literal["lines", "gzip", "parquet", "table"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a file: bytes of lines, or Parquet row groups.

    It goes from ``start`` to ``end``; ``first`` is the number of its first line, counted from 1. ``name`` is the file
    as the ledger names it, ``table`` the table of a database.
    """

    path: str
    name: str
    form: Form
    start: int = 0
    end: int = 0
    first: int = 1
    table: str = ""


@dataclass(frozen=True, slots=True)
class ExportSource:
    """What is replayed.

    Its chunks, its size in bytes, what tells whether it changed, and the types that it was asked for.
    """

    chunks: tuple[Chunk, ...]
    size: int
    state: tuple[tuple[str, int, int], ...]
    asked_for: tuple[str, ...]


def read_source(path: Path, table: str = "", chunk: int = CHUNK) -> ExportSource:
    """Find the files of a source.

    A folder is searched with all that lies below it. Raises CannotReplay for what is no export.
    """
    if not path.exists():
        raise CannotReplay(f"{path}: there is no such file or folder")
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    held = [one for one in files if _form(one) and not any(part.startswith(("_", ".")) for part in _below(one, path).parts)]
    if not held:
        kinds = ", ".join(_FORMS)
        raise CannotReplay(f"{path}: it is no export; a folder of files *.ndjson, *.ndjson.gz or *.parquet is meant ({kinds})")
    chunks: list[Chunk] = []
    for one in held:
        try:
            chunks += _chunks(one, _below(one, path).as_posix(), table, chunk)
        except (OSError, ValueError, duckdb.Error) as error:
            raise CannotReplay(f"{one}: it cannot be read ({_said(error)})") from None
    stats = [(one, one.stat()) for one in held]
    state = tuple((_below(one, path).as_posix(), stat.st_size, stat.st_mtime_ns) for one, stat in stats)
    return ExportSource(tuple(chunks), sum(size for _, size, _ in state), state, _asked_for(files))


def _below(file: Path, root: Path) -> Path:
    return file.relative_to(root) if root.is_dir() else Path(file.name)


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _form(file: Path) -> Form | None:
    name = file.name.lower()
    if name.endswith((".ndjson", ".jsonl")):
        return "lines"
    if name.endswith((".ndjson.gz", ".jsonl.gz")):
        return "gzip"
    return "parquet" if name.endswith(".parquet") else "table" if name.endswith(".duckdb") else None


def _chunks(file: Path, name: str, table: str, size: int) -> Iterator[Chunk]:
    form = _form(file)
    if form == "gzip":
        yield Chunk(str(file), name, form)
    elif form == "parquet":
        yield from _row_groups(file, name, size)
    elif form == "table":
        if not table:
            raise CannotReplay(f"{file}: name the table in which the resources stand with --table")
        with duckdb.connect(str(file), read_only=True) as database:
            _columns(name, [row[0] for row in database.execute(f'DESCRIBE "{_quoted(table)}"').fetchall()])
        yield Chunk(str(file), name, "table", table=table)
    else:
        yield from _stretches(file, name, size)


def _quoted(name: str) -> str:
    return name.replace('"', '""')


def _columns(name: str, columns: list[str]) -> None:
    if "resource" not in columns:
        raise CannotReplay(f"{name}: it has no column 'resource'; a column of resources as JSON text is meant")


def _row_groups(file: Path, name: str, size: int) -> Iterator[Chunk]:
    read = pq.ParquetFile(file)
    _columns(name, read.schema_arrow.names)
    start, first, held, rows = 0, 1, 0, 0
    for number in range(read.num_row_groups):
        group = read.metadata.row_group(number)
        held += group.total_byte_size
        rows += group.num_rows
        if held >= size or number == read.num_row_groups - 1:
            yield Chunk(str(file), name, "parquet", start, number + 1, first)
            start, first, held, rows = number + 1, first + rows, 0, 0


def _stretches(file: Path, name: str, size: int) -> Iterator[Chunk]:
    """Yield stretches of whole lines, each of about ``size`` bytes.

    Each has the number of its first line.
    """
    length = file.stat().st_size
    start = 0
    first = line = 1
    with file.open("rb") as read:
        at = 0
        while block := read.read(_BLOCK):
            begin = at
            at += len(block)
            cut = block.rfind(b"\n") + 1
            if at - start >= size and cut and at < length:
                end = begin + cut
                line += block.count(b"\n")
                yield Chunk(str(file), name, "lines", start, end, first)
                start, first = end, line
            else:
                line += block.count(b"\n")
    if length > start:
        yield Chunk(str(file), name, "lines", start, length, first)


def _asked_for(files: list[Path]) -> tuple[str, ...]:
    """Return the types that a Bulk Data manifest names.

    They are those that its request asked for (``_type``), or of which it lists output.
    """
    found: dict[str, None] = {}
    for file in files:
        if file.suffix != ".json" or file.stat().st_size > _MANIFEST:
            continue
        try:
            manifest: Any = orjson.loads(file.read_bytes())
            query = urlsplit(str(manifest.get("request", ""))).query if isinstance(manifest, dict) else ""
        except (OSError, ValueError):
            continue
        if isinstance(manifest, dict) and isinstance(manifest.get("output"), list) and "transactionTime" in manifest:
            asked = parse_qs(query).get("_type", [])
            found.update(dict.fromkeys(kind.strip() for one in asked for kind in one.split(",")))
            outputs = [one.get("type") for one in manifest["output"] if isinstance(one, dict)]
            found.update(dict.fromkeys(kind for kind in outputs if isinstance(kind, str)))
    return tuple(found)
