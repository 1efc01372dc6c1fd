"""Tolerant readers of FHIR R4 elements.

Each takes whatever a client sent and gives a typed value or nothing; none raises on odd input. The public CDS Hooks
sandbox sends single objects where FHIR has lists, so an object alone is read as a list of one.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from cds_service.fhir.codes import Coding
from cds_service.fhir.resource_types import SUBJECTS
from cds_service.policy.values import Days

Resource = dict[str, Any]
DELETE: Final = "\x7f"
"""The ASCII character DEL, the first one after those that are printed."""
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[Tt ].*)?)?)?", re.ASCII)


def items(value: Any) -> list[Any]:
    """Return a repeating element as a list.

    A lone object counts as a list of one.
    """
    if value is None:  # as most are
        return []
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, dict) else []


_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})
_DEEPEST: Final = 40
"""How deep a resource is looked through for what holds nothing."""


def without_nothing(resource: Resource) -> Resource:
    """Return a resource without members that hold nothing.

    FHIR has neither null nor empty strings, lists or objects. Clients leave them where an element is absent, and that
    is what they are read as.
    """
    kept: Resource = _filled(resource, _DEEPEST)
    return kept


def _filled(value: Any, left: int) -> Any:
    if value.__class__ is dict and left:
        members = [(name, _filled(held, left - 1)) for name, held in value.items()]
        return {name: held for name, held in members if held not in _NOTHING}
    if value.__class__ is list and left:
        return [held for held in [_filled(one, left - 1) for one in value] if held not in _NOTHING]
    return value


def contained(resource: Resource) -> dict[str, Resource]:
    """Return the resources within a resource, each by its ``#id``.

    That is how the resource refers to them.
    """
    return {f"#{text(one.get('id'))}": one for one in items(resource.get("contained")) if isinstance(one, dict)}


def text(value: Any) -> str:
    """Return a string element without blanks around it, or the empty string."""
    return value.strip() if isinstance(value, str) else ""


def codings(concept: Any) -> Iterator[Coding]:
    """Yield the codings of a CodeableConcept that have a code.

    The system is empty where none is named.
    """
    if not isinstance(concept, dict):
        return
    for coding in items(concept.get("coding")):
        if isinstance(coding, dict):
            system, code = coding.get("system"), coding.get("code")
            if isinstance(code, str) and code and (system is None or isinstance(system, str)):
                yield Coding(system or "", code)


def reference(value: Any) -> str:
    """Return a Reference as ``Type/id``, without the base it was written with.

    Returns ``#id`` for a contained resource, and the empty string for anything else.
    """
    written = text(value.get("reference")) if isinstance(value, dict) else ""
    if written.count("/") == 1 and written[0] != "#" and written[-1] != "/":
        return written
    if written.startswith("#") or "/" not in written:
        return written if written.startswith("#") else ""
    parts = written.rstrip("/").split("/_history/")[0].split("/")
    return "/".join(parts[-2:])


def own_reference(resource: Resource) -> str:
    """Return ``Type/id`` of a resource, or ``Type`` if it has no id."""
    kind: Any = resource["resourceType"] if "resourceType" in resource else None
    id_: Any = resource["id"] if "id" in resource else None
    both = kind.__class__ is str and id_.__class__ is str and kind and id_
    if both and " " < id_[0] < DELETE and " " < id_[-1] < DELETE and " " < kind[0] < DELETE and " " < kind[-1] < DELETE:
        return f"{kind}/{id_}"
    kind, id_ = text(resource.get("resourceType")), text(resource.get("id"))
    return f"{kind}/{id_}" if id_ else kind


def days(value: Any) -> Days | None:
    """Return the calendar days that a FHIR date or dateTime may mean.

    A year or a month leaves many days open. The day counts as written, whatever its time zone. Returns None for what is
    no date.
    """
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
    """Return the days of the first element that holds a date.

    Of the ``names``, an element counts by its own date, or by the start (else the end) of its Period.
    """
    for name in names:
        value = resource.get(name)
        found = days(value.get("start") or value.get("end")) if isinstance(value, dict) else days(value)
        if found:
            return found
    return None


_OF_HL7: Final = "http://terminology.hl7.org/CodeSystem/"


def status_code(concept: Any) -> str:
    """Return the code of a status in lower case, or nothing.

    The status is a CodeableConcept (clinicalStatus, verificationStatus). Of several codes, that of HL7's own system
    counts, whatever stands before it. Returns the empty string where it has no code.
    """
    found = ""
    for coding in items(concept.get("coding")) if isinstance(concept, dict) else ():
        if isinstance(coding, dict) and isinstance(coding.get("code"), str):
            if text(coding.get("system")).startswith(_OF_HL7):
                return str(coding["code"]).lower()
            found = found or str(coding["code"]).lower()
    return found


NAMELESS: Final = "without-id-"
"""The beginning of the ids by which a chart knows records that came without one; nobody else does."""
ELSEWHERE: Final = "?"
"""The subject of a resource that names no Patient by ``Type/id``.

It is about somebody, but nobody can tell about whom.
"""


def patient_of(resource: Resource) -> str:
    """Return ``Patient/id`` of the person that a resource is about.

    Returns the empty string when the resource does not say, and ``ELSEWHERE`` when its subject cannot be told.
    """
    for name in SUBJECTS:
        if resource.get(name) is not None:
            about = reference(resource[name])
            return about if about.startswith("Patient/") and len(about) > len("Patient/") else ELSEWHERE
    actors = [reference(p.get("actor")) for p in items(resource.get("participant")) if isinstance(p, dict)]
    return next((actor for actor in actors if actor.startswith("Patient/")), "")


def concept_words(concept: Any) -> list[str]:
    """Return the text of a CodeableConcept and its codings' displays, each once."""
    if concept.__class__ is not dict:
        return []
    displays = [one.get("display") for one in items(concept.get("coding")) if one.__class__ is dict]
    return [words for words in dict.fromkeys((concept.get("text"), *displays)) if isinstance(words, str) and words]
