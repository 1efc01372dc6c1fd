"""``cds-service policy check``: whether all content holds together, and what lint finds in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cds_service.cli.policy import policy_commands
from cds_service.cli.policy_lint import counted, report
from cds_service.cli.policy_new import left_to_do
from cds_service.cli.policy_proof import check_mutants
from cds_service.cli.terminal import ContentFolder, content_in, refuse, to_stderr, to_stdout

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print warnings and infos too, not only how many there are.")]


Mutants = Annotated[bool, typer.Option("--mutants", help="Also try whether the vignettes would notice every mistake.")]
Folder = Annotated[Path | None, typer.Option("--vignettes", help="The folder of vignette files; those of the content by default.")]
Drafts = Annotated[
    Path | None,
    typer.Option("--draft-vignettes", metavar="FILE", help="As --mutants, and write missing vignettes to FILE for a person."),
]


@policy_commands.command("check")
def check_content(
    verbose: Verbose = False,
    mutants: Mutants = False,
    vignettes: Folder = None,
    drafts: Drafts = None,
    content: ContentFolder = None,
) -> None:
    """Read all content and lint it: each problem as 'file:line: what'. Exit 1 when it cannot be used or lint finds an error."""
    held = content_in(content)
    if left := left_to_do(held.root):
        refuse(left)
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
    if mutants or drafts:
        to_stdout().print(f"The vignettes show it all ({check_mutants(held, vignettes, drafts)}).", soft_wrap=True)
    if found.count("error"):
        raise typer.Exit(1)
