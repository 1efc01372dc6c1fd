"""The command line, ``cds-service``.

It serves the policies, tries them, checks an order from a file, and reads and tests what is encoded. What each command
does is in a module of its own, which is read when the command is run (``listed``).
"""

from __future__ import annotations

from typing import Annotated

import typer

from cds_service.cli.listed import LazyGroup

app = typer.Typer(
    name="cds-service",
    cls=LazyGroup,
    help="Judges orders by published medical policies, as a CDS Hooks service and at the command line.",
    epilog="New here? Run 'cds-service demo' and follow what it prints.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import version as version_of  # noqa: PLC0415 - only where it is asked for

    from cds_service.cli.terminal import to_stdout  # noqa: PLC0415
    from cds_service.content.content import read_content, shipped_content  # noqa: PLC0415
    from cds_service.content_files.problems import ContentError  # noqa: PLC0415

    try:
        held = f"content {read_content(shipped_content()).revision}"
    except ContentError:
        held = "content that does not hold together (cds-service policy check says why)"
    to_stdout().print(f"cds-service {version_of('cds-service')}, {held}", soft_wrap=True)
    raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Print the version and the shipped content's revision."
        ),
    ] = False,
) -> None:
    """Judges orders by published medical policies, as a CDS Hooks service and at the command line."""
