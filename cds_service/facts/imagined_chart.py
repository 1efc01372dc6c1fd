"""A chart made up from facts: the FHIR resources that would document them, for vignettes run over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

from cds_service.fhir.codes import NAMES, Coding, key_of
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.values import Interval, Value

Resource = dict[str, Any]
ABOUT = {"FamilyMemberHistory": "patient", "AllergyIntolerance": "patient", "Device": "patient", "Coverage": "beneficiary"}
"""The element in which a resource names its patient, where it is not ``subject``."""
UNOWNED = frozenset({"Patient", "Medication", "Organization", "Practitioner"})
"""Types that belong to no patient."""


class CannotImagine(ValueError):
    """This kind of evidence has no way to say the value; another may."""


class ImaginedChart:
    """Gathers imagined resources of one patient around one draft order, each with an id of its own."""

    def __init__(self, terminology: Terminology, patient: str, as_of: date, order: Resource) -> None:
        self.terminology = terminology
        self.patient = patient
        self.as_of = as_of
        self.order = order
        self.signed_before: list[Resource] = []
        self.signed_after: list[Resource] = []
        self.resources: list[Resource] = []

    def add(self, kind: str, **elements: Any) -> Resource:
        """Adds a resource about the patient to the chart and returns it."""
        resource = self.draft(kind, **elements)
        self.resources.append(resource)
        return resource

    def draft(self, kind: str, **elements: Any) -> Resource:
        """A resource about the patient that is not (yet) in the chart."""
        number = len(self.resources) + len(self.signed_before) + len(self.signed_after) + 1
        about = ABOUT.get(kind, "subject")
        made = {"resourceType": kind, "id": f"{kind.lower()}-{number}", about: {"reference": f"Patient/{self.patient}"}}
        return made | {name: value for name, value in elements.items() if value is not None}

    def concept(self, value_set: str, carrying: Value | None = None) -> dict[str, Any] | None:
        """A CodeableConcept with the first code of a set that carries a value (or carries none); None when no code does."""
        for coding in self._codings(value_set):
            held = self.terminology.holding(coding.system, coding.code)
            if value_set not in held:
                continue
            carried = held[value_set]
            if (carried.value if carried else None) == carrying:
                return self.coded(coding)
        return None

    def any_concept(self, value_set: str) -> dict[str, Any]:
        """A CodeableConcept with the first code of a set, whatever it carries. Raises CannotImagine for a set without codes."""
        first = next(iter(self._codings(value_set)), None)
        if first is None:
            raise CannotImagine(f"{value_set} holds no codes")
        return self.coded(first)

    def coded(self, coding: Coding) -> dict[str, Any]:
        """A CodeableConcept of one coding."""
        return {"coding": [{"system": coding.system, "code": coding.code}]}

    def nearest(self, value_set: str, value: Interval) -> dict[str, Any] | None:
        """A CodeableConcept with a code of a set that carries exactly this interval, compared as numbers."""
        for coding in self._codings(value_set):
            carried = self.terminology.holding(coding.system, coding.code).get(value_set)
            held = carried.value if carried else None
            if isinstance(held, Interval) and (held.low, held.high) == (value.low, value.high):
                return self.coded(coding)
        return None

    def _codings(self, value_set: str) -> list[Coding]:
        held = self.terminology.sets[value_set]
        return [Coding(system, code) for system, listed in held.systems.items() for code in listed]


def parse_coding(text: str) -> Coding | None:
    """A coding written as ``CPT 81420``, or None when the text is not one."""
    name, _, code = text.partition(" ")
    return Coding(NAMES[name], code) if name in NAMES and key_of(NAMES[name], code).code else None
