"""Narrow readers of FHIR R4 JSON: each takes whatever a client sent and gives a typed value or nothing.

They never raise on odd input. The public CDS Hooks sandbox sends single objects where FHIR has lists, so a list of one is read
from those; anything else that is not what FHIR says is read as absent.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from cds_service.fhir.codes import Coding
from cds_service.policy.values import Days

Resource = dict[str, Any]
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[Tt ].*)?)?)?", re.ASCII)


def items(value: Any) -> list[Any]:
    """A repeating element as a list; a lone object counts as a list of one."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, dict) else []


def text(value: Any) -> str:
    """A string element, or the empty string."""
    return value.strip() if isinstance(value, str) else ""


def codings(concept: Any) -> Iterator[Coding]:
    """The codings of a CodeableConcept that have a code; the system is empty where none is named."""
    if not isinstance(concept, dict):
        return
    for coding in items(concept.get("coding")):
        if isinstance(coding, dict):
            system, code = coding.get("system"), coding.get("code")
            if isinstance(code, str) and code and (system is None or isinstance(system, str)):
                yield Coding(system or "", code)


def reference(value: Any) -> str:
    """A Reference as ``Type/id``, whatever base it was written with; ``#id`` for a contained one, else the empty string."""
    written = text(value.get("reference")) if isinstance(value, dict) else ""
    if written.count("/") == 1 and written[0] != "#" and written[-1] != "/":
        return written
    if written.startswith("#") or "/" not in written:
        return written if written.startswith("#") else ""
    parts = written.rstrip("/").split("/_history/")[0].split("/")
    return "/".join(parts[-2:])


def own_reference(resource: Resource) -> str:
    """``Type/id`` of a resource; ``Type`` alone when it has no id."""
    if "resourceType" in resource and "id" in resource:  # without a call: this is asked of every resource of every chart
        kind, id_ = resource["resourceType"], resource["id"]
        if kind.__class__ is str and id_.__class__ is str and kind and id_ and kind[0] > " " and id_[0] > " " and id_[-1] > " ":
            return f"{kind}/{id_}"
    kind, id_ = text(resource.get("resourceType")), text(resource.get("id"))
    return f"{kind}/{id_}" if id_ else kind


def days(value: Any) -> Days | None:
    """The calendar days that a FHIR date or dateTime leaves open, as written, whatever its time zone."""
    if not isinstance(value, str):
        return None
    if value[4:5] == value[7:8] == "-" and (len(value) == 10 or (value[10:11] in "Tt " and "\n" not in value)):
        return _full_date(value[:10])
    found = _DATE.fullmatch(value.strip())
    if not found:
        return None
    year, month, day = (int(part) if part else 0 for part in found.groups())
    try:
        if day:
            return Days.on(date(year, month, day))
        if month:
            return Days(date(year, month, 1), date(year, month, monthrange(year, month)[1]))
        return Days(date(year, 1, 1), date(year, 12, 31))
    except ValueError:
        return None


def _full_date(written: str) -> Days | None:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return Days(day, day)


def first_days(resource: Resource, *names: str) -> Days | None:
    """The first of several elements that holds a date: ``name`` itself, or ``name.start`` for a Period."""
    for name in names:
        value = resource.get(name)
        found = days(value.get("start") or value.get("end")) if isinstance(value, dict) else days(value)
        if found:
            return found
    return None


def status_code(concept: Any) -> str:
    """The code of a status CodeableConcept (clinicalStatus, verificationStatus), lower case, or the empty string."""
    if isinstance(concept, dict):
        for coding in items(concept.get("coding")):
            if isinstance(coding, dict) and isinstance(coding.get("code"), str):
                return str(coding["code"]).lower()
    return ""


SUBJECTS: Final = ("subject", "patient", "beneficiary")
"""The elements in which a resource says whom it is about."""
ELSEWHERE: Final = "?"
"""What a subject that names no Patient by ``Type/id`` reads as: somebody, and nobody can tell who."""


def patient_of(resource: Resource) -> str:
    """``Patient/id`` of the person a resource is about; the empty string when it does not say, ``ELSEWHERE`` when none can tell."""
    for name in SUBJECTS:
        if resource.get(name) is not None:
            about = reference(resource[name])
            return about if about.startswith("Patient/") and len(about) > len("Patient/") else ELSEWHERE
    actors = [reference(p.get("actor")) for p in items(resource.get("participant")) if isinstance(p, dict)]
    return next((actor for actor in actors if actor.startswith("Patient/")), "")
