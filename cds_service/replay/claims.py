"""Claims as orders and as evidence.

Each item with a code is an order on the day it was served, and evidence that the service was done.

Claims are ExplanationOfBenefit and Claim as CARIN Blue Button and BCDA write them. What claims do not hold was not
searched: they tell that something was done, and never that it was not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from cds_service.fhir.elements import Resource, codings, days, items, own_reference, reference, text
from cds_service.fhir.resource_types import MEDICINE
from cds_service.policy.values import Days
from cds_service.replay import ledger
from cds_service.replay.orders import SourceOrder, outside
from cds_service.replay.pool import DatedResource, LeftOut, Pool, counts_from
from cds_service.replay.terms import CLAIMS, Terms

NDC: Final = "http://hl7.org/fhir/sid/ndc"
_OVER: Final = frozenset({"cancelled", "draft", "entered-in-error"})


class Claimed(NamedTuple):
    """What the claims of a patient come to.

    The orders, what is left out, how many orders there are in all, and the evidence.
    """

    orders: list[SourceOrder]
    left: list[LeftOut]
    found: int
    evidence: tuple[DatedResource, ...]


def claimed(pool: Pool, terms: Terms) -> Claimed:
    """Read the claims of a patient.

    A Claim that an ExplanationOfBenefit of the same patient adjudicates is not counted twice.
    """
    claims = [held for held in pool.held if held.kind in CLAIMS]
    adjudicated = {reference(held.resource.get("claim")) for held in claims if held.kind == "ExplanationOfBenefit"}
    orders: list[SourceOrder] = []
    left: list[LeftOut] = []
    evidence: list[DatedResource] = []
    for held in claims:
        own = own_reference(held.resource)
        reason = ledger.ADJUDICATED if own in adjudicated else _no_claim(held.resource)
        diagnoses = _diagnoses(held.resource)
        for number, item in enumerate(items(held.resource.get("item")), 1):
            one = _item(held, item if isinstance(item, dict) else {}, number, diagnoses, reason, terms)
            if isinstance(one, LeftOut):
                left.append(one)
            else:
                orders.append(one)
        if not reason:
            evidence += _evidence(held, pool.patient, diagnoses, terms)
    return Claimed(orders, left, len(orders) + len(left), tuple(evidence))


def _no_claim(claim: Resource) -> str:
    status = text(claim.get("status"))
    if status == "entered-in-error":
        return ledger.IN_ERROR
    if status in _OVER:
        return ledger.WITHDRAWN
    return "" if text(claim.get("use")) in ("claim", "") else ledger.NOT_A_CLAIM


def _diagnoses(claim: Resource) -> dict[Any, Any]:
    """Return the concepts of a claim's diagnoses, by their sequence."""
    listed = [one for one in items(claim.get("diagnosis")) if isinstance(one, dict)]
    return {one.get("sequence"): concept for one in listed if isinstance(concept := one.get("diagnosisCodeableConcept"), dict)}


def _served(claim: Resource, item: dict[str, Any]) -> Days | None:
    """Return when an item was served.

    That is the item's own date or period, else the claim's.
    """
    for holder, names in ((item, ("servicedDate", "servicedPeriod")), (claim, ("billablePeriod",))):
        for name in names:
            value = holder.get(name)
            found = days(value.get("start")) if isinstance(value, dict) else days(value)
            if found:
                return found
    return None


def _item(
    held: DatedResource, item: dict[str, Any], number: int, diagnoses: dict[Any, Any], reason: str, terms: Terms
) -> SourceOrder | LeftOut:
    claim = held.resource
    sequence = item.get("sequence") if isinstance(item.get("sequence"), int) else number
    id_ = f"{text(claim.get('id'))}-{sequence}"
    own = f"ServiceRequest/{id_}"
    concept = item.get("productOrService")
    if not reason and next(codings(concept), None) is None:
        reason = ledger.NO_CODE
    served = _served(claim, item)
    if not reason and served is None:
        reason = ledger.NO_DAY
    if reason or served is None:
        return LeftOut(held.place, reason, own)
    told = [diagnoses[one] for one in item.get("diagnosisSequence") or () if one in diagnoses]
    if not item.get("diagnosisSequence"):
        told = [*diagnoses.values()]
    medicine = any(coding.system == NDC for coding in codings(concept))
    order: Resource = {
        "resourceType": "MedicationRequest" if medicine else "ServiceRequest",
        "id": id_,
        "status": "completed",
        "intent": "order",
        MEDICINE if medicine else "code": concept,
        "subject": {"reference": f"Patient/{_patient(held)}"},
        "authoredOn": served.first.isoformat(),
    }
    if not medicine:
        order["occurrenceDateTime"] = served.first.isoformat()
    if told:
        order["reasonCode"] = told
    signer = reference(claim.get("provider"))
    return SourceOrder(
        order,
        held.place,
        served.first,
        served.first,
        f"{signer} {own_reference(claim)}",
        ledger.OUTSIDE if outside(served.first, terms) else "",
    )


def _patient(held: DatedResource) -> str:
    named = held.resource.get("patient")
    written = text(named.get("reference")) if isinstance(named, dict) else ""
    return written.removeprefix("urn:uuid:") if written.startswith("urn:uuid:") else reference(named).partition("/")[2]


def _evidence(held: DatedResource, patient: str, diagnoses: dict[Any, Any], terms: Terms) -> Iterator[DatedResource]:
    """Yield what a claim tells of the patient.

    That is what was done or handed over, and the diagnoses that it was billed for.
    """
    claim, name = held.resource, f"{held.kind.lower()}-{text(held.resource.get('id'))}"
    about = {"subject": {"reference": f"Patient/{patient}"}}
    made: list[Resource] = []
    for number, item in enumerate(items(claim.get("item")), 1):
        served = _served(claim, item) if isinstance(item, dict) else None
        concept = item.get("productOrService") if isinstance(item, dict) else None
        if served is None or not isinstance(concept, dict):
            continue
        on = served.first.isoformat()
        if any(coding.system == NDC for coding in codings(concept)):
            made.append(
                {"resourceType": "MedicationDispense", "id": f"{name}-{number}", "status": "completed"}
                | about
                | {MEDICINE: concept, "whenHandedOver": on}
            )
        else:
            made.append(
                {"resourceType": "Procedure", "id": f"{name}-{number}", "status": "completed"}
                | about
                | {"code": concept, "performedDateTime": on}
            )
    began = _served(claim, {})
    for sequence, concept in diagnoses.items():
        condition: Resource = {"resourceType": "Condition", "id": f"{name}-d{sequence}", "code": concept} | about
        condition |= {"recordedDate": began.first.isoformat()} if began else {}
        made.append(condition | {"category": [{"coding": [{"code": "encounter-diagnosis"}]}]})
    known = counts_from(claim, terms)
    for resource in made:
        own = counts_from(resource, terms)
        yield DatedResource(resource, held.place, max((one for one in (known, own) if one), default=None))
