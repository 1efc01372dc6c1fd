"""What could not be read, in words for people.

It is a record that speaks in words only, or a medicine that is not known by its code or name. Such evidence is
uncertain: it decides nothing, and a question is asked. The question then names it once, so that whoever answers knows
which entry of the chart it is about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cds_service.policy.evidence import NAMED_ONLY, NOT_RECOGNISED, NOT_SENT, ONLY_WORDS, UNTOLD, Evidence, Standing

_WHY: Final = {
    NOT_SENT: "whose record was not sent",
    ONLY_WORDS: "whose code is not one that is read here",
    NAMED_ONLY: "which is named only in words",
    NOT_RECOGNISED: "which is not recognised",
}
_MEDICINES: Final = "on the medication list"
_WHERE: Final = {
    "MedicationRequest": _MEDICINES,
    "MedicationStatement": _MEDICINES,
    "MedicationAdministration": "among the medicines given",
    "MedicationDispense": "among the medicines dispensed",
    "Condition": "on the problem list",
    "AllergyIntolerance": "on the allergy list",
    "Procedure": "among the procedures",
    "Observation": "among the results",
    "DiagnosticReport": "among the reports",
    "ServiceRequest": "among the orders",
    "DeviceRequest": "among the orders",
    "Device": "among the devices",
    "Encounter": "among the encounters",
    "FamilyMemberHistory": "in the family history",
    "QuestionnaireResponse": "in an answered questionnaire",
    "RiskAssessment": "among the risk assessments",
    "Patient": "in the patient's record",
}
LONGEST: Final = 60
"""How much of the chart's own words is repeated, in characters."""


def place_of_record(reference: str) -> str:
    """Say where in a chart a record stands.

    An example is ``on the problem list``. The place follows from the record's type; the reference is ``Type/id``.
    """
    return _WHERE.get(reference.partition("/")[0], "on record")


def in_quotes(words: str) -> str:
    """Quote the chart's words where nothing in them formats or links."""
    return f"'{words}'"


def unread(evidence: Evidence, quoted: Callable[[str], str] = in_quotes) -> str:
    """Say what could not be read and where it stands.

    An example is ``on the medication list: 'Xyz 20', which is not recognised``. Empty for all other evidence.
    ``quoted`` makes the chart's own words safe for where they are shown.
    """
    if evidence.standing is not Standing.UNCERTAIN:
        return ""
    if UNTOLD in evidence.note:
        return f"{place_of_record(evidence.resource)}: an entry that does not say what it is"
    if not evidence.shown:
        return ""
    why = next((why for note, why in _WHY.items() if note in evidence.note), "")
    if not why:
        return ""
    where = place_of_record(evidence.resource)
    words = " ".join(evidence.shown.split())
    return f"{where}: {quoted(words if len(words) <= LONGEST else f'{words[: LONGEST - 1]}…')}, {why}"
