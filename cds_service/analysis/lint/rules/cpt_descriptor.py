"""A CPT code shown with words."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Found, Rule
from cds_service.fhir.codes import CPT


def _find(files: ContentFiles) -> Iterator[Found]:
    for written in files.value_sets:
        for code in written.codes():
            if code.system == CPT and code.display and code.display != code.code:
                said = f"the CPT code {code.code} is shown as words; descriptors of CPT are the American Medical Association's"
                yield Found(written.name, code.line, code.code, said, "show the bare number, or nothing")


RULE = Rule("cpt-descriptor", "references", "error", _find)
