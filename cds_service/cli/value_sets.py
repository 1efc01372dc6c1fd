"""``cds-service value-sets``: checks and expansions of the value sets.

They are checked against the whole ICD-10-CM, and what they mean is written out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cds_service.analysis.value_sets.check import holes_of, problems_of, unknown_codes, value_set_files
from cds_service.analysis.value_sets.classification import Classification, NotInstalled, whole_classification
from cds_service.analysis.value_sets.excuses import FILE, read_excuses
from cds_service.analysis.value_sets.expansion import FOLDER, as_value_set, meant, written
from cds_service.cli.options import ContentFolder
from cds_service.cli.terminal import content_in, refuse, to_stderr, to_stdout
from cds_service.configuration.naming import in_environment
from cds_service.content_files.problems import ContentError
from cds_service.fhir.value_set_files import read_written, value_set_path

value_set_commands = typer.Typer(name="value-sets", help="Check and write out what the value sets mean.", no_args_is_help=True)

Draft = Annotated[
    bool, typer.Option("--draft-excuses", help=f"Print {FILE} as it would be with the holes and without what is idle.")
]
Because = Annotated[str, typer.Option("--because", metavar="REASON", help="With --draft-excuses: the reason for what is new.")]
Server = Annotated[
    str, typer.Option("--server", metavar="URL", help="Base URL of a FHIR terminology server that expands the sets.")
]
Development = Annotated[bool, typer.Option("--development", help="Let the server be this machine, also by http.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[VALUE-SET]...", help="Only these value sets; all by default.")]


@value_set_commands.command("check")
def check(draft_excuses: Draft = False, because: Because = "", content: ContentFolder = None) -> None:
    """Find codes of ICD-10-CM that are none, families with holes that nobody excused, and expansions that do not agree.

    Exit 1 when there is anything, with each line as 'file: what is wrong and what was meant'.
    """
    held = content_in(content)
    classification = _classification()
    try:
        if draft_excuses:
            excuses = read_excuses(held.root)
            typer.echo(excuses.redrafted(holes_of(held, classification, excuses), because), nl=False)
            return
        found = problems_of(held, classification)
    except ContentError as error:
        refuse([str(problem) for problem in error.problems])
    for problem in found:
        to_stdout().print(str(problem), soft_wrap=True)
    sets = len(held.terminology.sets)
    said = "agree with" if not found else f"and {len(found)} problem{'' if len(found) == 1 else 's'} beside"
    to_stdout().print(f"{sets} value sets {said} ICD-10-CM ({classification.release}).", soft_wrap=True)
    if found:
        raise typer.Exit(1)


@value_set_commands.command("expand")
def expand(names: Names = None, server: Server = "", development: Development = False, content: ContentFolder = None) -> None:
    """Write what each value set means to value_sets/expansions/: families by their billable codes, other systems as listed.

    With --server, by ValueSet/$expand there; an authorization is read from CDS_SERVICE_TERMINOLOGY_AUTHORIZATION.
    """
    held = content_in(content)
    unknown = [name for name in names or () if value_set_path(held.root / "value_sets", name) is None]
    if unknown:
        refuse([f"there is no value set '{name}' in value_sets/" for name in unknown], 2)
    classification = _classification()
    wrong = list(unknown_codes(held, classification))
    if wrong:
        refuse([str(problem) for problem in wrong])
    files = [(path, read) for path, read in value_set_files(held) if not names or path.stem in names]
    texts = _expanded_at(server, files, development) if server else _expanded_here(files, classification)
    folder = held.root / FOLDER
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    to_stdout().print(f"{len(texts)} expansions written to {FOLDER}.", soft_wrap=True)


@value_set_commands.command("export")
def export(
    names: Names = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Write each to DIR/<id>.json; else print them.")] = None,
    content: ContentFolder = None,
) -> None:
    """Write value sets as FHIR R4 ValueSets, however their files are written: a Bundle on stdout, or a file for each with --to."""
    held = content_in(content)
    if unknown := [name for name in names or () if name not in held.terminology.sets]:
        refuse([f"there is no value set '{name}'" for name in unknown], 2)
    wanted = [held.terminology.sets[id_].file for id_ in names or sorted(held.terminology.sets)]
    made = [read_written(held.layers.path_of(file), file).raw for file in wanted]
    if to is None:
        entries = [{"fullUrl": one["url"], "resource": one} for one in made]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        typer.echo(json.dumps(made[0] if len(names or ()) == 1 else bundle, indent=2, ensure_ascii=False))
        return
    try:
        to.mkdir(parents=True, exist_ok=True)
        for one in made:
            (to / f"{one['id']}.json").write_text(json.dumps(one, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        refuse(f"{to}: they cannot be written: {error.strerror}")
    to_stdout().print(f"{len(made)} value sets written to {to}.", soft_wrap=True)


def _classification() -> Classification:
    try:
        return whole_classification()
    except NotInstalled as error:
        refuse(str(error))


def _expanded_here(files: list[tuple[Path, dict[str, object]]], classification: Classification) -> dict[str, str]:
    made_from = (classification.release, "other systems as listed")
    return {f"{path.stem}.json": written(as_value_set(read, meant(read, classification), made_from)) for path, read in files}


def _expanded_at(address: str, files: list[tuple[Path, dict[str, object]]], development: bool) -> dict[str, str]:
    """Return what a server makes of the sets.

    Nothing is written unless it expands every one of them.
    """
    from cds_service.analysis.value_sets.terminology_server import NotExpanded, TerminologyServer  # noqa: PLC0415
    from cds_service.security.outbound import Outbound  # noqa: PLC0415 - only where a server is asked

    outbound = Outbound(development=development, ca_bundle=in_environment("ca_bundle") or None)
    authorization = in_environment("terminology_authorization")
    server = TerminologyServer(address, outbound, {"Authorization": authorization} if authorization else None)
    texts: dict[str, str] = {}
    problems: list[str] = []
    try:
        for path, read in files:
            if "compose" not in read:
                texts[f"{path.stem}.json"] = written(as_value_set(read, (), ()))
                continue
            try:
                codes, versions = server.expand(read)
            except NotExpanded as error:
                problems.append(f"value_sets/{path.name}: {error}")
                continue
            labels = {(one["system"], one["code"]): one["display"] for one in _listed(read)}
            own = [one._replace(display=labels.get((one.system, one.code), "")) for one in codes]
            texts[f"{path.stem}.json"] = written(as_value_set(read, own, (f"expanded by {address}", *versions)))
            to_stderr().print(f"{path.stem}: {len(own)} codes", soft_wrap=True)
    finally:
        outbound.close()
    if problems:
        refuse(problems)
    return texts


def _listed(value_set: dict[str, object]) -> list[dict[str, str]]:
    """Return the codes that a set lists, with labels of our own."""
    compose = value_set.get("compose")
    includes = compose.get("include", []) if isinstance(compose, dict) else []
    return [
        {"system": part["system"], "code": one["code"], "display": one["display"]}
        for part in includes
        for one in part.get("concept", [])
        if "display" in one
    ]
