"""Checks of a coverage-information extension before it is sent.

Elements, codes, and the invariants of both CRD versions must hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cds_service.fhir.coverage_information import URL, CrdVersion

_ONE, _MANY = 1, 1000
_ELEMENTS: dict[str, tuple[str, int, int]] = {
    "coverage": ("valueReference", 1, _ONE),
    "covered": ("valueCode", 1, _ONE),
    "pa-needed": ("valueCode", 0, _ONE),
    "doc-needed": ("valueCode", 0, _MANY),
    "doc-purpose": ("valueCode", 0, _MANY),
    "info-needed": ("valueCode", 0, _MANY),
    "billingCode": ("valueCoding", 0, _MANY),
    "reason": ("valueCodeableConcept", 0, _MANY),
    "detail": ("extension", 0, _MANY),
    "dependency": ("valueReference", 0, _MANY),
    "questionnaire": ("valueCanonical", 0, _MANY),
    "date": ("valueDate", 1, _ONE),
    "coverage-assertion-id": ("valueString", 1, _ONE),
    "satisfied-pa-id": ("valueString", 0, _ONE),
}
"""Each element: its value type, its minimum and its maximum number."""
_LATE_ELEMENTS = {"contact": ("valueContactDetail", 0, _MANY), "expiry-date": ("valueDate", 0, _ONE)}
_EARLY_ELEMENTS = {
    "contact": ("valueContactPoint", 0, _MANY),
    "response": ("valueReference", 0, _MANY),
    "doc-needed": ("valueCode", 0, _ONE),
}
_KNOWN: dict[CrdVersion, dict[str, tuple[str, int, int]]] = {
    "2.0.1": _ELEMENTS | _EARLY_ELEMENTS,
    "2.2": _ELEMENTS | _LATE_ELEMENTS,
}
_PURPOSES = {"withpa", "withclaim", "withorder", "retain-doc", "OTH"}
_INFO = {"performer", "location", "timeframe", "contract-window", "OTH"}
_COVERED = {"covered", "not-covered", "conditional"}
_AUTHORIZATION = {"no-auth", "auth-needed", "satisfied", "performpa", "conditional"}
_CODES: dict[CrdVersion, dict[str, set[str]]] = {
    "2.0.1": {
        "covered": _COVERED,
        "pa-needed": _AUTHORIZATION,
        "doc-needed": {"clinical", "admin", "both", "conditional"},
        "doc-purpose": _PURPOSES,
        "info-needed": _INFO,
    },
    "2.2": {
        "covered": _COVERED | {"indeterminate"},
        "pa-needed": _AUTHORIZATION | {"indeterminate"},
        "doc-needed": {"clinical", "admin", "patient", "conditional", "indeterminate"},
        "doc-purpose": _PURPOSES,
        "info-needed": _INFO | {"detail-code"},
    },
}
_REASON_CODES = {"gold-card", "no-member-found", "no-active-coverage", "coverage-not-found", "auth-out-network", "technical"}
_OPEN = ("covered", "pa-needed", "doc-needed")


def violations(extension: dict[str, Any], version: CrdVersion) -> list[str]:
    """List in words what an extension violates of a CRD version.

    The list is empty when the coverage-information extension may be sent.
    """
    if extension.get("url") != URL:
        return ["it is not a coverage-information extension"]
    parts: dict[str, list[dict[str, Any]]] = {}
    for part in extension.get("extension", ()):
        parts.setdefault(part.get("url", ""), []).append(part)
    said = list(_element_faults(parts, version))
    codes = {name: {part.get("valueCode") for part in parts.get(name, ())} for name in _CODES[version]}
    return [*said, *_invariants(parts, codes, version), *(_later_invariants(parts, codes) if version == "2.2" else ())]


def _element_faults(parts: dict[str, list[dict[str, Any]]], version: CrdVersion) -> Iterator[str]:
    known = _KNOWN[version]
    yield from (f"'{name}' is no element of CRD {version}" for name in parts if name not in known)
    for name, (value, fewest, most) in known.items():
        if name not in parts:
            if fewest:
                yield f"'{name}' is required"
            continue
        found = parts[name]
        if len(found) > most:
            yield f"'{name}' may stand once in CRD {version}"
        for part in found:
            if not part.get(value):
                yield f"'{name}' holds a {value}"
            elif name in _CODES[version] and part[value] not in _CODES[version][name]:
                yield f"'{part[value]}' is no code of '{name}' in CRD {version}"
    for detail in parts.get("detail", ()):
        yield from _detail_faults(detail, version)


def _detail_faults(detail: dict[str, Any], version: CrdVersion) -> Iterator[str]:
    held = [part.get("url") for part in detail.get("extension", ())]
    if held.count("code") != 1 or held.count("value") != 1:
        yield "a 'detail' has one code and one value"
    if held.count("category") != (1 if version == "2.2" else 0):
        yield f"a 'detail' has {'one category' if version == '2.2' else 'no category'} in CRD {version}"


def _invariants(parts: dict[str, list[dict[str, Any]]], codes: dict[str, set[Any]], version: CrdVersion) -> Iterator[str]:
    """Yield violations of the invariants that both versions have.

    Each invariant is checked as its text says.
    """
    if ("questionnaire" in parts or "response" in parts) and "doc-needed" not in parts:
        yield "crd-ci-q1: a questionnaire goes with doc-needed"
    if "not-covered" in codes["covered"] and "pa-needed" in parts:
        yield "crd-ci-q2: what is not-covered has no pa-needed"
    if version == "2.0.1" and "not-covered" not in codes["covered"] and "pa-needed" not in parts:
        yield "crd-ci-q2: pa-needed is required in CRD 2.0.1 unless covered is not-covered"
    if "info-needed" in parts and not any("conditional" in codes[name] for name in _OPEN):
        yield "crd-ci-q3: info-needed goes with something that is conditional"
    settled = codes["pa-needed"] & {"satisfied", "no-auth"} or "not-covered" in codes["covered"]
    if settled and "withpa" in codes["doc-purpose"]:
        yield "crd-ci-q4: doc-purpose withpa needs a prior authorization that is still to be asked for"
    if ("satisfied" in codes["pa-needed"]) != ("satisfied-pa-id" in parts):
        yield "crd-ci-q5: satisfied-pa-id stands exactly where pa-needed is satisfied"


def _later_invariants(parts: dict[str, list[dict[str, Any]]], codes: dict[str, set[Any]]) -> Iterator[str]:
    """Yield violations of the invariants that only version 2.2 has."""
    if "info-needed" not in parts and any("conditional" in codes[name] for name in _OPEN):
        yield "crd-ci-q3: what is conditional names the info-needed"
    if "OTH" in codes["info-needed"] and "reason" not in parts:
        yield "crd-ci-q6: info-needed OTH goes with a reason"
    if any(not _says_why(part.get("valueCodeableConcept") or {}) for part in parts.get("reason", ())):
        yield "crd-ci-q7: a reason has text, or a code of the value set"
    if "doc-purpose" in parts and "reason" not in parts:
        yield "crd-ci-q8: doc-purpose goes with a reason"
    if any("indeterminate" in codes[name] for name in _OPEN) and "reason" not in parts:
        yield "crd-ci-q9: what is indeterminate goes with a reason"


def _says_why(concept: dict[str, Any]) -> bool:
    return bool(concept.get("text")) or any(coding.get("code") in _REASON_CODES for coding in concept.get("coding", ()))
