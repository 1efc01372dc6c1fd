"""Laws of the policy language that hold for every criterion and every chart, tried on many of both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from cds_service.policy import asking, explain, presumed
from cds_service.policy.criterion import AtLeast, Check, Citation, Comparison, Criterion, NoneOf, Outcome, Presumption, walk
from cds_service.policy.criterion import Test as Question
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.judge import judge
from cds_service.policy.values import Code, Days, Interval, LookBack, Value

AS_OF = date(2026, 6, 15)
CITE = Citation("document", "somewhere")
NAMES = ("fever", "cough", "rash", "pain", "surgery")
NUMBERS = st.integers(-4, 4).map(lambda half: half / 2)

day_spans = st.builds(
    lambda start, length: Days(AS_OF + timedelta(start), AS_OF + timedelta(start + length)),
    st.integers(-400, 20),
    st.sampled_from([0, 0, 0, 30, 364]),
)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    """An exact number, or an interval whose bounds may be missing or excluded; it always holds some number."""
    low, high = sorted([draw(NUMBERS), draw(NUMBERS)])
    if low == high:
        return Interval.exactly(low)
    low, high = draw(st.sampled_from([(low, high), (-math.inf, high), (low, math.inf)]))
    return Interval(low, high, draw(st.booleans()), draw(st.booleans()))


values: st.SearchStrategy[Value | None] = st.one_of(
    st.booleans(),
    intervals(),
    day_spans,
    st.sampled_from(["early", "advanced"]),
    st.builds(Code, st.just("a code"), st.sampled_from([frozenset[str](), frozenset({"a-set"})])),
    st.none(),
)
evidence = st.builds(
    Evidence, values, st.none() | day_spans, standing=st.sampled_from(Standing), note=st.sampled_from(["", "it is provisional"])
)


@st.composite
def charts(draw: st.DrawFn) -> dict[str, Fact]:
    """All facts, each with up to three pieces of evidence of any kind, searched or not."""
    unsearched = st.sampled_from([(), ("Observation",)])
    return {name: Fact(name, tuple(draw(st.lists(evidence, max_size=3))), draw(unsearched)) for name in NAMES}


comparisons: st.SearchStrategy[Comparison] = st.sampled_from(["is", "is_at_least", "is_above", "is_at_most", "is_below"])
tests = st.one_of(
    st.builds(Question, st.just("is"), st.booleans() | st.sampled_from(["early", "advanced"])),
    st.builds(Question, comparisons, NUMBERS.map(Interval.exactly)),
    st.just(Question("in", "a-set")),
    st.just(Question("documented")),
)
look_backs = st.builds(LookBack, st.integers(1, 12), st.sampled_from(["day", "week", "month", "year"]))
presumptions = st.builds(Presumption, st.sampled_from([Outcome.MET, Outcome.NOT_MET]), st.just("Charts record it."), st.booleans())


def checks(presumed: bool = True) -> st.SearchStrategy[Criterion]:
    """A criterion on one fact, with or without a look-back and, if allowed, a presumption."""
    return st.builds(
        Check,
        st.sampled_from(["a", "b", "c", "d"]),
        st.just("It is so."),
        st.just(CITE),
        st.sampled_from(NAMES),
        tests,
        within=st.none() | look_backs,
        since=st.none() | st.just("surgery"),
        presumption=st.none() | presumptions if presumed else st.none(),
    )


def of_parts(parts: st.SearchStrategy[list[Criterion]]) -> st.SearchStrategy[Criterion]:
    """A criterion made of the drawn parts."""
    return parts.flatmap(
        lambda drawn: st.one_of(
            st.builds(at_least, st.integers(1, len(drawn)), st.just(drawn), st.booleans()),
            st.builds(none_of, st.just(drawn), st.booleans()),
        )
    )


def criteria(presumed: bool = True) -> st.SearchStrategy[Criterion]:
    """A tree of criteria."""
    return st.recursive(checks(presumed), lambda inner: of_parts(st.lists(inner, min_size=1, max_size=3)), max_leaves=6)


def at_least(count: int, parts: list[Criterion], as_one: bool = False) -> AtLeast:
    """The criterion that at least ``count`` of the parts are met."""
    return AtLeast("whole", "It is so.", CITE, count, tuple(parts), as_one)


def none_of(parts: list[Criterion], as_one: bool = False) -> NoneOf:
    """The criterion that none of the parts is met."""
    return NoneOf("whole", "It is so.", CITE, tuple(parts), as_one)


def outcome(criterion: Criterion, chart: Mapping[str, Fact]) -> Outcome:
    """How a criterion comes out on the date of service."""
    return judge(criterion, chart, AS_OF).outcome


part_lists = st.lists(criteria(), min_size=1, max_size=4)
OPPOSITE = {Outcome.MET: Outcome.NOT_MET, Outcome.NOT_MET: Outcome.MET, Outcome.NOT_DOCUMENTED: Outcome.NOT_DOCUMENTED}


@given(st.data(), part_lists, charts())
def test_order_of_parts_is_irrelevant(data: st.DataObject, parts: list[Criterion], chart: dict[str, Fact]) -> None:
    """However the parts are ordered, the whole comes out the same."""
    shuffled = data.draw(st.permutations(parts))
    count = data.draw(st.integers(1, len(parts)))
    assert outcome(at_least(count, parts), chart) is outcome(at_least(count, shuffled), chart)
    assert outcome(none_of(parts), chart) is outcome(none_of(shuffled), chart)


@given(st.data(), charts())
def test_order_of_evidence_is_irrelevant(data: st.DataObject, chart: dict[str, Fact]) -> None:
    """However the chart orders the evidence, a criterion comes out the same."""
    criterion = data.draw(criteria())
    shuffled = {name: fact._replace(evidence=tuple(data.draw(st.permutations(fact.evidence)))) for name, fact in chart.items()}
    assert outcome(criterion, chart) is outcome(criterion, shuffled)


def test_order_of_evidence_is_irrelevant_where_a_rough_day_ends_on_an_exact_one() -> None:
    """Of a month and its last day, the day is the latest, whichever comes first; what lies before it does not speak."""
    month, last, before = Days(date(2026, 5, 1), date(2026, 5, 31)), Days.on(date(2026, 5, 31)), Days.on(date(2026, 5, 20))
    said = [Evidence(True, month), Evidence(True, last), Evidence(False, before)]
    check = Check("a", "It is so.", CITE, "fever", Question("is", True))
    outcomes = {outcome(check, {"fever": Fact("fever", tuple(order))}) for order in permutations(said)}
    assert outcomes == {Outcome.MET}


@given(part_lists, charts())
def test_none_is_not_any(parts: list[Criterion], chart: dict[str, Fact]) -> None:
    """`none` is met where `any` is not met, not met where it is met, and open where it is open."""
    assert outcome(none_of(parts), chart) is OPPOSITE[outcome(at_least(1, parts), chart)]


STRENGTH = {Outcome.NOT_MET: 0, Outcome.NOT_DOCUMENTED: 1, Outcome.MET: 2}


@given(part_lists, charts())
def test_at_least_one_is_any(parts: list[Criterion], chart: dict[str, Fact]) -> None:
    """At least one part is as good as the best of the parts: Kleene's or."""
    best = max((outcome(part, chart) for part in parts), key=STRENGTH.__getitem__)
    assert outcome(at_least(1, parts), chart) is best


@given(part_lists, charts())
def test_at_least_as_many_as_there_are_is_all(parts: list[Criterion], chart: dict[str, Fact]) -> None:
    """At least as many as there are parts is as good as the worst of the parts: Kleene's and."""
    worst = min((outcome(part, chart) for part in parts), key=STRENGTH.__getitem__)
    assert outcome(at_least(len(parts), parts), chart) is worst


@given(part_lists, charts())
def test_asking_for_more_is_never_easier(parts: list[Criterion], chart: dict[str, Fact]) -> None:
    """`at_least` 3 never comes out better than `at_least` 2."""
    outcomes = [STRENGTH[outcome(at_least(count, parts), chart)] for count in range(1, len(parts) + 1)]
    assert outcomes == sorted(outcomes, reverse=True)


@given(st.data(), criteria(presumed=False), charts())
def test_documenting_a_silent_fact_never_reverses_an_outcome(
    data: st.DataObject, criterion: Criterion, chart: dict[str, Fact]
) -> None:
    """Without presumptions, what is met stays met and what is not met stays so when a silent fact is documented.

    Not so for the fact that a look-back starts from: documenting it may well put older evidence out of reach.
    """
    starts = {check.since for check in walk(criterion) if isinstance(check, Check)}
    name = data.draw(st.sampled_from([name for name in NAMES if name not in starts]))
    silent = chart | {name: Fact(name)}
    documented = chart | {name: Fact(name, tuple(data.draw(st.lists(evidence, min_size=1, max_size=3))))}
    before = outcome(criterion, silent)
    assert before in (Outcome.NOT_DOCUMENTED, outcome(criterion, documented))


@given(st.data(), comparisons, NUMBERS, intervals())
def test_a_test_of_an_interval_agrees_with_every_number_in_it(
    data: st.DataObject, compare: Comparison, bound: float, interval: Interval
) -> None:
    """What a rough number settles, every number that it leaves open settles the same way."""
    rough = answer(compare, bound, interval)
    number = data.draw(numbers_in(interval))
    assert rough in (Outcome.NOT_DOCUMENTED, answer(compare, bound, Interval.exactly(number)))


@given(comparisons, NUMBERS, intervals())
def test_an_interval_leaves_a_test_open_only_if_its_numbers_disagree(compare: Comparison, bound: float, interval: Interval) -> None:
    """A rough number leaves a test open only where one of its numbers passes and another fails."""
    answers = {answer(compare, bound, Interval.exactly(number)) for number in grid(interval)}
    assert answer(compare, bound, interval) is (answers.pop() if len(answers) == 1 else Outcome.NOT_DOCUMENTED)


def answer(compare: Comparison, bound: float, value: Interval) -> Outcome:
    """How a test of one number comes out on a value."""
    check = Check("a", "It is so.", CITE, "fever", Question(compare, Interval.exactly(bound)))
    return outcome(check, {"fever": Fact("fever", (Evidence(value, Days.on(AS_OF)),))})


def holds(interval: Interval, number: float) -> bool:
    """Whether an interval leaves a number open."""
    above = number > interval.low or (number == interval.low and not interval.low_open)
    below = number < interval.high or (number == interval.high and not interval.high_open)
    return above and below


def grid(interval: Interval) -> list[float]:
    """The quarters in an interval: enough to hold every bound and something between any two and beyond all."""
    return [quarter / 4 for quarter in range(-12, 13) if holds(interval, quarter / 4)]


def numbers_in(interval: Interval) -> st.SearchStrategy[float]:
    """Numbers that an interval leaves open."""
    low, high = max(interval.low, -100.0), min(interval.high, 100.0)
    return st.floats(low, high).filter(lambda number: holds(interval, number))


@given(criteria(), charts())
def test_judging_and_explaining_never_raise(criterion: Criterion, chart: dict[str, Fact]) -> None:
    """Any criterion on any chart has an outcome and can be explained, even where value and test do not fit."""
    finding = judge(criterion, chart, AS_OF)
    assert finding.outcome in Outcome
    assert explain.reasons(finding)
    assert set(asking.shortest(finding)) <= set(NAMES)
    presumed.assumed(finding)


@given(criteria(), charts())
def test_only_what_is_open_is_asked_about(criterion: Criterion, chart: dict[str, Fact]) -> None:
    """A settled criterion asks nothing; an open one asks each fact once, and the shortest way is the first of them."""
    finding = judge(criterion, chart, AS_OF)
    asked = asking.asks(finding)
    assert bool(asked) is (finding.outcome is Outcome.NOT_DOCUMENTED)
    assert len(asked) == len(set(asked))
    if asked:
        assert asked[: len(asking.shortest(finding))] == asking.shortest(finding)
