"""``cds-service policy watch``: what a save comes to.

It is told as soon as the file is saved.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Annotated

import typer

from cds_service.analysis.watching import Watched
from cds_service.cli.terminal import refuse, to_stdout

if TYPE_CHECKING:
    from cds_service.serving.watched_pages import WatchedPages

EVERY = 0.1
"""Seconds between two looks at the folder."""
PAGES = "Serve the pages at this port of this machine; what is open loads itself again after each save."


def watch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The content folder to watch.")],
    once: Annotated[bool, typer.Option("--once", help="Tell what stands now, and end.")] = False,
    pages: Annotated[int | None, typer.Option("--pages", metavar="PORT", min=1, max=65535, help=PAGES)] = None,
) -> None:
    """Watch a content folder: at every save, check what changed, run its vignettes and try its mutants. Ctrl-C ends it."""
    if not folder.is_dir():
        refuse(f"{folder}: there is no such folder")
    watched, console = Watched(folder), to_stdout()
    shown = _pages_at(pages) if pages else None
    try:
        while True:
            if changed := watched.changed():
                began = perf_counter()
                for line in watched.told(changed):
                    console.print(f"{line} [{perf_counter() - began:.2f} s]", soft_wrap=True)
                if shown and watched.content:
                    shown.show(watched.content)
            if once:
                return
            sleep(EVERY)
    except KeyboardInterrupt:
        return


def _pages_at(port: int) -> WatchedPages:
    from cds_service.cli.serve import free_address  # noqa: PLC0415 - nothing of a server is read where no page is asked for
    from cds_service.serving.watched_pages import HOST, WatchedPages  # noqa: PLC0415

    free_address(HOST, port)
    pages = WatchedPages()
    pages.serve(port)
    to_stdout().print(f"The playground is at http://{HOST}:{port}/try.")
    return pages
