"""A display of a CPT code that may be copyrighted.

Its words may be the American Medical Association's.
"""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.fhir.code_systems import CPT

LONGEST = 60
"""Longest display of a CPT code, in characters.

A label of our own is a few words; what is longer, or strings clauses together, reads like a descriptor.
"""


def _find(files: ContentFiles) -> Iterator[Breach]:
    for written in files.value_sets:
        for code in written.codes():
            if code.system == CPT and (len(code.display) > LONGEST or ";" in code.display):
                said = f"the words for CPT {code.code} read like a descriptor, and those are the American Medical Association's"
                yield Breach(written.name, code.line, code.code, said, "show the bare number, or a few words of our own")


RULE = Rule("cpt-descriptor", "references", "error", _find)
