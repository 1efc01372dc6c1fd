"""What a solver can tell an author about one policy.

It finds criteria that no chart meets, that change nothing, that contradict each other. Each question gives findings. No
findings are the good answer to all but :func:`exclusion_overlaps_indication` and :func:`presumption_reverses`, which
say where the order of steps and silence decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from cds_service.analysis.asked_policy import AskedPolicy, SolverFinding
from cds_service.analysis.decided import decide_unknown
from cds_service.analysis.domain import checks_of
from cds_service.analysis.encode import Encoded, Encoder, Forced
from cds_service.analysis.replay import judged
from cds_service.analysis.solve import Charts, Example
from cds_service.analysis.truths import Truth, conj, disj, neg, same
from cds_service.decision import DecisionOutcome
from cds_service.policy.criterion import AtLeast, Criterion, NoneOf, facts_of, walk
from cds_service.policy.evidence import Fact
from cds_service.policy.finding import MET
from cds_service.policy.judge import judge

NECESSARY, NOT_NECESSARY = DecisionOutcome.NECESSARY, DecisionOutcome.NOT_NECESSARY


def never_met(asked: AskedPolicy) -> Iterator[SolverFinding]:
    """Yield criteria that no chart meets.

    What they are part of can never rest on them.
    """
    for criterion in _never(asked, lambda node: node.met):
        yield SolverFinding("never-met", criterion, f"no chart meets '{criterion.id}'")


def never_not_met(asked: AskedPolicy) -> Iterator[SolverFinding]:
    """Yield criteria that every chart meets or leaves open.

    Whatever is documented, they are never *not met*. Those made that way are left out: a day within a look-back, and a
    test whose failure is left open.
    """
    for criterion in _never(asked, lambda node: node.not_met):
        if asked.solver.few.encoder.encode(criterion).not_met is not False:
            yield SolverFinding("never-not-met", criterion, f"on no chart is '{criterion.id}' not met; it asks for nothing")


def always_decided(asked: AskedPolicy) -> Iterator[SolverFinding]:
    """Yield criteria that no chart leaves open.

    Only those count that ask about the chart, and not only about the order's own code.
    """
    held = asked.solver.held
    for criterion in _never(asked, lambda node: node.open):
        if not all(held[name].always for name in facts_of(iter([*walk(criterion)]))):
            yield SolverFinding("always-decided", criterion, f"no chart leaves '{criterion.id}' open")


def _never(asked: AskedPolicy, what: Callable[[Encoded], Truth]) -> Iterator[Criterion]:
    """Yield the criteria of which something holds on no chart.

    The topmost come first. One chart often shows it for many.
    """
    seen: set[int] = set()
    criteria = [one for root in asked.roots() for one in walk(root)]
    for criterion in criteria:
        if id(criterion) in seen:
            continue
        found = asked.possible(lambda charts, one=criterion: what(charts.encoder.encode(one)))  # type: ignore[misc]
        if found is None:
            yield criterion
            continue
        outcomes = {id(one): judge(one, found, asked.solver.as_of).outcome for one in criteria} if found else {}
        wanted = what(_OUTCOME)
        seen |= {one for one, outcome in outcomes.items() if outcome.value == wanted}
        seen.add(id(criterion))


class _Named:
    """Stands for an encoded criterion and names outcomes.

    With it, a question tells which outcome it is about.
    """

    met, not_met, open = "met", "not met", "not documented"


_OUTCOME: Encoded = _Named()  # type: ignore[assignment]


def idle_criterion(asked: AskedPolicy) -> Iterator[SolverFinding]:
    """Yield criteria without which every order would come out the same.

    Rules settled first are among them. Parts of an idle criterion are not named.
    """
    policy = asked.policy
    for rule in policy.settled_first:
        yield from _idle(asked, rule.when, (False, True))
        if isinstance(rule.when, AtLeast | NoneOf):
            yield from _idle_parts(asked, rule.when)
    yield from _idle_parts(asked, policy.necessary_when)
    if policy.not_necessary_when:
        yield from _idle_parts(asked, policy.not_necessary_when)


def _idle_parts(asked: AskedPolicy, whole: Criterion) -> Iterator[SolverFinding]:
    for part in whole.parts if isinstance(whole, AtLeast | NoneOf) else ():
        every = isinstance(whole, AtLeast) and whole.count == len(whole.parts)
        found = [] if len(getattr(whole, "parts", ())) == 1 else list(_idle(asked, part, (every, not every)))
        yield from found or _idle_parts(asked, part)


def _idle(asked: AskedPolicy, criterion: Criterion, dropped: tuple[bool, bool]) -> Iterator[SolverFinding]:
    forced: Forced = {id(criterion): dropped}

    def changes(charts: Charts) -> Truth:
        without = decide_unknown(asked.policy, charts.encoder, forced).outcomes
        return disj(*(neg(same(truth, without[outcome])) for outcome, truth in charts.decided[0].outcomes.items()))

    if asked.possible(changes) is None:
        yield SolverFinding("idle-criterion", criterion, f"without '{criterion.id}' every order would come out the same")


def contradictory_siblings(asked: AskedPolicy) -> Iterator[SolverFinding]:
    """Yield parts of an *all* that no chart meets together.

    Each of the two can be met alone.
    """
    wholes = [one for root in asked.roots() for one in walk(root) if isinstance(one, AtLeast) and one.count == len(one.parts)]
    for whole in wholes:
        for one, other in combinations(whole.parts, 2):
            shared = set(facts_of(walk(one))) & set(facts_of(walk(other)))
            if not shared or any(asked.possible(lambda c, p=part: c.encoder.encode(p).met) is None for part in (one, other)):  # type: ignore[misc]
                continue
            if asked.possible(lambda c, a=one, b=other: conj(c.encoder.encode(a).met, c.encoder.encode(b).met)) is None:  # type: ignore[misc]
                said = f"no chart meets '{one.id}' and '{other.id}' together, and '{whole.id}' wants both"
                yield SolverFinding("contradictory-siblings", one, said, also=other)


def exclusion_overlaps_indication(asked: AskedPolicy) -> Iterator[SolverFinding]:
    """Yield exclusions that can hold while the criteria are met.

    Such an exclusion, or rule settled first, then wins.
    """
    policy, as_of = asked.policy, asked.solver.as_of
    against = [rule.when for rule in policy.settled_first if rule.then == "not necessary"]
    against += policy.not_necessary_when.parts if policy.not_necessary_when else ()
    for excludes in against:

        def both(charts: Charts, excludes: Criterion = excludes) -> Truth:
            decided = charts.decided[0]
            return conj(decided.necessary.met, charts.encoder.encode(excludes).met, decided.outcomes[NOT_NECESSARY])

        def shows(facts: Mapping[str, Fact], excludes: Criterion = excludes) -> bool:
            met = (judge(one, facts, as_of).outcome is MET for one in (policy.necessary_when, excludes))
            return all(met) and judged(policy, facts, as_of).outcome is NOT_NECESSARY

        answer = asked.solver.ask(both, shows)
        if isinstance(answer, Example):
            said = f"an order can meet every criterion and '{excludes.id}' at once; it is then not necessary"
            yield SolverFinding("exclusion-overlaps-indication", excludes, said, answer)


def presumption_reverses(asked: AskedPolicy) -> Iterator[SolverFinding]:
    """Yield facts whose documentation can reverse what silence decides.

    Silence makes the order necessary or not necessary, and documenting the fact can make it the opposite.
    """
    policy, as_of = asked.policy, asked.solver.as_of
    checks = [one for root in asked.roots() for one in walk(root) if not isinstance(one, AtLeast | NoneOf) and one.presumption]
    for name in dict.fromkeys(check.fact for check in checks):
        criterion = next(check for check in checks if check.fact == name)
        for before, after in ((NECESSARY, NOT_NECESSARY), (NOT_NECESSARY, NECESSARY)):

            def reverses(
                charts: Charts, name: str = name, pair: tuple[DecisionOutcome, DecisionOutcome] = (before, after)
            ) -> Truth:
                while_silent = decide_unknown(policy, charts.encoder, _while_silent(charts, name, asked)).outcomes[pair[0]]
                return conj(while_silent, charts.decided[0].outcomes[pair[1]])

            def shows(
                facts: Mapping[str, Fact], name: str = name, pair: tuple[DecisionOutcome, DecisionOutcome] = (before, after)
            ) -> bool:
                silent = {**facts, name: Fact(name, (), facts[name].unsearched if name in facts else ())}
                return (judged(policy, silent, as_of).outcome, judged(policy, facts, as_of).outcome) == pair

            answer = asked.solver.ask(reverses, shows)
            if isinstance(answer, Example):
                said = f"while '{name}' is silent the order is {before.value}; documented as here it is {after.value}"
                yield SolverFinding("presumption-reverses", criterion, said, answer)


def _while_silent(charts: Charts, name: str, asked: AskedPolicy) -> Forced:
    """Return the outcomes of a fact's checks while it is silent.

    These are the checks that test the fact, or whose look-back starts from it.
    """
    facts = charts.chart.facts_by_name
    silent = Encoder(replace(charts.chart, facts_by_name={**facts, name: replace(facts[name], pieces=())}))
    hanging = [check for check in checks_of(asked.roots()) if name in (check.fact, check.since)]
    return {id(check): (found.met, found.not_met) for check in hanging for found in [silent.encode(check)]}


QUESTIONS: Mapping[str, Callable[[AskedPolicy], Iterator[SolverFinding]]] = {
    "never-met": never_met,
    "never-not-met": never_not_met,
    "always-decided": always_decided,
    "idle-criterion": idle_criterion,
    "contradictory-siblings": contradictory_siblings,
    "exclusion-overlaps-indication": exclusion_overlaps_indication,
    "presumption-reverses": presumption_reverses,
}
"""The questions by the name of what they look for."""
