"""``cds-service policy watch``: what a save comes to.

It is told as soon as the file is saved.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter, sleep
from typing import Annotated

import typer

from cds_service.analysis.watching import Watched
from cds_service.cli.terminal import refuse, to_stdout

EVERY = 0.1
"""Seconds between two looks at the folder."""


def watch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The content folder to watch.")],
    once: Annotated[bool, typer.Option("--once", help="Tell what stands now, and end.")] = False,
) -> None:
    """Watch a content folder: at every save, check what changed, run its vignettes and try its mutants. Ctrl-C ends it."""
    if not folder.is_dir():
        refuse(f"{folder}: there is no such folder")
    watched, console = Watched(folder), to_stdout()
    try:
        while True:
            if changed := watched.changed():
                began = perf_counter()
                for line in watched.told(changed):
                    console.print(f"{line} [{perf_counter() - began:.2f} s]", soft_wrap=True)
            if once:
                return
            sleep(EVERY)
    except KeyboardInterrupt:
        return
