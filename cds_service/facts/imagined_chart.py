"""A chart made up from facts, for vignettes run over HTTP.

It consists of the FHIR resources that would document the facts.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from cds_service.fhir.codes import Coding
from cds_service.fhir.resource_types import PARTICIPANT, TYPES
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.values import Interval, Value

Resource = dict[str, Any]


class CannotImagine(ValueError):
    """This kind of evidence cannot express the value.

    Another kind may.
    """


def naming(kind: str, patient: str) -> Resource:
    """Return the element in which a resource names its patient.

    Empty for what belongs to nobody.
    """
    about = TYPES[kind].subject if kind in TYPES else "subject"
    named = {"reference": f"Patient/{patient}"}
    if about == PARTICIPANT:
        return {PARTICIPANT: [{"actor": named, "status": "accepted"}]}
    return {about: named} if about else {}


class ImaginedChart:
    """Gathers imagined resources around one draft order.

    They are of one patient, each with an id of its own.
    """

    def __init__(self, terminology: Terminology, patient: str, as_of: date, order: Resource) -> None:
        self.terminology = terminology
        self.patient = patient
        self.as_of = as_of
        self.order = order
        self.signed_before: list[Resource] = []
        self.signed_after: list[Resource] = []
        self.resources: list[Resource] = []

    def add(self, kind: str, **elements: Any) -> Resource:
        """Add a resource about the patient to the chart and return it."""
        resource = self.draft(kind, **elements)
        self.resources.append(resource)
        return resource

    def draft(self, kind: str, **elements: Any) -> Resource:
        """Make a resource about the patient that is not in the chart."""
        number = len(self.resources) + len(self.signed_before) + len(self.signed_after) + 1
        made = {"resourceType": kind, "id": f"{kind.lower()}-{number}"} | naming(kind, self.patient)
        return made | {name: value for name, value in elements.items() if value is not None}

    def concept(self, value_set: str, carrying: Value | None = None) -> dict[str, Any] | None:
        """Make a CodeableConcept with the first code that fits.

        The code is of a value set, and carries the value ``carrying`` (or none). Returns None when no code does.
        """
        for coding in self._codings(value_set):
            held = self.terminology.holding(coding.system, coding.code)
            if value_set not in held:
                continue
            carried = held[value_set]
            if (carried.value if carried else None) == carrying:
                return self.coded(coding)
        return None

    def any_concept(self, value_set: str) -> dict[str, Any]:
        """Make a CodeableConcept with the first code of a set.

        What the code carries does not matter. Raises CannotImagine for a set without codes.
        """
        first = next(iter(self._codings(value_set)), None)
        if first is None:
            raise CannotImagine(f"{value_set} holds no codes")
        return self.coded(first)

    def coded(self, coding: Coding) -> dict[str, Any]:
        """Make a CodeableConcept of one coding."""
        return {"coding": [{"system": coding.system, "code": coding.code}]}

    def nearest(self, value_set: str, value: Interval) -> dict[str, Any] | None:
        """Make a CodeableConcept with a code that carries this interval.

        Intervals are compared as numbers. Returns None when no code of the set carries it.
        """
        for coding in self._codings(value_set):
            carried = self.terminology.holding(coding.system, coding.code).get(value_set)
            held = carried.value if carried else None
            if isinstance(held, Interval) and (held.low, held.high) == (value.low, value.high):
                return self.coded(coding)
        return None

    def _codings(self, value_set: str) -> list[Coding]:
        held = self.terminology.sets[value_set]
        return [Coding(system, code) for system, listed in held.systems.items() for code in listed]
