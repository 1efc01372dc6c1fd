"""``cds-service explain`` and ``cds-service policy …``, for authors and readers.

What is encoded is read by people and checked for its authors. The table of the group's commands is in ``policy_group``.
"""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich import box
from rich.table import Table

from cds_service.cli.options import ContentFolder
from cds_service.cli.outline import outline, passages
from cds_service.cli.terminal import content_in, refuse, to_stdout
from cds_service.content.content import Content
from cds_service.content.wording import effective, review
from cds_service.facts.entry import FactEntry
from cds_service.policy.grammar import PolicyEntry
from cds_service.policy.model import Policy

PolicyId = Annotated[str, typer.Argument(metavar="POLICY", help="A policy's id, as 'payer/policy'; 'policy list' names them.")]
Version = Annotated[str, typer.Option(metavar="DATE", help="The version that takes effect on this day; the latest by default.")]


def explain(policy: PolicyId, version: Version = "", content: ContentFolder = None) -> None:
    """Print a policy as a readable outline: its orders, its criteria in words, what silence means, what counts as evidence."""
    held = content_in(content)
    console = to_stdout()
    for part in outline(held_policy(held, policy, version), held):
        console.print(part)


def show(policy: PolicyId, version: Version = "", content: ContentFolder = None) -> None:
    """As 'explain', and every passage of the document: encoded by which criteria, or not encoded and why."""
    held = content_in(content)
    found = held_policy(held, policy, version)
    console = to_stdout()
    for part in (*outline(found, held), *passages(found)):
        console.print(part)


def held_policy(content: Content, policy_id: str, version: str = "") -> Policy:
    """Return a version of a policy, drafts included.

    It is the latest in force when none is named. Ends the command with status 1 when there is none, naming what was
    probably meant.
    """
    versions = [policy for policy in content.policies if policy.id == policy_id]
    if not versions:
        known = sorted({policy.id for policy in content.policies})
        by_name = {name: id_ for id_ in known for name in (id_, id_.partition("/")[2])}
        close = get_close_matches(policy_id, by_name, 1, 0.4)
        meant = f"is '{by_name[close[0]]}' meant?" if close else "'cds-service policy list' names them"
        refuse(f"there is no policy '{policy_id}'; {meant}")
    if not version:
        return content.library.version(policy_id) or max(versions, key=lambda policy: policy.version)
    found = next((policy for policy in versions if policy.version.isoformat() == version), None)
    if found is None:
        held = ", ".join(sorted(policy.version.isoformat() for policy in versions))
        refuse(f"there is no version '{version}' of {policy_id}; held are {held}")
    return found


def list_policies(content: ContentFolder = None) -> None:
    """List every version of every policy, with what it covers and whether a person has reviewed it."""
    held = content_in(content)
    table = Table("policy", "version", "title", "status", "effective", "payer", "review", box=box.SIMPLE_HEAD, show_edge=False)
    for column in table.columns[:2]:
        column.no_wrap = True
    for policy in sorted(held.policies, key=lambda policy: (policy.id, policy.version)):
        table.add_row(policy.id, str(policy.version), policy.title, policy.status, effective(policy), policy.payer, review(policy))
    to_stdout().print(table)


def hooks(
    write: Annotated[bool, typer.Option("--write", help="Write the document to hooks.json of the content.")] = False,
    compare: Annotated[bool, typer.Option("--check", help="Compare it with hooks.json; exit 1 with what differs.")] = False,
    content: ContentFolder = None,
) -> None:
    """Print the discovery document that the policies make necessary: which data the service asks its clients to prefetch."""
    if write and compare:
        raise typer.BadParameter("--write and --check do not go together")
    held = content_in(content)
    from cds_service.hooks.discovery import discovery  # noqa: PLC0415 - reads every hook, and no other command of the group needs them

    made = orjson.dumps(discovery(held), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    file = held.root / "hooks.json"
    if not write and not compare:
        typer.echo(made.decode(), nl=False)
        return
    try:
        if write:
            file.write_bytes(made)
            to_stdout().print(f"{file} is written.", soft_wrap=True)
            return
        found = file.read_bytes()
    except FileNotFoundError:
        refuse(f"{file}: there is no such file; 'cds-service policy hooks --write' makes it")
    except OSError as error:
        refuse(f"{file}: {error.strerror}")
    if differing := _differences(file, found, made):
        refuse([*differing, "'cds-service policy hooks --write' brings hooks.json up to date"])
    to_stdout().print(f"{file} is what the policies make necessary.", soft_wrap=True)


def _differences(file: Path, found: bytes, made: bytes) -> list[str]:
    if found == made:
        return []
    try:
        was = _places(json.loads(found))
    except ValueError:
        return [f"{file.name}: it is not JSON"]
    needed = _places(json.loads(made))
    lines = [line for place in {**was, **needed} for line in _difference(place, was.get(place), needed.get(place))]
    return lines or [f"{file.name}: the document is the same, and written in another form"]


def _places(node: Any, place: str = "") -> dict[str, str]:
    """Return every plain value of a document by its place."""
    if isinstance(node, dict):
        pairs = [(f"{place}.{key}" if place else key, value) for key, value in node.items()]
    elif isinstance(node, list):
        pairs = [(f"{place}[{index}]", value) for index, value in enumerate(node)]
    else:
        return {place: str(node)}
    return {where: value for within, below in pairs for where, value in _places(below, within).items()}


def _difference(place: str, was: str | None, needed: str | None) -> list[str]:
    """Say what differs at a place.

    Of a template that lists codes, only the codes that differ are named.
    """
    if was == needed:
        return []
    if was is None or needed is None:
        return [f"{place}: {f'it is missing, and {needed} is needed' if was is None else 'it is there, and nothing needs it'}"]
    old, new = was.split(","), needed.split(",")
    if len(old) < 2 or len(new) < 2:
        return [f"{place}: '{was}' is there, and '{needed}' is needed"]
    too_many = [f"'{part}' is there, and not needed" for part in old if part not in new]
    missing = [f"'{part}' is missing" for part in new if part not in old]
    return [f"{place}: {'; '.join([*too_many, *missing]) or 'the order differs'}"]


def schema(facts: Annotated[bool, typer.Option("--facts", help="The schema of one fact of facts/*.yaml instead.")] = False) -> None:
    """Print the JSON Schema of policy files, for editors that complete and check while you write."""
    grammar = FactEntry if facts else PolicyEntry
    typer.echo(orjson.dumps(grammar.model_json_schema(by_alias=True), option=orjson.OPT_INDENT_2).decode())
