"""Writes ``docs/conformance.md``: every requirement of CDS Hooks and CRD on the service, and the tests that verify it.

Run ``python -m tests.conformance`` after a requirement or a mark has changed; a test holds the file to what this renders.
With ``--complete`` nothing may be pending.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

TESTS = Path(__file__).parent
LISTED = TESTS / "conformance.yaml"
PUBLISHED = TESTS / "published_statements.yaml"
PAGE = TESTS.parent / "docs" / "conformance.md"
CRD_2_0_1, CDS_HOOKS_2_0 = "crd-2.0.1@", "cds-hooks-2.0@"
BINDING = ("SHALL", "SHALL NOT")
LEVELS = (*BINDING, "SHOULD", "SHOULD NOT", "MAY", "ours")
_PREFACE = """\
<!-- Generated from tests/conformance.yaml and the tests' marks by `python -m tests.conformance`; change those, not this file. -->

# Conformance

Every statement of CDS Hooks 2.0 and Da Vinci CRD (2.0.1 and 2.2.1) that binds a service which answers hooks, in our own words, and the
tests that verify it: each fails where its statement does not hold. Ids are those of CRD 2.2.1, where it has one; the numbers behind
*also* are those of Inferno's test kit for the other two, which publish none. Statements of Da Vinci DTR (2.2.0 and 2.0.1) on a payer's
server stand in a section of their own, with the numbers of its guide. *ours* is what no source says and we decided. The answers of
Inferno's CRD server suite stand among them by the ids of its tests; the suite itself was not run."""
_STATES = ("elsewhere", "not_applicable", "not_done", "pending")
_SAID = {
    "elsewhere": "**Done elsewhere.**",
    "not_applicable": "**Not applicable.**",
    "not_done": "**Not done.**",
    "pending": "*Pending:*",
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement: its level, where it stands, what it says, and who does it elsewhere, why it does not bind here, why it is not
    done, or what it waits for. ``crd_2_0_1`` and ``cds_hooks_2_0`` number the statements of those that say the same."""

    section: str
    id: str
    level: str
    source: str
    says: str
    not_done: str = ""
    pending: str = ""
    elsewhere: str = ""
    not_applicable: str = ""
    crd_2_0_1: Sequence[int] = ()
    cds_hooks_2_0: Sequence[int] = ()

    @property
    def also(self) -> list[str]:
        """The statements of the other specifications, by their published ids."""
        return [f"{CRD_2_0_1}{number}" for number in self.crd_2_0_1] + [f"{CDS_HOOKS_2_0}{number}" for number in self.cds_hooks_2_0]

    @property
    def state(self) -> str:
        """What stands in place of a test, by the name of the member that says so; empty where tests are to verify it."""
        return next((name for name in _STATES if getattr(self, name)), "")


def requirements(listed: Path = LISTED) -> list[Requirement]:
    """All requirements, in the order of the file."""
    sections = YAML(typ="safe").load(listed.read_text(encoding="utf-8"))
    return [Requirement(section=section["title"], **one) for section in sections for one in section["requirements"]]


@dataclass(frozen=True, slots=True)
class Published:
    """The statements that one specification publishes: their ids, as this list writes them, with their levels."""

    name: str
    levels: Mapping[str, str]


def published(file: Path = PUBLISHED) -> list[Published]:
    """The statements of each specification."""
    return [
        Published(one["set"], {f"{one['prefix']}{id_}": level for level, ids in one["ids"].items() for id_ in ids})
        for one in YAML(typ="safe").load(file.read_text(encoding="utf-8"))["sets"]
    ]


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


def faults(
    listed: Iterable[Requirement],
    verified: Mapping[str, list[str]],
    *,
    complete: bool = False,
    statements: Iterable[Published] = (),
) -> list[str]:
    """What does not hold together between the requirements, the published ``statements`` and the tests, in words; with ``complete``,
    also what is pending."""
    held = list(listed)
    ids = [name for one in held for name in (one.id, *one.also)]
    found = [f"{id_}: it is listed twice" for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1})]
    own = {one.id for one in held}
    found += [f"{id_}: {verified[id_][0]} names it and no requirement has that id" for id_ in sorted(set(verified) - own)]
    levels: dict[str, str] = {}
    for specification in statements:
        levels |= specification.levels
        found += [
            f"{id_}: {specification.name} publishes it, and no requirement names it"
            for id_ in specification.levels
            if id_ not in ids
        ]
    for one in held:
        found += _faults_of(one, verified, levels, complete=complete)
    return found


def _faults_of(one: Requirement, verified: Mapping[str, list[str]], levels: Mapping[str, str], *, complete: bool) -> Iterator[str]:
    if one.level not in LEVELS:
        yield f"{one.id}: its level is one of {', '.join(LEVELS)}"
    if one.id in levels and levels[one.id] != one.level:
        yield f"{one.id}: its level is {levels[one.id]}"
    for name in one.also if levels else ():
        if name not in levels:
            yield f"{one.id}: nobody publishes {name}"
    if bool(verified.get(one.id)) + sum(bool(getattr(one, name)) for name in _STATES) > 1:
        yield f"{one.id}: it is one of verified, {', '.join(_STATES)}, not several"
    binds = one.level in BINDING or any(levels.get(name) in BINDING for name in one.also)
    if not verified.get(one.id) and not one.state and (binds or one.id in levels or one.also):
        yield f"{one.id}: no test verifies it; mark one, or say why not under one of {', '.join(_STATES)}"
    if complete and one.pending:
        yield f"{one.id}: it is pending: {one.pending}"


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
    lines = [
        "| | verified | done elsewhere | not applicable | not done | pending | not tested |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, levels in (("SHALL, SHALL NOT", BINDING), ("SHOULD, SHOULD NOT, MAY", LEVELS[2:5]), ("ours", LEVELS[5:])):
        lines.append(_counted(name, [one for one in held if one.level in levels], verified))
    for specification in published():
        of_it = [one for one in held for id_ in (one.id, *one.also) if id_ in specification.levels]
        lines.append(_counted(f"{specification.name}: all {len(specification.levels)} statements", of_it, verified))
    return "\n".join(lines)


def _counted(name: str, mine: list[Requirement], verified: Mapping[str, list[str]]) -> str:
    done = sum(one.id in verified for one in mine)
    states = [sum(one.state == state for one in mine) for state in _STATES]
    return f"| {name} | {done} | {' | '.join(map(str, states))} | {len(mine) - done - sum(states)} |"


def _row(one: Requirement, tests: Iterable[str]) -> str:
    links = [f"[{test.rpartition('::')[2].rpartition('/')[2]}](../{test.partition('::')[0]})" for test in tests]
    state = "; ".join(links)
    if one.state:
        state = f"{_SAID[one.state]} {getattr(one, one.state)}"
    also = [
        f"{name} {', '.join(map(str, numbers))}"
        for name, numbers in (("CRD 2.0.1:", one.crd_2_0_1), ("CDS Hooks 2.0:", one.cds_hooks_2_0))
        if numbers
    ]
    source = "; ".join([one.source, *([f"also {'; '.join(also)}"] if also else [])])
    return f"| `{one.id}` | {one.level} | {source} | {one.says} | {state or 'not tested'} |"


if __name__ == "__main__":
    wrong = faults(requirements(), marks(), complete="--complete" in sys.argv, statements=published())
    if wrong:
        sys.exit("\n".join(wrong))
    PAGE.write_text(rendered(requirements(), marks()), encoding="utf-8")
