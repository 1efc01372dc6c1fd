"""A chart of which nothing is known yet.

It has for every fact some pieces of evidence, each of whose properties is an unknown of z3. A solution gives the
unknowns values; :meth:`UnknownChart.facts` reads them as the facts that ``judge`` takes. Days are ordinals
(``date.toordinal``); numbers and codes are places in the lists of their domain.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import z3

from cds_service.analysis.domain import Domain
from cds_service.analysis.truths import Truth, conj, disj, neg, same
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Code, Days, Interval, Value

LATEST = timedelta(days=400)
"""How long after the date of service evidence may be dated."""


@dataclass(frozen=True, slots=True)
class UnknownPiece:
    """One piece of evidence.

    When it is neither usable nor uncertain, it is not there (or discounted, which says as little).
    """

    usable: Truth
    uncertain: Truth
    dated: Truth
    first: Any
    last: Any
    kind: Mapping[str, Truth]
    truth: Any
    word: Any
    low: Any
    high: Any
    low_open: Any
    high_open: Any
    day_first: Any
    day_last: Any
    code: Any


@dataclass(frozen=True, slots=True)
class UnknownFact:
    """All pieces of evidence of a fact.

    ``unsearched`` tells whether records that could hold more were not searched.
    """

    name: str
    domain: Domain
    pieces: tuple[UnknownPiece, ...]
    unsearched: Truth


@dataclass(frozen=True, slots=True)
class UnknownChart:
    """The unknown facts by name.

    ``rules`` are the constraints that make a solution a chart.
    """

    as_of: date
    facts_by_name: Mapping[str, UnknownFact]
    searched: Mapping[str, Truth]
    rules: tuple[Truth, ...] = field(default=())

    def facts(self, model: z3.ModelRef) -> dict[str, Fact]:
        """Return the facts of a solution."""
        return {name: self._fact(fact, model) for name, fact in self.facts_by_name.items()}

    def _fact(self, fact: UnknownFact, model: z3.ModelRef) -> Fact:
        unsearched = tuple(kind for kind in fact.domain.searched if _is(model, self.searched[kind]))
        pieces = [_evidence(piece, fact.domain, model, self.as_of) for piece in fact.pieces]
        return Fact(fact.name, tuple(piece for piece in pieces if piece), unsearched)

    def exactly(self, facts: Mapping[str, Fact]) -> Iterator[Truth]:
        """Yield the constraints that make the unknown chart a given one.

        Raises ValueError for evidence that the domains do not have, or for more pieces than the chart has room for.
        """
        told = dict.fromkeys(self.searched, False)
        for name, unknown in self.facts_by_name.items():
            fact = facts[name]
            told |= dict.fromkeys(fact.unsearched, True)
            held = [one for one in fact.evidence if one.standing is not Standing.DISCOUNTED]
            if len(held) > len(unknown.pieces):
                raise ValueError(
                    f"the chart has {len(held)} pieces of evidence of '{name}', and {len(unknown.pieces)} are foreseen"
                )
            for piece, given in zip(unknown.pieces, [*held, *([None] * (len(unknown.pieces) - len(held)))], strict=True):
                yield from _given(piece, given, unknown.domain)
        for kind, flag in told.items():
            yield same(self.searched[kind], flag)


def unknown_chart(domains: Mapping[str, Domain], as_of: date, since: date, pieces: Mapping[str, int]) -> UnknownChart:
    """Make a chart with limited evidence for each fact.

    ``pieces`` says how many pieces each fact may have (1 if not named); all are dated from ``since`` on.
    """
    kinds = dict.fromkeys(kind for domain in domains.values() for kind in domain.searched)
    searched = {kind: z3.Bool(f"unsearched:{kind}") for kind in kinds}
    rules: list[Truth] = []
    facts = {}
    for name, domain in domains.items():
        count = 1 if domain.always else pieces.get(name, 1)
        held = tuple(_piece(f"{name}[{place}]", domain, as_of, since, rules) for place in range(count))
        silent = False if domain.always else disj(*(searched[kind] for kind in domain.searched))
        facts[name] = UnknownFact(name, domain, held, silent)
    return UnknownChart(as_of, facts, searched, tuple(rules))


def _piece(name: str, domain: Domain, as_of: date, since: date, rules: list[Truth]) -> UnknownPiece:
    def truth(what: str) -> Any:
        return z3.Bool(f"{name}.{what}")

    def number(what: str, low: int, high: int) -> Any:
        if low == high:
            return low
        made = z3.Int(f"{name}.{what}")
        rules.append(z3.And(made >= low, made <= high))
        return made

    today, first_day, last_day = as_of.toordinal(), since.toordinal(), (as_of + LATEST).toordinal()
    kinds = {kind: truth(kind) for kind in domain.kinds} if len(domain.kinds) > 1 else dict.fromkeys(domain.kinds, True)
    if len(kinds) > 1:
        rules.append(z3.PbEq([(one, 1) for one in kinds.values()], 1))
    always = domain.always
    piece = UnknownPiece(
        usable=True if always else truth("usable"),
        uncertain=False if always else truth("uncertain"),
        dated=True if always else truth("dated"),
        first=today if always else number("first", first_day, last_day),
        last=today if always else number("last", first_day, last_day),
        kind=kinds,
        truth=truth("is") if "truth" in kinds else False,
        word=number("word", 0, max(0, len(domain.words) - 1)) if "word" in kinds else 0,
        low=number("low", -1, len(domain.numbers) - 1) if "number" in kinds else 0,
        high=number("high", 0, len(domain.numbers)) if "number" in kinds else 0,
        low_open=truth("low_open") if "number" in kinds else False,
        high_open=truth("high_open") if "number" in kinds else False,
        day_first=number("day_first", first_day, last_day) if "day" in kinds else today,
        day_last=number("day_last", first_day, last_day) if "day" in kinds else today,
        code=number("code", 0, max(0, len(domain.codes) - 1)) if "code" in kinds else 0,
    )
    rules.append(neg(conj(piece.usable, piece.uncertain)))
    for low, high in ((piece.first, piece.last), (piece.day_first, piece.day_last)):
        if not isinstance(low, int) or not isinstance(high, int):
            rules.append(low <= high)
    if "number" in kinds:  # an interval holds some number
        exact = z3.And(piece.low == piece.high, z3.Not(piece.low_open), z3.Not(piece.high_open))
        rules.append(z3.Or(piece.low < piece.high, exact))
    return piece


def _is(model: z3.ModelRef, truth: Truth) -> bool:
    return truth if isinstance(truth, bool) else z3.is_true(model.eval(truth, model_completion=True))


def _number(model: z3.ModelRef, number: Any) -> int:
    return number if isinstance(number, int) else int(model.eval(number, model_completion=True).as_long())


def _evidence(piece: UnknownPiece, domain: Domain, model: z3.ModelRef, as_of: date) -> Evidence | None:
    usable, uncertain = _is(model, piece.usable), _is(model, piece.uncertain)
    if not usable and not uncertain:
        return None
    when = _days(piece.first, piece.last, model) if _is(model, piece.dated) else None
    kind = next(kind for kind, chosen in piece.kind.items() if _is(model, chosen))
    value = _value(piece, kind, domain, model)
    shown = value.shown if isinstance(value, Code) else ""
    standing, note = (Standing.USABLE, "") if usable else (Standing.UNCERTAIN, "it is provisional")
    return Evidence(value, when, standing=standing, note=note, shown=shown)


def _days(first: Any, last: Any, model: z3.ModelRef) -> Days:
    return Days(date.fromordinal(_number(model, first)), date.fromordinal(_number(model, last)))


def _value(piece: UnknownPiece, kind: str, domain: Domain, model: z3.ModelRef) -> Value | None:
    match kind:
        case "truth":
            return _is(model, piece.truth)
        case "word":
            return domain.words[_number(model, piece.word)]
        case "number":
            low, high = _number(model, piece.low), _number(model, piece.high)
            opened = (_is(model, piece.low_open), _is(model, piece.high_open))
            lowest = -math.inf if low < 0 else domain.numbers[low]
            return Interval(lowest, math.inf if high == len(domain.numbers) else domain.numbers[high], *opened)
        case "day":
            return _days(piece.day_first, piece.day_last, model)
        case "code":
            return domain.codes[_number(model, piece.code)]
        case _:
            return None


def _given(piece: UnknownPiece, given: Evidence | None, domain: Domain) -> Iterator[Truth]:
    """Yield the constraints that make a piece a given one.

    ``None`` is no evidence.
    """
    standing = given.standing if given else None
    yield same(piece.usable, standing is Standing.USABLE)
    yield same(piece.uncertain, standing is Standing.UNCERTAIN)
    if given is None:
        return
    yield same(piece.dated, given.when is not None)
    if given.when:
        yield piece.first == given.when.first.toordinal()
        yield piece.last == given.when.last.toordinal()
    kind, told = _told(piece, given.value, domain)
    if kind not in piece.kind:
        raise ValueError(f"{given.value} is no value of this fact")
    yield from (same(chosen, one == kind) for one, chosen in piece.kind.items())
    yield from told


def _told(piece: UnknownPiece, value: Value | None, domain: Domain) -> tuple[str, list[Truth]]:
    match value:
        case None:
            return "nothing", []
        case bool():
            return "truth", [same(piece.truth, value)]
        case str():
            return "word", [piece.word == domain.words.index(value)]
        case Interval():
            low = -1 if math.isinf(value.low) else domain.numbers.index(value.low)
            high = len(domain.numbers) if math.isinf(value.high) else domain.numbers.index(value.high)
            ends = [same(piece.low_open, value.low_open), same(piece.high_open, value.high_open)]
            return "number", [piece.low == low, piece.high == high, *ends]
        case Days():
            return "day", [piece.day_first == value.first.toordinal(), piece.day_last == value.last.toordinal()]
        case Code():
            at = next(place for place, one in enumerate(domain.codes) if one.sets == value.sets)
            return "code", [piece.code == at]
