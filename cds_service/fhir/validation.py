"""Validation with fhir.resources (R4B models): of orders, and of the few resources that a decision rests on.

A fault matters only in an element that decisions read; what else a client got wrong is for the log.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ValidationError

from cds_service.fhir.elements import Resource, days
from cds_service.fhir.plain import is_plain

READ: Final = {
    "ServiceRequest": {
        "status",
        "code",
        "subject",
        "occurrenceDateTime",
        "occurrencePeriod",
        "occurrenceTiming",
        "authoredOn",
        "orderDetail",
        "reasonCode",
        "reasonReference",
        "doNotPerform",
        "replaces",
    },
    "MedicationRequest": {
        "status",
        "medicationCodeableConcept",
        "medicationReference",
        "subject",
        "authoredOn",
        "reasonCode",
        "reasonReference",
        "doNotPerform",
        "dosageInstruction",
        "priorPrescription",
    },
    "DeviceRequest": {
        "status",
        "codeCodeableConcept",
        "codeReference",
        "subject",
        "authoredOn",
        "occurrenceDateTime",
        "occurrencePeriod",
        "occurrenceTiming",
        "reasonCode",
        "reasonReference",
    },
    "Appointment": {
        "status",
        "serviceType",
        "participant",
        "start",
        "requestedPeriod",
        "created",
        "basedOn",
        "reasonCode",
        "reasonReference",
    },
    "Observation": {
        "status",
        "code",
        "value",
        "effectiveDateTime",
        "effectivePeriod",
        "effectiveInstant",
        "issued",
        "component",
        "dataAbsentReason",
        "interpretation",
    },
    "Condition": {
        "code",
        "clinicalStatus",
        "verificationStatus",
        "recordedDate",
        "onsetDateTime",
        "onsetPeriod",
        "abatementDateTime",
    },
    "Procedure": {"status", "code", "performedDateTime", "performedPeriod", "statusReason"},
    "DiagnosticReport": {"status", "code", "effectiveDateTime", "effectivePeriod", "issued", "result"},
    "FamilyMemberHistory": {"status", "date", "condition"},
    "QuestionnaireResponse": {"status", "authored", "item"},
    "Patient": {"birthDate"},
    "MedicationStatement": {"status", "medicationCodeableConcept", "effectiveDateTime", "effectivePeriod", "statusReason"},
    "MedicationAdministration": {"status", "medicationCodeableConcept", "effectiveDateTime", "effectivePeriod"},
    "AllergyIntolerance": {"code", "clinicalStatus", "verificationStatus", "recordedDate"},
    "RiskAssessment": {"status", "occurrenceDateTime", "prediction"},
    "Encounter": {"status", "class", "period", "reasonCode"},
}
"""The elements of each resource type that decisions read."""


class Fault(NamedTuple):
    """What is wrong with a resource: the element (a path within it) and how, without what it held.

    The name of an element that FHIR does not know is the client's own, and may be anything.
    """

    element: str
    said: str
    known: bool = True

    @property
    def top(self) -> str:
        """The resource's own element that the fault lies in."""
        return self.element.split(".")[0].split("[")[0]


def faults(resource: Resource) -> list[Fault]:
    """Every fault of a resource by FHIR R4; none for a type that is not validated."""
    model = model_of(resource)
    return [] if model is None or is_plain(resource, model) else library_faults(resource, model)


def library_faults(resource: Resource, model: type[BaseModel]) -> list[Fault]:
    """Every fault that ``fhir.resources`` finds, plain or not."""
    try:
        model.model_validate(resource)
    except ValidationError as error:
        return [_fault(dict(fault)) for fault in error.errors(include_input=False, include_url=False)]
    except Exception:  # the models raise many kinds on hostile nesting; to a client they all mean one thing
        return [Fault("", "it cannot be read as FHIR")]
    return []


_SAID: Final = {
    "missing": "it is required and missing",
    "list_type": "a list is meant",
    "string_type": "a string is meant",
    "extra_forbidden": "FHIR has no such member here",
    "model_type": "an object is meant",
}


def _fault(fault: dict[str, Any]) -> Fault:
    """A fault in words of our own: what pydantic says may hold what the client wrote, and so may the name of an unknown member."""
    location = fault["loc"]
    said = _SAID.get(fault["type"], "it is not what FHIR allows")
    if fault["type"] != "extra_forbidden":
        return Fault(_path(location), said)
    return Fault(_path(location[:-1]), said) if len(location) > 1 else Fault(_path(location), said, known=False)


def decisive(resource: Resource, found: list[Fault]) -> list[Fault]:
    """The faults that lie in an element which decisions read.

    A lone object where FHIR has a list is read as a list of one; a time without zone, or in a zone that FHIR does not write so, as
    the day it says; blanks around a code or a label for its system, and a number in a string, by those who read them.
    """
    read = READ.get(str(resource.get("resourceType")), set())
    return [
        fault
        for fault in found
        if (not fault.element or fault.top in read or (fault.top.startswith("value") and "value" in read))
        and not (isinstance(resource.get(fault.top), dict) and fault.said == _SAID["list_type"])
        and not (is_of_day(fault) and _says_day(_at(resource, fault.element)))
        and not (_READ_AS_WRITTEN.search(fault.element) and isinstance(_at(resource, fault.element), str))
    ]


_DAY: Final = re.compile(
    r"(?:.*\.)?(?:\w*(?:DateTime|Date|Instant)|authoredOn|authored|issued|created|date|start|end|event\[\d+\])"
)
_READ_AS_WRITTEN: Final = re.compile(r"(?:oding(?:\[\d+\])?\.(?:system|code)|(?:Quantity|low|high)\.(?:value|unit|code|system))$")
"""Where any string is read as it stands, and is a code, a system or a number or is none."""
_LONGEST_TIME: Final = 40
_ODD_TIME: Final = re.compile(
    r"\s*\d{4}-\d\d-\d\d(?:[Tt ]\d\d(?::\d\d(?::\d\d(?:\.\d{1,9})?)?)?\s?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?)?\s*", re.ASCII
)
"""A day with a time that FHIR does not write so: without zone, with ``+0000``, with a blank."""
_STEP: Final = re.compile(r"\w+")


def is_of_day(fault: Fault) -> bool:
    """Whether a fault lies in an element that holds a day or a moment."""
    return fault.known and _DAY.fullmatch(fault.element) is not None


def _says_day(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TIME and bool(_ODD_TIME.fullmatch(value)) and days(value) is not None


def _at(resource: Resource, path: str) -> Any:
    """What stands at the path of a fault."""
    place: Any = resource
    for step in _STEP.findall(path):
        if isinstance(place, dict):
            place = place.get(step)
        elif isinstance(place, list) and step.isdecimal() and int(step) < len(place):
            place = place[int(step)]
        else:
            return None
    return place


def unusable_reason(resource: Resource) -> str | None:
    """Why a resource cannot be evidence, in words for the trace; None when it can."""
    model = model_of(resource)
    if model is None or is_plain(resource, model, READ[resource["resourceType"]]):
        return None
    found = decisive(resource, library_faults(resource, model))
    if not found:
        return None
    return f"it is not valid FHIR: {found[0].element}: {found[0].said}" if found[0].element else found[0].said


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path


def model_of(resource: Resource) -> type[BaseModel] | None:
    """The model of a resource, None for a type that is not validated."""
    kind = resource.get("resourceType")
    return _model(kind) if isinstance(kind, str) and kind in READ else None


@lru_cache(maxsize=64)
def _model(kind: str) -> type[BaseModel]:
    found: Any = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    model: type[BaseModel] = found
    return model
