"""Makes a chart as plain as possible while it shows something.

A plain chart has few facts, exact values and ordinary days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from cds_service.analysis.domain import Domain
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval, Value

Shows = Callable[[Mapping[str, Fact]], bool]
"""A test whether facts still show what they are an example of."""
PLAIN_DAYS = (0, 14, 60, 180, 365)
"""Days before the date of service that are tried first."""


def smallest(facts: Mapping[str, Fact], shows: Shows, domains: Mapping[str, Domain], as_of: date) -> dict[str, Fact]:
    """Reduce the facts to what is needed for ``shows`` to hold.

    Each fact that stays is made plainer as long as ``shows`` holds.
    """
    held = dict(facts)
    for plainer in _without_gaps(held):
        if shows(plainer):
            held = plainer
    while True:
        before = held
        for name in before:
            for fact in _plainer_facts(held[name], domains[name], as_of):
                tried = held | {name: fact}
                if shows(tried):
                    held = tried
                    break
        if held == before:
            return held


def _without_gaps(facts: Mapping[str, Fact]) -> Iterator[dict[str, Fact]]:
    """Yield the facts with everything searched.

    Then yield them with every kind of record searched but one.
    """
    yield {name: fact._replace(unsearched=()) for name, fact in facts.items()}
    kinds = dict.fromkeys(kind for fact in facts.values() for kind in fact.unsearched)
    for kept in kinds:
        yield {name: fact._replace(unsearched=tuple(k for k in fact.unsearched if k == kept)) for name, fact in facts.items()}


def _plainer_facts(fact: Fact, domain: Domain, as_of: date) -> Iterator[Fact]:
    """Yield the fact with less or plainer evidence, plainest first.

    Yields nothing once the fact is as plain as can be.
    """
    if domain.always or not fact.evidence:
        return
    yield fact._replace(evidence=())
    for place, piece in enumerate(fact.evidence):
        before, after = fact.evidence[:place], fact.evidence[place + 1 :]
        if before or after:
            yield fact._replace(evidence=before + after)
        for plainer in _plainer_pieces(piece, domain, as_of):
            yield fact._replace(evidence=(*before, plainer, *after))


def _plainer_pieces(piece: Evidence, domain: Domain, as_of: date) -> Iterator[Evidence]:
    if piece.standing is not Standing.USABLE:
        yield piece._replace(standing=Standing.USABLE, note="")
    days = [Days.on(as_of - timedelta(back)) for back in PLAIN_DAYS]
    if piece.when is None or piece.when not in days:
        yield from (piece._replace(when=day) for day in days)
    elif days.index(piece.when):
        yield from (piece._replace(when=day) for day in days[: days.index(piece.when)])
    if piece.when and piece.when.first != piece.when.last:
        yield from (piece._replace(when=Days.on(day)) for day in (piece.when.last, piece.when.first))
    yield from (piece._replace(value=value) for value in _plainer_values(piece.value, domain, days))


def _plainer_values(value: Value | None, domain: Domain, days: list[Days]) -> Iterator[Value]:
    match value:
        case Interval(low=low, high=high) if low != high:
            yield from (Interval.exactly(number) for number in domain.numbers if abs(number) != float("inf"))
        case Days():
            yield from days[: days.index(value)] if value in days else days
            if value.first != value.last:
                yield from (Days.on(value.last), Days.on(value.first))
        case _:
            return
