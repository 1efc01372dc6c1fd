"""What settles a decision, in words.

These are its reasons, the evidence that decides, what was assumed, and what the document adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from cds_service.content.content import Content
from cds_service.content.wording import finding_in_words, ours_in_words
from cds_service.decision import Decision, DecisionOutcome
from cds_service.facts.unread import in_quotes, unread
from cds_service.policy import explain
from cds_service.policy.criterion import Check, Citation, Remark
from cds_service.policy.finding import NOT_DOCUMENTED, Basis, Finding
from cds_service.policy.model import Policy
from cds_service.said.evidence import THIS_ORDER, ToldEvidence, told


class Sentence(NamedTuple):
    """A sentence of the policy with its place in the document."""

    says: str
    cite: Citation


class Reasons(NamedTuple):
    """The reasons for which an order came out as it did.

    ``whole`` is what the reasons together come to, where none of them decides alone.
    """

    whole: Sentence | None
    parts: tuple[Sentence, ...]
    each_alone: bool


def reasons(decision: Decision) -> Reasons:
    """Return the reasons of a settled decision.

    Either each of them is enough alone, or they are needed together and stand under what they come to.
    """
    found = decision.reasons
    if len(found) == 1 and not decision.settled_by and len(below := explain.ways(found[0])) > 1:
        return Reasons(sentence(found[0]), _sentences(below), each_alone=False)
    return Reasons(None, _sentences(found), each_alone=len(found) > 1)


def sentence(finding: Finding) -> Sentence:
    """Return what was found of a criterion, in words.

    They are the criterion's sentence or its sentence for *not met*.
    """
    criterion = finding.criterion
    return Sentence(finding_in_words(criterion, finding.outcome), criterion.cite)


def _sentences(found: Iterable[Finding]) -> tuple[Sentence, ...]:
    """Return the sentences of findings, equal ones once."""
    said: dict[str, Sentence] = {}
    for finding in found:
        one = sentence(finding)
        said.setdefault(one.says, one)
    return tuple(said.values())


def at(cite: Citation, policy: Policy) -> str:
    """Return the place of a sentence as shown behind it.

    A document other than the policy's first is named.
    """
    first = next(iter(policy.sources))
    return cite.at if cite.source == first else f"{policy.sources[cite.source].publisher}: {cite.at}"


def deciding(decision: Decision) -> list[Finding]:
    """Return the findings of the checks that settle an order.

    For an open order, these are the findings that have evidence: first those of what is asked, then what is found of
    the same criteria.
    """
    if decision.outcome is not DecisionOutcome.NOT_DOCUMENTED or decision.settled_by:
        return [leaf for finding in decision.reasons for leaf in explain.deciding(finding)]
    spoken = [(leaf, leaves) for _, leaves in decision.grounds for leaf in leaves if leaf.evidence]
    if not spoken:
        return []
    asked = {*(decision.asks[: decision.shortest] or decision.asks), *(decision.alone if decision.shortest == 1 else ())}
    wanted = [leaf for leaf, _ in spoken if _asks(leaf, asked)]
    beside = [leaf for leaf, leaves in spoken if leaf.outcome is not NOT_DOCUMENTED and any(_asks(one, asked) for one in leaves)]
    return wanted + beside


def _asks(leaf: Finding, asked: set[str]) -> bool:
    check = leaf.criterion
    return leaf.outcome is NOT_DOCUMENTED and isinstance(check, Check) and check.fact in asked


def evidence(
    decision: Decision,
    leaves: Iterable[Finding],
    content: Content,
    quoted: Callable[[str], str] = in_quotes,
    plain: Callable[[str], str] = str,
) -> Iterator[ToldEvidence]:
    """Yield the evidence that decides, in the order of the reasons.

    ``leaves`` are the findings that decide. How the service is set up, and what no record says, is no evidence; what
    could not be read stands behind its question.
    """
    seen: set[str] = set()
    shown: set[tuple[str, str]] = set()
    for leaf in leaves:
        check = leaf.criterion
        if not leaf.evidence or not isinstance(check, Check) or content.catalogue[check.fact].of_plan:
            continue
        for one in leaf.evidence:
            said = told(one, check, content, decision.order, quoted, plain)
            nowhere = not one.resource and not one.note
            known = said.line in seen or (one.shown and (one.resource, one.shown) in shown)
            beside = decision.asks and (unread(one) or (leaf.outcome is not NOT_DOCUMENTED and said.where == THIS_ORDER))
            if nowhere or known or beside:
                continue
            seen.add(said.line)
            shown.add((one.resource, one.shown))
            yield said


def numbers_of_ours(leaves: Iterable[Finding]) -> list[str]:
    """Say which deciding numbers are not the document's.

    ``leaves`` are the findings that turn on them.
    """
    found = [ours_in_words(leaf.criterion) for leaf in leaves if leaf.evidence and leaf.outcome is NOT_DOCUMENTED]
    return list(dict.fromkeys([said for said in found if said]))


def left_to_a_person(leaves: Iterable[Finding]) -> list[str]:
    """Say why a criterion stays open although the chart speaks of it."""
    found = []
    for leaf in leaves:
        check = leaf.criterion
        if leaf.basis is Basis.LEFT_OPEN and isinstance(check, Check):
            found.append(check.open_because)
        elif leaf.basis in (Basis.CONTRADICTORY, Basis.STRADDLES):
            found.append(f"{str(leaf.basis.value)[:1].upper()}{str(leaf.basis.value)[1:]}.")
    return list(dict.fromkeys(found))


def assumptions(decision: Decision, leaves: Iterable[Finding], content: Content) -> list[Finding]:
    """Return the findings that the chart's silence was taken to settle.

    Each sentence stands once. ``leaves`` are the findings that decide: of a settled order, only assumptions among them
    are returned. Of an open order, what stays open whatever is assumed is not told.
    """
    idle = {id(leaf) for found, leaves in decision.grounds if found.outcome is NOT_DOCUMENTED for leaf in leaves}
    opened = decision.outcome is DecisionOutcome.NOT_DOCUMENTED
    found = decision.presumed if opened else [leaf for leaf in leaves if leaf.basis is Basis.PRESUMED]
    told = {leaf.criterion.says: leaf for leaf in reversed(found) if id(leaf) not in idle and _asked_for(leaf, content)}
    return list(reversed(told.values()))


def _asked_for(leaf: Finding, content: Content) -> bool:
    """Tell whether a person can be asked for a check's fact.

    What is only worked out from other facts is not assumed of a patient.
    """
    check = leaf.criterion
    return isinstance(check, Check) and bool(check.ask or content.catalogue[check.fact].entry.ask)


def remarks(decision: Decision) -> list[Remark]:
    """Return what the document says besides.

    First comes what it says of this case (``when`` tells), then what it says of all such orders.
    """
    return list({remark.says: remark for remark in (*of_this_case(decision), *decision.advice)}.values())


def of_this_case(decision: Decision) -> list[Remark]:
    """Return what the document says besides of a case like this.

    That includes what it says of the criteria that settle the order.
    """
    found = [finding.criterion.remark for finding in decision.because if finding.criterion.remark]
    return [*[remark for remark in decision.advice if remark.when], *found]
