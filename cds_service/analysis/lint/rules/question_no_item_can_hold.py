"""A question whose answer does not fit one item of a form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule

_YES_OR_NO: Final = frozenset(
    "is are was were has have had does do did will can could would should may must".split()  # noqa: SIM905 - read as words
)
"""The words that a question for yes or no begins with."""
_FIT: Final = "give the fact a 'form' beside its 'ask'"


def _find(files: ContentFiles) -> Iterator[Breach]:
    for name, definition in files.content.catalogue.facts.items():
        entry = definition.entry
        asked = entry.question
        first = asked.partition(" ")[0].lower().strip(",")
        if entry.type == "boolean" and asked and first not in _YES_OR_NO:
            said = f"'{name}' is answered by yes or no, and its question does not ask for that"
        elif entry.type == "quantity" and (", and " in asked or "date of birth" in asked):
            said = f"'{name}' is answered by one number, and its question asks for more"
        else:
            continue
        yield Breach(definition.file, files.fact_line(name), name, said, _FIT)


RULE = Rule("question-no-item-can-hold", "unknowns", "warning", _find)
