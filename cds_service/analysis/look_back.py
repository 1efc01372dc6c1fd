"""Where evidence of an unknown chart lies in a look-back, as formulas.

The rules are those of ``policy.look_back``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import z3

from cds_service.analysis.truths import Truth, conj, disj, neg
from cds_service.analysis.unknown_chart import UnknownChart, UnknownPiece
from cds_service.policy.criterion import Check


class Window(NamedTuple):
    """The first day that counts, as a span of ordinals.

    ``there`` is false where evidence of any day counts.
    """

    there: Truth
    first: Any
    last: Any


class PlacedPiece(NamedTuple):
    """A piece of evidence as a look-back sees it."""

    piece: UnknownPiece
    usable: Truth
    uncertain: Truth
    dated: Truth
    first: Any
    old: Truth


def window_of(check: Check, chart: UnknownChart) -> Window:
    """Return where a look-back begins, as ``policy.look_back.first_that_counts``.

    It begins on the days of another fact where that has usable ones, else at the given length of time.
    """
    start = check.within.start(chart.as_of).toordinal() if check.within else 0
    window = Window(check.within is not None, start, start)
    if check.since is None:
        return window
    pieces = chart.facts_by_name[check.since].pieces
    days = [(conj(p.usable, p.kind.get("day", False)), p.day_first, p.day_last) for p in pieces]
    given = disj(*(there for there, _, _ in days))
    first, last = window.first, window.last
    so_far: Truth = False
    for there, day_first, day_last in days:
        first = choose(there, choose(conj(so_far, first <= day_first), first, day_first), first)
        last = choose(there, choose(conj(so_far, last >= day_last), last, day_last), last)
        so_far = disj(so_far, there)
    return Window(disj(given, window.there), first, last)


def placed_piece(piece: UnknownPiece, window: Window, own_day: bool, today: int) -> PlacedPiece:
    """Place a piece of evidence in a look-back, as ``policy.look_back.as_seen``.

    It is discounted when it is too late or too old, and uncertain when that cannot be told. ``today`` is the ordinal of
    the date of service.
    """
    is_day = piece.kind.get("day", False) if own_day else False
    dated = disj(is_day, piece.dated)
    first = choose(is_day, piece.day_first, piece.first)
    last = choose(is_day, piece.day_last, piece.last)
    future = conj(dated, first > today)
    old = conj(window.there, dated, last < window.first)
    in_doubt = conj(window.there, disj(neg(dated), first < window.first))
    counts = conj(neg(future), neg(old))
    usable = conj(piece.usable, counts, neg(in_doubt))
    uncertain = conj(counts, disj(piece.uncertain, conj(piece.usable, in_doubt)))
    return PlacedPiece(piece, usable, uncertain, dated, first, conj(neg(future), old))


def choose(condition: Truth, one: Any, other: Any) -> Any:
    """Return one of two formulas, by a condition."""
    if isinstance(condition, bool):
        return one if condition else other
    return z3.If(condition, one, other)


def latest_pieces(placed: list[PlacedPiece], earliest: bool) -> list[Truth]:
    """Tell which pieces are of the latest day, as ``policy.look_back._latest``.

    The day is that on which each was recorded. All that may be of the latest day count, or all undated ones if none is
    dated.
    """
    dated = [conj(one.usable, one.piece.dated) for one in placed]
    none_dated = conj(*(neg(there) for there in dated))
    top = [
        conj(
            there,
            *(
                disj(neg(other_there), _not_beyond(other.piece, one.piece, earliest))
                for other, other_there in zip(placed, dated, strict=True)
            ),
        )
        for one, there in zip(placed, dated, strict=True)
    ]
    found = []
    for one, there in zip(placed, dated, strict=True):
        reached = disj(
            *(conj(is_top, _may_share_day(one.piece, other.piece, earliest)) for other, is_top in zip(placed, top, strict=True))
        )
        found.append(disj(conj(none_dated, one.usable), conj(there, reached)))
    return found


def newer_doubts(latest: list[tuple[PlacedPiece, Truth]], earliest: bool) -> list[tuple[UnknownPiece, Truth]]:
    """Tell which pieces are newer doubts, as ``judge._reopened``.

    Such a piece is uncertain, and newer than all dated evidence that decides.
    """
    some_dated = disj(*(conj(member, one.piece.dated) for one, member in latest))
    found = []
    for doubt, _ in latest:
        after = conj(
            *(neg(conj(member, one.piece.dated, neg(_beyond(doubt.piece, one.piece, earliest)))) for one, member in latest)
        )
        found.append((doubt.piece, conj(doubt.uncertain, doubt.piece.dated, some_dated, after)))
    return found


def _beyond(one: UnknownPiece, other: UnknownPiece, earliest: bool) -> Truth:
    """Say whether a piece is surely later than another.

    Where the earliest decides, it says whether the piece is surely earlier.
    """
    return one.last < other.first if earliest else one.first > other.last


def _may_share_day(one: UnknownPiece, other: UnknownPiece, earliest: bool) -> Truth:
    return one.first <= other.last if earliest else one.last >= other.first


def _not_beyond(one: UnknownPiece, other: UnknownPiece, earliest: bool) -> Truth:
    if one is other:
        return True
    if earliest:
        return disj(one.first > other.first, conj(one.first == other.first, one.last >= other.last))
    return disj(one.last < other.last, conj(one.last == other.last, one.first <= other.first))
