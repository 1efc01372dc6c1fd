"""Whether the file of a SQLite store is still the one that was opened first.

Whoever puts another file in its place while it is served leaves every open connection with the old one, where what is acknowledged
is lost; and SQLite would apply the old file's write-ahead log to the new one. So nothing is written until a restart.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

FILE = "CDS_SERVICE_STORE_FILE"
"""The environment variable by which ``serve`` tells its workers which file the store was when it started."""


class FileReplaced(Exception):
    """The store's file is gone, or another one is in its place."""


def identity(file: Path) -> str:
    """Which file is at a path: its device and number, the empty string where there is none."""
    try:
        found = file.stat()
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


class SameFile:
    """Looks, before each use of a store's file, whether it is the one that was there at first."""

    def __init__(self, file: Path) -> None:
        self._file = file
        named, _, at = os.environ.get(FILE, "").partition("=")
        self._first = named if at == str(file) else ""

    def before_opening(self, *_: Any) -> None:
        """Before a connection is opened, which would make a file where there is none. Raises FileReplaced."""
        if self._first and identity(self._file) != self._first:
            raise FileReplaced

    def before_use(self, *_: Any) -> None:
        """Before a transaction. Raises FileReplaced."""
        found = identity(self._file)
        self._first = self._first or found
        if found != self._first:
            raise FileReplaced


def named(file: Path) -> str:
    """What ``FILE`` holds for a file."""
    found = identity(file)
    return f"{found}={file}" if found else ""
