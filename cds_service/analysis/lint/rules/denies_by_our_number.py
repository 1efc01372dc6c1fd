"""A criterion that denies an order by a number of our own.

The document does not give the number.
"""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles, Placed, PolicyFile
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.policy.criterion import Check, NoneOf, Outcome
from cds_service.policy.finding import MET, NOT_MET


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        if file.policy.status != "active" or file.policy.subject != "order":
            continue
        for root, place in file.roots():
            denies = _denying(file, str(place[0]), place[1] if len(place) > 1 else None)
            if denies:
                yield from _below(file, Placed(root, place), denies)


def _denying(file: PolicyFile, section: str, index: str | int | None) -> Outcome | None:
    """Return the outcome of a tree that denies the order.

    Denied is an order that is not necessary. Returns None where no outcome of the tree denies it.
    """
    if section == "settled_first" and isinstance(index, int):
        return MET if file.policy.settled_first[index].then == "not necessary" else None
    return {"necessary_when": NOT_MET, "not_necessary_when": MET}.get(section)


def _below(file: PolicyFile, placed: Placed, denies: Outcome) -> Iterator[Breach]:
    criterion = placed.criterion
    if isinstance(criterion, Check):
        yield from _check(file, placed, criterion, denies)
        return
    opposite = NOT_MET if denies is MET else MET
    for part in file.parts(placed):
        yield from _below(file, part, opposite if isinstance(criterion, NoneOf) else denies)


def _check(file: PolicyFile, placed: Placed, check: Check, denies: Outcome) -> Iterator[Breach]:
    number = f"'{check.test.compare}: {check.test.written}'"
    if check.our_threshold and denies is MET:
        said = f"a chart that passes {number} denies the order, and the number is ours"
        yield Breach(
            file.name, file.line_of(placed, check.test.compare), check.id, said, "rest an exclusion on a number of the document"
        )
    elif check.our_threshold and not check.open_because:
        said = f"a chart that fails {number} can deny the order, and the number is ours"
        hint = "add 'if_not_met: {treat_as: not documented, because: …}', so that a person is asked"
        yield Breach(file.name, file.line_of(placed, check.test.compare), check.id, said, hint)
    presumption = check.presumption
    if check.our_window and presumption and presumption.always and presumption.treat_as is denies:
        said = f"what is older than 'within: {check.within}' is presumed {denies.value} always, and the look-back is ours"
        yield Breach(
            file.name, file.line_of(placed, "within"), check.id, said, "leave out 'always': older evidence is then asked about"
        )


RULE = Rule("denies-by-our-number", "thresholds", "error", _find)
