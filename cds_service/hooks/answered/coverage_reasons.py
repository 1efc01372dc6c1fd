"""The reasons of an assertion, in sentences.

They say what was decided of medical necessity, on what grounds, and what was inferred.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.content.wording import finding_in_words, ours_in_words
from cds_service.decision import OUT_OF_TIME, Decision, DecisionOutcome
from cds_service.policy.criterion import Check
from cds_service.policy.finding import MET
from cds_service.policy.model import Policy
from cds_service.said.asked import questions

_SAID: Final = {
    DecisionOutcome.NECESSARY: "the order is medically necessary",
    DecisionOutcome.NOT_NECESSARY: "the order is not medically necessary as documented",
    DecisionOutcome.NOT_DOCUMENTED: "the chart does not yet document whether the order is medically necessary",
    DecisionOutcome.REFERRED: "another policy governs the order",
}


def reasons(decision: Decision, others: list[Decision], content: Content, documentation: bool = True) -> Iterator[str]:
    """Yield one group of sentences for each aspect of a decision.

    The aspects are: the outcome with its criteria, what is asked, what was assumed, and what else was judged. Without
    ``documentation`` nothing is asked.
    """
    policy = decision.policy
    if policy is None:
        return
    source = next(iter(policy.sources.values()))
    unread = (
        "; the policy was encoded by machine and has not been clinically reviewed" if policy.second_reader == "none yet" else ""
    )
    named = f"{policy.title}, {source.publisher}, version {policy.version}{unread}"
    referred = f": {decision.settled_by.referred_to}" if decision.settled_by and decision.settled_by.referred_to else ""
    yield f"Medical necessity: {_SAID[decision.outcome]}{referred} ({named}). {' '.join(_grounds(decision, policy))}".rstrip()
    if decision.asks and documentation:
        yield f"Documentation: {' '.join(questions(decision, content))}"
    if decision.unsearched and documentation:
        yield f"Documentation: not searched, so silence there means nothing: {', '.join(decision.unsearched)}."
    for holds, said in ((True, "Assumed, because the chart is silent"), (False, "Assumed not to be so")):
        if assumed := _assumed(decision, holds):
            yield f"{said}: {' '.join(assumed)}"
    for other in others:
        yield f"Also judged by {other.policy_id}: {other.outcome.value.replace('-', ' ')}."


def technical_failure(case: Case, decision: Decision) -> str:
    """Name in a sentence the technical failure that leaves a decision open.

    It says what was left unread. Returns the empty string when nothing failed.
    """
    if decision.rule == OUT_OF_TIME:
        return "Technical: the time of the call was over before the order was judged, so this is not decided."
    failed = [f"{kind}, {case.chart.failed[kind]}" for kind in decision.unsearched if kind in case.chart.failed]
    return f"Technical: the chart could not be read in full, so this is not decided ({'; '.join(failed)})." if failed else ""


def _grounds(decision: Decision, policy: Policy) -> list[str]:
    if decision.outcome is DecisionOutcome.NECESSARY:
        return []
    said = []
    for finding in decision.because:
        cite = finding.criterion.cite
        title = f"{policy.sources[cite.source].title}: " if len(policy.sources) > 1 else ""
        ours = ours_in_words(finding.criterion)
        sentence = finding_in_words(finding.criterion, finding.outcome)
        said.append(f"{sentence} [{title}{cite.at}]{f' ({ours})' if ours else ''}")
    return list(dict.fromkeys(said))


def _assumed(decision: Decision, holds: bool) -> list[str]:
    """Return the sentences of the criteria that silence settled.

    ``holds`` selects those that were taken as met, else those taken as not met.
    """
    return list(
        dict.fromkeys(
            leaf.criterion.says
            for leaf in decision.presumed
            if isinstance(leaf.criterion, Check) and (leaf.outcome is MET) is holds
        )
    )
