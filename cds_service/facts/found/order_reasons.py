"""How the order's own reasons are found.

They are what the order names as its purpose, and the reasons of its encounter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cds_service.case import UNCONFIRMED, UNTRUE, Case
from cds_service.facts.found.otherwise import said_otherwise
from cds_service.facts.found.qualifiers import Stands, site_of
from cds_service.facts.found.wording import Saying
from cds_service.fhir.codes import Coding, is_known, key_of
from cds_service.fhir.elements import Resource, codings, concept_words, contained, items, own_reference, reference, status_code
from cds_service.fhir.words_of_records import OVER
from cds_service.policy.evidence import Evidence, Standing

UNREAD: Final = "the order's reason is none that is read here"
NO_DIAGNOSIS: Final = "a record that is no diagnosis"
"""What is said of a reason that refers to something else, and has no words of its own."""
_SIDES: Final = frozenset({"left", "right", "bilateral", "both", "sided", "side", "chronic", "acute", "of", "the"})
"""Words that say where or how long, and not what."""
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class SoughtReason:
    """The reasons that document a fact, as ``order_reason`` evidence writes them."""

    codes: str
    by: str
    body_site: str
    other_than: tuple[str, ...]
    beside: tuple[str, ...]
    beside_words: tuple[str, ...]
    doubted: Saying | None = None


class Reason:
    """One reason of an order.

    It is a concept, the resource that states it, and the diagnosis that a reference named, if one did.
    """

    __slots__ = ("concept", "diagnosis", "stated_by")

    def __init__(self, concept: Any, stated_by: str, diagnosis: Resource | None = None) -> None:
        self.concept = concept
        self.stated_by = stated_by
        self.diagnosis = diagnosis

    @property
    def confirmed(self) -> bool:
        """Whether nothing says that the diagnosis is only possible."""
        return self.diagnosis is None or status_code(self.diagnosis.get("verificationStatus")) not in UNCONFIRMED


def order_reasons(sought: SoughtReason, case: Case) -> list[Evidence]:
    """Find the reasons of an order that are sought."""
    found: list[Evidence] = []
    reasons = _of_the_order(case)
    if sought.by == "reference":
        reasons = [one for one in reasons + _of_its_encounter(case) if one.diagnosis is not None]
    for reason in reasons:
        evidence = _named(sought, reason, case) if sought.codes else _unread(sought, reason, case)
        if evidence is not None:
            found.append(evidence)
    return found


def _named(sought: SoughtReason, reason: Reason, case: Case) -> Evidence | None:
    """Return a reason in the sought value set as evidence for yes."""
    coding = _held(sought.codes, reason.concept, case)
    if coding is None:
        return None
    standing, note = Standing.USABLE, ""
    if not reason.confirmed:
        standing, note = Standing.UNCERTAIN, "the diagnosis is not confirmed"
    elif reason.diagnosis is not None and status_code(reason.diagnosis.get("clinicalStatus")) in OVER:
        standing, note = Standing.UNCERTAIN, "the diagnosis is over"
    elif doubt := said_otherwise(reason.concept, coding, sought.codes, True, sought.doubted, case.chart.terminology):
        standing, note = Standing.UNCERTAIN, doubt
    if sought.body_site:
        sites = items(reason.diagnosis.get("bodySite")) if reason.diagnosis else []
        site = site_of(sought.body_site, sites, case.chart.terminology)
        if site.stands is Stands.ELSEWHERE:
            standing, note = Standing.DISCOUNTED, site.note
        elif site.stands is Stands.OPEN and standing is Standing.USABLE:
            standing, note = Standing.UNCERTAIN, site.note
    return Evidence(True, case.reasoned_on, reason.stated_by, standing=standing, note=note, shown=coding.text)


def _unread(sought: SoughtReason, reason: Reason, case: Case) -> Evidence | None:
    """Return a reason that no value set of other evidence holds.

    It is uncertain evidence.
    """
    found = list(codings(reason.concept))
    for coding in found:
        held: Mapping[str, object] = case.chart.terminology.holding(coding.system, coding.code)
        if not held.keys().isdisjoint(sought.other_than) or _is_beside(sought, coding):
            return None
    said = concept_words(reason.concept)
    if not found and not said:
        return None
    if not any(is_known(*coding) for coding in found) and any(is_but(sought.beside_words, words) for words in said):
        return None
    shown = found[0].text if found else said[0]
    return Evidence(True, case.reasoned_on, reason.stated_by, standing=Standing.UNCERTAIN, note=UNREAD, shown=shown)


def is_but(phrases: tuple[str, ...], words: str) -> bool:
    """Tell whether words say one of the phrases, and no more.

    They may say its side too, and how long it is so.
    """
    said = [word for word in _WORD.findall(words.lower()) if word not in _SIDES]
    return any([word for word in _WORD.findall(phrase.lower()) if word not in _SIDES] == said for phrase in phrases)


def _held(value_set: str, concept: Any, case: Case) -> Coding | None:
    for coding in codings(concept):
        if value_set in case.chart.terminology.holding(coding.system, coding.code):
            return coding
    return None


def _is_beside(sought: SoughtReason, coding: Coding) -> bool:
    key = key_of(coding.system, coding.code)
    return key.space == "icd10cm" and key.code[:1] in sought.beside


def _of_the_order(case: Case) -> list[Reason]:
    """Return the reasons of the order.

    A diagnosis that is refuted or entered in error is none.
    """
    resource = case.order.resource
    return _stated(resource, items(resource.get("reasonReference")), case.order.reference, case)


def _of_its_encounter(case: Case) -> list[Reason]:
    """Return the reasons and diagnoses of the order's encounter.

    The encounter is the one in which the order is placed: that which it names, else that of the call.
    """
    named = case.order.resource.get("encounter")
    encounter = case.chart.get(reference(named) if named else case.together.encounter)
    if encounter is None or encounter.get("status") in ("entered-in-error", "cancelled"):
        return []
    reasons = items(encounter.get("reasonReference"))
    reasons += [one.get("condition") for one in items(encounter.get("diagnosis")) if isinstance(one, dict)]
    return _stated(encounter, reasons, own_reference(encounter), case)


def _stated(resource: Resource, named: list[Any], said: str, case: Case) -> list[Reason]:
    found = [Reason(concept, said) for concept in items(resource.get("reasonCode"))]
    inside = contained(resource)
    for one in named:
        name = reference(one)
        diagnosis = inside.get(name) or (case.chart.get(name) if name.startswith("Condition/") else None)
        if diagnosis is None:
            words = case.in_words(one) or ("" if name.startswith("Condition/") else NO_DIAGNOSIS)
            found += [Reason({"text": words}, said)] if words else []
        elif case.chart.is_about(diagnosis) and status_code(diagnosis.get("verificationStatus")) not in UNTRUE:
            found.append(Reason(diagnosis.get("code"), said, diagnosis))
    return found
