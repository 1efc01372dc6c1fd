"""Rules that derive facts without Python, by their key in ``facts/*.yaml``.

They are those that are not special to one field of medicine. Every one takes the evidence of facts and gives evidence
of another. What is uncertain in what it takes stays uncertain; what is missing leaves the derived fact silent. A number
made of several is as old as the oldest of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from math import inf, isnan
from typing import Final

from cds_service.facts.evidence_days import last as last_day
from cds_service.facts.restated import but, doubtful, usable
from cds_service.facts.rule import Derivation
from cds_service.policy.evidence import Evidence, Fact, Standing, is_unread
from cds_service.policy.values import Days, Interval, LookBack, at_least

Inputs = Mapping[str, Fact]
ONE_OR_MORE: Final = ("any_of", "latest_of", "first_documented_of", "highest_of", "lowest_of", "sum_of", "product_of")
"""Derivations of one fact or several, in the file's order."""
FROM_TO: Final = ("days_between", "fall_of")
"""Derivations of two facts, ``from`` and ``to``."""
ALL: Final = (*ONE_OR_MORE, *FROM_TO, "there_is", "in_doubt", "at_least_that_of")


def derivation(key: str, takes: Sequence[str], within: str) -> Derivation:
    """Return the rule of a derivation.

    ``takes`` are the names of its inputs, ``within`` the look-back of the highest or lowest.
    """
    span = LookBack.parse(within) if within else None
    compute: Callable[[Inputs, date], list[Evidence]]
    match key:
        case "any_of":
            compute = _any
        case "latest_of":
            compute = _together
        case "first_documented_of":
            compute = _first_documented
        case "highest_of":
            compute = partial(_extreme, 1.0, span)
        case "lowest_of":
            compute = partial(_extreme, -1.0, span)
        case "sum_of":
            compute = partial(_combined, _sum)
        case "product_of":
            compute = partial(_combined, _product)
        case "days_between":
            compute = _days_between
        case "fall_of":
            compute = _fall
        case "in_doubt":
            compute = _in_doubt
        case "at_least_that_of":
            compute = _at_least
        case _:
            compute = _there_is
    return Derivation(compute, frozenset(takes))


def _together(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return all evidence of the facts.

    The latest of it decides, as for one fact.
    """
    return [e for fact in facts.values() for e in fact.evidence]


def _first_documented(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return the evidence of the first fact of which anything counts.

    What was discounted (cancelled, another patient's) hides no other fact; it is told where nothing counts.
    """
    told = [list(fact.evidence) for fact in facts.values() if fact.evidence]
    return next(
        (found for found in told if any(e.standing is not Standing.DISCOUNTED for e in found)), [e for found in told for e in found]
    )


def _any(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return yes where one of the facts is so.

    It is no where every one is documented not to be so.
    """
    sure: list[Evidence] = []
    open_: list[Evidence] = []
    denied: list[Evidence] = []
    for fact in facts.values():
        latest, doubts = _latest(fact, as_of)
        if any(e.value is True for e in latest):
            agreed = not doubts and all(e.value is True for e in latest)
            (sure if agreed else open_).extend(e if agreed else doubtful(e, "records disagree", True) for e in latest if e.value)
        elif latest and not doubts:
            denied.append(min(latest, key=last_day))
        open_ += doubts
    if sure:
        return sure
    return open_ + ([min(denied, key=last_day)] if len(denied) == len(facts) else [])


def _there_is(facts: Inputs, as_of: date) -> list[Evidence]:
    """Yes where anything usable is on record of the fact; never no."""
    found: list[Evidence] = []
    for e in (e for fact in facts.values() for e in fact.evidence if e.standing is not Standing.DISCOUNTED):
        if e.value is False:
            continue
        found.append(but(e, True) if e.standing is Standing.USABLE else doubtful(e, "", True))
    return found


def _in_doubt(facts: Inputs, as_of: date) -> list[Evidence]:
    """Yes where what speaks of the fact decides nothing.

    No where something decides it, of a later day or alone. What says the same as what decides leaves nothing in doubt.
    """
    found: list[Evidence] = []
    for fact in facts.values():
        sure = usable(fact)
        latest = max(map(last_day, sure), default=date.min)
        held = {e.value for e in sure}
        open_ = [e for e in fact.evidence if e.standing is Standing.UNCERTAIN and (e.value is None or e.value not in held)]
        doubts = [e for e in open_ if e.when is None or e.when.last >= latest]
        found += [but(e, True) for e in doubts] or [but(e, False) for e in sure if last_day(e) == latest]
    return found


def _at_least(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return a fact's numbers as the least they can be.

    So a reckoned number can be enough, and is never too little.
    """
    return [
        e._replace(value=at_least(e.value)) if isinstance(e.value, Interval) else e
        for fact in facts.values()
        for e in fact.evidence
    ]


def _extreme(sign: float, span: LookBack | None, facts: Inputs, as_of: date) -> list[Evidence]:
    """Return the highest (``sign`` 1) or lowest (-1) number on record.

    It is taken from all records of the facts that lie in the look-back. A record that cannot be read, or may lie
    outside, leaves open how much further it goes.
    """
    start = span.start(as_of) if span else date.min
    sure: list[Evidence] = []
    doubts: list[Evidence] = []
    for e in (e for fact in facts.values() for e in fact.evidence if e.standing is not Standing.DISCOUNTED):
        when = e.when
        if when is not None and (when.first > as_of or when.last < start):
            continue
        inside = span is None or (when is not None and when.first >= start)
        (sure if e.standing is Standing.USABLE and inside and isinstance(e.value, Interval) else doubts).append(e)
    if not sure:
        return [doubtful(e, "it may be of another time", e.value) for e in doubts]
    held = [e.value for e in sure if isinstance(e.value, Interval)]
    further = [(max(sign * e.value.low, sign * e.value.high) if isinstance(e.value, Interval) else inf) for e in doubts]
    near = max(min(sign * one.low, sign * one.high) for one in held)
    far = max([*(max(sign * one.low, sign * one.high) for one in held), *further])
    top = max(sure, key=lambda e: max(sign * e.value.low, sign * e.value.high) if isinstance(e.value, Interval) else -inf)
    return [but(top, Interval(min(sign * near, sign * far), max(sign * near, sign * far)))]


def _combined(combine: Callable[[Interval, Interval], Interval], facts: Inputs, as_of: date) -> list[Evidence]:
    """Combine the latest number of each fact into one.

    There is none where one of the facts is not documented.
    """
    parts: list[Evidence] = []
    doubts: list[Evidence] = []
    for fact in facts.values():
        latest, newer = _latest(fact, as_of)
        values = {e.value for e in latest}
        if len(values) > 1:
            doubts += [doubtful(e, "records of one day disagree") for e in latest]
        elif latest:
            parts.append(latest[0])
        doubts += [doubtful(e, "") for e in newer]
    if doubts or len(parts) < len(facts):
        return doubts
    value: Interval | None = None
    for part in parts:
        if not isinstance(part.value, Interval):
            return []
        value = part.value if value is None else combine(value, part.value)
    oldest = min(parts, key=last_day)
    kind = "answered" if all(part.kind == "answered" for part in parts) else oldest.kind
    return [Evidence(value, oldest.when, oldest.resource, kind)]


def _sum(one: Interval, other: Interval) -> Interval:
    return Interval(one.low + other.low, one.high + other.high, one.low_open or other.low_open, one.high_open or other.high_open)


def _product(one: Interval, other: Interval) -> Interval:
    ends = [a * b for a in (one.low, one.high) for b in (other.low, other.high)]
    bounded = [0.0 if isnan(end) else end for end in ends]
    return Interval(min(bounded), max(bounded))


def _days_between(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return how many days lie between two days.

    Where there is no second day, they are counted to the date of service.
    """
    begins, doubts = _days_of(facts["from"], as_of)
    ends = [(Evidence(Days.on(as_of), Days.on(as_of)), Days.on(as_of))]
    if "to" in facts:
        ends, more = _days_of(facts["to"], as_of)
        doubts = doubts + more
    if doubts or not begins or not ends:
        return doubts
    first, last = min(day.first for _, day in begins), max(day.last for _, day in begins)
    soonest, latest = min(day.first for _, day in ends), max(day.last for _, day in ends)
    said, day = begins[0]
    value = Interval((soonest - last).days, (latest - first).days)
    return [
        Evidence(value, Days.on(as_of) if "to" not in facts else ends[0][1], said.resource, said.kind, shown=f"since {day.text()}")
    ]


def _days_of(fact: Fact, as_of: date) -> tuple[list[tuple[Evidence, Days]], list[Evidence]]:
    """Return the latest evidence of a day, and what leaves it open."""
    latest, doubts = _latest(fact, as_of)
    return [(e, e.value) for e in latest if isinstance(e.value, Days)], [doubtful(e, "") for e in doubts]


def _fall(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return by how many percent a number fell.

    It is computed from two numbers that are documented; a rise is no fall (0 %).
    """
    doubts = [e for fact in facts.values() for e in fact.evidence if e.standing is Standing.UNCERTAIN]
    before, now = (max(usable(facts[name]), key=last_day, default=None) for name in ("from", "to"))
    if before is None or now is None:
        return doubts
    earlier, later = before.value, now.value
    if not isinstance(earlier, Interval) or not isinstance(later, Interval) or earlier.high <= 0:
        return doubts
    low = 1 - later.high / earlier.low if earlier.low > 0 else 0.0
    value = Interval(round(100 * max(low, 0.0), 6), round(100 * max(1 - later.low / earlier.high, 0.0), 6))
    shown = f"from {earlier.text()} to {later.text()}"
    return [Evidence(value, now.when, now.resource or before.resource, now.kind, Standing.USABLE, now.note or before.note, shown)]


def _latest(fact: Fact, as_of: date) -> tuple[list[Evidence], list[Evidence]]:
    """Return the usable evidence of the latest day, and doubts about it.

    The day is taken as ``judge`` takes it. The doubts are the uncertain evidence that is later, or of the same day and
    unread.
    """
    past = [e for e in fact.evidence if e.when is None or e.when.first <= as_of]
    held = [e for e in past if e.standing is Standing.USABLE]
    dated = [e for e in held if e.when is not None]
    latest = _of_latest_day(dated) if dated else held
    end = max((last_day(e) for e in latest), default=date.min)
    open_ = [e for e in past if e.standing is Standing.UNCERTAIN]
    return latest, [e for e in open_ if not latest or _is_as_late(e, end)]


def _is_as_late(evidence: Evidence, end: date) -> bool:
    when = evidence.when
    return when is not None and (when.first > end or (when.first == end and is_unread(evidence)))


def _of_latest_day(dated: Iterable[Evidence]) -> list[Evidence]:
    held = [(e, e.when) for e in dated if e.when is not None]
    latest = max((when for _, when in held), key=lambda when: (when.last, when.first))
    return [e for e, when in held if when.last >= latest.first]
