"""The command line, ``cds-service``: serve the policies, try them, check an order from a file, read and test what is encoded."""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Annotated

import typer

from cds_service.cli.check import check
from cds_service.cli.demo import demo
from cds_service.cli.policy import explain, policy_commands
from cds_service.cli.proposal import proposal_commands
from cds_service.cli.serve import serve
from cds_service.cli.store import store_commands
from cds_service.cli.terminal import to_stdout
from cds_service.cli.value_sets import value_set_commands
from cds_service.content import read_content, shipped_content
from cds_service.problems import ContentError

app = typer.Typer(
    name="cds-service",
    help="Judges orders by published medical policies, as a CDS Hooks service and at the command line.",
    epilog="New here? Run 'cds-service demo' and follow what it prints.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve)
app.command()(demo)
app.command()(check)
app.command()(explain)
app.add_typer(policy_commands, name="policy")
app.add_typer(proposal_commands, name="proposal")
app.add_typer(store_commands, name="store")
app.add_typer(value_set_commands, name="value-sets")


def _say_version(wanted: bool) -> None:
    if not wanted:
        return
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
