"""A code that stands twice in one value set."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.fhir.codes import Key, key_of


def _find(files: ContentFiles) -> Iterator[Breach]:
    for written in files.value_sets:
        seen: dict[tuple[Key, bool], int] = {}
        for code in written.codes():
            key = (key_of(code.system, code.code), code.excluded)
            if key in seen:
                said = f"'{code.code}' stands already at line {seen[key]}; what the second carries takes the place of the first"
                yield Breach(written.name, code.line, code.code, said, "remove one, or put right the one that was meant otherwise")
            seen.setdefault(key, code.line)


RULE = Rule("code-twice", "references", "warning", _find)
