"""Other forms of the same records: days as moments and periods, panels, noise that says nothing, another order of entries."""

from __future__ import annotations

import re
from collections.abc import Callable

from bench.recoding.places import Json, World, bundle, chart, everything
from bench.recoding.rewrite import Rewrite

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENTS = {
    "Observation": ("effectiveDateTime",),
    "Procedure": ("performedDateTime",),
    "Condition": ("recordedDate", "onsetDateTime"),
    "ServiceRequest": ("authoredOn", "occurrenceDateTime"),
    "MedicationRequest": ("authoredOn",),
    "MedicationStatement": ("effectiveDateTime",),
    "MedicationAdministration": ("effectiveDateTime",),
    "DiagnosticReport": ("effectiveDateTime",),
    "AllergyIntolerance": ("recordedDate",),
    "RiskAssessment": ("occurrenceDateTime",),
    "DeviceRequest": ("authoredOn", "occurrenceDateTime"),
    "QuestionnaireResponse": ("authored",),
}
"""The elements of each type that may be a day or a moment."""
_PERIODS = {
    "Observation": ("effectiveDateTime", "effectivePeriod"),
    "Procedure": ("performedDateTime", "performedPeriod"),
    "MedicationStatement": ("effectiveDateTime", "effectivePeriod"),
    "MedicationAdministration": ("effectiveDateTime", "effectivePeriod"),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod"),
    "RiskAssessment": ("occurrenceDateTime", "occurrencePeriod"),
}
"""The elements of each type that hold a day, and that which may hold a period in its stead."""


def _moment(tail: str) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in everything(request):
            for name in _MOMENTS.get(resource["resourceType"], ()):
                if isinstance(resource.get(name), str) and _DAY.fullmatch(resource[name]):
                    resource[name] += tail
                    changed = True
        return changed

    return apply


def _period(request: Json, world: World) -> bool:
    changed = False
    for resource in chart(request):
        day, period = _PERIODS.get(resource["resourceType"], ("", ""))
        if isinstance(resource.get(day), str) and _DAY.fullmatch(resource[day]):
            on = resource.pop(day)
            resource[period] = {"start": f"{on}T08:00:00Z", "end": f"{on}T09:00:00Z"}
            changed = True
    return changed


def _instant(request: Json, world: World) -> bool:
    changed = False
    for resource in chart(request):
        if resource["resourceType"] == "Observation" and _DAY.fullmatch(str(resource.get("effectiveDateTime", ""))):
            resource["effectiveInstant"] = f"{resource.pop('effectiveDateTime')}T12:00:00.000Z"
            changed = True
    return changed


def _panel(request: Json, world: World) -> bool:
    """Each Observation as the one component of a panel of its day."""
    changed = False
    for one in chart(request):
        if one["resourceType"] != "Observation" or one.get("component") or not isinstance(one.get("code"), dict):
            continue
        if "dataAbsentReason" in one or one.get("interpretation"):
            continue
        moved = {
            name: one.pop(name) for name in list(one) if name == "code" or name == "referenceRange" or name.startswith("value")
        }
        one["code"] = {"coding": [{"system": "http://loinc.org", "code": "34566-0"}], "text": "Panel"}
        one["component"] = [moved]
        changed = True
    return changed


def _in_reports(request: Json, world: World) -> bool:
    """Each Observation within a report of its day, as laboratories send results that are no records of their own."""
    results, reports = (request["prefetch"].get(key) for key in ("observations", "diagnosticReports"))
    if not isinstance(results, dict) or not isinstance(reports, dict) or not results.get("entry"):
        return False
    for number, entry in enumerate(results["entry"]):
        inside = {"resourceType": "Observation", **entry["resource"], "id": "r1"}
        report: Json = {"resourceType": "DiagnosticReport", "id": f"around-{number}", "status": "final", "contained": [inside]}
        report |= {"code": {"coding": [{"system": "http://loinc.org", "code": "11502-2"}]}, "result": [{"reference": "#r1"}]}
        report |= {name: inside.pop(name) for name in [*_PERIODS["Observation"], "issued", "subject"] if name in inside}
        reports["entry"].append({"resource": report})
        reports["total"] = len(reports["entry"])
    results |= {"entry": [], "total": 0}
    return True


def _reversed(request: Json, world: World) -> bool:
    changed = False
    for value in request["prefetch"].values():
        if isinstance(value, dict) and len(value.get("entry", ())) > 1:
            value["entry"].reverse()
            changed = True
    return changed


def _is_closed(condition: Json) -> bool:
    """Whether an entry says that it is over without saying when: on a problem list a history, at an encounter of its day."""
    status = condition.get("clinicalStatus")
    codes = [coding.get("code") for coding in status.get("coding", ())] if isinstance(status, dict) else []
    return not {"resolved", "inactive", "remission"}.isdisjoint(codes)


def _noise(request: Json, world: World) -> bool:
    for resource in everything(request):
        resource["meta"] = {"versionId": "3", "lastUpdated": "2026-01-01T00:00:00.000Z"}
        resource["text"] = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">generated</div>'}
        resource.setdefault("identifier", [{"system": "urn:oid:1.2.3", "value": str(resource.get("id"))}])
        if resource["resourceType"] == "Condition" and not _is_closed(resource):
            problem = {"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "problem-list-item"}
            resource.setdefault("category", [{"coding": [problem]}])
    return True


def _encounter_diagnosis(request: Json, world: World) -> bool:
    changed = False
    for resource in chart(request):
        if resource["resourceType"] == "Condition" and not _is_closed(resource):
            own = {"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "encounter-diagnosis"}
            resource["category"] = [{"coding": [own]}]
            changed = True
    return changed


def _statuses_with_systems(request: Json, world: World) -> bool:
    changed = False
    systems = {"clinicalStatus": "condition-clinical", "verificationStatus": "condition-ver-status"}
    for resource in chart(request):
        for name, last in systems.items():
            if resource["resourceType"] == "Condition" and isinstance(resource.get(name), dict):
                for coding in resource[name].get("coding", ()):
                    coding["system"] = f"http://terminology.hl7.org/CodeSystem/{last}"
                    changed = True
    return changed


def _of_everything_else(request: Json, world: World) -> bool:
    """Records that every chart has and no policy speaks of."""
    patient = {"reference": f"Patient/{request['context']['patientId']}"}
    more = {
        "conditions": [
            {"resourceType": "Condition", "id": "noise-c1", "subject": patient, "recordedDate": "2020-02-02",
             "clinicalStatus": {"coding": [{"code": "active"}]}, "verificationStatus": {"coding": [{"code": "confirmed"}]},
             "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "H52.13"}]}},
            {"resourceType": "Condition", "id": "noise-c2", "subject": patient, "recordedDate": "2021-02-02",
             "clinicalStatus": {"coding": [{"code": "active"}]}, "verificationStatus": {"coding": [{"code": "confirmed"}]},
             "code": {"coding": [{"system": "http://snomed.info/sct", "code": "21897009"}],
                      "text": "Anxiety"}},
        ],
        "observations": [
            {"resourceType": "Observation", "id": "noise-o1", "status": "final", "subject": patient,
             "effectiveDateTime": "2020-02-02", "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]},
             "valueQuantity": {"value": 165, "unit": "cm", "system": "http://unitsofmeasure.org", "code": "cm"}},
        ],
        "medicationRequests": [
            {"resourceType": "MedicationRequest", "id": "noise-m1", "status": "active", "intent": "order", "subject": patient,
             "authoredOn": "2025-01-02", "medicationCodeableConcept":
             {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "314076"}]}},
            {"resourceType": "MedicationRequest", "id": "noise-m2", "status": "active", "intent": "order", "subject": patient,
             "authoredOn": "2025-01-02", "medicationCodeableConcept": {"text": "cetirizine 10 mg tablet"}},
        ],
    }  # fmt: skip
    changed = False
    for key, resources in more.items():
        held = request["prefetch"].get(key)
        if isinstance(held, dict) and held.get("resourceType") == "Bundle":
            request["prefetch"][key] = bundle([*(entry["resource"] for entry in held.get("entry", ())), *resources])
            changed = True
    return changed


BY_THE_HOUR = frozenset({"febrile-neutropenia-now"})
"""Criteria that count hours where records tell them."""
RECORDS = (
    Rewrite("days as moments", _moment("T23:30:00-05:00"), tells=BY_THE_HOUR),
    Rewrite("days as moments of UTC", _moment("T09:15:00.000Z"), tells=BY_THE_HOUR),
    Rewrite("days as moments without zone", _moment("T09:15:00"), tells=BY_THE_HOUR),
    Rewrite("days as moments in +0000", _moment("T09:15:00+0000"), tells=BY_THE_HOUR),
    Rewrite("days as periods", _period, tells=BY_THE_HOUR),
    Rewrite("days as instants", _instant, tells=BY_THE_HOUR),
    Rewrite("panel instead of single observation", _panel),
    Rewrite("results within reports", _in_reports),
    Rewrite("entries the other way round", _reversed),
    Rewrite("meta, narrative and identifiers", _noise),
    Rewrite("encounter diagnosis instead of problem", _encounter_diagnosis),
    Rewrite("statuses with their systems", _statuses_with_systems),
    Rewrite("records that no policy speaks of", _of_everything_else),
)
