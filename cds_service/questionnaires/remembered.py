"""What a chart said of an order, kept to be judged again.

It is judged later together with the answers that came since. Kept is the evidence of the facts that a policy reads:
value, day, reference, standing, and how the record calls it. No resource is kept. Facts that are computed are computed
again, so an answer joins what the chart said as it would in a chart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, cast

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.decision import Decision
from cds_service.facts.definition import Definition
from cds_service.facts.doubted_answers import DOUBTS
from cds_service.facts.entry import DerivedEntry
from cds_service.facts.extract import Facts
from cds_service.facts.faults import faults_of
from cds_service.facts.settled import settled
from cds_service.policy.evidence import UNTOLD, Evidence, Fact, Standing
from cds_service.policy.model import Policy
from cds_service.policy.values import Code, Days, Interval, Value

Json = dict[str, Any]


def remember(given: Case, policy: Policy, decision: Decision, content: Content) -> list[Json]:
    """Return what a case's chart says of a policy's facts, as JSON.

    Malformed resources are no evidence here either. What was read for the decision under the policy is not read again.
    """
    case = replace(given, coding=decision.coding, form=policy.form)
    facts = decision.facts if isinstance(decision.facts, Facts) else Facts(case, content.catalogue)
    found = _spoken(facts, policy, content)
    if unusable := faults_of([one for evidence in found.values() for one in evidence], case):
        facts = Facts(case, content.catalogue, {**facts.unusable, **unusable})
        found = _spoken(facts, policy, content)
    kept: list[Json] = []
    for name, evidence in found.items():
        mine = {one.resource for one in facts.for_this_order(name)}
        for one in evidence:
            made = _written(name, one)
            if one.resource in mine:
                made["for_order"] = True
            kept.append(made)
    return kept


def _spoken(facts: Facts, policy: Policy, content: Content) -> dict[str, Sequence[Evidence]]:
    """Return the evidence of the facts that the chart speaks of.

    Of a computed fact it is what was answered to its own question.
    """
    catalogue = content.catalogue
    names = catalogue.closure(policy.facts)
    spoken = frozenset(facts.among(frozenset(names)))
    found: dict[str, Sequence[Evidence]] = {}
    for name in names:
        if name in spoken:
            evidence = facts[name].evidence if catalogue[name].derived is None else _in_doubt(facts, name)
            if evidence:
                found[name] = evidence
    return found


def _in_doubt(facts: Facts, name: str) -> Sequence[Evidence]:
    """Return what was answered to a computed fact's own question.

    What records of the chart put in doubt is so, since the records are not kept; and so are records in doubt.
    """
    answers = facts.answered(name)
    doubted = [e for e in facts[name].evidence if e.note in DOUBTS]
    told = {(e.resource, e.value): e for e in doubted if e.kind == "answered"}
    return [*[told.get((one.resource, one.value), one) for one in answers], *[e for e in doubted if e.kind != "answered"]]


class RememberedFacts(Facts):
    """The facts of a case whose chart is no longer at hand.

    They come from what was kept of the chart, and from the answers of the responses in the case.
    """

    def __init__(self, case: Case, content: Content, kept: Sequence[Json]) -> None:
        super().__init__(case, content.catalogue)
        self._kept: dict[str, list[Evidence]] = {}
        for one in kept:
            self._kept.setdefault(one["fact"], []).append(_read(one))
        self._speaking = frozenset(content.catalogue)
        self._untold = any(UNTOLD in one.note for found in self._kept.values() for one in found)
        earlier = {name: [one for one in found if one.kind == "answered"] for name, found in self._kept.items()}
        self._earlier = {name: tuple(found) for name, found in earlier.items() if found and not self._answers.get(name)}
        self._for_order = {one["resource"] for one in kept if one.get("for_order")}
        self._answers = {**self._answers, **{name: [] for name in self._earlier}}

    def _answered(self, definition: Definition) -> tuple[Evidence, ...]:
        """Return what is answered now, or was answered earlier.

        Where the responses in the case answer nothing, it is what was answered when the chart was read.
        """
        earlier = self._earlier.get(definition.name)
        return super()._answered(definition) if earlier is None else earlier

    def _derived(self, definition: Definition, derived: DerivedEntry) -> Fact:
        """Compute a fact, in which what answers put in doubt stays so."""
        made = super()._derived(definition, derived)
        doubts = {one.resource: one for one in self._kept.get(definition.name, ()) if one.kind != "answered"}
        if not doubts:
            return made
        return made._replace(evidence=tuple([doubts.get(e.resource, e) for e in made.evidence]))

    def _documented(self, definition: Definition) -> Fact:
        """Return what was kept of a fact, together with the answers.

        A new answer takes the place of an earlier one.
        """
        name = definition.name
        own = self.answered(name)
        kept = [one for one in self._kept.get(name, ()) if one.kind != "answered"]
        unsearched = tuple([kind for kind in definition.searched if kind in self._missing])
        found = settled((*kept, *own), self._for_this(name), self._case.order.reference) if own else kept
        return Fact(name, tuple(found), unsearched)

    def _for_this(self, name: str) -> tuple[Evidence, ...]:
        """Return the usable answers for the order, of now or earlier.

        Earlier ones were given when the chart was read.
        """
        earlier = self._earlier.get(name)
        if earlier is None:
            return super()._for_this(name)
        return tuple([one for one in earlier if one.resource in self._for_order and one.standing is Standing.USABLE])


def _written(fact: str, evidence: Evidence) -> Json:
    made: Json = {"fact": fact, "kind": evidence.kind, "standing": evidence.standing.value, "resource": evidence.resource}
    if evidence.note:
        made["note"] = evidence.note
    if evidence.instant:
        made["instant"] = evidence.instant
    if evidence.shown:
        made["shown"] = evidence.shown
    if evidence.when:
        made["when"] = [day.isoformat() for day in evidence.when]
    if evidence.value is not None:
        made["value"] = _value_written(evidence.value)
    return made


def _value_written(value: Value) -> Json:
    match value:
        case Interval():
            ends = [None if math.isinf(end) else end for end in (value.low, value.high)]
            return {"from": ends[0], "to": ends[1], "open": [value.low_open, value.high_open]}
        case Days():
            return {"days": [value.first.isoformat(), value.last.isoformat()]}
        case Code():
            return {"code": value.shown, "sets": sorted(value.sets)}
        case _:
            return {"is": value}


def _read(one: Mapping[str, Any]) -> Evidence:
    when = Days(*map(date.fromisoformat, one["when"])) if "when" in one else None
    value = _value_read(one["value"]) if "value" in one else None
    standing = Standing(one["standing"])
    return Evidence(
        value, when, one["resource"], one["kind"], standing, one.get("note", ""), one.get("shown", ""), one.get("instant", "")
    )


def _value_read(one: Mapping[str, Any]) -> Value:
    if "open" in one:
        low = -math.inf if one["from"] is None else one["from"]
        high = math.inf if one["to"] is None else one["to"]
        return Interval(low, high, *one["open"])
    if "days" in one:
        return Days(*map(date.fromisoformat, one["days"]))
    if "sets" in one:
        return Code(one["code"], frozenset(one["sets"]))
    return cast("Value", one["is"])
