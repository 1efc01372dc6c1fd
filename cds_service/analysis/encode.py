"""What criteria mean on an unknown chart, as formulas of z3.

The rules are those of ``policy.judge``; what they say of time is in ``look_back``. Every criterion becomes a pair,
*met* and *not met*; neither is *not documented*. The differential test (``python -m bench.differential``) compares the
two on random policies and charts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cds_service.analysis.look_back import PlacedPiece, Window, choose, latest_pieces, newer_doubts, placed_piece, window_of
from cds_service.analysis.times import CountedPiece, closed, compared
from cds_service.analysis.truths import Truth, at_least, conj, disj, neg
from cds_service.analysis.unknown_chart import UnknownChart, UnknownPiece
from cds_service.analysis.value_tests import answer
from cds_service.policy.criterion import AtLeast, Check, Criterion, NoneOf, Outcome, Test, walk
from cds_service.policy.look_back import reopens


@dataclass(frozen=True, slots=True)
class Encoded:
    """A criterion on the unknown chart.

    ``presumed`` says that silence settled a check, ``left_open`` that it fails and the document leaves it to a person.
    """

    criterion: Criterion
    met: Truth
    not_met: Truth
    presumed: Truth = False
    parts: tuple[Encoded, ...] = ()
    left_open: Truth = False

    @property
    def open(self) -> Truth:
        """Whether it is not documented."""
        return conj(neg(self.met), neg(self.not_met))


Forced = Mapping[int, tuple[Truth, Truth]]
"""Criteria (by ``id()``) with a given outcome: *met* and *not met*."""


class Encoder:
    """Encodes criteria on one unknown chart.

    What several criteria share is encoded once.
    """

    def __init__(self, chart: UnknownChart) -> None:
        self.chart = chart
        self.today = chart.as_of.toordinal()
        self._known: dict[int, Encoded] = {}
        self._ids: dict[int, frozenset[int]] = {}
        self._kept: list[Criterion] = []
        self._latest: dict[tuple[object, ...], tuple[list[tuple[PlacedPiece, Truth]], Truth, Truth, Window]] = {}
        self._answers: dict[tuple[object, ...], tuple[Truth, Truth]] = {}

    def encode(self, criterion: Criterion, forced: Forced | None = None) -> Encoded:
        """Encode a criterion with all its parts.

        ``forced`` replaces the outcomes of some of them.
        """
        if forced and id(criterion) in forced:
            met, not_met = forced[id(criterion)]
            return Encoded(criterion, met, not_met, parts=self.encode(criterion).parts)
        if forced is None or self._below(criterion).isdisjoint(forced):
            found = self._known.get(id(criterion))
            if found is None:
                found = self._known[id(criterion)] = self._encode(criterion, None)
                self._kept.append(criterion)
            return found
        return self._encode(criterion, forced)

    def _below(self, criterion: Criterion) -> frozenset[int]:
        """Return a criterion and all below it, by ``id()``."""
        if id(criterion) not in self._ids:
            self._ids[id(criterion)] = frozenset(id(one) for one in walk(criterion))
            self._kept.append(criterion)
        return self._ids[id(criterion)]

    def _encode(self, criterion: Criterion, forced: Forced | None) -> Encoded:
        if isinstance(criterion, Check):
            return self._check(criterion)
        parts = tuple(self.encode(part, forced) for part in criterion.parts)
        return counted(criterion, parts)

    def _check(self, check: Check) -> Encoded:
        fact = self.chart.facts_by_name[check.fact]
        if check.times is not None:
            return self._counted(check, check.times)
        latest, some_usable, some_uncertain, window = self._latest_of(check)
        doubts = [(newer, *self._answer(check.fact, piece, check.test)) for piece, newer in newer_doubts(latest, check.first)]
        answers = [(member, *self._answer(check.fact, placed.piece, check.test)) for placed, member in latest]
        has_met = disj(*(conj(member, met) for member, met, _ in answers))
        has_not = disj(*(conj(member, failed) for member, _, failed in answers))
        has_open = disj(*(conj(member, neg(met), neg(failed)) for member, met, failed in answers))
        late = conj(*(neg(conj(member, neg(conj(p.dated, p.first >= window.last)))) for p, member in latest))
        surely = disj(neg(window.there), window.first == window.last, late)
        doubted = (
            disj(*(conj(newer, neg(says)) for newer, says, _ in doubts)),
            disj(*(conj(newer, neg(no)) for newer, _, no in doubts)),
        )
        met = conj(some_usable, has_met, neg(has_not), neg(has_open), surely, neg(doubted[0]))
        not_met = conj(some_usable, has_not, neg(has_met), neg(has_open), surely, neg(doubted[1]))
        left_open, not_met = (not_met, False) if check.open_because else (False, not_met)
        presumption = check.presumption
        if not presumption:
            return Encoded(check, met, not_met, left_open=left_open)
        reopened = disj(*self._reopening(check)) if reopens(check) else False
        silent = True if presumption.always else conj(neg(some_uncertain), neg(reopened), neg(fact.unsearched))
        presumed = conj(neg(some_usable), silent)
        met = disj(met, presumed) if presumption.treat_as is Outcome.MET else met
        not_met = disj(not_met, presumed) if presumption.treat_as is Outcome.NOT_MET else not_met
        return Encoded(check, met, not_met, presumed, left_open=left_open)

    def _counted(self, check: Check, times: Test) -> Encoded:
        """Encode a criterion that counts how often something happened, as ``judge._counted`` does."""
        fact, window, own_day = self.chart.facts_by_name[check.fact], window_of(check, self.chart), check.test.of_day
        pieces = []
        reopening = self._reopening(check) if reopens(check) else (False for _ in fact.pieces)
        for piece, older in zip(fact.pieces, reopening, strict=True):
            placed = placed_piece(piece, window, own_day, self.today)
            passes, fails = self._answer(check.fact, piece, check.test)
            is_day = piece.kind.get("day", False) if own_day else False
            last = choose(is_day, piece.day_last, piece.last)
            inside = disj(neg(window.there), window.first == window.last, conj(placed.dated, placed.first >= window.last))
            sure = conj(placed.usable, passes, inside)
            maybe = disj(conj(disj(placed.usable, placed.uncertain), neg(fails), neg(sure)), older)
            pieces.append(CountedPiece(sure, maybe, placed.dated, placed.first, last))
        met, not_met = compared(pieces, times)
        decided = disj(met, not_met)
        left_open, not_met = (not_met, False) if check.open_because else (False, not_met)
        presumption = check.presumption
        if not presumption:
            return Encoded(check, met, not_met, left_open=left_open)
        all_there = conj(neg(decided), True if presumption.always else neg(fact.unsearched))
        closed_met, closed_not = closed(pieces, times, always=presumption.always)
        presumed = conj(all_there, disj(closed_met, closed_not))
        met, not_met = disj(met, conj(all_there, closed_met)), disj(not_met, conj(all_there, closed_not))
        return Encoded(check, met, not_met, presumed, left_open=left_open)

    def _reopening(self, check: Check) -> Iterator[Truth]:
        """Yield the evidence that reopens a check, as ``look_back.reopens``.

        That is evidence older than a look-back of our own that contradicts the presumption.
        """
        own_day, window = check.test.of_day, window_of(check, self.chart)
        for piece in self.chart.facts_by_name[check.fact].pieces:
            met, failed = self._answer(check.fact, piece, check.test)
            on_silence = check.presumption.treat_as if check.presumption and check.times is None else None
            otherwise = failed if on_silence is Outcome.MET else met
            yield conj(piece.usable, placed_piece(piece, window, own_day, self.today).old, otherwise)

    def _latest_of(self, check: Check) -> tuple[list[tuple[PlacedPiece, Truth]], Truth, Truth, Window]:
        """Return the pieces of a fact as a look-back sees them.

        Each comes with whether it is of the latest day.
        """
        own_day = check.test.of_day
        key = (check.fact, check.within, check.since, own_day, check.first)
        if key not in self._latest:
            window = window_of(check, self.chart)
            placed = [placed_piece(piece, window, own_day, self.today) for piece in self.chart.facts_by_name[check.fact].pieces]
            some = (disj(*(one.usable for one in placed)), disj(*(one.uncertain for one in placed)))
            self._latest[key] = (list(zip(placed, latest_pieces(placed, check.first), strict=True)), *some, window)
        return self._latest[key]

    def _answer(self, fact: str, piece: UnknownPiece, test: Test) -> tuple[Truth, Truth]:
        key = (id(piece), test)
        if key not in self._answers:
            self._answers[key] = answer(piece, test, self.chart.facts_by_name[fact].domain, self.chart.as_of)
        return self._answers[key]


def counted(criterion: AtLeast | NoneOf, parts: tuple[Encoded, ...]) -> Encoded:
    """Return a criterion's outcome by the outcomes of its parts.

    That a gate hides the parts behind it changes no outcome.
    """
    match criterion:
        case AtLeast():
            met = at_least(criterion.count, (part.met for part in parts))
            not_met = at_least(len(parts) - criterion.count + 1, (part.not_met for part in parts))
        case NoneOf():
            met = conj(*(part.not_met for part in parts))
            not_met = disj(*(part.met for part in parts))
    return Encoded(criterion, met, not_met, parts=parts)
