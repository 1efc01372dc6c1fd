"""Shapes of codes: check codes, and guess a missing system."""

from __future__ import annotations

import re
from typing import Final

from cds_service.fhir.code_systems import CPT, ICD10CM, LOINC, NAMES, NDC, RXNORM, SNOMED
from cds_service.fhir.codes import Key, key_of

_SHAPES: Final = {
    "procedure": re.compile(r"[A-Z]\d{4}|\d{4}[0-9A-Z]", re.ASCII),
    "icd10cm": re.compile(r"[A-Z]\d[0-9A-Z][0-9A-Z]{0,4}", re.ASCII),
    "loinc": re.compile(r"\d{1,6}-\d|LA\d+-\d", re.ASCII),
    "snomed": re.compile(r"\d{6,18}", re.ASCII),
    "rxnorm": re.compile(r"\d{1,8}", re.ASCII),
    "icd10pcs": re.compile(r"[0-9A-HJ-NP-Z]{7}"),
    "ndc": re.compile(r"\d{9,11}", re.ASCII),
}
_SYSTEMS: Final = (CPT, ICD10CM, LOINC, SNOMED, RXNORM, NDC, NAMES["ICD-10-PCS"])
_CHECKED: Final = ("loinc", "snomed")
_PERMUTED: Final = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258")
"""Verhoeff's permutation, for the check digit of SNOMED CT identifiers.

Source: SNOMED CT Release File Specification, check digit.
"""
_DIHEDRAL: Final = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip


def fault_of(key: Key) -> str:
    """Say in words what is wrong with a code's shape.

    Returns the empty string where nothing is wrong, or where no shape is known for the system.
    """
    shape = _SHAPES.get(key.space)
    if shape and not shape.fullmatch(key.code):
        return "does not have the shape of a code"
    if key.space == "loinc" and not key.code.startswith("LA") and not _loinc_check_digit(key.code):
        return "has the wrong check digit for a LOINC code"
    return ""


def systems_of(code: str) -> list[str]:
    """Return the systems that a code could belong to, by its shape.

    Systems are given by their usual addresses. Digits alone may be a code of many systems, so the check digit counts
    wherever a system has one.
    """
    found = []
    for system in _SYSTEMS:
        key = key_of(system, code)
        shape = _SHAPES.get(key.space)
        if shape is None or not shape.fullmatch(key.code) or (key.space in _CHECKED and not _checked(key)):
            continue
        found.append(system)
    return found


def _checked(key: Key) -> bool:
    return snomed_check_digit(key.code) if key.space == "snomed" else key.code.startswith("LA") or _loinc_check_digit(key.code)


def _loinc_check_digit(code: str) -> bool:
    """Tell whether the check digit of a LOINC code is right.

    Mod 10 over the number part, as in Luhn's algorithm (LOINC Users' Guide, appendix on check digits).
    """
    number, _, check = code.partition("-")
    doubled = "".join(str(int(digit) * 2) if place % 2 == 0 else digit for place, digit in enumerate(reversed(number)))
    return (10 - sum(int(digit) for digit in doubled) % 10) % 10 == int(check)


def snomed_check_digit(code: str) -> bool:
    """Tell whether an identifier is one of a SNOMED CT concept.

    Verhoeff's check digit must hold, and the partition must be that of concepts.
    """
    if not code.isdecimal() or code[-3:-1] not in ("00", "10"):
        return False
    check = "0"
    for place, digit in enumerate(reversed(code)):
        check = _DIHEDRAL[int(check)][int(_PERMUTED[place % 8][int(digit)])]
    return check == "0"
