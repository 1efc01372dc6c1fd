"""The folder of a run: plan, finished steps, and tables.

Everything is written below ``work/`` under another name and renamed when it is whole. So a run that was killed goes on
where it stopped, and nothing half-written looks whole.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version as version_of
from pathlib import Path
from typing import IO, Any, Final

import orjson

from cds_service.replay.source import ExportSource
from cds_service.replay.terms import CannotReplay, Terms

KEY: Final = "patients.key"
"""The file with the pseudonyms' key, readable only by its owner."""
_OURS: Final = frozenset({"work", "run.json", "ledger.parquet", "decisions", "report.html", "report.json", KEY, ".lock"})


class Folder:
    """The folder ``OUT``, opened for one run at a time."""

    def __init__(self, out: Path) -> None:
        self.out: Final = out
        self.work: Final = out / "work"
        self.decisions: Final = out / "decisions"
        self.ledger: Final = out / "ledger.parquet"
        self.run: Final = out / "run.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs out of the folder.

        Raises CannotReplay where another run is at work in it, or where it holds something else.
        """
        if self.out.exists() and not self.out.is_dir():
            raise CannotReplay(f"{self.out}: it is a file, and a folder is meant")
        foreign = sorted({one.name for one in self.out.iterdir()} - _OURS) if self.out.is_dir() else []
        if foreign:
            raise CannotReplay(f"{self.out}: it holds something else than a replay ({foreign[0]}); name a new folder")
        self.out.mkdir(parents=True, exist_ok=True)
        with (self.out / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise CannotReplay(f"{self.out}: another replay is at work in it") from None
            yield

    def key(self, named: Path | None) -> bytes:
        """Return the key of the pseudonyms.

        It is read from the file that is named, else from the folder; where the folder has none, one is made. Raises
        CannotReplay.
        """
        path = named or self.out / KEY
        if not named and not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_hex(32).encode())
        try:
            key = path.read_bytes().strip()
        except OSError as error:
            raise CannotReplay(f"{path}: the key cannot be read ({error.strerror})") from None
        if len(key) < 16:
            raise CannotReplay(f"{path}: the key is too short; at least 16 signs are meant")
        return key

    def plan(self, terms: Terms, source: ExportSource, engine: str) -> dict[str, Any]:
        """Note what the run decides by, or read what it began with.

        Raises CannotReplay where the run began with something else.
        """
        wanted: dict[str, Any] = {
            "terms": terms.stated(),
            "key": terms.pseudonym("key"),
            "source": [list(one) for one in source.state],
            "program": version_of("cds-service"),
        }
        begun = self.finished() or _read(self.work / "plan.json")
        if begun is None:
            self.work.mkdir(exist_ok=True)
            plan = {**wanted, "engine": engine, "parts": parts_of(source)}
            write_whole(self.work / "plan.json", plan)
            return plan
        for name, said in (
            ("source", "the source changed since"),
            ("program", "it was begun with another version of this program"),
        ):
            if begun.get(name) != wanted[name]:
                raise CannotReplay(f"{self.out}: it holds a run, and {said}; name a new folder")
        was, now = begun.get("terms", {}), wanted["terms"]
        other = sorted(name for name in {*was, *now} if was.get(name) != now.get(name))
        if {"revision", "compare_revision"} & set(other):
            raise CannotReplay(f"{self.out}: it holds a run with another content ({was.get('revision')}); name a new folder")
        if other or begun.get("key") != wanted["key"]:
            what = ", ".join(other) or "key"
            raise CannotReplay(f"{self.out}: it holds another run, which differs in {what}; name a new folder")
        if begun.get("engine") != engine and "state" not in begun:
            raise CannotReplay(
                f"{self.out}: it holds a run of --engine {begun.get('engine')} that is not done; go on with that one"
            )
        return begun

    def finished(self) -> dict[str, Any] | None:
        """Return what ``run.json`` says of a finished run, or None."""
        return _read(self.run)

    def of(self, step: str) -> Path:
        """Return the folder of one step's files."""
        path = self.work / step
        path.mkdir(parents=True, exist_ok=True)
        return path

    def done(self, step: str) -> dict[int, dict[str, Any]]:
        """Return a step's finished pieces by number, with their counts."""
        found = {int(path.stem): _read(path) for path in self.of(step).glob("*.json")}
        return {number: said for number, said in found.items() if said is not None}

    def kinds(self, step: str) -> tuple[str, ...]:
        """Return the types of resources that the lines read hold.

        Raises CannotReplay where the source is no export.
        """
        kinds = sorted({kind for said in self.done(step).values() for kind in said["kinds"]})
        if not kinds:
            self.clean()
            raise CannotReplay("the source is no export: none of its lines is a FHIR resource that is read here")
        return tuple(kinds)

    def clean(self) -> None:
        """Remove what only the run itself needed."""
        shutil.rmtree(self.work, ignore_errors=True)


def parts_of(source: ExportSource, least: int = 8, size: int = 32 * 1024 * 1024, most: int = 1024) -> int:
    """Return how many parts a source is decided in.

    Each part has about 32 MiB, and there are no more than 1024.
    """
    return max(least, min(most, -(-source.size // size)))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        read: Any = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) else None


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that appears under its name only when whole.

    Raises OSError.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_whole(path: Path, said: dict[str, Any]) -> None:
    """Write a JSON file that appears only once it is whole.

    Raises OSError.
    """
    with whole(path) as file:
        file.write(orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
