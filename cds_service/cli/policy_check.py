"""``cds-service policy check``: whether all content holds together.

It also says what lint finds in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cds_service.cli.options import ContentFolder
from cds_service.cli.policy import held_policy
from cds_service.cli.policy_lint import counted, report
from cds_service.cli.policy_new import left_to_do
from cds_service.cli.terminal import content_in, refuse, to_stderr, to_stdout

Names = Annotated[list[str] | None, typer.Argument(metavar="[POLICY]...", help="Only these policies.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print warnings and infos too, not only how many there are.")]


Mutants = Annotated[bool, typer.Option("--mutants", help="Also try whether the vignettes would notice every mistake.")]
Folder = Annotated[Path | None, typer.Option("--vignettes", help="The folder of vignette files; those of the content by default.")]
Drafts = Annotated[
    Path | None,
    typer.Option("--draft-vignettes", metavar="FILE", help="As --mutants, and write missing vignettes to FILE for a person."),
]


def check_content(
    policies: Names = None,
    verbose: Verbose = False,
    mutants: Mutants = False,
    vignettes: Folder = None,
    drafts: Drafts = None,
    content: ContentFolder = None,
) -> None:
    """Read all content and lint it: each problem as 'file:line: what'. Exit 1 when it cannot be used or lint finds an error.

    With POLICY, only these policies and their vignettes are linted, and tried with --mutants.
    """
    held = content_in(content)
    only = frozenset(held_policy(held, name).id for name in policies or ())
    if left := [line for line in left_to_do(held.root) if not only or any(f"policies/{id_}/" in line for id_ in only)]:
        refuse(left)
    found = report(held, vignettes, only)
    for issue in found.issues:
        if verbose or issue.severity == "error":
            to_stderr().print(str(issue), soft_wrap=True)
    hidden = not verbose and found.count("warning") + found.count("info")
    to_stdout().print(f"{counted(found)}{' --verbose shows them all.' if hidden else ''}", soft_wrap=True)
    if mutants or drafts:
        from cds_service.cli.policy_proof import check_mutants  # noqa: PLC0415 - much is read for it

        to_stdout().print(f"The vignettes show it all ({check_mutants(held, vignettes, drafts, policies)}).", soft_wrap=True)
    if errors := found.count("error"):
        refuse(f"The content is not sound: {errors} error{'' if errors == 1 else 's'} of lint.")
    count, versions = len({policy.id for policy in held.policies}), len(held.policies)
    read = f"policies: {count}, versions: {versions}, facts: {len(held.catalogue.facts)}, value sets: {len(held.terminology.sets)}"
    to_stdout().print(f"All content holds together ({read}, revision {held.revision}).", soft_wrap=True)
