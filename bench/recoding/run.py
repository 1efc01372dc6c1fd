"""Pairs of a vignette's chart and its rewriting, judged and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

import orjson

from bench.recoding.codes import CODES
from bench.recoding.medicines import MEDICINES
from bench.recoding.numbers import NUMBERS
from bench.recoding.people import PEOPLE
from bench.recoding.places import Json, World, again
from bench.recoding.records import RECORDS
from bench.recoding.releases import RELEASES
from bench.recoding.rewrite import Rewrite
from bench.recoding.searches import SEARCHES
from bench.recoding.shapes import SHAPES
from cds_service.content.content import Content
from cds_service.facts.imagined_chart import CannotImagine
from cds_service.hooks.answer import decide_request
from cds_service.hooks.received.faults import Unusable
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import Vignette, read_vignettes
from cds_service.vignettes.run import with_own_lists

REWRITES: tuple[Rewrite, ...] = (*CODES, *NUMBERS, *RECORDS, *PEOPLE, *MEDICINES, *SHAPES, *SEARCHES, *RELEASES)
TODAY = date(2026, 11, 28)
DECIDED = ("necessary", "not-necessary")
REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """What was decided of a vignette's order: the outcome, what settled it, what is asked."""

    outcome: str
    because: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Posed:
    """A vignette as a request, with the content that it is judged by and its outcome."""

    vignette: Vignette
    content: Content
    request: Json
    outcome: Outcome

    @property
    def name(self) -> str:
        """How reports call it."""
        return f"{self.vignette.policy.id} {self.vignette.policy.version}: {self.vignette.name}"


@dataclass(frozen=True)
class Compared:
    """One pair: which vignette, how it was rewritten, what was decided before and after. ``fault`` is empty where it is right."""

    posed: Posed
    rewrite: Rewrite
    after: Outcome
    fault: str

    def told(self) -> str:
        """The pair in one line."""
        before, after = self.posed.outcome, self.after
        said = (
            f"{before.outcome} {list(before.because)[:4]} -> {after.outcome} {list(after.because)[:4]} asks {list(after.asks)[:4]}"
        )
        return f"{self.fault}: [{self.rewrite.name}] {self.posed.name}: {said}"


def judged(request: Json, vignette: Vignette, content: Content) -> Outcome:
    """The outcome of the vignette's own order under its own policy."""
    try:
        decided = decide_request(parse_request(orjson.dumps(request)), content, TODAY, Settings())
    except Unusable as refused:
        return Outcome(REFUSED, tuple(str(issue) for issue in refused.issues))
    own = f"{vignette.order.resource}/order-1"
    found = [decision for _, decision in decided if decision.order == own]
    mine = [decision for decision in found if decision.policy_id in (vignette.policy.id, "")] or found
    return Outcome(mine[0].outcome.value, mine[0].because_ids, mine[0].asks) if mine else Outcome("absent")


def posed(content: Content) -> list[Posed]:
    """Every vignette of every policy of orders that can be said in FHIR."""
    found = []
    for policy in content.policies:
        if policy.subject != "order":
            continue
        folder = content.root / "tests" / "vignettes"
        for vignette in read_vignettes(folder / policy.id / f"{policy.version}.yaml", policy.id, content):
            held = with_own_lists(content, vignette)
            try:
                request = request_of(vignette, held)
            except CannotImagine:
                continue
            found.append(Posed(vignette, held, request, judged(request, vignette, held)))
    return found


def fault_of(before: Outcome, after: Outcome, may_ask: bool) -> str:
    """What is wrong with an outcome after rewriting; empty where nothing is."""
    if before.outcome == after.outcome or (may_ask and before.because == after.because and after.outcome == "not-addressed"):
        return ""  # what a rule around the criteria asks where the chart documents something, it need not ask where it does not
    if before.outcome in DECIDED and after.outcome in DECIDED:
        return "reversed"
    if after.outcome == "not-documented":
        return "" if may_ask and before.outcome in DECIDED else "asked again"
    if after.outcome in (REFUSED, "absent", "not-addressed", "not-decided"):
        return "lost"
    return "newly decided"


def compared(one: Posed, rewrite: Rewrite) -> Compared | None:
    """The pair; None where the rewriting has nothing to change in it."""
    request = again(one.request)
    world = World(one.content, Random(f"{one.name}|{rewrite.name}"))  # noqa: S311 - the same pair is the same each time
    if not rewrite.apply(request, world):
        return None
    after = judged(request, one.vignette, one.content)
    fault = fault_of(one.outcome, after, rewrite.may_ask)
    if fault == "newly decided" and not rewrite.tells.isdisjoint(one.outcome.because):
        fault = ""
    return Compared(one, rewrite, after, fault)


def pairs(found: list[Posed], rewrites: Iterable[Rewrite] = REWRITES, every: int = 1) -> Iterator[Compared]:
    """Every pair of a chart and one of ``rewrites``, or one in ``every``, always the same ones."""
    number = 0
    for one in found:
        for rewrite in rewrites:
            number += 1
            if number % every == 0 and (pair := compared(one, rewrite)) is not None:
                yield pair
