"""What a policy decides on an unknown chart, as formulas.

The formulas follow ``decision.judge_policy`` and the readings of ``policy.explain``. A reading has a truth for each
name: for each criterion, whether it is a reason; for each fact, whether it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cds_service.analysis.encode import Encoded, Encoder, Forced, counted
from cds_service.analysis.truths import Truth, conj, disj, neg, same
from cds_service.decision import DecisionOutcome
from cds_service.policy.criterion import AtLeast, Check, NoneOf
from cds_service.policy.model import Policy

Named = dict[str, Truth]
"""Truths by the name of what they are about."""


@dataclass(frozen=True, slots=True)
class DecidedVignette:
    """The decision of a policy on the unknown chart.

    ``settled`` says for each rule settled first whether it settles the order.
    """

    policy: Policy
    settled: tuple[Truth, ...]
    rules: tuple[Encoded, ...]
    necessary: Encoded
    exclusions: Encoded | None
    outcomes: dict[DecisionOutcome, Truth]

    @property
    def judged(self) -> Truth:
        """Whether no rule settles the order, so that the criteria decide."""
        return neg(disj(*self.settled))


def decide_unknown(policy: Policy, encoder: Encoder, forced: Forced | None = None) -> DecidedVignette:
    """Return the decision of a policy as formulas.

    ``forced`` replaces the outcomes of some criteria, roots included.
    """
    rules = tuple(encoder.encode(rule.when, forced) for rule in policy.settled_first)
    settled: list[Truth] = []
    for rule in rules:
        settled.append(conj(rule.met, neg(disj(*settled))))
    necessary = encoder.encode(policy.necessary_when, forced)
    exclusions = encoder.encode(policy.not_necessary_when, forced) if policy.not_necessary_when else None
    judged = neg(disj(*settled))
    excluded, ruled_out = (exclusions.met, exclusions.not_met) if exclusions else (False, True)
    by_criteria = {
        DecisionOutcome.NECESSARY: conj(necessary.met, ruled_out),
        DecisionOutcome.NOT_NECESSARY: disj(excluded, necessary.not_met),
    }
    by_criteria[DecisionOutcome.NOT_DOCUMENTED] = conj(*(neg(one) for one in by_criteria.values()))
    outcomes: dict[DecisionOutcome, Truth] = {}
    for outcome in DecisionOutcome:
        ruled = (
            by
            for rule, by in zip(policy.settled_first, settled, strict=True)
            if DecisionOutcome(rule.then.replace(" ", "-")) is outcome
        )
        outcomes[outcome] = disj(conj(judged, by_criteria.get(outcome, False)), *ruled)
    return DecidedVignette(policy, tuple(settled), rules, necessary, exclusions, outcomes)


def because(decided: DecidedVignette) -> Named:
    """Tell for each criterion whether it is a reason of the decision.

    A rule is named by its id.
    """
    found: Named = {}
    for rule, settled in zip(decided.policy.settled_first, decided.settled, strict=True):
        _add(found, rule.when.id, settled)
    necessary, exclusions = decided.necessary, decided.exclusions
    excluded = exclusions.met if exclusions else False
    speaks = conj(decided.judged, neg(excluded))
    if exclusions:
        # where the criteria are not met and nothing is excluded, the exclusions give no reason
        speaks_too = conj(decided.judged, disj(exclusions.met, neg(necessary.not_met)))
        open_beside = conj(exclusions.not_met, neg(necessary.met))
        for id_, truth in _reasons(exclusions, conj(speaks_too, neg(open_beside))):
            _add(found, id_, truth)
    beside = conj(necessary.met, exclusions.open) if exclusions else False
    for id_, truth in _reasons(necessary, conj(speaks, neg(beside))):
        _add(found, id_, truth)
    return found


def _add(found: Named, name: str, truth: Truth) -> None:
    if truth is not False:
        found[name] = disj(found.get(name, False), truth)


def _outcome_shared(node: Encoded, part: Encoded) -> Truth:
    """Tell whether a part has the outcome that settles the whole.

    Or, where the whole is open, the outcome that leaves it open.
    """
    met, not_met = (part.not_met, part.met) if isinstance(node.criterion, NoneOf) else (part.met, part.not_met)
    return disj(conj(node.met, met), conj(node.not_met, not_met), conj(node.open, part.open))


def _closed(node: Encoded) -> Truth:
    """Tell whether a branch does not apply, as ``explain.closed`` does."""
    return node.parts[0].not_met if isinstance(node.criterion, AtLeast) and node.criterion.guarded else False


def _as_one(node: Encoded) -> Truth:
    """Tell whether a criterion is reported in place of its parts."""
    if isinstance(node.criterion, Check):
        return True
    return node.not_met if node.criterion.as_one == "when not met" else bool(node.criterion.as_one)


def _reasons(node: Encoded, reached: Truth) -> Iterator[tuple[str, Truth]]:
    """Yield each criterion with whether it is a reason.

    This follows ``explain.reasons``. ``reached`` says whether the reading reaches the criterion.
    """
    if reached is False:
        return
    whole = _as_one(node)
    yield node.criterion.id, conj(reached, whole)
    if whole is True:
        return
    within = conj(reached, neg(whole))
    guarded = isinstance(node.criterion, AtLeast) and node.criterion.guarded
    all_closed = conj(*(_closed(part) for part in node.parts))
    for place, part in enumerate(node.parts):
        if guarded:
            said = neg(node.parts[0].met) if place == 0 else neg(node.parts[0].not_met)
        else:
            said = disj(neg(_closed(part)), all_closed)
        yield from _reasons(part, conj(within, said, _outcome_shared(node, part)))


def assumed(decided: DecidedVignette) -> Named:
    """Tell for each criterion whether silence settled it.

    Those are the criteria that ``presumed.assumed`` names.
    """
    found: Named = {}
    for tree in (decided.necessary, decided.exclusions):
        reached: Named = {}  # of criteria with one id, the first that is reached speaks for all
        for node, unpresumed, truth in _named_leaves(tree, decided.judged) if tree else ():
            rests = disj(conj(node.met, neg(unpresumed.met)), conj(node.not_met, neg(unpresumed.not_met)))
            _add(found, node.criterion.id, conj(truth, rests, neg(reached.get(node.criterion.id, False))))
            _add(reached, node.criterion.id, truth)
    return found


def _named_leaves(node: Encoded, reached: Truth) -> Iterator[tuple[Encoded, Encoded, Truth]]:
    whole = _as_one(node)
    yield node, without_presumptions(node), conj(reached, whole)
    if whole is True:
        return
    within = conj(reached, neg(whole))
    for place, part in enumerate(node.parts):
        yield from _named_leaves(part, within if place == 0 else conj(within, neg(_closed(node))))


def without_presumptions(node: Encoded) -> Encoded:
    """Return the criterion with every presumed check left open."""
    if isinstance(node.criterion, Check):
        return Encoded(node.criterion, conj(node.met, neg(node.presumed)), conj(node.not_met, neg(node.presumed)))
    return counted(node.criterion, tuple(without_presumptions(part) for part in node.parts))


def asks(decided: DecidedVignette) -> Named:
    """Tell for each fact whether it is asked for.

    The order of the questions is left to ``judge``.
    """
    found: Named = {}
    for rule, settled in zip(decided.policy.settled_first, decided.settled, strict=True):
        for fact in rule.asks:
            _add(found, fact, settled)
    whole = conj(decided.judged, decided.outcomes[DecisionOutcome.NOT_DOCUMENTED])
    trees = [tree for tree in (decided.necessary, decided.exclusions) if tree]
    closed = [_without_a_person(tree, helps=tree is decided.exclusions) for tree in trees]
    hopeless = disj(closed[0].not_met, *(tree.met for tree in closed[1:]))
    for judged, reached in ((trees, conj(whole, hopeless)), (closed, conj(whole, neg(hopeless)))):
        for fact, truth in (one for tree in judged for one in _open_checks(tree, reached)):
            _add(found, fact, truth)
    return found


def _without_a_person(node: Encoded, *, helps: bool) -> Encoded:
    """Return a criterion without what is left to a person.

    This follows ``asking.to_answer``; ``helps`` says that such a test comes to *met*, which then helps least.
    """
    if isinstance(node.criterion, Check):
        met, not_met = (node.left_open, False) if helps else (False, node.left_open)
        return Encoded(node.criterion, disj(node.met, met), disj(node.not_met, not_met))
    below = helps is not isinstance(node.criterion, NoneOf)
    found = counted(node.criterion, tuple(_without_a_person(part, helps=below) for part in node.parts))
    met, not_met = disj(node.met, conj(node.open, found.met)), disj(node.not_met, conj(node.open, found.not_met))
    return Encoded(node.criterion, met, not_met, parts=found.parts)


def _open_checks(node: Encoded, reached: Truth) -> Iterator[tuple[str, Truth]]:
    within = conj(reached, node.open)
    if isinstance(node.criterion, Check):
        yield node.criterion.fact, within
    for part in node.parts:
        yield from _open_checks(part, within)


def authorization(decided: DecidedVignette, encoder: Encoder) -> Named:
    """Tell for each entry of ``authorization`` whether it applies.

    Entries are named by their place.
    """
    found: Named = {}
    elsewhere = (decided.outcomes[DecisionOutcome.REFERRED], decided.outcomes[DecisionOutcome.NOT_ADDRESSED])
    before = disj(*elsewhere)
    for place, entry in enumerate(decided.policy.authorization):
        holds = encoder.encode(entry.when).met if entry.when else True
        _add(found, str(place), conj(holds, neg(before)))
        before = disj(before, holds)
    return found


def differ(one: Named, other: Named) -> Truth:
    """Tell whether two readings differ in anything they name."""
    return disj(*(neg(same(one.get(name, False), other.get(name, False))) for name in {**one, **other}))
