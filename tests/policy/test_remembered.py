"""What is remembered of a pattern of findings is what its trees would be read as, and holds nothing of the order it was made for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier

from hypothesis import given
from hypothesis import strategies as st

from cds_service.policy import asking, explain, presumed
from cds_service.policy.criterion import AtLeast, Check, Citation, Criterion, Outcome
from cds_service.policy.criterion import Test as Question
from cds_service.policy.evidence import Evidence, Fact
from cds_service.policy.finding import Basis, Finding
from cds_service.policy.judge import Judge, judge
from cds_service.policy.judged_trees import Branch, Grown, JudgedTrees, Leaves
from cds_service.policy.memory import Memory
from cds_service.policy.weighing import asked, weighed
from tests.policy.test_kleene_properties import AS_OF, charts, criteria

Chart = dict[str, Fact]
exclusions_ = st.none() | st.lists(criteria(), min_size=1, max_size=3).map(lambda parts: _any("exclusions", parts))


def _any(id_: str, parts: list[Criterion]) -> AtLeast:
    return AtLeast(id_, "It is so.", parts[0].cite, 1, tuple(parts))


def _told(finding: Finding | None) -> object:
    """A finding with all below it, as it can be compared."""
    if finding is None:
        return None
    own = (id(finding.criterion), finding.outcome, finding.basis, finding.evidence, finding.unsearched, finding.silent)
    return (*own, tuple([_told(part) for part in finding.parts]))


def _same(found: JudgedTrees, necessary: Criterion, exclusions: AtLeast | None, chart: Chart) -> None:
    """Asserts that trees tell what findings judged and read by themselves do."""
    trees = [judge(necessary, chart, AS_OF), *([judge(exclusions, chart, AS_OF)] if exclusions else [])]
    outcome, because = weighed(trees[0], trees[1] if exclusions else None)
    leaves = [leaf for tree in trees for leaf in explain.leaves(tree)]
    reading = found.reading
    assert [_told(found.tree(0)), _told(found.tree(1))] == [_told(trees[0]), _told(trees[1] if exclusions else None)]
    assert reading.outcome is outcome
    assert [_told(one) for one in found.because()] == [_told(one) for one in because]
    assert reading.because_ids == tuple(one.criterion.id for one in because)
    questions = asked(trees[0], trees[1] if exclusions else None) if outcome is Outcome.NOT_DOCUMENTED else asking.NOTHING
    assert (reading.asks, reading.shortest) == questions
    assert reading.assumed == tuple(dict.fromkeys(id_ for tree in trees for id_ in presumed.assumed(tree)))
    assert [_told(one) for one in found.filled(reading.leaves)] == [_told(one) for one in leaves]
    assert [_told(one) for one in found.filled(reading.presumed)] == [_told(o) for o in leaves if o.basis is Basis.PRESUMED]
    assert [_told(one) for one in found.spoken()] == [_told(one) for one in leaves if one.evidence]
    below = [[_told(leaf) for leaf in explain.leaves(one)] for one in because]
    assert [[_told(leaf) for leaf in held] for _, held in found.grounds(found.because())] == below
    checks = [check for leaf in leaves if isinstance(check := leaf.criterion, Check) and check.ask] if reading.asks else []
    assert reading.own_asks == {check.fact: check.ask for check in reversed(checks)}


@given(criteria(), exclusions_, st.lists(charts(), min_size=2, max_size=5))
def test_what_is_remembered_is_what_would_be_read(necessary: Criterion, exclusions: AtLeast | None, all_: list[Chart]) -> None:
    """For any trees and one chart after the other, also where an earlier one came to the same pattern with other evidence."""
    for chart in (*all_, *all_):
        _same(Judge(chart, AS_OF).trees(necessary, exclusions), necessary, exclusions, chart)


@given(criteria(), exclusions_, charts())
def test_a_gate_that_is_not_met_ends_its_branch(necessary: Criterion, exclusions: AtLeast | None, chart: Chart) -> None:
    """What stands behind a gate is not looked at, whatever is read of it elsewhere."""
    gated = AtLeast("gated", "It is so.", necessary.cite, 2, (necessary, necessary), as_one=True)
    outer = AtLeast("outer", "It is so.", necessary.cite, 2, (gated, necessary))
    _same(Judge(chart, AS_OF).trees(outer, exclusions), outer, exclusions, chart)


def _held(of: Grown | Leaves) -> list[Finding]:
    if isinstance(of, Leaves):
        return [*of.silent]
    if isinstance(of, Branch):
        return [finding for part in of.parts for finding in _held(part)]
    return [of] if isinstance(of, Finding) else []


@given(criteria(), exclusions_, charts())
def test_nothing_of_an_order_is_remembered(necessary: Criterion, exclusions: AtLeast | None, chart: Chart) -> None:
    """No finding that a reading keeps has evidence, or tells what was not searched: all are of charts that say nothing."""
    reading = Judge(chart, AS_OF).trees(necessary, exclusions).reading
    parts: list[Grown | Leaves] = [*reading.trees, *reading.because, *reading.grounds, reading.leaves, reading.presumed]
    kept = [finding for part in parts for finding in _held(part)]
    assert not [finding for finding in kept if finding.evidence or finding.unsearched]


def test_the_same_pattern_is_read_once() -> None:
    """Two charts that say the same of the same facts share their reading, whatever their values and days; another has its own."""
    necessary = _fever()
    charts_ = [
        {"fever": Fact("fever", (Evidence(given, resource=f"Observation/{n}"),))} for n, given in enumerate((True, True, False))
    ]
    first, second, other = (Judge(chart, AS_OF).trees(necessary, None) for chart in charts_)
    assert first.reading is second.reading
    assert first.reading is not other.reading
    assert [[e.resource for leaf in one.spoken() for e in leaf.evidence] for one in (first, second)] == [
        ["Observation/0"],
        ["Observation/1"],
    ]


def _fever() -> Check:
    return Check("a", "There is a fever.", Citation("document", "1"), "fever", Question("is", True))


def test_threads_that_ask_together_share_one_reading() -> None:
    """Of many threads that are first to see a pattern, one reads it and all get what it read."""
    together = Barrier(8)
    necessary = _fever()

    def asks(number: int) -> object:
        chart = {"fever": Fact("fever", (Evidence(True, resource=f"Observation/{number}"),))}
        together.wait()
        return Judge(chart, AS_OF).trees(necessary, None).reading

    with ThreadPoolExecutor(8) as threads:
        readings = list(threads.map(asks, range(8)))
    assert all(one is other for one, other in pairwise(readings))


def test_a_memory_is_bounded() -> None:
    """What is over the bound takes the place of the oldest, which is then made again."""
    made: list[int] = []
    memory: Memory[int, str] = Memory(3)

    def made_of(key: int) -> str:
        made.append(key)
        return str(key)

    for key in (1, 2, 3, 4, 4, 1):
        assert (memory.get(key) or memory.keep(key, lambda key=key: made_of(key))) == str(key)  # type: ignore[misc]
        assert len(memory) <= 3
    assert made == [1, 2, 3, 4, 1]
