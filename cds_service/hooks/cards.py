"""Cards: what a clinician sees. Nothing for a necessary order; one card for any other that a policy speaks of or could speak of.

A warning says *not necessary as documented* with its reasons; an info card asks the fewest questions that could settle the order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid5

from cds_service.chart import Case
from cds_service.content import Content
from cds_service.decision import NOT_DECIDED, UNJUDGED, UNREADABLE_DATE, Decision, DecisionOutcome
from cds_service.facts.unread import in_quotes, unread
from cds_service.fhir.codes import CPT, HCPCS, RXNORM, Coding
from cds_service.hooks.card_types import crd_cards
from cds_service.hooks.conversation import Conversation
from cds_service.hooks.decision_links import HOW_DECIDED, Page, no_page
from cds_service.hooks.suggestions import suggestion
from cds_service.policy import explain
from cds_service.policy.finding import MET, Basis, Finding
from cds_service.policy.model import Check, Citation, Evidence, Policy, Remark, Standing
from cds_service.wording import finding_in_words, ours_in_words

LONGEST_SUMMARY: Final = 139
MOST_UNREAD: Final = 3
"""Records that could not be read and are named behind a question."""
MOST_EVIDENCE: Final = 5
"""Pieces of evidence that a card names for one criterion; the decision has the others."""
OVERRIDES: Final = "urn:cds-service:override-reason"
_SPACE: Final = UUID("6f1d6f4e-6f0b-5d6a-9d7e-0c5c2d7c8f11")
_SHOWN: Final = {DecisionOutcome.NOT_NECESSARY: 0, DecisionOutcome.NOT_DOCUMENTED: 1, DecisionOutcome.REFERRED: 2}
OVERRIDE_REASONS: Final = (
    ("documented-elsewhere", "The criterion is met; it is documented elsewhere"),
    ("other-policy", "The member's plan does not use this policy"),
    ("review-planned", "I will ask the plan for a review or a peer-to-peer conversation"),
    ("patient-pays", "The patient knows and accepts the cost"),
    ("clinical-judgement", "This patient needs it for another reason"),
)


def cards(
    decided: Iterable[tuple[Case, Decision]],
    content: Content,
    hook_instance: str,
    conversation: Conversation,
    page: Page = no_page,
) -> list[dict[str, Any]]:
    """One card for each order that has something to say, the most serious first, as far as the conversation wants them.

    Where several policies speak of one order, the most serious decision makes the card and the others are named in it.
    ``page`` gives the address of the decision behind a card, which cards that may hold links then link.
    """
    by_order: dict[str, list[tuple[Case, Decision]]] = {}
    not_judged: dict[str, list[Decision]] = {}
    for case, decision in decided:
        if decision.rule in UNJUDGED:
            not_judged.setdefault(decision.order, []).append(decision)
        elif decision.outcome in _SHOWN and decision.policy and (not conversation.early or certain(decision)):
            by_order.setdefault(decision.order, []).append((case, decision))
    ranked = []
    for found in by_order.values():
        found.sort(key=lambda pair: _SHOWN[pair[1].outcome])
        ranked.append((_SHOWN[found[0][1].outcome], found))
    ranked.sort(key=lambda pair: pair[0])
    made: list[dict[str, Any]] = []
    for _, [(case, decision), *others] in ranked:
        card = _card(case, decision, [d for _, d in others], content, hook_instance, conversation)
        address = page(card["uuid"])
        if address:
            card.setdefault("links", []).append({"label": HOW_DECIDED, "url": address, "type": "absolute"})
        made += crd_cards(card, decision, conversation) if decision.member else [card]
    made += [_unjudged_card(found, content, hook_instance, conversation) for found in not_judged.values()]
    return [card for card in made if conversation.wants(card["source"]["topic"]["code"])][: conversation.most_cards]


def certain(decision: Decision) -> bool:
    """Whether an order is not necessary whatever is still written into it: by what is there, and nothing that was assumed."""
    grounds = [leaf for finding in decision.because for leaf in explain.leaves(finding)]
    return decision.outcome is DecisionOutcome.NOT_NECESSARY and all(leaf.basis is not Basis.PRESUMED for leaf in grounds)


def card_uuid(hook_instance: str, order: str, policy: str) -> str:
    """The card's UUID: the same for the same call, order and policy, so that feedback on it finds the decision."""
    return str(uuid5(_SPACE, f"{hook_instance}|{order}|{policy}"))


def _card(
    case: Case, decision: Decision, others: list[Decision], content: Content, hook_instance: str, conversation: Conversation
) -> dict[str, Any]:
    policy = decision.policy
    if policy is None:
        raise ValueError("only a decision under a held policy makes a card")
    serious = decision.outcome is DecisionOutcome.NOT_NECESSARY
    source = next(iter(policy.sources.values()))
    card: dict[str, Any] = {
        "uuid": card_uuid(hook_instance, decision.order, policy.id),
        "summary": summary(decision, content),
        "detail": detail(decision, others, content),
        "indicator": "warning" if serious else "info",
        "source": {
            "label": decision.member.payer.name if decision.member else source.publisher,
            **({"url": source.url} if source.url else {}),
            "topic": {"system": conversation.topics}
            | ({"code": "off-guideline", "display": "Off guideline"} if serious else {"code": "guideline", "display": "Guideline"}),
        },
    }
    if serious and conversation.drafting:
        card["suggestions"] = [suggestion(case, decision, policy, UUID(card["uuid"]))]
        card["selectionBehavior"] = "at-most-one"
    if serious:
        card["overrideReasons"] = [{"system": OVERRIDES, "code": code, "display": said} for code, said in OVERRIDE_REASONS]
    if source.url:
        card["links"] = [{"label": source.title, "url": source.url, "type": "absolute"}]
    card["extension"] = conversation.associated(decision.order)
    return card


def _unjudged_card(found: list[Decision], content: Content, hook_instance: str, conversation: Conversation) -> dict[str, Any]:
    """The card of an order that was not judged: the system of its code is not known, its date is no day, or the service failed."""
    first, coding = found[0], found[0].coding
    code, system = (_cut(coding.code, 40), coding.system.strip()) if coding else ("Order", "")
    policies = [policy for decision in found if (policy := content.library.version(decision.policy_id))]
    if first.rule == UNREADABLE_DATE:
        said = "the order's date is no day, so it was not judged."
        lines = ["A date or moment in the order is none that a calendar has. Nothing was judged."]
    elif first.rule == NOT_DECIDED:
        said = "it could not be checked, for the policy service failed."
        lines = [
            "It was not judged, for a fault of the service and not of the order. The other orders were.",
            f"Whoever operates the service finds the fault in its log under {_quoted(hook_instance)}.",
        ]
    else:
        said = "the code's system is not known, so no policy was looked up."
        named = f"It names the system {_quoted(system)}, which is not known here." if system else "It names no code system."
        titles = ", ".join(f"*{_own(policy.title)}*" for policy in policies)
        lines = [
            f"The order's code is {_quoted(code)}. {named}",
            "",
            f"If it is what it looks like, it is governed by {titles}. Nothing was judged.",
            f"Send the code with its system: CPT is `{CPT}`, HCPCS is `{HCPCS}`, RxNorm is `{RXNORM}`.",
        ]
    publishers = [source.publisher for policy in policies for source in policy.sources.values()]
    return {
        "uuid": card_uuid(hook_instance, first.order, first.policy_id),
        "summary": _cut(f"{code}: {said}", LONGEST_SUMMARY),
        "detail": "\n".join(lines),
        "indicator": "info",
        "source": {
            "label": publishers[0] if publishers else "Medical policies",
            "topic": {"system": conversation.topics, "code": "guideline", "display": "Guideline"},
        },
        "extension": conversation.associated(first.order),
    }


def summary(decision: Decision, content: Content) -> str:
    """One sentence under 140 characters: the outcome and its first reason or question."""
    policy = decision.policy
    code = decision.coding.code if decision.coding else "Order"
    label = _label(policy, decision.coding, content) if policy else ""
    match decision.outcome:
        case DecisionOutcome.NOT_NECESSARY:
            said = f"{code} ({label}): not medically necessary as documented. {_first_reason(decision)}"
        case DecisionOutcome.REFERRED:
            said = f"{code}: another policy governs this order, {decision.settled_by.referred_to if decision.settled_by else ''}"
        case _:
            asked = next(iter(questions(decision, content)), "")
            more = f" (and {len(decision.asks) - 1} more)" if len(decision.asks) > 1 else ""
            said = f"{code} ({label}): not yet documented{more}. {asked}"
    return _cut(said, LONGEST_SUMMARY)


def _label(policy: Policy, coding: Coding | None, content: Content) -> str:
    """What cards call the thing that is ordered: by its code where the policy says so."""
    held = content.terminology.holding(coding.system, coding.code) if coding and policy.labels else {}
    return next((label for id_, label in policy.labels if id_ in held), policy.label)


def _first_reason(decision: Decision) -> str:
    return _stated(decision.because[0]) if decision.because else ""


def _stated(finding: Finding) -> str:
    return finding_in_words(finding.criterion, finding.outcome)


def _cut(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;.") + "…"


def detail(decision: Decision, others: Iterable[Decision], content: Content) -> str:
    """The card's Markdown: which order and policy, the reasons with their places, what was assumed, what is asked, what to do."""
    policy = decision.policy
    if policy is None:
        return ""
    coding = _cut(decision.coding.text if decision.coding else decision.order, 60)
    source = next(iter(policy.sources.values()))
    plan = f"for {_md(decision.member.payer.name)}" if decision.member else "if the member's plan uses this policy"
    lines = [
        f"**{_md(coding)}**, judged by *{_own(policy.title)}* of {_own(source.publisher)}, version {policy.version}, {plan}.",
        "",
    ]
    match decision.outcome:
        case DecisionOutcome.NOT_NECESSARY:
            lines += ["**Not medically necessary as documented**, because:", *_reasons(decision, content)]
        case DecisionOutcome.REFERRED:
            referred = decision.settled_by.referred_to if decision.settled_by else ""
            lines += [f"Another policy governs this order: **{_md(referred)}**.", *_reasons(decision, content)]
        case _:
            lines += ["**Not yet documented.** What would settle it, the shortest way first:"]
            lines += [f"- {_own(asked)}{unread_}" for asked, unread_ in _asked(decision, content)]
            lines += ["", "It is asked for:", *_reasons(decision, content)]
    lines += _assumptions(decision)
    if decision.unsearched:
        lines += ["", f"Not searched, so silence there means nothing: {', '.join(decision.unsearched)}."]
    for other in others:
        lines += ["", f"Also judged by {_md(other.policy_id)}: {other.outcome.value}."]
    if remarks := _remarks(decision, policy):
        lines += ["", "What the document says besides:"]
        lines += [f"- {_own(remark.says)} {_place(remark.cite, policy)}" for remark in remarks]
    if policy.second_reader == "none yet":
        lines += ["", "*This policy was encoded and checked by machine and has not been clinically reviewed.*"]
    return "\n".join(lines)


def _remarks(decision: Decision, policy: Policy) -> list[Remark]:
    found = [finding.criterion.remark for finding in decision.because if finding.criterion.remark]
    if decision.outcome is DecisionOutcome.NOT_NECESSARY and policy.review_route:
        found.append(policy.review_route)
    if decision.authorization:
        found.append(decision.authorization.remark)
    return [*found, *decision.advice]


def _reasons(decision: Decision, content: Content) -> list[str]:
    policy = decision.policy
    lines = []
    for finding in decision.because:
        criterion = finding.criterion
        place = _place(criterion.cite, policy) if policy else ""
        lines.append(f"- **{_own(_stated(finding))}** {place}{_evidence(finding, content)}")
    return lines


def _evidence(finding: Finding, content: Content) -> str:
    said: list[str] = []
    ours: list[str] = []
    for leaf in explain.leaves(finding):
        check = leaf.criterion
        if not isinstance(check, Check):
            continue
        if check.ours and (leaf.evidence or leaf is finding):
            ours.append(_own(ours_in_words(check)))
        if leaf.basis is Basis.PRESUMED and check.presumption:
            said.append(f"assumed: {_own(check.presumption.because)}")
        said += [_one(evidence, check, content) for evidence in leaf.evidence]
        if leaf.basis in (Basis.CONTRADICTORY, Basis.STRADDLES):
            said.append(leaf.basis.value)
        if leaf.basis is Basis.LEFT_OPEN:
            said.append(_own(check.open_because))
    told = list(dict.fromkeys(said))
    more = [f"and {len(told) - MOST_EVIDENCE} more"] if len(told) > MOST_EVIDENCE else []
    return "".join(f"\n  - {words}" for words in [*dict.fromkeys(ours), *told[:MOST_EVIDENCE], *more])


def _one(evidence: Evidence, check: Check, content: Content) -> str:
    definition = content.catalogue[check.fact]
    means = _own(definition.entry.means.rstrip("."))
    if not_read := unread(evidence, _quoted):
        return f"{means}: {not_read}, {_quoted(evidence.resource)}"
    value = definition.show(evidence.value) if evidence.value is not None else "no usable value"
    dated = f" ({evidence.when.text()})" if evidence.when and evidence.when.first.year > 1 else ""
    shown = f", {_quoted(evidence.shown)}" if evidence.shown else ""
    unused = "not used: " if evidence.standing is not Standing.USABLE else ""
    note = f"; {unused}{_md(evidence.note)}" if evidence.note else ""
    said = f"{means}: {_md(value)}{dated}{shown}"
    return f"{said}, {_quoted(evidence.resource or evidence.kind)}{note}"


def _quoted(words: str) -> str:
    """Words that a client may have written, as a code span: nothing in it formats or links."""
    return f"`{_cut(words.replace('`', ''), 200)}`"


def _assumptions(decision: Decision) -> list[str]:
    """What was presumed, each with its reason: criteria taken as met, and exclusions taken as absent."""
    presumed: dict[str, list[str]] = {"Assumed, because the chart is silent:": [], "Assumed not to be so:": []}
    for leaf in decision.leaves:
        check = leaf.criterion
        if leaf.basis is Basis.PRESUMED and isinstance(check, Check) and check.presumption:
            heading = list(presumed)[0 if leaf.outcome is MET else 1]
            presumed[heading].append(f"- {_own(check.says)} *{_own(check.presumption.because)}*")
    return [line for heading, lines in presumed.items() if lines for line in ("", heading, *dict.fromkeys(lines))]


def questions(decision: Decision, content: Content) -> list[str]:
    """The questions for what is asked, in its order: the criterion's own, else the catalogue's, else what the fact means."""
    wanted = set(decision.asks)
    own: dict[str, str] = {}
    for leaf in decision.leaves if wanted else ():
        check = leaf.criterion
        if isinstance(check, Check) and check.fact in wanted and check.ask:
            own.setdefault(check.fact, check.ask)
    entries = ((fact, content.catalogue[fact].entry) for fact in decision.asks)
    return [own.get(fact) or entry.ask or entry.means for fact, entry in entries]


def _asked(decision: Decision, content: Content) -> list[tuple[str, str]]:
    """The questions, each with what could not be read and made it be asked."""
    doubts = unread_of(decision, _quoted)
    return [(asked, doubts.get(fact, "")) for fact, asked in zip(decision.asks, questions(decision, content), strict=True)]


def unread_of(decision: Decision, quoted: Callable[[str], str] = in_quotes) -> dict[str, str]:
    """What could not be read of the facts that are asked for, by fact; each record is named once."""
    wanted = set(decision.asks)
    found: dict[str, dict[str, None]] = {}
    seen: set[str] = set()
    for leaf in decision.leaves if wanted else ():
        check = leaf.criterion
        if not isinstance(check, Check) or check.fact not in wanted:
            continue
        for evidence in leaf.evidence:
            said = unread(evidence, quoted)
            if said and said not in seen:
                seen.add(said)
                found.setdefault(check.fact, {})[said] = None
    return {fact: told(list(said)) for fact, said in found.items()}


def told(doubts: list[str]) -> str:
    """The first few of what could not be read, in brackets behind a question."""
    more = [f"and {len(doubts) - MOST_UNREAD} more"] if len(doubts) > MOST_UNREAD else []
    return f" ({'; '.join(doubts[:MOST_UNREAD] + more)})"


def _place(cite: Citation, policy: Policy) -> str:
    title = policy.sources[cite.source].publisher if len(policy.sources) > 1 else ""
    return f"[{_own(f'{title}: {cite.at}' if title else cite.at)}]"


_FORMATTING: Final = re.compile(r"([\\`*_\[\]<>|#~])")


def _md(text: str) -> str:
    """Text made safe for GitHub-Flavored Markdown: nothing in it formats, links or becomes HTML."""
    return _FORMATTING.sub(r"\\\1", " ".join(text.split()))


@lru_cache(maxsize=16_384)
def _own(text: str) -> str:
    """The same of a text of the content, which many cards say; what a client wrote is not remembered."""
    return _md(text)
