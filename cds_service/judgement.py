"""The judgement of one order: from a case to its decisions.

``decide`` goes there in six pure steps: it selects the policies, extracts facts, judges and gives a
:class:`~cds_service.decision.Decision` each. HTTP, the command line, vignettes and replay all call it; the date of
service is in the case, so the same case always has the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.content.payers import Member, recognise
from cds_service.decision import NAMED_IN_WORDS, OUT_OF_TIME, UNKNOWN_SYSTEM, Decision, DecisionOutcome, evidence_of
from cds_service.facts.extract import Facts
from cds_service.facts.faults import faults_of
from cds_service.fhir.codes import Coding
from cds_service.policy.evidence import Fact
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET
from cds_service.policy.judge import Judge
from cds_service.policy.model import Authorization, Policy

_OUTCOME_OF: Final = {
    MET: DecisionOutcome.NECESSARY,
    NOT_MET: DecisionOutcome.NOT_NECESSARY,
    NOT_DOCUMENTED: DecisionOutcome.NOT_DOCUMENTED,
}
"""The outcome of an order for each outcome of its policy.

The policy's outcome is what its criteria and exclusions come to together.
"""


def decide(case: Case, content: Content, in_time: bool = True) -> list[Decision]:
    """Decide an order under each policy that governs it.

    Returns one decision for each such policy; one *not addressed* when none governs it.

    Where the system of the order's code is not known, or only its words tell what is ordered, each policy that would
    govern it has a decision that says so. Where a Coverage is recognised, its payer's policies govern; of several,
    that which the order names as its insurance. Where none is, every held policy that lists the code is judged. An
    order that is no more ``in_time`` is not judged: nothing of it is documented, for nothing was searched.
    """
    order = case.order
    if "insurance" in order.resource:
        members = recognise(case.chart, content.payers, case.as_of, order)
    else:
        members = case.together.once(("members", case.as_of), lambda: recognise(case.chart, content.payers, case.as_of))
    speaks: Callable[[Policy], bool] = (lambda policy: any(m.has(policy) for m in members)) if members else (lambda _: True)
    selected = content.library.select(order.codings, case.as_of, speaks)
    if not selected:
        unaddressed = DecisionOutcome.NOT_ADDRESSED
        unplaced = content.library.unplaced(order.codings, speaks)
        if unplaced:
            return [
                Decision(order.reference, c, id_, None, unaddressed, rule=UNKNOWN_SYSTEM, members=members)
                for id_, c in unplaced.items()
            ]
        first = order.codings[0] if order.codings else None
        named = content.library.named(order, case.as_of, speaks) if order.stands else []
        if named:
            return [Decision(order.reference, first, id_, None, unaddressed, rule=NAMED_IN_WORDS, members=members) for id_ in named]
        return [Decision(order.reference, first, "", None, unaddressed, rule="not-listed", members=members)]
    decisions = []
    for choice in selected:
        if choice.policy is None:
            addressed = DecisionOutcome.NOT_ADDRESSED
            by = (order.reference, choice.coding, choice.policy_id, None, addressed)
            decisions.append(Decision(*by, rule="no-version-held", members=members))
        else:
            speaking = tuple([m for m in members if m.has(choice.policy)])
            if not in_time:
                decisions.append(_out_of_time(choice.policy, choice.coding, case, content, speaking))
                continue
            selected_by = Case(
                case.chart, order, case.signing, case.as_of, choice.coding, case.our_url, case.together, choice.policy.form
            )
            decisions.append(_on_sound_evidence(choice.policy, choice.coding, selected_by, content, speaking))
    return decisions


def _out_of_time(policy: Policy, coding: Coding, case: Case, content: Content, members: tuple[Member, ...]) -> Decision:
    """Return what is said of an order that ran out of time.

    The time of its call left it unjudged: it is not documented, and the decision names where nothing was looked for.
    """

    def wanted() -> tuple[str, ...]:
        return tuple(dict.fromkeys(need.resource for need in content.catalogue.needs(policy.facts) if not need.beside))

    unread = case.together.once(("unread", policy.id, policy.version), wanted)
    by = (case.order.reference, coding, policy.id, policy, DecisionOutcome.NOT_DOCUMENTED)
    return Decision(*by, rule=OUT_OF_TIME, members=members, unread=unread)


def _on_sound_evidence(policy: Policy, coding: Coding, case: Case, content: Content, members: tuple[Member, ...]) -> Decision:
    """Decide an order on resources that are not malformed.

    It decides, then validates the resources that the decision rests on, and decides again without any that is
    malformed.
    """
    unusable: dict[str, str] = {}
    while True:
        facts = Facts(case, content.catalogue, unusable)
        decision = judge_policy(policy, coding, case.order.reference, facts, case, members)
        # once one was malformed, all that was read is validated: what takes its place must not cost another round each
        found = faults_of(facts.evidence(), case) if unusable else _faults_below(decision, case)
        faults = {one: fault for one, fault in found.items() if one not in unusable}
        if not faults:
            return decision
        unusable |= faults


def _faults_below(decision: Decision, case: Case) -> dict[str, str]:
    """Return what is wrong with resources that the settling findings rest on.

    A finding that several orders share is looked at once.
    """
    if not case.together.shared:
        return faults_of(evidence_of(decision), case)
    found: dict[str, str] = {}
    for _, leaves in decision.grounds:
        for leaf in leaves:
            if leaf.evidence:
                found |= case.together.once(("faults", leaf), partial(faults_of, leaf.evidence, case))
    return found


def judge_policy(
    policy: Policy,
    coding: Coding | None,
    order: str,
    facts: Mapping[str, Fact],
    case: Case,
    members: tuple[Member, ...] = (),
) -> Decision:
    """Decide under one policy version on given facts.

    The rules settled first are tried before the criteria.
    """
    judge = Judge(facts, case.as_of)
    advice = tuple([a for a in policy.advice if a.when is None or judge.of(a.when).outcome is MET])
    for rule in policy.settled_first:
        finding = judge.of(rule.when)
        if finding.outcome is MET:
            outcome = DecisionOutcome(rule.then.replace(" ", "-"))
            governed = outcome not in (DecisionOutcome.REFERRED, DecisionOutcome.NOT_ADDRESSED)
            said = _authorization(policy, judge) if governed else None
            by = (order, coding, policy.id, policy, outcome, (finding,), rule.when.id, rule.asks)
            return Decision(*by, settled_by=rule, authorization=said, members=members, advice=advice, shortest=len(rule.asks))
    trees = judge.trees(policy.necessary_when, policy.not_necessary_when)
    reading = trees.reading
    said = _authorization(policy, judge)
    settled = (order, coding, policy.id, policy, _OUTCOME_OF[reading.outcome], trees.because(), "", reading.asks, trees)
    return Decision(*settled, authorization=said, members=members, advice=advice, shortest=reading.shortest, facts=facts)


def _authorization(policy: Policy, judge: Judge) -> Authorization | None:
    """Return what the document says of prior authorization in this case."""
    return next((a for a in policy.authorization if a.when is None or judge.of(a.when).outcome is MET), None)
