"""A look-back on a fact whose day lies ahead."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule

_AHEAD = re.compile(r"\b(?:due|planned|plans|expected|scheduled|next|upcoming|will)\b")


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed, check in file.checks:
            entry = files.content.catalogue[check.fact].entry
            words = _AHEAD.search(f"{check.fact.replace('_', ' ')} {entry.means}".lower())
            if check.within and entry.type == "date" and words:
                said = f"'{check.fact}' is a day that lies ahead ('{words[0]}'), and a look-back counts backwards"
                hint = "name a fact of the past, or one that is the distance to that day"
                yield Breach(file.name, file.line_of(placed, "within"), check.id, said, hint)


RULE = Rule("future-look-back", "time", "error", _find)
