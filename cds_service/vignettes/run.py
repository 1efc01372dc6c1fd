"""Runs a vignette as facts: what its chart documents is judged directly.

Its other run is over HTTP (``over_http.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.content.content import Content
from cds_service.content.library import Library, Selected
from cds_service.decision import Decision
from cds_service.facts.doubted_answers import doubted
from cds_service.facts.extract import Facts
from cds_service.fhir.codes import key_of
from cds_service.fhir.value_sets import Terminology
from cds_service.judgement import decide, judge_policy
from cds_service.order import read_order
from cds_service.policy.evidence import Evidence, Fact
from cds_service.vignettes.drafts import drafts_of
from cds_service.vignettes.read import PATIENT, Vignette


class _GivenFacts(Facts):
    """The facts of a vignette.

    They are what it gives and what its order itself says; everything else is silent.
    """

    def __init__(self, case: Case, content: Content, given: Mapping[str, list[Evidence]], via: Mapping[str, str]) -> None:
        super().__init__(case, content.catalogue)
        self._given: dict[str, list[Evidence]] = {}
        for name, evidence in given.items():
            derived = content.catalogue[name].entry.derived
            for one in evidence:
                by_input = derived and derived.imagined_by and one.kind != "answered"
                target = derived.imagined_by if by_input and derived and derived.imagined_by else name
                recorded = one.kind == "recorded"
                catalogue = content.catalogue
                life = catalogue[target].shelf_life(via.get(name, "")) if recorded else catalogue.answers_speak_for(name)
                self._given.setdefault(target, []).append(life.seen(one, case.as_of) if life else one)

        self._speaking = frozenset(content.catalogue)
        self.clear()

    def __missing__(self, name: str) -> Fact:
        extracted = super().__missing__(name)
        given = tuple(self._given.get(name, ()))
        derived = self._catalogue[name].entry.derived
        joins = self._catalogue.rules[derived.rule].joins if derived else ""
        if given and derived and joins:
            self._given.setdefault(derived.takes[joins], []).extend(given)
            self.clear()
            self._given.pop(name)
            return self[name]
        found = extracted.evidence + given
        weighed = doubted(found, found, (), self._catalogue[name], self._catalogue, self._case.seen) if given else found
        fact = self[name] = Fact(name, tuple(weighed), extracted.unsearched)
        return fact


@dataclass(frozen=True, slots=True)
class Posed:
    """A vignette made ready to be decided as facts.

    It holds the vignette's case, and what its chart and its order document.
    """

    vignette: Vignette
    case: Case
    facts: Facts


def with_own_lists(content: Content, vignette: Vignette) -> Content:
    """Return the content with the value sets that the plan has filled.

    The plan is that of the vignette.
    """
    if not vignette.own_lists:
        return content
    sets = dict(content.terminology.sets)
    for id_, codings in vignette.own_lists.items():
        added = {key_of(coding.system, coding.code): None for coding in codings}
        sets[id_] = replace(sets[id_], codes=MappingProxyType({**sets[id_].codes, **added}))
    terminology = Terminology(sets, (), content.terminology.medicines)
    return replace(content, terminology=terminology, library=Library(content.policies, terminology))


def pose(vignette: Vignette, held: Content) -> Posed:
    """Make the case and the facts of a vignette.

    No FHIR is needed but the order itself.
    """
    content = with_own_lists(held, vignette)
    chart = Chart(vignette.fhir, content.terminology, PATIENT, vignette.not_searched)
    drafts = enumerate(drafts_of(vignette))
    signing = tuple(read_order(resource, place, vignette.as_of, chart.medications) for place, resource in drafts)
    order = signing[len(vignette.signed_before)]
    mine = [one for one in content.library.select(order.codings, vignette.as_of) if one.policy_id == vignette.policy.id]
    case = Case(chart, order, signing, vignette.as_of, mine[0].coding if mine else None)
    return Posed(vignette, case, _GivenFacts(case, content, vignette.given, vignette.via))


def chosen_for(posed: Posed, library: Library) -> Selected | None:
    """Select the version of the vignette's policy for its order.

    Returns None when no version lists the order.
    """
    selected = library.select(posed.case.order.codings, posed.case.as_of)
    return next((choice for choice in selected if choice.policy_id == posed.vignette.policy.id), None)


def decide_posed(posed: Posed, content: Content) -> Decision:
    """Decide the facts of a vignette as they stand."""
    chosen = chosen_for(posed, content.library)
    if chosen is None or chosen.policy is None:
        return decide(posed.case, content)[0]
    return judge_policy(chosen.policy, chosen.coding, posed.case.order.reference, posed.facts, posed.case)


def decide_as_facts(vignette: Vignette, content: Content) -> Decision:
    """Decide a vignette by its facts, without any FHIR."""
    return decide_posed(pose(vignette, content), content)


def differences(vignette: Vignette, outcome: str, because: list[str], asks: list[str], assumed: list[str]) -> list[str]:
    """List how a decision differs from what the vignette expects.

    The differences are in words; there are none when the decision is right.
    """
    expect = vignette.expect
    found = []
    if outcome != vignette.outcome.value:
        found.append(f"outcome: expected {expect.outcome}, found {outcome.replace('-', ' ')}")
    for name, wanted, had in (
        ("because", expect.because, because),
        ("asks", expect.asks, asks),
        ("assumed", expect.assumed, assumed),
    ):
        any_order = name == "asks" and not expect.in_order
        if wanted is not None and (sorted(wanted) != sorted(had) if any_order else wanted != had):
            found.append(f"{name}: expected {wanted}, found {had}")
    return found


def differences_as_facts(vignette: Vignette, content: Content) -> list[str]:
    """List how the decision on facts differs from what is expected."""
    return differences_of(vignette, decide_as_facts(vignette, content))


def differences_of(vignette: Vignette, decision: Decision) -> list[str]:
    """List all differences of a decision from what is expected.

    What the document says of authorization is compared too, and so is the advice.
    """
    found = differences(vignette, decision.outcome.value, [*decision.because_ids], [*decision.asks], [*decision.assumed])
    expect, said = vignette.expect, decision.authorization
    authorization = "not said" if said is None else "needed" if said.needed else "not needed"
    advice = [remark.when.id for remark in decision.advice if remark.when]
    if expect.authorization is not None and expect.authorization != authorization:
        found.append(f"authorization: expected {expect.authorization}, found {authorization}")
    if expect.advice is not None and expect.advice != advice:
        found.append(f"advice: expected {expect.advice}, found {advice}")
    return found
