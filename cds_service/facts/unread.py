"""What could not be read, said to people: a record that speaks in words only, or a medicine that is not known by its code or name.

Such evidence is uncertain: it decides nothing, and a question is asked. The question then names it once, so that whoever answers
knows which entry of the chart it is about. The notes stand here, so that finders and those who show them mean the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cds_service.policy.model import Evidence, Standing

ONLY_WORDS: Final = "its words speak of it, and its code is none that is read here"
NAMED_ONLY: Final = "it is named only in words"
NOT_RECOGNISED: Final = "it is a medicine that could not be read"
NOT_SENT: Final = "it is a medicine that could not be read, for what it refers to was not sent"
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
}
LONGEST: Final = 60
"""Characters of the chart's own words that are repeated."""


def in_quotes(words: str) -> str:
    """The chart's words for a place where nothing in them formats or links."""
    return f"'{words}'"


def unread(evidence: Evidence, quoted: Callable[[str], str] = in_quotes) -> str:
    """What could not be read and where it stands, as ``on the medication list: 'Xyz 20', which is not recognised``.

    Empty for all other evidence. ``quoted`` makes the chart's own words safe for where they are shown.
    """
    if evidence.standing is not Standing.UNCERTAIN or not evidence.shown:
        return ""
    why = next((why for note, why in _WHY.items() if note in evidence.note), "")
    if not why:
        return ""
    where = _WHERE.get(evidence.resource.partition("/")[0], "on record")
    words = " ".join(evidence.shown.split())
    return f"{where}: {quoted(words if len(words) <= LONGEST else f'{words[: LONGEST - 1]}…')}, {why}"
