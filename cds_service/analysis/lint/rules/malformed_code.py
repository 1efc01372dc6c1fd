"""A code that cannot be one of its system.

Reading refuses some of these by their shape; this rule finds the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.fhir.code_shapes import snomed_check_digit
from cds_service.fhir.code_systems import CPT, HCPCS, ICD10CM, NAMES, NDC, SNOMED

_SHAPES = {
    CPT: (re.compile(r"\d{4}[0-9AFMTU]"), "CPT codes are four figures with a fifth or a letter (A, F, M, T, U)"),
    HCPCS: (re.compile(r"[A-V]\d{4}"), "HCPCS Level II codes are a letter from A to V and four figures"),
    ICD10CM: (re.compile(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?"), "ICD-10-CM codes have a dot after the third character"),
    NDC: (
        re.compile(r"\d{11}|\d{4}-\d{4}-\d{2}|\d{5}-\d{3}-\d{2}|\d{5}-\d{4}-\d{1,2}"),
        "NDCs are 4-4-2, 5-3-2, 5-4-1, 5-4-2 or 11 figures",
    ),
}


def _find(files: ContentFiles) -> Iterator[Breach]:
    for written in files.value_sets:
        for code in written.codes():
            if said := _wrong(code.system, code.code):
                yield Breach(written.name, code.line, code.code, f"'{code.code}': {said}", "look the code up in its system")
    for file in files.policies:
        for index, alternative in enumerate(file.policy.alternatives):
            if said := _wrong(NAMES[alternative.system], alternative.code):
                line = file.line("alternatives", index, "order")
                yield Breach(file.name, line, alternative.code, f"'{alternative.code}': {said}", "look the code up in its system")


def _wrong(system: str, code: str) -> str:
    if system == SNOMED:
        return "" if snomed_check_digit(code) else "the check digit of this SNOMED CT identifier is wrong"
    shape = _SHAPES.get(system)
    return shape[1] if shape and not shape[0].fullmatch(code) else ""


RULE = Rule("malformed-code", "references", "error", _find)
