"""The differential test: ``judge`` and the solver's encoding of it, on random policies and charts.

``python -m bench.differential --pairs 10000`` compares the two on that many pairs of a policy and a chart: the outcome of every
criterion, the decision, its reasons, questions, assumptions and what it says of authorization. For every policy the solver
is also asked for a chart with each outcome, and each chart that it finds is judged too.
Prints how much was compared; exits with 1 at the first difference.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from random import Random

import z3

from bench.random_policies import AS_OF, EVERY_FEATURE, features, random_chart, random_policy
from cds_service.analysis.decided import Named, asks, assumed, authorization, because
from cds_service.analysis.differing import Reading, read_as
from cds_service.analysis.domain import checks_of, criteria_of, open_domains
from cds_service.analysis.encode import Encoded
from cds_service.analysis.replay import judged
from cds_service.analysis.solve import Charts, NotDecided
from cds_service.analysis.truths import Truth
from cds_service.decision import DecisionOutcome
from cds_service.policy.criterion import Outcome
from cds_service.policy.evidence import Fact
from cds_service.policy.judge import judge
from cds_service.policy.model import Policy

CHARTS = 25
"""Charts tried on each policy."""
MOST_PIECES = 3


class Differs(AssertionError):
    """The encoding says something other than ``judge``."""


class Compared:
    """One policy on the unknown chart, ready to be compared with ``judge`` on any chart."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.domains = open_domains(checks_of(criteria_of(policy)))
        self.charts = Charts([policy], self.domains, AS_OF, dict.fromkeys(self.domains, MOST_PIECES))
        decided = self.charts.decided[0]
        self.trees: list[Encoded] = [*decided.rules, decided.necessary, *([decided.exclusions] if decided.exclusions else [])]
        self.readings: dict[Reading, Named] = {
            "because": because(decided),
            "asks": asks(decided),
            "assumed": assumed(decided),
            "authorization": authorization(decided, self.charts.encoder),
        }

    def compare(self, facts: dict[str, Fact]) -> None:
        """Raises Differs where the encoding gives a chart another meaning than ``judge`` does."""
        solver = self.charts.solver
        solver.push()
        solver.add(*[truth for truth in self.charts.chart.exactly(facts) if truth is not True])
        if solver.check() != z3.sat:
            raise Differs(f"the unknown chart cannot be {facts}")
        model = solver.model()
        solver.pop()

        def holds(truth: Truth) -> bool:
            return truth if isinstance(truth, bool) else z3.is_true(model.eval(truth, model_completion=True))

        for tree in self.trees:
            for node in _nodes(tree):
                told = Outcome.MET if holds(node.met) else Outcome.NOT_MET if holds(node.not_met) else Outcome.NOT_DOCUMENTED
                if (outcome := judge(node.criterion, facts, AS_OF).outcome) is not told:
                    raise Differs(f"{node.criterion}: encoded as {told}, judged as {outcome}, on {facts}")
        decision = judged(self.policy, facts, AS_OF)
        outcomes = [outcome for outcome, truth in self.charts.decided[0].outcomes.items() if holds(truth)]
        if outcomes != [decision.outcome]:
            raise Differs(f"{self.policy}: encoded as {outcomes}, judged as {decision.outcome}, on {facts}")
        for reading, named in self.readings.items():
            says = {name for name, truth in named.items() if holds(truth)}
            found = read_as(decision, reading)
            wanted = found if isinstance(found, set) else set() if found is None else {str(found)}
            if says != wanted:
                raise Differs(f"{self.policy}: {reading} encoded as {says}, judged as {found}, on {facts}")

    def solved(self) -> Iterator[DecisionOutcome]:
        """The outcomes for which the solver finds a chart; finding judges it again."""
        for outcome, truth in self.charts.decided[0].outcomes.items():
            found = self.charts.find(truth)
            if isinstance(found, NotDecided):
                raise Differs(f"{self.policy}: {found.because}")
            if found is not None:
                self.compare(found)
                yield outcome


def _nodes(tree: Encoded) -> Iterator[Encoded]:
    yield tree
    for part in tree.parts:
        yield from _nodes(part)


def compare_many(pairs: int, seed: int, charts: int = CHARTS) -> tuple[int, Counter[str], Counter[str]]:
    """Compares so many pairs, so many charts on each policy.

    Gives the number compared, how often each feature was used and each outcome came up.

    Raises Differs, or ``solve.Disagreement``, at the first difference.
    """
    random = Random(seed)  # noqa: S311 - no secret
    done, used, outcomes = 0, Counter[str](), Counter[str]()
    while done < pairs:
        policy = random_policy(random)
        used.update(features(policy))
        compared = Compared(policy)
        for _ in range(min(charts, pairs - done)):
            facts = random_chart(random, compared.domains, MOST_PIECES)
            compared.compare(facts)
            outcomes[judged(policy, facts, AS_OF).outcome.value] += 1
            done += 1
        outcomes.update(f"solved for {outcome.value}" for outcome in compared.solved())
    return done, used, outcomes


def main() -> None:
    """Runs the comparison from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000, help="pairs of a policy and a chart")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.perf_counter()
    done, used, outcomes = compare_many(asked.pairs, asked.seed)
    print(f"{done} pairs compared in {time.perf_counter() - began:.0f} s, no difference (seed {asked.seed})")
    print("  " + ", ".join(f"{name} {count}" for name, count in sorted(outcomes.items())))
    print(f"  features of the language used: {len(EVERY_FEATURE & used.keys())} of {len(EVERY_FEATURE)}")
    sys.exit(bool(EVERY_FEATURE - used.keys()))


if __name__ == "__main__":
    main()
