"""The count of neutrophils, and what white cells say of it.

Neutrophils are among the white cells: where these are few, so are those, and a count of before then no longer tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from cds_service.facts.evidence_days import after, first, last, latest, usable
from cds_service.facts.restated import doubtful
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Interval

NEUTROPENIA: Final = 1500.0
"""Neutrophils per microlitre below which there is neutropenia."""
FEW_WHITE_CELLS: Final = "white cells were or may be few, and so neutrophils"
"""Note on what a low count of white cells says of neutrophils."""
FEW_BY_SHARE: Final = "as many are the share of the white cells, and nobody counted them"
"""Note on what white cells and a share of them come to."""
CONTRADICTED: Final = "fewer white cells were counted on that day"
"""Note on a count of neutrophils that cannot be right beside that of white cells."""


@rule("neutrophil count", "counted", "white", "share")
def neutrophil_count(facts: Mapping[str, Fact], as_of: date) -> list[Evidence]:
    """Return the counts of neutrophils, in doubt where white cells are few.

    White cells below 1500 leave open what an older count says that is higher than they are, and so do a share of them that
    comes to less, and either where it cannot be read. Beside a count of neutrophils of the same day they say nothing,
    unless it is higher than they are.
    """
    few = [low for e in facts["white"].evidence if (low := _at_most(e, FEW_WHITE_CELLS)) is not None]
    few += _by_share(facts)
    unread = [doubtful(e, FEW_WHITE_CELLS) for name in ("white", "share") for e in facts[name].evidence if _cannot_be_read(e)]
    counted = [_contradicted(e, few) for e in facts["counted"].evidence]
    sure = usable(facts["counted"])
    open_ = [e for e in unread if not any(one.when == e.when for one in sure)]
    return counted + [e for e in few if not _counted_as_few(sure, e)] + open_


def _cannot_be_read(evidence: Evidence) -> bool:
    return evidence.standing is Standing.UNCERTAIN and not isinstance(evidence.value, Interval)


def is_of_white_cells(evidence: Evidence) -> bool:
    """Tell whether a count is only what white cells leave of it."""
    return FEW_WHITE_CELLS in evidence.note or FEW_BY_SHARE in evidence.note


def _at_most(white: Evidence, note: str) -> Evidence | None:
    """Return the neutrophils that there may be at most.

    Returns None where the white cells are not surely few, or their record does not count.
    """
    many = white.value
    if white.standing is Standing.DISCOUNTED or not isinstance(many, Interval) or not many.below(NEUTROPENIA):
        return None
    return doubtful(white, note, Interval(0.0, many.high, high_open=many.high_open))._replace(instant=white.instant)


def _by_share(facts: Mapping[str, Fact]) -> list[Evidence]:
    """Return the neutrophils that shares of white cells come to, where few."""
    found: list[Evidence] = []
    shares, whites = ([e for e in facts[name].evidence if e.standing is not Standing.DISCOUNTED] for name in ("share", "white"))
    for share in shares:
        for white in whites:
            if white.when != share.when or not isinstance(white.value, Interval) or not isinstance(share.value, Interval):
                continue
            part = Interval(white.value.low * share.value.low / 100, white.value.high * share.value.high / 100)
            low = _at_most(white._replace(value=part), FEW_BY_SHARE)
            found += [] if low is None else [low]
    return found


def _contradicted(count: Evidence, few: list[Evidence]) -> Evidence:
    """Return a count, in doubt where fewer white cells were there."""
    if count.standing is not Standing.USABLE or not isinstance(count.value, Interval) or count.value.low < NEUTROPENIA:
        return count
    if any(e.when == count.when and after(e, count) is not False for e in few):
        return count._replace(standing=Standing.UNCERTAIN, note=CONTRADICTED)
    return count


def _counted_as_few(sure: list[Evidence], few: Evidence) -> bool:
    """Tell whether the last count before is no higher than white cells."""
    before = latest([e for e in sure if first(e) <= last(few)])
    return bool(before) and all(isinstance(e.value, Interval) and e.value.low <= _most(few) for e in before)


def _most(few: Evidence) -> float:
    return few.value.high if isinstance(few.value, Interval) else 0.0
