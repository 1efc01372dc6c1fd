"""What every command shares with the shell.

It says where a command prints, how it refuses, and which content it reads.
"""

from __future__ import annotations

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn, TextIO

import typer
from rich.console import Console

from cds_service.configuration.naming import in_environment
from cds_service.content.content import Content, read_content, shipped_content
from cds_service.content_files.problems import ContentError

NO_WRAPPING = 4096
"""The columns of an output that is no terminal.

A line stays a line, so that it can be searched.
"""


def to_stdout() -> Console:
    """Make the console for answers.

    It is made anew each time, so that it follows whatever stdout is now.
    """
    return _console(sys.stdout, stderr=False)


def to_stderr() -> Console:
    """Make the console for what went wrong."""
    return _console(sys.stderr, stderr=True)


def _console(stream: TextIO, *, stderr: bool) -> Console:
    width = None if stream.isatty() or "COLUMNS" in os.environ else NO_WRAPPING
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def refuse(lines: str | list[str], status: int = 1) -> NoReturn:
    """Print each line on stderr and end the command with ``status``."""
    console = to_stderr()
    for line in [lines] if isinstance(lines, str) else lines:
        console.print(line, soft_wrap=True)
    raise typer.Exit(status)


def content_in(folder: Path | None) -> Content:
    """Return the content of a folder, or the shipped one.

    Ends the command with status 1 and every problem when it cannot be used.
    """
    if folder is not None and not folder.is_dir():
        refuse(f"{folder}: {'it is a file, and a folder is meant' if folder.exists() else 'there is no such folder'}")
    try:
        own = in_environment("value_sets")
        return read_content(folder or shipped_content(), Path(own) if own else None)
    except ContentError as error:
        refuse([str(problem) for problem in error.problems])


def local_day() -> date:
    """Return the day it is here.

    This is the edge at which the clock is read.
    """
    return datetime.now().astimezone().date()
