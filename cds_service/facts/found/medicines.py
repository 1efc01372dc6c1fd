"""How a medicine is found: ordered, taken, given, handed over or stopped, in the chart or signed together with the order.

A medicine whose code tells its ingredients is evidence. One that only words name, where it could be the one looked for, and one
that could not be read at all are uncertain: they decide nothing, and end the silence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Set
from typing import TYPE_CHECKING, Final

from cds_service.chart import Case, Hit
from cds_service.facts.found.dated import dated
from cds_service.facts.found.of_medicines import has_reason, has_route, medication_days, states_of
from cds_service.facts.unread import NAMED_ONLY, NOT_RECOGNISED, NOT_SENT
from cds_service.facts.wanted import Unreadable, Wanted, carried_value
from cds_service.fhir.codes import RXNORM, Coding, key_of
from cds_service.fhir.elements import Resource, own_reference, text
from cds_service.fhir.medication import MEDICINES, Doubt
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Value

if TYPE_CHECKING:
    from cds_service.facts.kinds.medication import MedicationEvidence

RESOURCES: Final = (*MEDICINES, "ServiceRequest")
"""Where medicines stand: a ServiceRequest with a drug's code is an order of it."""


UNKNOWN: Final = ("unknown",)
"""The state of what may be taken and may not."""


def medicines(kind: MedicationEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """The medicines of a case that its kind counts, with their standing."""
    types = kind.resources or RESOURCES
    hits = [hit for type_ in types for hit in case.chart.coded(type_, kind.codes)]
    found = _in_chart(kind, hits, case, wanted) if hits else []
    if case.chart.doubts:
        found += _in_doubt(kind, case, wanted, types)
    if kind.itself or len(case.signing) > 1:
        found += _drafted(kind, case, wanted)
    return found


def _in_chart(kind: MedicationEvidence, hits: list[Hit], case: Case, wanted: Wanted) -> list[Evidence]:
    found: list[Evidence] = []
    own = case.own
    for hit in hits:
        resource = hit.resource
        if own_reference(resource) in own or resource.get("doNotPerform") is True:
            continue
        status = text(resource.get("status"))
        states = states_of(resource, status, case.as_of)
        if not _counts(kind, states):
            continue
        reason, route = has_reason(resource, kind.because, case.chart), _routed(kind, resource, hit.coding, case)
        if reason is False or route is False:
            continue
        when = medication_days(resource)
        for each in _each(kind, hit, case):
            one = _evidence(kind, each, when, wanted, status)
            if states == UNKNOWN:
                one = _unsure(one, "whether it is taken is not known")
            elif reason is None:
                one = _unsure(one, "the reason for it is given in words, which are not read")
            elif route is None:
                one = _unsure(one, "its route is given in words, which are not read")
            found.append(one)
    return found


def _counts(kind: MedicationEvidence, states: tuple[str, ...]) -> bool:
    """Whether one of the states counts; of an unknown one that is not known, but for what only drafts can say."""
    return any(state in kind.states for state in states) or (states == UNKNOWN and kind.states != ["draft"])


def _each(kind: MedicationEvidence, hit: Hit, case: Case) -> list[Hit]:
    """A hit for each ingredient of a product that a value set knows by several of its ingredients."""
    terminology = case.chart.terminology
    ingredients = terminology.medicines.ingredients(*hit.coding) if hit.carried is not None else ()
    if len(ingredients) < 2:
        return [hit]
    found = {hit.carried: hit}
    for ingredient in ingredients:
        carried = terminology.held[RXNORM, ingredient].get(kind.codes)
        if carried is not None and carried not in found and _of_ingredients(kind, hit, case):
            found[carried] = Hit(hit.resource, hit.holder, hit.coding, carried)
    return list(found.values())


def _of_ingredients(kind: MedicationEvidence, hit: Hit, case: Case) -> bool:
    """Whether a value set holds a medicine by its ingredients, and not by the code itself."""
    return key_of(*hit.coding) not in case.chart.terminology.sets[kind.codes].codes


def _in_doubt(kind: MedicationEvidence, case: Case, wanted: Wanted, types: Iterable[str]) -> list[Evidence]:
    """The records of medicines that could be of the kind, as far as they can be told."""
    found: list[Evidence] = []
    terminology = case.chart.terminology
    for resource, doubt in case.chart.doubts:
        if resource["resourceType"] not in types or own_reference(resource) in case.own:
            continue
        if not _counts(kind, states_of(resource, text(resource.get("status")), case.as_of)):
            continue
        if has_reason(resource, kind.because, case.chart) is False or has_route(resource, kind.routes, terminology) is False:
            continue
        found += _doubtful(case, kind.codes, doubt, resource, medication_days(resource), wanted, kind.gives)
    return found


def doubtful_medicines(
    case: Case,
    codes: str,
    states: Set[str],
    wanted: Wanted,
    types: Collection[str] = RESOURCES,
    passing_over: Callable[[Resource], bool] = lambda _: False,
) -> list[Evidence]:
    """What is uncertain about medicines of a value set: those named in words only, and those that could not be read.

    ``states`` are those that count (``active``, ``completed`` ...), ``types`` the resource types; what is passed over does not.
    For kinds of evidence that read medicines otherwise than by :func:`medicines`; they also name ``chart.UNREAD`` in ``speaks_by``.
    """
    found: list[Evidence] = []
    for resource, doubt in case.chart.doubts:
        if resource["resourceType"] not in types or own_reference(resource) in case.own:
            continue
        if states.isdisjoint(states_of(resource, text(resource.get("status")), case.as_of)):
            continue
        if not passing_over(resource):
            found += _doubtful(case, codes, doubt, resource, medication_days(resource), wanted)
    return found


def _doubtful(
    case: Case,
    codes: str,
    doubt: Doubt,
    resource: Resource,
    when: Days | None,
    wanted: Wanted,
    gives: Value | None = None,
) -> list[Evidence]:
    """A medicine that could be one of a value set, with what it could be; nothing where it is none of it."""
    said = own_reference(resource)
    found = [
        Evidence(value if gives is None else gives, when, said, "recorded", Standing.UNCERTAIN, NAMED_ONLY, doubt.name)
        for value in possible_values(case, codes, doubt, wanted)
    ]
    if not found and doubt.unread:
        value = gives if gives is not None else True if wanted.type == "boolean" else None
        note = NOT_SENT if doubt.missing else NOT_RECOGNISED
        found.append(Evidence(value, when, said, "recorded", Standing.UNCERTAIN, note, doubt.unread))
    return found


def possible_values(case: Case, codes: str, doubt: Doubt, wanted: Wanted) -> list[Value | None]:
    """What a value set says of the ingredients that words name: a value for each, None for one of which it says none."""
    found: dict[Value | None, None] = {}
    for carried in case.chart.terminology.carried_by(doubt.named, codes) if doubt.named else ():
        try:
            found[carried_value(carried, wanted, True if wanted.type == "boolean" else None)] = None
        except Unreadable:
            found[None] = None
    return list(found)


def _unsure(evidence: Evidence, note: str) -> Evidence:
    said = "; ".join([part for part in (evidence.note, note) if part])
    return Evidence(evidence.value, evidence.when, evidence.resource, evidence.kind, Standing.UNCERTAIN, said, evidence.shown)


def _routed(kind: MedicationEvidence, resource: Resource, coding: Coding, case: Case) -> bool | None:
    terminology = case.chart.terminology
    if kind.routed and kind.routed in terminology.holding(*coding):
        return True
    return has_route(resource, kind.routes, terminology)


def _drafted(kind: MedicationEvidence, case: Case, wanted: Wanted) -> list[Evidence]:
    found: list[Evidence] = []
    drafts = [*(case.other_orders() if kind.signed_with else ()), *([case.order] if kind.itself else [])]
    for other in drafts:
        for coding in other.codings:
            held = case.chart.terminology.holding(coding.system, coding.code)
            if kind.codes in held:
                route = _routed(kind, other.resource, coding, case)
                reason = has_reason(other.resource, kind.because, case.chart)
                if route is False or reason is False:
                    continue
                for each in _each(kind, Hit(other.resource, other.resource, coding, held[kind.codes]), case):
                    one = _evidence(kind, each, Days.on(case.as_of), wanted, "signed together")
                    found.append(one if route and reason else _unsure(one, "its route or reason stands in words, not read"))
                break
    if kind.signed_with and "draft" in kind.states and len(case.signing) > 1:
        found += _drafts_in_doubt(kind, case, wanted)
    return found


def _drafts_in_doubt(kind: MedicationEvidence, case: Case, wanted: Wanted) -> list[Evidence]:
    found: list[Evidence] = []
    for order, doubt in case.drafted_doubts:
        if has_route(order.resource, kind.routes, case.chart.terminology) is not False:
            found += _doubtful(case, kind.codes, doubt, order.resource, Days.on(case.as_of), wanted, kind.gives)
    return found


def _evidence(kind: MedicationEvidence, hit: Hit, when: Days | None, wanted: Wanted, status: str) -> Evidence:
    said = own_reference(hit.resource)
    try:
        plain = True if wanted.type == "boolean" else None
        value: Value = kind.gives if kind.gives is not None else carried_value(hit.carried, wanted, plain)
    except Unreadable as error:
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
    return dated(value, when, said, f"{hit.coding.text}, {status}")
