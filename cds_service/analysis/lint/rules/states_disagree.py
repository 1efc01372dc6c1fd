"""Two value sets that do not agree on a code.

They state one thing, or two that cannot both be so.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.value_sets.relations import FILE, holds, keys, read_relations, shared, unknown_sets

HINT = "put the code into the set where it is missing, or take it out of the other"


def _find(files: ContentFiles) -> Iterator[Breach]:
    terminology = files.content.terminology
    relations, file = read_relations(files.content.root)
    for unknown in unknown_sets(relations, terminology):
        yield Breach(FILE, 0, unknown, f"there is no value set '{unknown}'", "name one of value_sets/")
    for index, entry in enumerate(relations.within):
        inner = terminology.sets.get(entry.value_set)
        outer = [terminology.sets[id_] for id_ in entry.within if id_ in terminology.sets]
        for key in keys(inner) if inner and outer else ():
            if not any(holds(one, key) for one in outer):
                line = file.line(("within", index)) if file else 0
                named = " or ".join(entry.within)
                yield Breach(FILE, line, key.code, f"'{entry.value_set}' holds {key.code}, and {named} does not", HINT)
    for index, apart in enumerate(relations.apart):
        held = [terminology.sets[id_] for id_ in apart.apart if id_ in terminology.sets]
        for one, other in combinations(held, 2):
            for key in shared(one, other):
                line = file.line(("apart", index)) if file else 0
                yield Breach(FILE, line, key.code, f"'{one.id}' and '{other.id}' both hold {key.code}", HINT)


RULE = Rule("states-disagree", "references", "error", _find)
