"""What a check's test says of a piece of evidence, as formulas.

The cases are the same as in ``policy.judge``.
"""

from __future__ import annotations

from datetime import date

from cds_service.analysis.domain import Domain
from cds_service.analysis.truths import Truth, conj, disj, neg
from cds_service.analysis.unknown_chart import UnknownPiece
from cds_service.policy.criterion import Test
from cds_service.policy.values import Interval


def answer(piece: UnknownPiece, test: Test, domain: Domain, as_of: date) -> tuple[Truth, Truth]:
    """Tell whether the value passes the test, and whether it fails.

    This follows ``comparing.answer``.
    """
    met: Truth = False
    not_met: Truth = False
    for kind, chosen in piece.kind.items():
        passes, fails = _answer_of(kind, piece, test, domain, as_of)
        met, not_met = disj(met, conj(chosen, passes)), disj(not_met, conj(chosen, fails))
    return met, not_met


def _answer_of(kind: str, piece: UnknownPiece, test: Test, domain: Domain, as_of: date) -> tuple[Truth, Truth]:
    if kind == "day" and test.ago is not None:
        return _ago(test.compare, piece, test.ago.start(as_of).toordinal())
    match kind, test.compare, test.value:
        case "day", "documented", _:
            return True, False
        case "truth", "is", bool() as wanted:
            return (piece.truth, neg(piece.truth)) if wanted else (neg(piece.truth), piece.truth)
        case "word", "is", str() as wanted:
            passes = piece.word == domain.words.index(wanted) if wanted in domain.words else False
            return passes, neg(passes)
        case "truth" | "word", "is", _:
            return False, True
        case "code", "in", str() as wanted:
            passes = disj(*(piece.code == place for place, code in enumerate(domain.codes) if wanted in code.sets))
            return passes, neg(passes)
        case "number", compare, Interval(low=bound):
            return _compare(compare, piece, domain.numbers.index(bound))
        case _:
            return False, False


def _ago(compare: str, piece: UnknownPiece, start: int) -> tuple[Truth, Truth]:
    """Say how long ago a day is, as ``comparing.answer`` does.

    ``start`` is the day so long ago.
    """
    first, last = piece.day_first, piece.day_last
    match compare:
        case "is_at_most":
            return first >= start, last < start
        case "is_below":
            return first > start, last <= start
        case "is_at_least":
            return last <= start, first > start
        case "is_above":
            return last < start, first >= start
        case _:
            return False, False


def _compare(compare: str, piece: UnknownPiece, bound: int) -> tuple[Truth, Truth]:
    """Compare as ``judge._compare``, on places in the list of numbers."""
    low, high = piece.low, piece.high
    all_at_least = low >= bound
    all_above = disj(low > bound, conj(low == bound, piece.low_open))
    all_at_most = high <= bound
    all_below = disj(high < bound, conj(high == bound, piece.high_open))
    match compare:
        case "is_at_least":
            return all_at_least, all_below
        case "is_above":
            return all_above, all_at_most
        case "is_at_most":
            return all_at_most, all_above
        case "is_below":
            return all_below, all_at_least
        case "is":
            met = conj(low == bound, high == bound)
            return met, conj(neg(met), disj(all_above, all_below))
        case _:
            return False, False
