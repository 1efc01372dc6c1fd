"""What executors of Spark need beside the lines.

The content and the resources that belong to nobody are sent as files, and read once in each executor.
"""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pyspark import SparkFiles
from pyspark.sql import DataFrame, SparkSession

from cds_service.content.layers import FILE, FOLDERS
from cds_service.fhir.value_set_files import value_set_paths
from cds_service.replay.duckdb_engine import shared_resources
from cds_service.replay.folder import whole
from cds_service.replay.held import Shelf, contents_of, stock
from cds_service.replay.terms import Terms


@dataclass(frozen=True, slots=True)
class Load:
    """What executors need beside the lines.

    The terms, the names of the files sent to them, and the types that the source holds.
    """

    terms: Terms
    content: str
    compare: str
    shared: str
    held: tuple[str, ...]


_shelves: dict[Load, Shelf] = {}
"""What this executor's Python worker has stocked, by load.

A worker works on one thread.
"""


def stocked(load: Load) -> Shelf:
    """Return what this executor holds, read once in each Python worker."""
    if load not in _shelves:
        terms = replace(load.terms, content=str(_unpacked(load.content)))
        if load.compare:
            terms = replace(terms, compare=str(_unpacked(load.compare)))
        own = Path(terms.content) / "own_value_sets"
        terms = replace(terms, own_value_sets=str(own) if own.is_dir() else "")
        shared = Path(SparkFiles.get(load.shared)).read_bytes().splitlines()
        _shelves[load] = stock(terms, contents_of(terms), shared_resources(shared), load.held)
    return _shelves[load]


def _unpacked(name: str) -> Path:
    """Unpack a content folder that came as a file.

    It is unpacked once on this machine for this process.
    """
    folder = Path(tempfile.mkdtemp(prefix="cds-content-"))
    with zipfile.ZipFile(SparkFiles.get(name)) as packed:
        packed.extractall(folder)
    return folder


def load_for(session: SparkSession, lines: DataFrame, terms: Terms, kinds: Iterable[str]) -> Load:
    """Send the executors the content and what belongs to nobody."""
    with_compare = terms.compare if terms.compare and "@" not in terms.compare else ""
    shared = [bytes(row["resource"]) for row in lines.where("part = -1").sort("file", "line").select("resource").collect()]
    content = _send_content(session, Path(terms.content), terms.revision, terms.own_lists)
    compare = _send_content(session, Path(with_compare), terms.compare_revision, terms.own_lists) if with_compare else ""
    written = b"\n".join(one.strip() for one in shared)
    name = f"shared-{hashlib.sha256(written).hexdigest()[:12]}.ndjson"
    return Load(terms, content, compare, _sent(session, name, lambda path: path.write_bytes(written)), tuple(sorted(kinds)))


def _send_content(session: SparkSession, root: Path, revision: str, own: Path | None) -> str:
    return _sent(session, f"content-{revision}.zip", lambda path: packed_content(root, own, path))


@cache
def _outgoing() -> Path:
    """Return the folder of the files that are sent.

    Executors may ask for it as long as the session lives.
    """
    folder = Path(tempfile.mkdtemp(prefix="cds-replay-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _sent(session: SparkSession, name: str, write: Callable[[Path], Any]) -> str:
    """Send a file that is named after its content.

    The same content is written once.
    """
    path = _outgoing() / name
    if not path.exists():
        write(path)
    session.sparkContext.addFile(str(path))
    return name


def packed_content(root: Path, own: Path | None, path: Path) -> None:
    """Write a content folder and a plan's own lists to one file.

    The lists go with it however they are written, as :func:`value_set_paths` finds them.
    """
    with whole(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for one in sorted([root / FILE, *(held for name in FOLDERS for held in (root / name).rglob("*"))]):
            if one.is_file():
                packed.write(one, one.relative_to(root))
        for one in value_set_paths(own) if own else ():
            packed.write(one, f"own_value_sets/{one.name}")
