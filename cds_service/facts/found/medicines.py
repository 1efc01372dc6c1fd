"""How a medicine is found: ordered, taken, given, handed over or stopped, in the chart or signed together with the order.

A medicine whose code tells its ingredients is evidence. One that only words name, where it could be the one looked for, and one
that could not be read at all are uncertain: they decide nothing, and end the silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from cds_service.chart import Case, Hit
from cds_service.facts.found.dated import dated
from cds_service.facts.found.of_medicines import has_reason, has_route, medication_days, state_of
from cds_service.facts.unread import NAMED_ONLY, NOT_RECOGNISED
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


def medicines(kind: MedicationEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """The medicines of a case that its kind counts, with their standing."""
    types = kind.resources or RESOURCES
    hits = [hit for type_ in types for hit in case.chart.coded(type_, kind.codes)]
    found = _in_chart(kind, hits, case, wanted) if hits else []
    if case.chart.doubts:
        found += _in_doubt(kind, case, types, wanted)
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
        state = state_of(resource, status, case.as_of)
        if state not in kind.states and (state != "unknown" or kind.states == ["draft"]):
            continue
        reason, route = has_reason(resource, kind.because, case.chart.terminology), _routed(kind, resource, hit.coding, case)
        if reason is False or route is False:
            continue
        when = medication_days(resource)
        for each in _each(kind, hit, case):
            one = _evidence(kind, each, when, wanted, status)
            if state == "unknown":
                one = _unsure(one, "whether it is taken is not known")
            elif reason is None:
                one = _unsure(one, "the reason for it is given in words, which are not read")
            elif route is None:
                one = _unsure(one, "its route is given in words, which are not read")
            found.append(one)
    return found


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


def _in_doubt(kind: MedicationEvidence, case: Case, types: Iterable[str], wanted: Wanted) -> list[Evidence]:
    """The records of medicines that could be of the kind, as far as they can be told."""
    found: list[Evidence] = []
    for resource, doubt in case.chart.doubts:
        if resource["resourceType"] not in types or own_reference(resource) in case.own:
            continue
        why = _could_be(kind.codes, doubt, case)
        if why is None:
            continue
        state = state_of(resource, text(resource.get("status")), case.as_of)
        if state not in kind.states and (state != "unknown" or kind.states == ["draft"]):
            continue
        terminology = case.chart.terminology
        if has_reason(resource, kind.because, terminology) is False or has_route(resource, kind.routes, terminology) is False:
            continue
        found.append(_doubtful(resource, medication_days(resource), why, _would_say(kind, wanted)))
    return found


def _would_say(kind: MedicationEvidence, wanted: Wanted) -> Value | None:
    """What a medicine would say if it were one of the kind; None where that depends on which it is."""
    return kind.gives if kind.gives is not None else True if wanted.type == "boolean" else None


def doubtful_medicines(case: Case, codes: str, states: Iterable[str], types: Iterable[str] = RESOURCES) -> list[Evidence]:
    """What is uncertain about medicines of a value set: those named in words only, and those that could not be read.

    ``states`` are those that count (``active``, ``completed`` ...), ``types`` the resource types. For kinds of evidence that read
    medicines otherwise than by :func:`medicines`; such a kind also names ``chart.UNREAD`` in its ``speaks_by``.
    """
    found: list[Evidence] = []
    for resource, doubt in case.chart.doubts:
        why = _could_be(codes, doubt, case) if resource["resourceType"] in types else None
        if (
            why is not None
            and own_reference(resource) not in case.own
            and state_of(resource, text(resource.get("status")), case.as_of) in states
        ):
            found.append(_doubtful(resource, medication_days(resource), why))
    return found


def _could_be(codes: str, doubt: Doubt, case: Case) -> tuple[str, str] | None:
    """Why a medicine could be one of a value set, and its name; None when it is none of it."""
    if doubt.named and codes in case.chart.terminology.concerned_with(doubt.named):
        return NAMED_ONLY, doubt.name
    return (NOT_RECOGNISED, doubt.unread) if doubt.unread else None


def _doubtful(resource: Resource, when: Days | None, why: tuple[str, str], value: Value | None = None) -> Evidence:
    note, name = why
    return Evidence(value, when, own_reference(resource), standing=Standing.UNCERTAIN, note=note, shown=name)


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
                if route is False:
                    continue
                for each in _each(kind, Hit(other.resource, other.resource, coding, held[kind.codes]), case):
                    one = _evidence(kind, each, Days.on(case.as_of), wanted, "signed together")
                    found.append(one if route else _unsure(one, "its route is given in words, which are not read"))
                break
    if kind.signed_with and "draft" in kind.states and len(case.signing) > 1:
        found += _drafts_in_doubt(kind, case, wanted)
    return found


def _drafts_in_doubt(kind: MedicationEvidence, case: Case, wanted: Wanted) -> list[Evidence]:
    found: list[Evidence] = []
    for order, doubt in case.drafted_doubts:
        why = _could_be(kind.codes, doubt, case)
        if why is not None and has_route(order.resource, kind.routes, case.chart.terminology) is not False:
            found.append(_doubtful(order.resource, Days.on(case.as_of), why, _would_say(kind, wanted)))
    return found


def _evidence(kind: MedicationEvidence, hit: Hit, when: Days | None, wanted: Wanted, status: str) -> Evidence:
    said = own_reference(hit.resource)
    try:
        plain = True if wanted.type == "boolean" else None
        value: Value = kind.gives if kind.gives is not None else carried_value(hit.carried, wanted, plain)
    except Unreadable as error:
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
    return dated(value, when, said, f"{hit.coding.text}, {status}")
