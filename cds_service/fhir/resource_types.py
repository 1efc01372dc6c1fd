"""The resource types that are asked for. What nobody asks for was not searched, whatever a client sends."""

from __future__ import annotations

from typing import Final

KEYS: Final = {
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
    "medicationDispenses": "MedicationDispense",
    "diagnosticReports": "DiagnosticReport",
    "familyMemberHistories": "FamilyMemberHistory",
    "allergyIntolerances": "AllergyIntolerance",
    "riskAssessments": "RiskAssessment",
    "devices": "Device",
    "medications": "Medication",
    "questionnaireResponses": "QuestionnaireResponse",
}
"""Prefetch keys and the resource type that each asks for."""
ASKED_FOR: Final = frozenset(KEYS.values())
"""The resource types that some prefetch key asks for: evidence in any other would be silent unseen."""
