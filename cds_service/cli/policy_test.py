"""``cds-service policy test`` and ``policy facts``: vignettes run both ways, and the catalogue as a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from flask import Flask

from cds_service.analysis.lint.content_files import vignettes_of
from cds_service.app import create_app
from cds_service.cli.policy import policy_commands
from cds_service.cli.terminal import ContentFolder, content_in, refuse, to_stdout
from cds_service.content import Content
from cds_service.facts.page import facts_page
from cds_service.problems import ContentError, Problem
from cds_service.vignettes.read import Vignette, read_vignettes
from cds_service.vignettes.responses import (
    ResponseVignette,
    differences_as_response,
    differences_of_answers,
    read_response_vignettes,
)
from cds_service.vignettes.run import differences_as_facts, differences_over_http

Written = Annotated[bool, typer.Option("--write", help="Write the page to docs/facts.md beside the content.")]
Which = Annotated[str, typer.Argument(metavar="[POLICY]", help="Only this policy's vignettes.")]
Folder = Annotated[Path | None, typer.Option("--vignettes", help="The folder of vignette files; those of the content by default.")]


@policy_commands.command("test")
def run_vignettes(policy: Which = "", vignettes: Folder = None, content: ContentFolder = None) -> None:
    """Run the vignettes of the policies twice, as facts and as FHIR, and say which decide otherwise than expected."""
    held = content_in(content)
    folder = vignettes or vignettes_of(held)
    read = vignettes_in(folder, held, policy)
    if not read:
        refuse(f"no vignettes of {policy or 'any policy'} in {folder}")
    console, app, wrong = to_stdout(), create_app(held), 0
    for vignette in read:
        for way, found in _both_ways(vignette, held, app):
            if found:
                wrong += 1
                console.print(f"{vignette.file}:{vignette.line}: {vignette.name} [{way}]: {'; '.join(found)}")
    console.print(f"{len(read)} vignettes run twice: {2 * len(read) - wrong} as expected, {wrong} otherwise")
    if wrong:
        raise typer.Exit(1)


def _both_ways(vignette: Vignette | ResponseVignette, content: Content, app: Flask) -> Iterator[tuple[str, list[str]]]:
    """Each way of running a vignette, with what comes out otherwise than expected."""
    if isinstance(vignette, ResponseVignette):
        yield "as facts", differences_of_answers(vignette)
        yield "as a response", differences_as_response(vignette, content)
    else:
        yield "as facts", differences_as_facts(vignette, content)
        yield "over HTTP", differences_over_http(vignette, content, lambda one: app if one is content else create_app(one))


@policy_commands.command("facts")
def print_facts(write: Written = False, content: ContentFolder = None) -> None:
    """Print the catalogue of facts: what each means, its question and what counts as evidence."""
    held = content_in(content)
    page = facts_page(held.catalogue)
    if write:
        (held.root / "docs" / "facts.md").write_text(page, encoding="utf-8")
    else:
        typer.echo(page, nl=False)


def vignettes_in(folder: Path | None, content: Content, policy: str = "") -> list[Vignette | ResponseVignette]:
    """The vignettes of a folder (of the content by default), of one policy or all; ends the command with every problem in them."""
    folder = folder or vignettes_of(content)
    if not folder.is_dir():
        refuse(f"{folder}: there is no such folder of vignettes; name one with --vignettes")
    read: list[Vignette | ResponseVignette] = []
    problems: list[Problem] = []
    for path in sorted(folder.rglob("*.yaml")):
        name = path.relative_to(content.root) if path.is_relative_to(content.root) else path.relative_to(folder)
        try:
            read += read_vignettes(path, name.as_posix(), content) or read_response_vignettes(path, name.as_posix(), content)
        except ContentError as error:
            problems += error.problems
    if problems:
        refuse([str(problem) for problem in problems])
    return [vignette for vignette in read if policy in ("", vignette.policy.id)]
