"""``cds-service policy lint``: the mistakes of content that reads well.

Each comes with its place and what to do about it.
"""

from __future__ import annotations

from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import orjson
import typer

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.exclusions import FILE
from cds_service.analysis.lint.issue import SEVERITIES, Severity
from cds_service.analysis.lint.lint import Report, lint, rule_names
from cds_service.analysis.lint.pages import INDEX, folder_of_pages, index, page
from cds_service.cli.options import ContentFolder
from cds_service.cli.terminal import content_in, local_day, refuse, to_stdout
from cds_service.content.content import Content
from cds_service.content_files.problems import ContentError

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Only policies, facts, value sets or files of these names.")
]
Rules = Annotated[list[str] | None, typer.Option("--rule", metavar="RULE", help="Only this rule; may be given again.")]
Least = Annotated[str, typer.Option("--severity", metavar="LEVEL", help="The least severity to show: error, warning or info.")]
Json = Annotated[bool, typer.Option("--json", help="Print the issues as JSON.")]
Explained = Annotated[str, typer.Option("--explain", metavar="RULE", help="Print the page of a rule and nothing else.")]
Vignettes = Annotated[
    Path | None, typer.Option("--vignettes", help="The folder of vignette files; those of the content by default.")
]
Index = Annotated[bool, typer.Option("--write-index", hidden=True, help="Write the index of the rules' pages.")]


def lint_content(
    names: Names = None,
    rules: Rules = None,
    severity: Least = "warning",
    as_json: Json = False,
    explain: Explained = "",
    write_index: Index = False,
    vignettes: Vignettes = None,
    content: ContentFolder = None,
) -> None:
    """Say which mistakes lint finds, each as 'file:line: severity rule: what (what to do)'; exit 1 when it shows any."""
    if write_index:
        (folder_of_pages() / INDEX).write_text(index(), encoding="utf-8")
        return
    for rule in [*(rules or []), *([explain] if explain else [])]:
        _known(rule)
    if explain:
        typer.echo(page(explain), nl=False)
        return
    if severity not in SEVERITIES:
        refuse(f"--severity is one of {', '.join(SEVERITIES)}, not '{severity}'", 2)
    least: Severity = next(known for known in SEVERITIES if known == severity)
    held = content_in(content)
    whole = report(held, vignettes)
    files = _files(names, held) if names else None
    shown, everything = whole.of(rules or (), least, files), whole.of(rules or (), "info", files)
    if as_json:
        rows = [asdict(issue) for issue in shown.issues]
        typer.echo(orjson.dumps({"issues": rows, "excluded": len(everything.excluded)}, option=orjson.OPT_INDENT_2).decode())
    else:
        for issue in shown.issues:
            to_stdout().print(str(issue), soft_wrap=True)
        to_stdout().print(counted(everything), soft_wrap=True)
    if shown.issues:
        raise typer.Exit(1)


def report(content: Content, vignettes: Path | None = None, only: frozenset[str] = frozenset()) -> Report:
    """Return what lint finds in content.

    Ends the command with status 1 when its vignettes or exclusions cannot be read.
    """
    if vignettes is not None and not vignettes.is_dir():
        refuse(f"{vignettes}: there is no such folder of vignettes")
    try:
        return lint(ContentFiles(content, local_day(), vignettes, only))
    except ContentError as error:
        refuse([str(problem) for problem in error.problems])


def counted(found: Report) -> str:
    """Count the issues by severity, and those excluded, in a line."""
    said = [f"{found.count(severity)} {severity}{'' if found.count(severity) == 1 else 's'}" for severity in SEVERITIES]
    return f"Lint: {', '.join(said)}; {len(found.excluded)} excluded by {FILE}."


def _known(rule: str) -> None:
    known = rule_names()
    if rule not in known:
        close = get_close_matches(rule, known, 1)
        refuse(f"there is no rule '{rule}'{f'; is {close[0]!r} meant?' if close else ''}", 2)


def _files(names: list[str], content: Content) -> frozenset[str]:
    """Return the files that names stand for.

    A name is a policy's id, a fact, a value set, or a file itself.
    """
    files: set[str] = set()
    for name in names:
        own = {policy.file for policy in content.policies if name in (policy.id, policy.file)}
        own |= {content.catalogue[name].file} if name in content.catalogue else set()
        own |= {content.terminology.sets[name].file} if name in content.terminology.sets else set()
        own |= {name} if (content.root / name).is_file() else set()
        if not own:
            refuse(
                f"'{name}' is no policy, fact, value set or file of the content; 'cds-service policy list' names the policies", 2
            )
        files |= own
    return frozenset(files)
