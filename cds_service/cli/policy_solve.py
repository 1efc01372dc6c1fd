"""``cds-service policy solve`` and ``policy compare``.

They tell what a solver finds about policies, with charts as vignettes.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import orjson
import typer

from cds_service.cli.options import ContentFolder
from cds_service.cli.policy import held_policy
from cds_service.cli.terminal import content_in, refuse, to_stdout
from cds_service.content.content import Content
from cds_service.policy.model import Policy

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[POLICY[@VERSION]]...", help="Only these policies; every version of all by default.")
]
Two = Annotated[list[str] | None, typer.Argument(metavar="[POLICY@VERSION POLICY@VERSION]", help="The two policies to compare.")]


def solve(
    names: Names = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answers as JSON.")] = False,
    content: ContentFolder = None,
) -> None:
    """Ask a solver what policies can decide and which criteria change nothing; every answer with a chart, as a vignette."""
    _need_solver()
    from cds_service.cli.solver_pages import answers  # noqa: PLC0415 - z3 is an extra

    held = content_in(content)
    found = [answer for policy in _named(names or [], held) for answer in answers(policy, held)]
    if as_json:
        typer.echo(orjson.dumps({"answers": found}, option=orjson.OPT_INDENT_2).decode())
        return
    console, last = to_stdout(), ""
    for answer in found:
        if answer["policy"] != last:
            last = answer["policy"]
            console.print(f"\n{last}", style="bold")
        console.print(f"\n{answer['question']}: {answer['says']}")
        if answer["chart"]:
            console.print(answer["chart"], soft_wrap=True)


def compare_policies(
    two: Two = None,
    changelog: Annotated[bool, typer.Option("--changelog", help="Draft policies/CHANGELOG.md from all versions.")] = False,
    write: Annotated[bool, typer.Option("--write", help="With --changelog: write the file.")] = False,
    check: Annotated[bool, typer.Option("--check", help="With --changelog: exit 1 when the file is out of date.")] = False,
    content: ContentFolder = None,
) -> None:
    """Compare two versions of a policy, or the policies of two payers: what changed, and whether the second is stricter."""
    _need_solver()
    held = content_in(content)
    if changelog:
        if write and check:
            raise typer.BadParameter("--write and --check do not go together")
        from cds_service.cli.solver_pages import show_changelog  # noqa: PLC0415 - z3 is an extra

        show_changelog(held, write, check)
        return
    if len(two or []) != 2:
        raise typer.BadParameter("name two policies, as 'payer/policy@2025-04-01'; or ask for the --changelog")
    one, other = (_at(name, held) for name in two or [])
    from cds_service.cli.solver_pages import show_comparison  # noqa: PLC0415 - z3 is an extra

    show_comparison(one, other, held)


def _need_solver() -> None:
    if find_spec("z3") is None:
        refuse("this command needs z3; install it with: pip install 'cds-service[analysis]'")


def _named(names: list[str], content: Content) -> list[Policy]:
    if not names:
        return [*content.policies]
    found = {id(policy): policy for name in names for policy in _versions(name, content)}
    return [*found.values()]


def _versions(name: str, content: Content) -> list[Policy]:
    if "@" in name:
        return [_at(name, content)]
    return [policy for policy in content.policies if policy.id == name] or [held_policy(content, name)]


def _at(name: str, content: Content) -> Policy:
    policy_id, _, version = name.partition("@")
    return held_policy(content, policy_id, version)
