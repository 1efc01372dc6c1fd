"""Random policies and charts for the differential test: every kind of criterion and every feature of the model, at small size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Literal, get_args

from cds_service.analysis.domain import Domain
from cds_service.policy.comparing import compare
from cds_service.policy.criterion import (
    AtLeast,
    Check,
    Citation,
    Comparison,
    Criterion,
    NoneOf,
    Outcome,
    Presumption,
    Remark,
    Test,
    walk,
)
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.model import Authorization, FirstOutcome, FirstRule, Policy
from cds_service.policy.values import Days, Interval, LookBack, Value

AS_OF = date(2026, 5, 31)
"""A day that many months do not have."""
CITE = Citation("document", "somewhere")
FACTS = ("fever", "cough", "count", "scan", "surgery", "drug")
WORDS, SETS, NUMBERS = ("early", "advanced"), ("thinners", "opioids"), (-1.0, 0.5, 2.0, 3.0)
UNITS = ("day", "week", "month", "year", "full month", "full year", "calendar month", "calendar year")
COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)
RAYS: tuple[Comparison, ...] = ("is", "is_at_least", "is_above", "is_at_most", "is_below")
THENS: tuple[FirstOutcome, ...] = get_args(FirstOutcome)
AS_ONE: tuple[bool | Literal["when not met"], ...] = (False, False, True, "when not met")


def random_policy(random: Random) -> Policy:
    """A policy of a few criteria over a few facts."""
    made = _Maker(random)
    exclusions = AtLeast(made.id(), "", CITE, 1, made.parts(2), made.random.choice(AS_ONE)) if random.random() < 0.6 else None
    rules = tuple(
        FirstRule(made.criterion(1), random.choice(THENS), tuple(random.sample(FACTS, random.randrange(3))))
        for _ in range(random.choice((0, 0, 1, 2)))
    )
    authorization = tuple(
        Authorization(Remark("It says so.", CITE), random.random() < 0.5, made.criterion(1) if random.random() < 0.7 else None)
        for _ in range(random.choice((0, 1, 2)))
    )
    return Policy(
        id="payer/policy",
        version=AS_OF,
        title="A random policy",
        status="active",
        effective_from=AS_OF,
        effective_until=None,
        supersedes=None,
        payer="payer",
        lines_of_business=(),
        order_sets=(),
        label="",
        sources={},
        necessary_when=made.criterion(3),
        not_necessary_when=exclusions,
        settled_first=rules,
        authorization=authorization,
    )


class _Maker:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.made = 0

    def id(self) -> str:
        """A new id; now and then one that stands already, as documents have it."""
        self.made += self.random.random() > 0.1
        return f"criterion-{self.made}"

    def parts(self, depth: int) -> tuple[Criterion, ...]:
        return tuple(self.criterion(depth - 1) for _ in range(self.random.choice((1, 2, 2, 3, 4))))

    def criterion(self, depth: int) -> Criterion:
        if depth <= 0 or self.random.random() < 0.25:
            return self.check()
        parts, as_one = self.parts(depth), self.random.choice(AS_ONE)
        match self.random.choice(("all", "all", "guarded", "any", "at least", "none")):
            case "none":
                return NoneOf(self.id(), "", CITE, parts, as_one)
            case "any":
                return AtLeast(self.id(), "", CITE, 1, parts, as_one)
            case "at least":
                return AtLeast(self.id(), "", CITE, self.random.randint(1, len(parts)), parts, as_one)
            case kind:
                return AtLeast(self.id(), "", CITE, len(parts), parts, as_one, guarded=kind == "guarded")

    def check(self) -> Check:
        chance = self.random.random
        test = self.test()
        if test.ago:
            return Check(self.id(), "", CITE, self.random.choice(("surgery", "scan")), test, first=chance() < 0.2)
        times = self.times() if chance() < 0.15 else None
        presumption = (
            Presumption(self.random.choice((Outcome.MET, Outcome.NOT_MET)), "", chance() < 0.3) if chance() < 0.3 else None
        )
        if times and presumption:
            never = compare(times.compare, Interval.exactly(0), times.value.low if isinstance(times.value, Interval) else 0)
            presumption = replace(presumption, treat_as=never)
        return Check(
            self.id(),
            "",
            CITE,
            self.random.choice(FACTS),
            test,
            within=self.span() if chance() < 0.35 else None,
            since=self.random.choice(("surgery", "scan")) if chance() < 0.3 else None,
            presumption=presumption,
            times=times,
            first=times is None and chance() < 0.2,
            open_because="A person decides." if chance() < 0.15 else "",
            our_window=chance() < 0.4,
        )

    def span(self) -> LookBack:
        return LookBack(self.random.randint(1, 14), self.random.choice(UNITS))

    def times(self) -> Test:
        chosen = self.random.choice(RAYS)
        return Test(chosen, Interval.exactly(self.random.choice((1, 2, 3) if chosen in ("is_at_least", "is_below") else (0, 1, 2))))

    def test(self) -> Test:
        if self.random.random() < 0.1:
            return Test(self.random.choice(RAYS[1:]), ago=self.span())
        chosen = self.random.choice(COMPARISONS)
        if chosen == "documented":
            return Test(chosen)
        if chosen == "in":
            return Test(chosen, self.random.choice(SETS))
        if chosen == "is" and self.random.random() < 0.7:
            return Test(chosen, self.random.choice((True, False, *WORDS)))
        return Test(chosen, Interval.exactly(self.random.choice(NUMBERS)))


def random_chart(random: Random, domains: Mapping[str, Domain], most: int) -> dict[str, Fact]:
    """A chart with up to ``most`` pieces of evidence that are not discounted for each fact, and some that are."""
    return {name: _fact(name, random, domain, most) for name, domain in domains.items()}


def _fact(name: str, random: Random, domain: Domain, most: int) -> Fact:
    counts = [Standing.USABLE if random.random() < 0.8 else Standing.UNCERTAIN for _ in range(random.randint(0, most))]
    standings = [*counts, *([Standing.DISCOUNTED] if random.random() < 0.15 else [])]
    random.shuffle(standings)
    kinds = random.choices(domain.kinds, k=2)
    evidence = tuple(Evidence(_value(random, random.choice(kinds), domain), _when(random), standing=one) for one in standings)
    return Fact(name, evidence, domain.searched if random.random() < 0.2 else ())


def _when(random: Random) -> Days | None:
    return None if random.random() < 0.15 else _days(random)


def _days(random: Random) -> Days:
    """A day near a look-back's edge, now and then a span, now and then after the date of service."""
    edges = [0, 1, 7, 30, 31, 59, 61, 90, 181, 182, 365, 366, 730]
    start = AS_OF - timedelta(random.choice(edges) + random.choice((-1, 0, 0, 1)))
    return Days(start, start + timedelta(random.choice((0, 0, 0, 1, 30))))


def _value(random: Random, kind: str, domain: Domain) -> Value | None:
    match kind:
        case "truth":
            return random.random() < 0.5
        case "word":
            return random.choice(domain.words)
        case "day":
            return _days(random)
        case "code":
            return random.choice(domain.codes)
        case "number":
            return _number(random, domain)
        case _:
            return None


def _number(random: Random, domain: Domain) -> Interval:
    low, high = sorted((random.choice(domain.numbers), random.choice(domain.numbers)))
    if low == high or random.random() < 0.5:
        return Interval.exactly(low)
    low, high = random.choice(((low, high), (float("-inf"), high), (low, float("inf"))))
    return Interval(low, high, random.random() < 0.5, random.random() < 0.5)


def features(policy: Policy) -> Iterator[str]:
    """What of the model a policy uses, in words: to show that random policies leave nothing out."""
    yield from (f"settled first: {rule.then}" for rule in policy.settled_first)
    yield from ("a rule that asks" for rule in policy.settled_first if rule.asks)
    yield "exclusions" if policy.not_necessary_when else "no exclusions"
    yield from (f"authorization {'with' if entry.when else 'without'} a condition" for entry in policy.authorization)
    roots = [policy.necessary_when, policy.not_necessary_when, *(rule.when for rule in policy.settled_first)]
    for criterion in (one for root in roots if root for one in walk(root)):
        match criterion:
            case Check():
                yield from _features_of(criterion)
            case AtLeast(count=count, parts=parts):
                yield "all" if count == len(parts) else "any" if count == 1 else "at least"
                yield f"as one: {criterion.as_one}"
                if criterion.guarded:
                    yield "guarded"
            case NoneOf():
                yield "none"


def _features_of(check: Check) -> Iterator[str]:
    yield f"{check.test.compare} ago" if check.test.ago else f"{check.test.compare} {type(check.test.value).__name__}"
    if check.times:
        yield f"{check.times.compare} times"
    if check.first:
        yield "the first decides"
    if check.within:
        yield f"within {check.within.unit}s"
    if check.since:
        yield "since and within" if check.within else "since"
    if check.presumption:
        yield f"presumed {check.presumption.treat_as.value}{', always' if check.presumption.always else ''}"
    if check.open_because:
        yield "left open"


EVERY_FEATURE = frozenset(
    {
        *(f"settled first: {then}" for then in THENS),
        *(f"within {unit}s" for unit in UNITS),
        *(f"{compared} Interval" for compared in COMPARISONS if compared not in ("in", "documented")),
        *("is bool", "is str", "in str", "documented NoneType", "a rule that asks", "exclusions", "no exclusions"),
        *("authorization with a condition", "authorization without a condition", "all", "any", "at least", "none", "guarded"),
        *("as one: False", "as one: True", "as one: when not met", "since", "since and within", "left open"),
        *(f"{compared} ago" for compared in RAYS[1:]),
        *(f"{compared} times" for compared in RAYS),
        "the first decides",
        *("presumed met", "presumed not met", "presumed met, always", "presumed not met, always"),
    }
)
"""All that random policies must use between them."""
