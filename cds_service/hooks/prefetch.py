"""The prefetch that the service asks for, derived from the facts of the policies, and the discovery document that holds it.

A fact says which resource types it is found in; observations, of which charts hold thousands, are narrowed to the
codes that facts read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cds_service.content import Content
from cds_service.facts.kinds.evidence_kind import Need
from cds_service.fhir.value_sets import Terminology
from cds_service.hooks.conversation import OPTIONS

KEYS = {
    "patient": "Patient",
    "encounter": "Encounter",
    "coverage": "Coverage",
    "conditions": "Condition",
    "observations": "Observation",
    "procedures": "Procedure",
    "serviceRequests": "ServiceRequest",
    "medicationRequests": "MedicationRequest",
    "medicationStatements": "MedicationStatement",
    "medicationAdministrations": "MedicationAdministration",
    "diagnosticReports": "DiagnosticReport",
    "familyMemberHistories": "FamilyMemberHistory",
    "allergyIntolerances": "AllergyIntolerance",
    "riskAssessments": "RiskAssessment",
    "devices": "Device",
    "medications": "Medication",
    "questionnaireResponses": "QuestionnaireResponse",
}
"""Prefetch keys and the resource type that each asks for."""

SERVICE_ID = "medical-policy"
MEDICATIONS = "Medication?_id={{context.draftOrders.entry.resource.ofType(MedicationRequest).medication.resolve().id}}"
"""The medicines that draft orders refer to, in the words of CRD 2.2's standard prefetch; who cannot fill it leaves it out."""
ALWAYS = {
    "patient": "Patient/{{context.patientId}}",
    "encounter": "Encounter/{{context.encounterId}}",
    "coverage": "Coverage?patient={{context.patientId}}&status=active",
    "questionnaireResponses": "QuestionnaireResponse?patient={{context.patientId}}",
}


def templates(content: Content) -> dict[str, str]:
    """The prefetch templates that the facts of all policies of orders in force need, in the order of ``KEYS``."""
    of_orders = [policy for policy in content.policies if policy.status != "draft" and policy.subject == "order"]
    names = tuple(fact for policy in of_orders for fact in policy.facts)
    needs: dict[str, list[Need]] = {}
    for need in content.catalogue.needs(names):
        needs.setdefault(need.resource, []).append(need)
    found: dict[str, str] = {}
    for key, resource in KEYS.items():
        if key in ALWAYS:
            found[key] = ALWAYS[key]
        elif key == "medications" and "MedicationRequest" in needs:
            found[key] = MEDICATIONS
        elif resource in needs:
            found[key] = f"{resource}?patient={{{{context.patientId}}}}{_narrowed(needs[resource], content.terminology)}"
    return found


def _narrowed(needs: Iterable[Need], terminology: Terminology) -> str:
    codes = codes_of(needs, terminology)
    return f"&code={','.join(codes)}" if codes else ""


def codes_of(needs: Iterable[Need], terminology: Terminology) -> tuple[str, ...]:
    """The codes (``system|code``) that searches for one resource type may be narrowed to; none when they may not be."""
    held = list(needs)
    if not all(need.value_sets for need in held):
        return ()
    codes = {
        f"{system}|{code}": None
        for need in held
        for id_ in need.value_sets
        for system, listed in terminology.sets[id_].systems.items()
        for code in listed
    }
    return tuple(sorted(codes))


def discovery(content: Content) -> dict[str, Any]:
    """The discovery document (`GET /cds-services`) for the content held; `hooks.json` is this, checked in."""
    return {
        "services": [
            {
                "hook": "order-sign",
                "id": SERVICE_ID,
                "title": "Medical policy at the order",
                "description": (
                    "Says whether the plan's published medical policy supports each order being signed, why, "
                    "and what is still missing. Cites the policy for every reason."
                ),
                "usageRequirements": (
                    "Data that are not prefetched are read from fhirServer with the token of the call, where the service may read "
                    "that server; else they count as not searched, and what rests on them is answered as not documented."
                ),
                "version": "3.0.0",
                "prefetch": templates(content),
                "extension": {
                    "davinci-crd.version": ["2.2"],
                    "davinci-crd.configuration-options": [option.declared() for option in OPTIONS],
                },
            }
        ]
    }
