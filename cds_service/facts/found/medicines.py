"""How a medicine is found: ordered, taken, given, dispensed or stopped.

It stands in the chart, or is signed together with the order. A medicine whose code tells its ingredients is evidence.
One that only words name, where it could be the one looked for, and one that could not be read at all are uncertain:
they decide nothing, and end the silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.facts.found.dated import INTENTIONS, dated
from cds_service.facts.found.doubtful_medicines import doubtful
from cds_service.facts.found.of_medicines import goes_only_by, has_reason, has_route, medication_days, says_form, states_of
from cds_service.facts.found.prevention import Prevention, Preventions
from cds_service.facts.found.purposes import Purpose, Purposes, SoughtPurpose, as_purposed, signed_together
from cds_service.facts.wanted import Unreadable, Wanted, carried_value
from cds_service.fhir.code_systems import RXNORM
from cds_service.fhir.codes import Coding, key_of
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import Resource, own_reference, text
from cds_service.fhir.value_sets import Carried
from cds_service.fhir.vocabulary import Vocabulary
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Value
from cds_service.sitting import DatedChart

ORDERED: Final = ("MedicationRequest", "ServiceRequest")
"""Resource types that are orders of medicines.

An order that is active and carries no date counts as of the day it is read.
"""
ANOTHER_FORM: Final = "its words say a form that its code does not"
PROPOSED: Final = "it is proposed, and nobody ordered it"
PASSED_OVER: Final = "passed over"
"""How the catalogue writes that a medicine which is of prevention does not count."""
UNKNOWN: Final = ("unknown",)
"""The state of a medicine that may or may not be taken."""


@dataclass(frozen=True, slots=True)
class SoughtMedicine:
    """The medicines that document a fact, as ``medication`` evidence writes them.

    ``resources`` are all types where the evidence names none. What goes by one of ``not_routes`` alone does not count.
    ``forms`` are words for forms by which it is another medicine. ``prevention`` says what becomes of one dose.
    """

    codes: str
    states: tuple[str, ...]
    routes: str
    routed: str
    signed_with: bool
    itself: bool
    because: str
    gives: bool | str | None
    resources: tuple[str, ...]
    given_for: tuple[SoughtPurpose, ...] = ()
    not_routes: str = ""
    forms: Vocabulary | None = None
    prevention: str = ""


def medicines(sought: SoughtMedicine, seen: DatedChart, wanted: Wanted) -> list[Evidence]:
    """Find the medicines in a chart that are sought, with their standing."""
    types = sought.resources
    hits = [hit for type_ in types for hit in seen.chart.coded(type_, sought.codes)]
    found = _in_chart(sought, hits, seen, wanted) if hits else []
    if seen.chart.doubts:
        found += _in_doubt(sought, seen, wanted, types)
    return found


def _in_chart(sought: SoughtMedicine, hits: list[Hit], seen: DatedChart, wanted: Wanted) -> list[Evidence]:
    found: list[Evidence] = []
    own = seen.own
    purposes = _purposes(sought, seen.chart, seen.as_of)
    preventions = _preventions(sought, seen.chart, seen.as_of)
    for hit in hits:
        resource = hit.resource
        if own_reference(resource) in own or resource.get("doNotPerform") is True:
            continue
        status = text(resource.get("status"))
        states = states_of(resource, status, seen.as_of)
        if not _counts(sought, states):
            continue
        reason, route = has_reason(resource, sought.because, seen.chart), _routed(sought, resource, hit.coding, seen)
        if reason is False or route is False or goes_only_by(resource, sought.not_routes, seen.chart.terminology):
            continue
        when = medication_days(resource)
        if when is None and status == "active" and resource.get("resourceType") in ORDERED:
            when = Days.on(seen.as_of)
        prevents = preventions.of(resource, hit.coding) if preventions else Prevention.NONE
        if prevents is Prevention.BRIEF and sought.prevention == PASSED_OVER:
            continue
        purpose = purposes.of(hit) if purposes else Purpose.SOUGHT
        for each in _each(sought, hit, seen):
            one = as_purposed(_evidence(sought, each, when, wanted, status), purpose)
            if states == UNKNOWN:
                one = _unsure(one, "whether it is taken is not known")
            elif text(resource.get("intent")) in INTENTIONS:
                one = _unsure(one, PROPOSED)
            elif reason is None:
                one = _unsure(one, "the reason for it is not here, or given in words, which are not read")
            elif route is None:
                one = _unsure(one, "its route is given in words, which are not read")
            elif sought.forms and says_form(resource, sought.forms, seen.chart):
                one = _unsure(one, ANOTHER_FORM)
            elif prevents is not Prevention.NONE:
                one = _unsure(one, prevents.value)
            found.append(one)
    return found


def _purposes(sought: SoughtMedicine, chart: Chart, as_of: date, drafts: Iterable[Hit] = ()) -> Purposes | None:
    """Return what records are for, where that counts."""
    return Purposes(sought.given_for, sought.codes, chart, as_of, drafts) if sought.given_for else None


def _preventions(sought: SoughtMedicine, chart: Chart, as_of: date) -> Preventions | None:
    """Return which records may be of prevention, where that counts."""
    return Preventions(sought.codes, chart, as_of) if sought.prevention else None


def _counts(sought: SoughtMedicine, states: tuple[str, ...]) -> bool:
    """Tell whether one of the states of a medicine counts.

    Where the state is unknown, that is not known; so it counts, except where only drafts are sought.
    """
    return any(state in sought.states for state in states) or (states == UNKNOWN and sought.states != ("draft",))


def _each(sought: SoughtMedicine, hit: Hit, seen: DatedChart) -> list[Hit]:
    """Return a hit for each ingredient that the value set holds.

    A product has several where its value set holds several of its ingredients with different values.
    """
    terminology = seen.chart.terminology
    ingredients = terminology.medicines.ingredients(*hit.coding) if hit.carried is not None else ()
    if len(ingredients) < 2:
        return [hit]
    found = {hit.carried: hit}
    for ingredient in ingredients:
        carried = terminology.held[RXNORM, ingredient].get(sought.codes)
        if carried is not None and carried not in found and _of_ingredients(sought, hit, seen):
            found[carried] = Hit(hit.resource, hit.holder, hit.coding, carried)
    return list(found.values())


def _of_ingredients(sought: SoughtMedicine, hit: Hit, seen: DatedChart) -> bool:
    """Tell whether a value set holds a medicine only by its ingredients.

    It does not hold the medicine's own code.
    """
    return key_of(*hit.coding) not in seen.chart.terminology.sets[sought.codes].codes


def _in_doubt(sought: SoughtMedicine, seen: DatedChart, wanted: Wanted, types: Iterable[str]) -> list[Evidence]:
    """Find records of medicines that might be one of those sought.

    They count as far as they can be told.
    """
    found: list[Evidence] = []
    terminology = seen.chart.terminology
    purposes = _purposes(sought, seen.chart, seen.as_of)
    preventions = _preventions(sought, seen.chart, seen.as_of) if sought.prevention == PASSED_OVER else None
    for resource, doubt in seen.chart.doubts:
        if resource["resourceType"] not in types or own_reference(resource) in seen.own:
            continue
        if purposes and purposes.stated_by(resource) is Purpose.OTHER:
            continue
        if not _counts(sought, states_of(resource, text(resource.get("status")), seen.as_of)):
            continue
        if has_reason(resource, sought.because, seen.chart) is False or has_route(resource, sought.routes, terminology) is False:
            continue
        if goes_only_by(resource, sought.not_routes, terminology):
            continue
        if preventions and preventions.of(resource) is Prevention.BRIEF:
            continue
        found += doubtful(seen, sought.codes, doubt, resource, medication_days(resource), wanted, sought.gives)
    return found


def _unsure(evidence: Evidence, note: str) -> Evidence:
    said = "; ".join([part for part in (evidence.note, note) if part])
    return Evidence(evidence.value, evidence.when, evidence.resource, evidence.kind, Standing.UNCERTAIN, said, evidence.shown)


def _routed(sought: SoughtMedicine, resource: Resource, coding: Coding, seen: DatedChart) -> bool | None:
    terminology = seen.chart.terminology
    if sought.routed and sought.routed in terminology.holding(*coding):
        return True
    return has_route(resource, sought.routes, terminology)


def drafted(sought: SoughtMedicine, case: Case, wanted: Wanted) -> list[Evidence]:
    """Find the sought medicines that are signed together with an order.

    The order itself is among them where it counts.
    """
    found: list[Evidence] = []
    if not sought.itself and len(case.signing) == 1:
        return found
    purposes = _purposes(sought, case.chart, case.as_of, signed_together(case) if sought.given_for else ())
    preventions = _preventions(sought, case.chart, case.as_of)
    drafts = [*(case.other_orders() if sought.signed_with else ()), *([case.order] if sought.itself else [])]
    for other in drafts if sought.codes in case.together.ordered else ():
        named: set[Carried | None] = set()
        for coding in case.chart.terminology.medicines.plainest(other.codings):
            held = case.chart.terminology.holding(coding.system, coding.code)
            if sought.codes in held and (not named or (wanted.type == "choice" and held[sought.codes] not in named)):
                named.add(held[sought.codes])
                route = _routed(sought, other.resource, coding, case.seen)
                reason = has_reason(other.resource, sought.because, case.chart)
                if route is False or reason is False or goes_only_by(other.resource, sought.not_routes, case.chart.terminology):
                    continue
                hit = Hit(other.resource, other.resource, coding, held[sought.codes])
                purpose = purposes.of(hit) if purposes else Purpose.SOUGHT
                prevents = preventions.of(other.resource, coding, signed=True) if preventions else Prevention.NONE
                form = sought.forms and says_form(other.resource, sought.forms, case.chart)
                for each in _each(sought, hit, case.seen):
                    one = as_purposed(_evidence(sought, each, Days.on(case.as_of), wanted, "signed together"), purpose)
                    one = _unsure(one, ANOTHER_FORM) if form else one
                    one = _unsure(one, prevents.value) if prevents is not Prevention.NONE else one
                    found.append(one if route and reason else _unsure(one, "its route or reason stands in words, not read"))
    if sought.signed_with and "draft" in sought.states and len(case.signing) > 1:
        found += _drafts_in_doubt(sought, case, wanted)
    return found


def _drafts_in_doubt(sought: SoughtMedicine, case: Case, wanted: Wanted) -> list[Evidence]:
    found: list[Evidence] = []
    purposes = _purposes(sought, case.chart, case.as_of)
    for order, doubt in case.drafted_doubts:
        if purposes and purposes.stated_by(order.resource) is Purpose.OTHER:
            continue
        if goes_only_by(order.resource, sought.not_routes, case.chart.terminology):
            continue
        if has_route(order.resource, sought.routes, case.chart.terminology) is not False:
            found += doubtful(case.seen, sought.codes, doubt, order.resource, Days.on(case.as_of), wanted, sought.gives)
    return found


def _evidence(sought: SoughtMedicine, hit: Hit, when: Days | None, wanted: Wanted, status: str) -> Evidence:
    said = own_reference(hit.resource)
    try:
        plain = True if wanted.type == "boolean" else None
        value: Value = sought.gives if sought.gives is not None else carried_value(hit.carried, wanted, plain)
    except Unreadable as error:
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
    return dated(value, when, said, f"{hit.coding.text}, {status}")
