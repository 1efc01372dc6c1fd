"""A criterion that silence leaves open, on a fact without a question."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import SECTIONS, ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    catalogue = files.content.catalogue
    known = {name for name in catalogue if any(source.declared.never_silent for source in catalogue[name].sources)}
    for file in files.policies:
        for placed, check in file.checks:
            always = check.presumption and check.presumption.always
            if placed.section in SECTIONS and not check.ask and not always and check.fact not in known:
                said = f"silence leaves it open, and '{check.fact}' has no question that a clinician could be asked"
                yield Breach(file.name, file.line_of(placed, "fact"), check.id, said, "give the fact an 'ask'")
        for index, rule in enumerate(file.policy.settled_first):
            for fact in rule.asks:
                if not catalogue[fact].entry.ask:
                    said = f"the rule asks for '{fact}', which has no question"
                    line = file.line("settled_first", index, "asks")
                    yield Breach(file.name, line, rule.when.id, said, "give the fact an 'ask'")


RULE = Rule("question-missing", "unknowns", "warning", _find)
