"""An id that names a place in a list.

It should name what the criterion is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule

LONGEST = 48
_PLACE = re.compile(r"(?:(?:criterion|criteria|part|rule|item|section|test)-?)?(?:[ivx]+|\d+|[a-z])(?:-(?:[ivx]+|\d+|[a-z]))*")


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed in file.criteria:
            id_ = placed.criterion.id
            if re.fullmatch(_PLACE, id_) and (len(id_) < 3 or re.search(r"[\d-]", id_)):
                said = f"'{id_}' is a place in a list; places change, and reasons, vignettes and feedback are kept by this id"
            elif len(id_) > LONGEST:
                said = f"'{id_}' has {len(id_)} characters, and {LONGEST} are enough for an id"
            else:
                continue
            yield Breach(file.name, file.line_of(placed, "id"), id_, said, "name what the criterion asks, in a word or three")


RULE = Rule("id-style", "wording", "warning", _find)
