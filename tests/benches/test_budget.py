"""What one order costs, counted in function calls, stays within the committed budget (``bench/budget.json``)."""

from __future__ import annotations

from copy import copy
from pathlib import Path

import orjson
import pytest

from bench.calls import BUDGET, MARGIN, calls, counts
from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.extract import Facts
from cds_service.hooks.answer import decide_request
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import read_vignettes
from tests.conftest import TODAY


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


@pytest.mark.slow
def test_facts_that_are_skipped_have_nothing_to_find(content: Content) -> None:
    """Where a case mentions none of the value sets that a fact speaks by, none of its evidence kinds finds anything."""
    looked = 0
    for path in sorted(Path("tests/vignettes").rglob("*.yaml")):
        for vignette in read_vignettes(path, path.name, content)[::9]:
            request = parse_request(orjson.dumps(request_of(vignette, content)), "2.2")
            for case, _ in decide_request(request, content, TODAY, Settings()):
                for name in content.catalogue:
                    definition = content.catalogue[name]
                    for source, speaks_by, _ in definition.speakers:
                        if speaks_by is not None and speaks_by.isdisjoint(case.mentioned):
                            looked += 1
                            assert not list(source.find(case, definition.wanted)), name
    assert looked


class _Thorough(Facts):
    """Facts for which everything is looked for, and every rule is asked."""

    def __init__(self, case: Case, catalogue: Catalogue) -> None:
        everything = copy(catalogue)
        everything.mute = frozenset()
        super().__init__(case, everything)
        self._speaking = frozenset(catalogue)


@pytest.mark.slow
def test_facts_that_are_told_silent_unseen_are_silent(content: Content) -> None:
    """Whatever a case mentions, answers or was not searched for, each fact is the same as when everything is looked for."""
    unseen = 0
    for number, path in enumerate(sorted(Path("tests/vignettes").rglob("*.yaml"))):
        for vignette in read_vignettes(path, path.name, content)[number % 5 :: 9]:
            request = parse_request(orjson.dumps(request_of(vignette, content)), "2.2")
            less = {key: held for at, (key, held) in enumerate(sorted((request.prefetch or {}).items())) if at % 4 != number % 4}
            for asked in (request, request.model_copy(update={"prefetch": less})):
                for case, _ in decide_request(asked, content, TODAY, Settings()):
                    facts, thorough = Facts(case, content.catalogue), _Thorough(case, content.catalogue)
                    spoken = set(facts.among(frozenset(content.catalogue)))
                    for name in content.catalogue:
                        assert facts[name] == thorough[name], (vignette.name, name)
                        if name not in spoken:
                            unseen += 1
                            assert not facts[name].evidence
                            assert not facts[name].unsearched
    assert unseen > 1000
