"""Whether a SQLite store's file is still the one opened first.

Whoever puts another file in its place while it is served leaves every open connection with the old one, where what is
acknowledged is lost; and SQLite would apply the old file's write-ahead log to the new one. So nothing is written until
a restart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


class FileReplaced(Exception):
    """An error for a store's file that is gone or replaced."""


def identity(file: Path) -> str:
    """Return which file is at a path: its device and number.

    Returns the empty string where there is none.
    """
    try:
        found = file.stat()
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


class SameFile:
    """The check that a store's file is the one of the start.

    It is made before each use of the file.
    """

    def __init__(self, file: Path, first: str = "") -> None:
        """Remember the file; ``first`` says which it was when ``serve`` started (``named``)."""
        self._file = file
        named, _, at = first.partition("=")
        self._first = named if at == str(file) else ""

    def before_opening(self, *_: Any) -> None:
        """Check the file before a connection is opened.

        Opening would make a file where there is none. Raises FileReplaced.
        """
        if self._first and identity(self._file) != self._first:
            raise FileReplaced

    def before_use(self, *_: Any) -> None:
        """Check the file before a transaction; raises FileReplaced."""
        found = identity(self._file)
        self._first = self._first or found
        if found != self._first:
            raise FileReplaced


def named(file: Path) -> str:
    """Return a file's identity and path, as ``serve`` tells its workers."""
    found = identity(file)
    return f"{found}={file}" if found else ""
