"""``cds-service policy check``: whether all content holds together, and what lint finds in it."""

from __future__ import annotations

from typing import Annotated

import typer

from cds_service.cli.policy import policy_commands
from cds_service.cli.policy_lint import counted, report
from cds_service.cli.terminal import ContentFolder, content_in, to_stderr, to_stdout

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print warnings and infos too, not only how many there are.")]


@policy_commands.command("check")
def check_content(verbose: Verbose = False, content: ContentFolder = None) -> None:
    """Read all content and lint it: each problem as 'file:line: what'. Exit 1 when it cannot be used or lint finds an error."""
    held = content_in(content)
    policies, versions = len({policy.id for policy in held.policies}), len(held.policies)
    read = (
        f"policies: {policies}, versions: {versions}, facts: {len(held.catalogue.facts)}, value sets: {len(held.terminology.sets)}"
    )
    to_stdout().print(f"All content holds together ({read}, revision {held.revision}).", soft_wrap=True)
    found = report(held)
    for issue in found.issues:
        if verbose or issue.severity == "error":
            to_stderr().print(str(issue), soft_wrap=True)
    to_stdout().print(counted(found), soft_wrap=True)
    if found.count("error"):
        raise typer.Exit(1)
