"""Asks z3 for a chart that shows something about policies.

The answer is a chart, the proof that there is none, or that it was not decided. Every chart found is judged again by
``policy.judge`` before it is returned, and made as plain as it can be while it still shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import z3

from cds_service.analysis.decided import DecidedVignette, decide_unknown
from cds_service.analysis.domain import Domain, checks_of, criteria_of, domains, earliest
from cds_service.analysis.encode import Encoder
from cds_service.analysis.replay import judged
from cds_service.analysis.smallest import smallest
from cds_service.analysis.truths import Truth
from cds_service.analysis.unknown_chart import unknown_chart
from cds_service.content.content import Content
from cds_service.decision import Decision
from cds_service.policy.criterion import Check
from cds_service.policy.evidence import Fact
from cds_service.policy.look_back import reopens
from cds_service.policy.model import Policy
from cds_service.policy.values import Interval

TIME_LIMIT = 20_000
"""Milliseconds after which z3 gives up on one question."""
Facts = dict[str, Fact]


class Disagreement(AssertionError):
    """The solver found a chart on which ``judge`` disagrees.

    That is a fault in the encoding, and must never be shown as an answer.
    """


@dataclass(frozen=True, slots=True)
class Example:
    """A chart that shows what was asked for.

    What is not among ``facts`` is silent. ``decisions`` are those of the policies.
    """

    facts: Facts
    as_of: date
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof that no chart of the date of service shows it.

    It holds however much evidence a chart has.
    """

    as_of: date


@dataclass(frozen=True, slots=True)
class NotDecided:
    """It could not be told, and why."""

    because: str


Answer = Example | Proof | NotDecided


class Charts:
    """All charts of a limited size, and policies decided on them.

    A chart has up to so many pieces of evidence for each fact.
    """

    def __init__(self, policies: Iterable[Policy], held: Mapping[str, Domain], as_of: date, pieces: Mapping[str, int]) -> None:
        self.policies = tuple(policies)
        checks = checks_of(root for policy in self.policies for root in criteria_of(policy))
        self.chart = unknown_chart(held, as_of, earliest(checks, as_of), pieces)
        self.encoder = Encoder(self.chart)
        self.decided = tuple(decide_unknown(policy, self.encoder) for policy in self.policies)
        self.solver = z3.SimpleSolver()
        self.solver.set("timeout", TIME_LIMIT)
        self.solver.add(*[rule for rule in self.chart.rules if rule is not True])

    def find(self, condition: Truth) -> Facts | NotDecided | None:
        """Find the facts of a chart on which a condition holds.

        Returns None when there is none. Raises Disagreement when ``judge`` gives a policy another outcome on it than
        the formulas do.
        """
        if condition is False:
            return None
        self.solver.push()
        try:
            if condition is not True:
                self.solver.add(condition)
            found = self.solver.check()
            if found == z3.unsat:
                return None
            if found == z3.unknown:
                return NotDecided(f"z3 gave up: {self.solver.reason_unknown()}")
            model = self.solver.model()
        finally:
            self.solver.pop()
        facts = self.chart.facts(model)
        for decided in self.decided:
            self._agree(decided, model, facts)
        return facts

    def _agree(self, decided: DecidedVignette, model: z3.ModelRef, facts: Facts) -> None:
        said = [outcome for outcome, truth in decided.outcomes.items() if truth is True or z3.is_true(_value(model, truth))]
        outcome = judged(decided.policy, facts, self.chart.as_of).outcome
        if said != [outcome]:
            held = {name: fact for name, fact in facts.items() if fact.evidence or fact.unsearched}
            policy = decided.policy
            raise Disagreement(f"{policy.id} {policy.version}: encoded as {said}, judged as {outcome}, on {held}")


def _value(model: z3.ModelRef, truth: Truth) -> object:
    return z3.BoolVal(truth) if isinstance(truth, bool) else model.eval(truth, model_completion=True)


@dataclass
class Solver:
    """Answers questions about policies that are read on the same charts.

    The policies may be versions, payers' policies, or mutants of one policy. Charts with one piece of evidence for each
    fact are tried first; where none of them shows it, charts with as many pieces as could make a difference
    (:func:`enough_pieces`), so that an answer of *none* is a proof.
    """

    policies: tuple[Policy, ...]
    held: Mapping[str, Domain]
    as_of: date
    _few: Charts | None = field(default=None, init=False)
    _enough: Charts | None = field(default=None, init=False)

    def ask(self, condition: Callable[[Charts], Truth], shows: Callable[[Mapping[str, Fact]], bool]) -> Answer:
        """Find a chart on which ``condition`` holds.

        ``shows`` judges the same from facts. Raises Disagreement when it does not agree.
        """
        for charts in (self.few, self.enough):
            found = charts.find(condition(charts))
            if isinstance(found, NotDecided):
                return found
            if found is not None:
                if not shows(found):
                    raise Disagreement(f"judge does not find what the formulas show on {found}")
                return self._example(smallest(found, shows, self.held, self.as_of))
        return Proof(self.as_of)

    def _example(self, facts: Facts) -> Example:
        told = {name: fact for name, fact in facts.items() if fact.evidence or fact.unsearched}
        return Example(told, self.as_of, tuple(judged(policy, told, self.as_of) for policy in self.policies))

    @property
    def few(self) -> Charts:
        """Charts with one piece of evidence for each fact."""
        if self._few is None:
            self._few = Charts(self.policies, self.held, self.as_of, {})
        return self._few

    @property
    def enough(self) -> Charts:
        """Charts with as many pieces of evidence as could matter."""
        if self._enough is None:
            checks = checks_of(root for policy in self.policies for root in criteria_of(policy))
            self._enough = Charts(self.policies, self.held, self.as_of, enough_pieces(checks))
        return self._enough


def enough_pieces(checks: Iterable[Check]) -> dict[str, int]:
    """Return how many pieces of evidence are enough for each fact.

    More can change no outcome. Of all the evidence that a check sees it is enough to keep one piece of the latest day,
    and one other that makes it open (it disagrees, or may lie before the look-back begins): without the rest it comes
    out the same. Checks with the same look-back share the first. Of what is counted, one more than the number that it is
    compared with. Of a fact that a look-back starts from, the earliest
    and the latest day are enough.
    """
    held = list(checks)
    tests: dict[tuple[object, ...], set[object]] = {}
    for check in held:
        key = (check.fact, check.within, check.since, check.test.of_day, check.first)
        tests.setdefault(key, set()).add(check.test)
    pieces = {check.since: 2 for check in held if check.since}
    counts: dict[str, int] = {}
    for check in held:
        if check.times is not None and isinstance(check.times.value, Interval):
            counts[check.fact] = max(counts.get(check.fact, 0), int(check.times.value.low) + 1)
    for name, count in counts.items():
        pieces[name] = pieces.get(name, 0) + count
    for check in held:
        if reopens(check):
            tests.setdefault((check.fact, "older than our own look-back"), set())
    for (fact, *_), told in tests.items():
        pieces[str(fact)] = pieces.get(str(fact), 0) + 1 + len(told)
    return pieces


def date_to_ask(policies: Iterable[Policy]) -> date:
    """Return the date of service that charts are asked about.

    It is the first on which all the policies were in force or had been.
    """
    return max(policy.effective_from for policy in policies)


def solver_for(policies: Iterable[Policy], content: Content, as_of: date | None = None) -> Solver:
    """Make the solver for policies.

    Its charts are those that the content's catalogue and value sets allow.
    """
    held = tuple(policies)
    return Solver(held, domains(held, content), as_of or date_to_ask(held))
