"""How often something happened, as formulas: the same count as in ``policy.counting``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

from cds_service.analysis.truths import Truth, at_least, conj, disj, neg
from cds_service.policy.criterion import Test
from cds_service.policy.values import Interval


class CountedPiece(NamedTuple):
    """A piece of evidence that counts for certain, or may count.

    It also has the day that it is of.
    """

    sure: Truth
    maybe: Truth
    dated: Truth
    first: Any
    last: Any


def compared(pieces: Sequence[CountedPiece], times: Test) -> tuple[Truth, Truth]:
    """Return whether records prove the count enough, and not enough.

    The count is that of different days; ``times`` tests it.
    """
    count = _count(times)
    match times.compare:
        case "is_at_least":
            return _sure(pieces, count), False
        case "is_above":
            return _sure(pieces, count + 1), False
        case "is_below":
            return False, _sure(pieces, count)
        case _:
            return False, _sure(pieces, count + 1)


def closed(pieces: Sequence[CountedPiece], times: Test, *, always: bool) -> tuple[Truth, Truth]:
    """Return the same as ``compared`` where the records are complete.

    What is on record is all there was. With ``always``, what only may count does not.
    """

    def most(count: int) -> Truth:
        return _sure(pieces, count) if always else _most(pieces, count)

    count = _count(times)
    enough, more = _sure(pieces, count), _sure(pieces, count + 1)
    match times.compare:
        case "is_at_least":
            return enough, neg(most(count))
        case "is_above":
            return more, neg(most(count + 1))
        case "is_at_most":
            return neg(most(count + 1)), more
        case "is_below":
            return neg(most(count)), enough
        case _:
            return conj(enough, neg(most(count + 1))), disj(more, neg(most(count)))


def _count(times: Test) -> int:
    return int(times.value.low) if isinstance(times.value, Interval) else 0


def _sure(pieces: Sequence[CountedPiece], count: int) -> Truth:
    """Return whether there are surely at least so many different days.

    It is as ``counting.fewest_days`` tells.
    """
    if count <= 0:
        return True
    if count == 1:
        return disj(*(one.sure for one in pieces))
    return disj(
        *(
            conj(
                *(conj(one.sure, one.dated) for one in some),
                *(disj(one.last < other.first, other.last < one.first) for one, other in combinations(some, 2)),
            )
            for some in combinations(pieces, count)
        )
    )


def _most(pieces: Sequence[CountedPiece], count: int) -> Truth:
    """Return whether there may be at least so many different days.

    It is as ``counting.most_days`` tells.
    """
    exact = [conj(one.dated, one.first == one.last) for one in pieces]
    adds = []
    for place, one in enumerate(pieces):
        same = [
            conj(other.sure, exact[place], exact[at], other.first == one.first) for at, other in enumerate(pieces) if at != place
        ]
        earlier = disj(*same[:place])
        adds.append(disj(conj(one.sure, neg(earlier)), conj(one.maybe, neg(disj(*same)))))
    return at_least(count, adds)
