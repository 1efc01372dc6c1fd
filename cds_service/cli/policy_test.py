"""``cds-service policy test`` and ``policy facts``.

Vignettes are run both ways, and the catalogue is printed as a page.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from cds_service.analysis.lint.content_files import vignettes_of
from cds_service.cli.options import ContentFolder
from cds_service.cli.terminal import content_in, refuse, to_stdout
from cds_service.content.content import Content
from cds_service.content_files.problems import ContentError, Problem
from cds_service.facts.evidence_page import evidence_page
from cds_service.facts.imagined_chart import CannotImagine
from cds_service.facts.page import facts_page
from cds_service.vignettes.over_http import Serve, differences_over_http
from cds_service.vignettes.read import Vignette, read_vignettes
from cds_service.vignettes.responses import (
    ResponseVignette,
    differences_as_response,
    differences_of_answers,
    read_response_vignettes,
)
from cds_service.vignettes.run import differences_as_facts

Written = Annotated[bool, typer.Option("--write", help="Write the page to docs/facts.md beside the content.")]
EvidenceWritten = Annotated[bool, typer.Option("--write", help="Write the page to docs/evidence.md beside the content.")]
Which = Annotated[str, typer.Argument(metavar="[POLICY]", help="Only this policy's vignettes.")]
Folder = Annotated[Path | None, typer.Option("--vignettes", help="The folder of vignette files; those of the content by default.")]


def run_vignettes(policy: Which = "", vignettes: Folder = None, content: ContentFolder = None) -> None:
    """Run the vignettes of the policies twice, as facts and as FHIR, and say which decide otherwise than expected."""
    held = content_in(content)
    folder = vignettes or vignettes_of(held)
    read = vignettes_in(folder, held, policy)
    if not read:
        refuse(f"no vignettes of {policy or 'any policy'} in {folder}")
    from cds_service.serving.app import create_app  # noqa: PLC0415 - the whole service, for what is run over HTTP

    console, app, wrong = to_stdout(), create_app(held), 0
    for vignette in read:
        for way, found in _both_ways(vignette, held, lambda one: app if one is held else create_app(one)):
            if found:
                wrong += 1
                console.print(f"{vignette.file}:{vignette.line}: {vignette.name} [{way}]: {'; '.join(found)}")
    console.print(f"{len(read)} vignettes run twice: {2 * len(read) - wrong} as expected, {wrong} otherwise")
    if wrong:
        raise typer.Exit(1)


def _both_ways(vignette: Vignette | ResponseVignette, content: Content, serve: Serve) -> Iterator[tuple[str, list[str]]]:
    """Run a vignette each way, yielding what differs.

    What differs is what comes out otherwise than expected.
    """
    if isinstance(vignette, ResponseVignette):
        yield "as facts", differences_of_answers(vignette)
        yield "as a response", differences_as_response(vignette, content)
    else:
        yield "as facts", differences_as_facts(vignette, content)
        try:
            served = differences_over_http(vignette, content, serve)
        except CannotImagine as error:
            served = [f"its chart cannot be made up as FHIR: {error}; write what the record says under 'fhir'"]
        yield "over HTTP", served


def print_facts(write: Written = False, content: ContentFolder = None) -> None:
    """Print the catalogue of facts: what each means, its question and what counts as evidence."""
    held = content_in(content)
    _print_page(facts_page(held.catalogue), held.root / "docs" / "facts.md", write)


def print_evidence(write: EvidenceWritten = False, content: ContentFolder = None) -> None:
    """Print the kinds of evidence: each with an example, its keys and what silence means."""
    held = content_in(content)
    _print_page(evidence_page(held.catalogue), held.root / "docs" / "evidence.md", write)


def _print_page(page: str, file: Path, write: bool) -> None:
    """Print a page, or write it to its file; ends the command where that cannot be written."""
    if not write:
        typer.echo(page, nl=False)
        return
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        refuse(f"{file}: it cannot be written: {error.strerror}")


def vignettes_in(folder: Path | None, content: Content, policy: str = "") -> list[Vignette | ResponseVignette]:
    """Read the vignettes of a folder, of one policy or all.

    The folder is that of the content by default. Ends the command with every problem in them.
    """
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
