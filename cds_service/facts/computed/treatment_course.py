"""The course of chemotherapy that is under way.

This module tells when its first dose was, and what blood counts under it are worth. Chemotherapy is known from what was given,
taken, dispensed, ordered or done. The spans in days are our choice, after the length of a cycle of chemotherapy; the
policy names none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from cds_service.facts.computed.white_cells import NEUTROPENIA, is_of_white_cells
from cds_service.facts.evidence_days import first, last, uncertain, usable
from cds_service.facts.restated import doubtful, spoken
from cds_service.facts.rule import rule
from cds_service.policy.evidence import NAMED_ONLY, Evidence, Fact, Standing
from cds_service.policy.values import Interval

PRESENT: Final = 180
"""Days for which an active order speaks of the present regimen.

A regimen under way may have begun within them.
"""
GAP: Final = 60
"""Days without a dose after which the next one begins another regimen."""
NADIR: Final = 21
"""Days after a dose of chemotherapy in which counts are nadirs."""

DIAGNOSED: Final = "neutropenia is on record as a diagnosis"
"""Note on the count that a diagnosis of neutropenia leaves open."""

Inputs = Mapping[str, Fact]
TAKES: Final[frozenset[str]] = frozenset({"doses", "ordered"})


class Course:
    """The present regimen.

    ``day`` is that of its first dose, as far as it is known; ``unread`` are medicines that may be of it. ``unsearched``
    says that not all records of medicines were searched.
    """

    __slots__ = ("day", "unread", "unsearched")

    def __init__(self, day: date, unread: list[Evidence], unsearched: bool) -> None:
        self.day = day
        self.unread = unread
        self.unsearched = unsearched

    def perhaps_earlier(self, episode: Evidence) -> bool:
        """Tell whether the first dose may lie before an episode after all.

        It may where records were not searched, or could not be read.
        """
        return self.unsearched or any(e.when is None or first(e) <= last(episode) for e in self.unread)


def course_began(facts: Inputs, as_of: date) -> Course:
    """Return the present regimen with the day on which it began.

    It is the first of the doses that follow each other up to now, or today where none was given. Without a dose or an
    order on record it may have begun at any time of the last half year.
    """
    doses = [first(e) for e in usable(facts["doses"]) if first(e) <= as_of and e.value is True]
    orders = [first(e) for e in usable(facts["ordered"]) if e.value is True]
    orders = [min(day, as_of) for day in orders if day >= as_of - timedelta(PRESENT)]
    present = sorted({*doses, *orders}, reverse=True)
    began = as_of - timedelta(PRESENT)
    if present and present[0] >= began:
        began = present[0]
        for day in present:
            if (began - day).days <= GAP:
                began = day
        began = min([began, *orders])
    unread = [*uncertain(facts["doses"], as_of, PRESENT), *uncertain(facts["ordered"], as_of, PRESENT)]
    return Course(began, unread, bool(facts["doses"].unsearched or facts["ordered"].unsearched))


@rule("neutrophils before treatment", "neutrophils", "blamed", "diagnosed", *TAKES)
def neutrophils_before_treatment(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return counts that are no nadir.

    A nadir was taken in the three weeks after a dose of chemotherapy. After an order alone, or a medicine that cannot
    be read, it is not known whether the count is of before the treatment; nor is it within three weeks of low counts
    that are recorded as due to chemotherapy. One that is high enough even so says that
    there was no neutropenia, unless one of before the treatment was low, or cannot be read.

    Neutropenia as a diagnosis is no count: it leaves open what an older one says.
    """
    doses = [e for e in usable(facts["doses"]) if e.value is True]
    perhaps = [e for e in usable(facts["ordered"]) if e.value is True]
    perhaps += [*uncertain(facts["doses"], as_of, PRESENT), *_perhaps_ordered(facts["ordered"], as_of)]
    unsearched = bool(facts["doses"].unsearched or facts["ordered"].unsearched)
    counts = [*facts["neutrophils"].evidence, *_diagnosed(facts)]
    blamed = [e for e in facts["blamed"].evidence if e.standing is not Standing.DISCOUNTED and e.value is not False]
    taken = [_as_taken(e, doses, perhaps, blamed, unsearched) for e in counts]
    if any(e.standing is Standing.USABLE and not _enough(e) for e in taken):
        return taken
    open_ = Fact("", tuple([e for e, as_taken in zip(counts, taken, strict=True) if as_taken is e]), ())
    unread = [first(e) for e in uncertain(open_, as_of, PRESENT)]
    return [
        e if e.standing is Standing.USABLE and _enough(e) and not any(day <= last(e) for day in unread) else as_taken
        for e, as_taken in zip(counts, taken, strict=True)
    ]


def _perhaps_ordered(orders: Fact, as_of: date) -> list[Evidence]:
    """Return the orders that may be of chemotherapy.

    Those that only words name count whenever they began, as those in code do.
    """
    lately = uncertain(orders, as_of, PRESENT)
    return lately + [e for e in orders.evidence if e.standing is Standing.UNCERTAIN and NAMED_ONLY in e.note and e not in lately]


def _diagnosed(facts: Inputs) -> list[Evidence]:
    """Return what diagnoses of neutropenia leave open of the count.

    Those that blame chemotherapy are of a nadir.
    """
    blamed = {e.resource for e in facts["blamed"].evidence}
    return [
        doubtful(e, DIAGNOSED, Interval(0.0, NEUTROPENIA, high_open=True))
        for e in spoken(facts["diagnosed"])
        if e.when is not None and e.resource not in blamed
    ]


def _is_low_in_doubt(count: Evidence) -> bool:
    """Tell whether a count is low by what is none itself."""
    return count.standing is Standing.UNCERTAIN and (DIAGNOSED in count.note or is_of_white_cells(count))


def _enough(count: Evidence) -> bool:
    return isinstance(count.value, Interval) and count.value.low >= NEUTROPENIA


def _as_taken(
    count: Evidence, doses: list[Evidence], perhaps: list[Evidence], blamed: list[Evidence], unsearched: bool
) -> Evidence:
    """Return a count with its standing as one before the treatment."""
    if count.standing is not Standing.USABLE and not _is_low_in_doubt(count):
        return count
    about = timedelta(NADIR)
    if any(0 < (first(count) - first(dose)).days <= NADIR for dose in doses):
        return count._replace(standing=Standing.DISCOUNTED, note="taken under chemotherapy: it may be a nadir")
    if unsearched:
        note = "not all records of medicines were searched: it may be a nadir"
        return count._replace(standing=Standing.UNCERTAIN, note=note)
    if any(e.when and first(e) - about <= last(count) and first(count) <= last(e) + about for e in blamed):
        note = "low counts due to chemotherapy are on record about that day: it may be a nadir"
        return count._replace(standing=Standing.UNCERTAIN, note=note)
    if any(e.when is None or first(e) < first(count) for e in perhaps):
        return count._replace(standing=Standing.UNCERTAIN, note="taken after chemotherapy was ordered: it may be a nadir")
    return count
