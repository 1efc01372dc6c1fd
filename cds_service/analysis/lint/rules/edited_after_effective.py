"""A correction of a version in force, not checked since."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        checked = file.policy.last_checked
        for index, correction in enumerate(file.data.get("corrections", [])):
            if checked is None or correction["on"] > checked:
                said = f"the version in force was edited on {correction['on']}, and nobody has compared it with the document since"
                hint = "compare it with the document and set last_checked"
                yield Breach(file.name, file.line("corrections", index, "on"), str(correction["on"]), said, hint)


RULE = Rule("edited-after-effective", "time", "warning", _find)
