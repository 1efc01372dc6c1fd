"""``policy cover``, ``policy table`` and ``policy check --mutants``.

They print what is shown of the policies, and what is missing.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from cds_service.analysis.asked import AnyAsked, all_asked
from cds_service.analysis.cover import Seen, tried
from cds_service.analysis.excused import Excused, read_excused
from cds_service.analysis.mutate import repairs
from cds_service.analysis.proof import Proven, draft, prove
from cds_service.analysis.table import AnalysisTold, page, same_but_seconds
from cds_service.cli.options import ContentFolder
from cds_service.cli.policy_lint import report
from cds_service.cli.policy_test import vignettes_in
from cds_service.cli.terminal import content_in, refuse, to_stdout
from cds_service.content.content import Content
from cds_service.content_files.problems import ContentError
from cds_service.policy.model import Policy

PAGE = Path("docs") / "policies-proven.md"
MOST_REPAIRS = 5

Names = Annotated[list[str] | None, typer.Argument(metavar="[POLICY]...", help="Only these policies.")]
Folder = Annotated[Path | None, typer.Option("--vignettes", help="The folder of vignette files; those of the content by default.")]
Drafts = Annotated[
    Path | None,
    typer.Option("--draft-vignettes", metavar="FILE", help="Write the missing vignettes to FILE, for a person to answer."),
]


def cover(policies: Names = None, vignettes: Folder = None, content: ContentFolder = None) -> None:
    """Print in how many vignettes each criterion was met, not met, not documented, and deciding; '-' where that cannot be."""
    held = content_in(content)
    ready, excused, console = all_asked(vignettes_in(vignettes, held), held), _excused(held), to_stdout()
    for policy in _chosen(held, policies):
        table = Table("line", "criterion", *(seen.value for seen in Seen), box=box.SIMPLE_HEAD, show_edge=False)
        for one in tried(policy, ready):
            missing = excused.missing(one)
            shown = [str(one.times.get(seen) or ("MISSING" if seen in missing else "-")) for seen in Seen]
            table.add_row(str(one.criterion.line), one.criterion.id, *shown)
        console.print(f"{policy.id} {policy.version}: {policy.file}", soft_wrap=True)
        console.print(table)


def table(
    policies: Names = None,
    write: Annotated[bool, typer.Option("--write", help=f"Write the page to {PAGE} of the content.")] = False,
    compare: Annotated[bool, typer.Option("--check", help="Compare with that page; exit 1 when it differs.")] = False,
    vignettes: Folder = None,
    content: ContentFolder = None,
) -> None:
    """Print what is shown of every policy: criteria, facts, lint issues, criteria seen, mutants killed, the solver's answers."""
    if write and compare:
        raise typer.BadParameter("--write and --check do not go together")
    if find_spec("z3") is None:
        refuse("the table holds the solver's answers; install it with: pip install 'cds-service[analysis]'")
    from cds_service.cli.solver_pages import answers  # noqa: PLC0415 - z3 is an extra

    held = content_in(content)
    ready, excused, found = all_asked(vignettes_in(vignettes, held), held), _excused(held), report(held)
    rows = []
    for policy in _chosen(held, policies):
        began = perf_counter()
        rows_of_solver = list(answers(policy, held))
        charts = sum(bool(row["chart"]) for row in rows_of_solver)
        issues = sum(issue.file == policy.file for issue in found.issues)
        told = AnalysisTold(issues, len(rows_of_solver), charts, perf_counter() - began)
        rows.append((_proven_of(policy, ready, excused, held), told))
    made = page(rows, ready)
    file = held.root / PAGE
    if write:
        file.write_text(made, encoding="utf-8")
    elif compare:
        if not file.is_file() or not same_but_seconds(file.read_text(encoding="utf-8"), made):
            refuse(f"{file}: it is not what the policies show; 'cds-service policy table --write' brings it up to date")
    else:
        typer.echo(made, nl=False)


def check_mutants(
    content: Content, vignettes: Path | None = None, drafts: Path | None = None, names: list[str] | None = None
) -> str:
    """Say what vignettes show, or end the command with what they lack.

    It ends with every failing vignette, unseen outcome and surviving mutant; else it says in a sentence what was shown.
    With ``drafts``, the charts that tell the survivors are written there first.
    """
    if drafts and find_spec("z3") is None:
        refuse("the missing vignettes are drafted by the solver; install it with: pip install 'cds-service[analysis]'")
    read = [one for one in vignettes_in(vignettes, content) if not names or one.policy.id in names]
    ready, excused = all_asked(read, content), _excused(content)
    if wrong := [line for policy in _chosen(content, names) for line in _failing(policy, ready, content)]:
        refuse(wrong)
    proven = [_proven_of(policy, ready, excused, content) for policy in _chosen(content, names)]
    problems = [problem for one in proven for problem in one.problems]
    problems += [str(problem) for problem in excused.idle()] if not names else []
    if drafts:
        written = [draft(one.survivors, content) for one in proven if any(survivor.chart for survivor in one.survivors)]
        if not written:
            problems.append("no vignette is missing that the solver could draft")
        for number, text in enumerate(written):
            file = drafts if not number else drafts.with_stem(f"{drafts.stem}-{number + 1}")
            if file.exists():
                refuse(f"{file}: it is there already; name another file for the drafts")
            file.write_text(text, encoding="utf-8")
            problems.append(f"{file}: say under 'expect' what is right, and put the vignettes with the others")
    if problems:
        refuse(problems)
    killed, made = sum(one.killed for one in proven), sum(one.mutants for one in proven)
    equivalent = sum(len(one.equivalent) for one in proven)
    seen = sum(len(one.criteria) for one in proven)
    return (
        f"criteria: {seen}, each seen in every way it can come out; mutants: {made}, caught: {killed}, without effect: {equivalent}"
    )


def _failing(policy: Policy, ready: tuple[AnyAsked, ...], content: Content) -> list[str]:
    """Return a line for each failing vignette of a policy.

    Further lines tell where in the policy a small change would put most of them right.
    """
    failing = [one for one in ready if one.wrong and one.vignette.policy is policy]
    lines = [f"{one.vignette.file}:{one.vignette.line}: {one.vignette.name}: {'; '.join(one.wrong)}" for one in failing]
    meant = repairs(policy, ready, content)
    return lines + [f"{mutant.place}: every vignette comes right when {mutant.changed}" for mutant in meant[:MOST_REPAIRS]]


def _proven_of(policy: Policy, ready: tuple[AnyAsked, ...], excused: Excused, content: Content) -> Proven:
    """Return what the passing vignettes show of a policy.

    Those that come out as expected are the passing ones.
    """
    return prove(policy, [one for one in ready if not one.wrong], excused, content)


def _chosen(content: Content, names: list[str] | None) -> list[Policy]:
    """Return the active policies, or those of these names."""
    held = [policy for policy in content.policies if policy.status != "draft"]
    chosen = [policy for policy in held if not names or policy.id in names]
    if names and (unknown := set(names) - {policy.id for policy in chosen}):
        refuse(f"there is no active policy named '{sorted(unknown)[0]}'; 'cds-service policy list' names them")
    return sorted(chosen, key=lambda policy: (policy.id, policy.version))


def _excused(content: Content) -> Excused:
    try:
        return read_excused(content.root)
    except ContentError as error:
        refuse([str(problem) for problem in error.problems])
