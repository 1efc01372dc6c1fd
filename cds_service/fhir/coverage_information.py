"""The coverage-information extension of Da Vinci CRD 2.0.1 and 2.2.

How it is written, and what must hold of it. The invariants are those of the published texts (`crd-ci-q1` to `q9`).
Where an expression departs from its own text, the text is followed: `pa-needed` is absent with `not-covered` in both
versions, and `doc-purpose` may be `withpa` beside `auth-needed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from cds_service.fhir.codes import Coding, sent
from cds_service.policy.answers import Answer, Limit

CrdVersion = Literal["2.0.1", "2.2"]
CRD_VERSIONS: tuple[CrdVersion, ...] = ("2.0.1", "2.2")
URL = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"
TEMPORARY = "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp"
DETAILS = "http://terminology.hl7.org/CodeSystem/crd-coverage-detail"
_CATEGORIES = {
    "allowed-quantity": "cat-limitation",
    "allowed-period": "cat-limitation",
    "concurrent-review": "cat-decisional",
    "appropriate-use-needed": "cat-decisional",
    "instructions": "cat-other",
    "policy-link": "cat-other",
}
_SINCE_2_1 = ("instructions", "policy-link")


@dataclass(frozen=True, slots=True)
class Assertion:
    """What is asserted of one order for one Coverage.

    It consists of the answer, what the answer is about, and the id by which the assertion is known. ``reasons`` are
    sentences beside the answer's own. ``dependencies`` are other orders (``Type/id``) that it rests on. ``coded`` is a
    reason as a code (``technical``, ``no-active-coverage``), which CRD has since 2.2, and its sentence.
    """

    coverage: str
    answer: Answer
    day: date
    id: str
    billing: Coding | None = None
    reasons: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    satisfied_pa_id: str = ""
    policy_link: str = ""
    coded: tuple[str, str] = ("", "")


def as_extension(assertion: Assertion, version: CrdVersion) -> dict[str, Any]:
    """Return the extension for one assertion, as a CRD version writes it."""
    return {"url": URL, "extension": list(_parts(assertion, version))}


def _parts(assertion: Assertion, version: CrdVersion) -> Iterator[dict[str, Any]]:
    answer, early = assertion.answer, version == "2.0.1"
    yield {"url": "coverage", "valueReference": {"reference": assertion.coverage}}
    yield {"url": "covered", "valueCode": answer.covered}
    if answer.pa_needed:
        yield {"url": "pa-needed", "valueCode": answer.pa_needed}
    for code in _as_one(answer.doc_needed) if early else answer.doc_needed:
        yield {"url": "doc-needed", "valueCode": code}
    yield from ({"url": "doc-purpose", "valueCode": code} for code in answer.doc_purpose)
    yield from ({"url": "info-needed", "valueCode": c} for c in answer.info_needed if not (early and c == "detail-code"))
    if assertion.billing and assertion.billing.system:
        billing = sent(assertion.billing)
        coding = {"system": billing.system, "code": billing.code}
        yield {"url": "billingCode", "valueCoding": coding}
    if code := assertion.coded[0]:
        coded = {} if early else {"coding": [{"system": TEMPORARY, "code": code}]}
        yield {"url": "reason", "valueCodeableConcept": coded | {"text": assertion.coded[1]}}
    coarse = early and "detail-code" in answer.info_needed
    for number, said in enumerate((*([answer.reason] if answer.reason else []), *assertion.reasons)):
        coded = {"coding": [{"system": TEMPORARY, "code": "detail-code"}]} if coarse and not number else {}
        yield {"url": "reason", "valueCodeableConcept": coded | {"text": said}}
    for limit in answer.limits:
        if early and limit.code in _SINCE_2_1:
            yield {"url": "reason", "valueCodeableConcept": {"text": str(limit.value)}}
        else:
            yield _detail(limit.code, _limit_value(limit), limit.says, early)
    if assertion.policy_link and not early:
        yield _detail("policy-link", {"valueUrl": assertion.policy_link}, "", early)
    yield from ({"url": "dependency", "valueReference": {"reference": other}} for other in assertion.dependencies)
    yield from ({"url": "questionnaire", "valueCanonical": canonical} for canonical in answer.questionnaires)
    yield {"url": "date", "valueDate": assertion.day.isoformat()}
    yield {"url": "coverage-assertion-id", "valueString": assertion.id}
    if assertion.satisfied_pa_id:
        yield {"url": "satisfied-pa-id", "valueString": assertion.satisfied_pa_id}


def _as_one(needed: tuple[str, ...]) -> tuple[str, ...]:
    """Reduce the documentation needed to one code.

    CRD 2.0.1 has room for only one.
    """
    if {"clinical", "admin"} <= set(needed):
        return ("both",)
    return next(((code,) for code in ("clinical", "admin", "conditional") if code in needed), ())


def _limit_value(limit: Limit) -> dict[str, Any]:
    match limit.value:
        case bool() as held:
            return {"valueBoolean": held}
        case str() as words:
            return {"valueString": words}
        case (start, end):
            period = {"start": start, "end": end}
            return {"valuePeriod": {name: day.isoformat() for name, day in period.items() if day}}
        case number:
            return {"valueQuantity": {"value": number, **({"unit": limit.unit} if limit.unit else {})}}


def _detail(code: str, value: dict[str, Any], says: str, early: bool) -> dict[str, Any]:
    temporary = {"system": TEMPORARY, "code": code}
    codings = [temporary] if early else [{"system": DETAILS, "code": code}, temporary]
    parts: list[dict[str, Any]] = [] if early else [{"url": "category", "valueCode": _CATEGORIES[code]}]
    parts += [{"url": "code", "valueCodeableConcept": {"coding": codings}}, {"url": "value"} | value]
    if says:
        parts.append({"url": "qualification", "valueString": says})
    return {"url": "detail", "extension": parts}
