"""What a code means to a policy, in a sentence.

An order with it is governed or never necessary, or the code is read as evidence of something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cds_service.content.content import Content
from cds_service.fhir.code_shapes import systems_of
from cds_service.fhir.code_systems import NAMES
from cds_service.fhir.codes import Coding, written
from cds_service.policy.criterion import AtLeast, Check
from cds_service.policy.model import FirstRule, Policy
from cds_service.web.code_lists import CodeLists, CodeRow

ORDERED: Final = frozenset({"order_code"})
"""The kind of evidence of facts that are the order's own code."""
SETTLED: Final = {
    "not necessary": "is never necessary",
    "necessary": "is necessary whatever the chart says",
    "not addressed": "is named, and the policy has no criteria for it",
    "not documented": "says too little; the policy asks what is ordered",
}
SYSTEM_WORDS: Final = frozenset({name.casefold() for name in NAMES} | {"icd", "icd10", "icd-10", "snomed-ct"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a policy does with a code.

    ``governs`` tells whether it governs orders with the code, ``said`` is a sentence that says so, and ``written`` the
    code with its system.
    """

    governs: bool
    said: str
    written: str


def code_in(words: str) -> str:
    """Return the code that a search names, without its system.

    The search may name the system or not. Returns an empty text where it names no code.
    """
    parts = [part for part in words.split() if part.casefold() not in SYSTEM_WORDS]
    one = parts[0] if len(parts) == 1 else ""
    return one if any(letter.isdigit() for letter in one) and len(one) > 2 else ""


def codings_of(words: str) -> list[Coding]:
    """Return the codes that words could name.

    A code is of the system that the words name, else of every system whose codes look like it.
    """
    code = code_in(words)
    if not code:
        return []
    try:
        return [written(words)]
    except ValueError:
        return [Coding(system, code.upper()) for system in dict.fromkeys(systems_of(code.upper()))]


def sets_read(policy: Policy, content: Content) -> dict[str, list[str]]:
    """Return the value sets that a policy reads charts by.

    Each comes with the facts that it is evidence of, in our words.
    """
    found: dict[str, dict[str, None]] = {}
    for name in content.catalogue.closure(policy.facts):
        definition = content.catalogue[name]
        if {source.name for source in definition.entry.from_} == ORDERED:
            continue
        for source in definition.sources:
            for id_ in source.value_sets():
                if id_ in content.terminology.sets:
                    found.setdefault(id_, {})[_inside(definition.entry.means)] = None
    return {id_: list(means) for id_, means in found.items()}


def meanings(
    codings: Iterable[Coding], policy: Policy, content: Content, lists: CodeLists, read: Mapping[str, list[str]]
) -> Iterator[Meaning]:
    """Yield what a policy does with a code.

    ``codings`` are the code in each system that it could be of. Nothing is yielded for one that the policy neither
    governs nor reads.
    """
    seen: set[frozenset[str]] = set()
    for coding in codings:
        holding = frozenset(content.terminology.holding(coding.system, coding.code))
        governing = [id_ for id_ in policy.order_sets if id_ in holding]
        reading = [id_ for id_ in read if id_ in holding and id_ not in governing]
        if holding in seen or not (governing or reading):
            continue
        seen.add(holding)
        if governing:
            row = row_of(coding, governing, lists)
            code = row.written if row and not row.below else coding.text.strip()
            label = f" ({row.said})" if row and row.said else ""
            yield Meaning(True, f"{code}{label} {governed(coding, policy, content)}.", code)
        if reading:
            rows = {id_: row for id_ in reading if (row := row_of(coding, [id_], lists)) and row.said}
            first = next(iter(rows.values()), None)
            code = f"{first.system} {coding.code}" if first else coding.text.strip()
            means = dict.fromkeys(said for id_ in (*rows, *reading) for said in read[id_])
            label = f" of {first.said}" if first else ""
            yield Meaning(False, f"{code}: read as evidence{label} ({_some(list(means))}).", code)


def governed(coding: Coding, policy: Policy, content: Content) -> str:
    """Return what follows for an order with a governed code.

    It is the rule settled first that the code alone decides, else that the criteria judge the order.
    """
    holding = content.terminology.holding(coding.system, coding.code)
    for rule in policy.settled_first:
        if isinstance(rule.when, Check) and _holds(rule.when, holding, content):
            return _then(rule)
    if any(_begins_with(rule, holding, content) for rule in policy.settled_first):
        return "is judged by what the order says besides its code"
    return "is judged by the criteria"


def row_of(coding: Coding, sets: Iterable[str], lists: CodeLists) -> CodeRow | None:
    """Return the row of a code in one of the value sets.

    Where no set lists the code itself, it is the row of a category that the code lies below. Returns None where there
    is neither.
    """
    wide: CodeRow | None = None
    for id_ in sets:
        held = lists.of(id_)
        for row in held.rows if held else ():
            if row.code.casefold() == coding.code.casefold():
                return row
            if row.below and _plain(coding.code).startswith(_plain(row.code)):
                wide = row
    return wide


def _plain(code: str) -> str:
    return code.replace(".", "").casefold()


def _then(rule: FirstRule) -> str:
    return f"is governed by {rule.referred_to}" if rule.referred_to else SETTLED[rule.then]


def _holds(check: Check, holding: Mapping[str, object], content: Content) -> bool:
    """Tell whether a criterion tests only the order's code, and holds.

    ``holding`` are the value sets that the code is in.
    """
    if check.test.compare != "in" or check.fact not in content.catalogue:
        return False
    of_order = {source.name for source in content.catalogue[check.fact].entry.from_} == ORDERED
    return of_order and check.test.written in holding


def _begins_with(rule: FirstRule, holding: Mapping[str, object], content: Content) -> bool:
    parts = rule.when.parts if isinstance(rule.when, AtLeast) and rule.when.count == len(rule.when.parts) else ()
    return any(isinstance(part, Check) and _holds(part, holding, content) for part in parts)


def _inside(means: str) -> str:
    """Turn a sentence into a part of another.

    It loses its full stop, and its first letter becomes small where it began with a plain word.
    """
    said = means.partition(". ")[0].rstrip(".")
    first = said.partition(" ")[0]
    return said if len(first) > 1 and first.isupper() else said[:1].lower() + said[1:]


def _some(means: list[str]) -> str:
    return "; ".join(means[:2]) + (f"; and {len(means) - 2} more" if len(means) > 2 else "")
