"""Writes ``docs/conformance.md``: every requirement of CDS Hooks and CRD on the service, and the tests that verify it.

Run ``python -m tests.conformance`` after a requirement or a mark has changed; a test holds the file to what this renders.
With ``--complete`` nothing may be pending.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

TESTS = Path(__file__).parent
LISTED = TESTS / "conformance.yaml"
PAGE = TESTS.parent / "docs" / "conformance.md"
BINDING = ("SHALL", "SHALL NOT")
LEVELS = (*BINDING, "SHOULD", "SHOULD NOT", "MAY", "ours")
_PREFACE = """\
<!-- Generated from tests/conformance.yaml and the tests' marks by `python -m tests.conformance`; change those, not this file. -->

# Conformance

Every requirement of CDS Hooks 2.0 and Da Vinci CRD (2.0.1 and 2.2.1) that binds a service which answers hooks, in our own words, and
the tests that verify it. Ids are the specification's where it has them. *ours* is what no source says and we decided. The answers of
Inferno's CRD server suite stand among them by the ids of its tests; the suite itself was not run."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement: its level, where it stands, what it says, and why it is not done or what it waits for."""

    section: str
    id: str
    level: str
    source: str
    says: str
    not_done: str = ""
    pending: str = ""


def requirements(listed: Path = LISTED) -> list[Requirement]:
    """All requirements, in the order of the file."""
    sections = YAML(typ="safe").load(listed.read_text(encoding="utf-8"))
    return [Requirement(section=section["title"], **one) for section in sections for one in section["requirements"]]


def marks(folder: Path = TESTS) -> dict[str, list[str]]:
    """The tests that verify each id, as ``path::test``: read from decorators, and from the cases of whole requests."""
    found: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("test_*.py")):
        place = file.relative_to(folder.parent).as_posix()
        tree = ast.parse(file.read_text(encoding="utf-8"))
        failing = {ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign) and _xfail(node.value)}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for id_ in _decorated(node, failing):
                    found.setdefault(id_, []).append(f"{place}::{node.name}")
    for file in sorted(folder.glob("requests/*/expected.json")):
        for id_ in json.loads(file.read_bytes()).get("verifies", ()):
            found.setdefault(id_, []).append(file.parent.relative_to(folder.parent).as_posix())
    return found


def _xfail(decorator: ast.expr) -> bool:
    return "mark.xfail" in ast.unparse(decorator)


def _decorated(test: ast.FunctionDef, failing: set[str]) -> Iterator[str]:
    """The ids of a test's marks; a test that is expected to fail verifies nothing."""
    if any(_xfail(one) or ast.unparse(one) in failing for one in test.decorator_list):
        return
    for call in test.decorator_list:
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == "verifies":
            yield from (ast.literal_eval(argument) for argument in call.args)


def faults(listed: Iterable[Requirement], verified: Mapping[str, list[str]], *, complete: bool = False) -> list[str]:
    """What does not hold together between the requirements and the tests, in words; with ``complete``, also what is pending."""
    held = list(listed)
    ids = [one.id for one in held]
    found = [f"{id_}: it is listed twice" for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1})]
    found += [f"{id_}: {verified[id_][0]} names it and no requirement has that id" for id_ in sorted(set(verified) - set(ids))]
    for one in held:
        if one.level not in LEVELS:
            found.append(f"{one.id}: its level is one of {', '.join(LEVELS)}")
        states = [bool(verified.get(one.id)), bool(one.not_done), bool(one.pending)]
        if sum(states) > 1:
            found.append(f"{one.id}: it is one of verified, not done and pending, not several")
        if not any(states) and one.level in BINDING:
            found.append(f"{one.id}: no test verifies it; mark one, or say under not_done why")
        if complete and one.pending:
            found.append(f"{one.id}: it is pending: {one.pending}")
    return found


def rendered(listed: Iterable[Requirement], verified: Mapping[str, list[str]]) -> str:
    """The whole page."""
    held = list(listed)
    shown = [_PREFACE, _counts(held, verified)]
    for section in dict.fromkeys(one.section for one in held):
        rows = [_row(one, verified.get(one.id, ())) for one in held if one.section == section]
        shown.append(
            "\n".join(
                [
                    f"## {section}",
                    "",
                    "| Id | Level | Source | Requirement | Verified by |",
                    "| --- | --- | --- | --- | --- |",
                    *rows,
                ]
            )
        )
    return "\n\n".join(shown) + "\n"


def _counts(held: list[Requirement], verified: Mapping[str, list[str]]) -> str:
    lines = ["| | verified | not done | pending | not tested |", "| --- | --- | --- | --- | --- |"]
    for name, levels in (("SHALL, SHALL NOT", BINDING), ("SHOULD, SHOULD NOT, MAY", LEVELS[2:5]), ("ours", LEVELS[5:])):
        mine = [one for one in held if one.level in levels]
        done = sum(one.id in verified for one in mine)
        undone, waiting = sum(bool(one.not_done) for one in mine), sum(bool(one.pending) for one in mine)
        lines.append(f"| {name} | {done} | {undone} | {waiting} | {len(mine) - done - undone - waiting} |")
    return "\n".join(lines)


def _row(one: Requirement, tests: Iterable[str]) -> str:
    links = [f"[{test.rpartition('::')[2].rpartition('/')[2]}](../{test.partition('::')[0]})" for test in tests]
    state = "; ".join(links)
    if one.not_done:
        state = f"**Not done.** {one.not_done}"
    elif one.pending:
        state = f"*Pending:* {one.pending}"
    return f"| `{one.id}` | {one.level} | {one.source} | {one.says} | {state or 'not tested'} |"


if __name__ == "__main__":
    wrong = faults(requirements(), marks(), complete="--complete" in sys.argv)
    if wrong:
        sys.exit("\n".join(wrong))
    PAGE.write_text(rendered(requirements(), marks()), encoding="utf-8")
