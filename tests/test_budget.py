"""What one order costs, counted in function calls, stays within the committed budget (``bench/budget.json``)."""

from __future__ import annotations

import orjson

from bench.calls import BUDGET, MARGIN, calls, counts
from cds_service.content import Content


def test_no_order_costs_more_calls_than_its_budget(content: Content) -> None:
    """A decision and a request make no more function calls than committed, with a margin; ``bench.calls --write`` renews the budget."""
    budget = orjson.loads(BUDGET.read_bytes())
    found = counts(content)
    assert budget.keys() == found.keys()
    over = {name: (count, budget[name]) for name, count in found.items() if count > budget[name] * MARGIN}
    assert not over


def test_calls_are_counted_exactly() -> None:
    """Calls of Python and of C functions count one each, and a second run counts the same."""

    def work() -> list[int]:
        return [abs(n) for n in range(10)]

    first = calls(work)
    assert first == calls(work)
    assert calls(lambda: (work(), work())) > 2 * first - 2


def test_facts_speak_by_the_codes_they_name(content: Content) -> None:
    """A fact that is skipped where a case mentions none of its value sets has only evidence that is told by codes."""
    skipped = [content.catalogue[name] for name in content.catalogue if content.catalogue[name].speaks_by is not None]
    assert skipped
    for definition in skipped:
        assert definition.speaks_by <= {id_ for source in definition.sources for id_ in source.value_sets()}
