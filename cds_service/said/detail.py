"""The detail of a card: at most one screen of Markdown.

It has three parts under headings: why, the evidence that decides, what to do. On a card that asks, the first part is
the shortest way of questions. What does not fit is counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from cds_service.content.content import Content
from cds_service.content.wording import UNREAD
from cds_service.decision import Decision, DecisionOutcome
from cds_service.facts.unread import place_of_record
from cds_service.policy.criterion import Citation
from cds_service.policy.finding import Finding
from cds_service.policy.model import Policy
from cds_service.said import grounds
from cds_service.said.asked import HEADING, MOST_ASKED, Way, more_questions, way
from cds_service.said.listing import Listing, fitted
from cds_service.said.markdown import cut, plain, quoted
from cds_service.said.ordered import Ordered, ordered
from cds_service.said.outcome import SAID, number

LONGEST_DETAIL: Final = 1200
MOST_NAMED: Final = 3
"""The most assumptions and remarks named where no page has them all."""
LONGEST_QUESTION: Final = 170
UNREVIEWED: Final = "*Encoded and checked by machine; it has not been clinically reviewed.*"
ON_THE_PAGE: Final = "on the linked page"
WHY: Final = "Why it is not medically necessary as documented"
EVIDENCE: Final = "The evidence that decides"
SO_FAR: Final = "What the chart says so far"
TO_DO: Final = "What to do"


class CardSetting(NamedTuple):
    """The setting in which a card is shown.

    ``links`` tells whether it links the page of its decision, ``drafting`` whether its reader is writing the order.
    """

    links: bool = False
    drafting: bool = True

    @property
    def where(self) -> str:
        """The words for where all the rest stands.

        They are empty where nothing can be linked.
        """
        return f" {ON_THE_PAGE}" if self.links else ""


def detail(
    decision: Decision,
    others: Iterable[Decision],
    content: Content,
    what: Ordered | None = None,
    setting: CardSetting | None = None,
    found: Way | None = None,
) -> str:
    """Write the Markdown of a decision's card.

    ``others`` are what other policies decided of the same order. A caller may pass ``what`` is ordered and the
    questions ``found`` if it has them already; what others wrote in them must be made safe.
    """
    policy = decision.policy
    if policy is None:
        return ""
    held = setting or CardSetting()
    opened = decision.outcome is DecisionOutcome.NOT_DOCUMENTED
    first = _asked(decision, found or way(decision, content, quoted), held) if opened else _why(decision, policy, held)
    leaves = grounds.deciding(decision)
    evidence = _evidence(decision, leaves, content, held)
    doing = Listing(TO_DO, items=_to_do(decision, policy, held), after=_of_the_plan(decision, policy), least=9, most=9)
    assumed, adds = _assumed(decision, leaves, content, policy, held), _adds(decision, policy, held)
    also = [_also(other) for other in others]
    reviewed = [UNREVIEWED] if policy.second_reader == UNREAD else []
    parts = [first, evidence, doing, assumed] if opened else [first, evidence, assumed, doing]
    named = min(len(grounds.of_this_case(decision)), 1)
    growing = [(first, 3), (adds, named), (first, MOST_ASKED if opened else 3), (evidence, 3), (first, 5), (evidence, 5)]
    growing += [(assumed, 2), (adds, 2)]
    head = _head(decision, policy, what or ordered(decision.coding, policy, content))
    blocks: list[str | Listing] = [head, *parts, adds, *also, *reviewed]
    return fitted(blocks, growing, LONGEST_DETAIL)


def _head(decision: Decision, policy: Policy, what: Ordered) -> str:
    """Say what is ordered and which document judges it.

    Named are also the document's version and, where it is known, the payer for whom it is judged.
    """
    source = next(iter(policy.sources.values()))
    payer = decision.member.payer.name if decision.member else ""
    plan = ", if the member's plan uses this policy" if not payer else f", for {plain(payer)}" if payer != source.publisher else ""
    coding = plain(cut(decision.coding.text if decision.coding else decision.order, 60))
    words = f", ordered as {plain(what.words)}" if what.words and what.words.casefold() != what.name.casefold() else ""
    called = f"**{plain(what.name)}** ({coding}{words})" if what.name else f"**{coding}**"
    document = f"*{_own(policy.title)}* of {_own(source.publisher)}, version {policy.version}"
    return f"{called}, judged by {document}{plan}."


def _why(decision: Decision, policy: Policy, held: CardSetting) -> Listing:
    found = grounds.reasons(decision)
    referred = decision.outcome is DecisionOutcome.REFERRED
    governs = decision.settled_by.referred_to if decision.settled_by else ""
    intro = f"Another policy governs this order: **{plain(governs)}**." if referred else ""
    if found.whole:
        intro = _placed(found.whole.says, found.whole.cite, policy)
    heading = "Why" if referred else f"{WHY}: each of these alone" if found.each_alone else WHY
    items = [_placed(one.says, one.cite, policy) for one in found.parts]
    return Listing(heading, intro, items, lambda left: f"And {number(left, 'more reason')}{held.where}.")


def _asked(decision: Decision, found: Way, held: CardSetting) -> Listing:
    heading = f"{HEADING}: {found.together}" if found.together else HEADING
    items = [
        f"{_own(cut(one.words, LONGEST_QUESTION))}{one.doubt}{f' [{_own(one.at)}]' if one.at else ''}" for one in found.questions
    ]
    kinds = dict.fromkeys([place_of_record(kind).partition(" ")[2] for kind in decision.unsearched])
    after = [f"Not searched, so silence there means nothing: {', '.join(kinds)}."] if kinds else []
    rest, least = more_questions(found, held.where), 2 if found.any_one else 1

    def counted(left: int) -> str:
        return more_questions(found.without(left), held.where)

    return Listing(heading, "", items, counted, after, least=least, none_left=rest)


def _evidence(decision: Decision, leaves: list[Finding], content: Content, held: CardSetting) -> Listing:
    items = [one.line for one in grounds.evidence(decision, leaves, content, quoted, plain)]
    after = [_own(said) for said in (*grounds.left_to_a_person(leaves), *grounds.numbers_of_ours(leaves))][:2]
    heading = SO_FAR if decision.outcome is DecisionOutcome.NOT_DOCUMENTED else EVIDENCE

    def counted(left: int) -> str:
        return f"And {number(left, 'more entry of the chart', 'more entries of the chart')}{held.where}."

    return Listing(heading, "", items, counted, after if items else ())


def _assumed(decision: Decision, leaves: list[Finding], content: Content, policy: Policy, held: CardSetting) -> Listing:
    found = grounds.assumptions(decision, leaves, content)
    items = [_placed(*grounds.sentence(one), policy) for one in found[:MOST_NAMED]]

    def counted(left: int) -> str:
        if left == len(found):
            return f"{number(left, 'assumption')} where the chart is silent{held.where}."
        return f"And {number(left, 'more assumption')}{held.where}."

    least, most, beyond = (0 if decision.asks else 1), (1 if held.links else MOST_NAMED), len(found) - len(items)
    said = "Assumed, because the chart is silent:"
    return Listing("", said, items, counted, inline=True, least=least, most=most, beyond=beyond)


def _adds(decision: Decision, policy: Policy, held: CardSetting) -> Listing:
    found = grounds.remarks(decision)
    items = [_placed(one.says, one.cite, policy) for one in found[:MOST_NAMED]]

    def counted(left: int) -> str:
        if left == len(found):
            return f"The document adds {number(left, 'remark')}{held.where}."
        return f"And {number(left, 'more remark')}{held.where}."

    of_this_case = min(len(grounds.of_this_case(decision)), 1)
    most, beyond = (of_this_case if held.links else 2), len(found) - len(items)
    return Listing("", "The document adds:", items, counted, inline=True, least=0, most=most, beyond=beyond)


def _to_do(decision: Decision, policy: Policy, held: CardSetting) -> list[str]:
    """Return what the reader of the card can do.

    Each piece of advice begins with the case that it is for.
    """
    again = ", then sign again" if held.drafting else ""
    match decision.outcome:
        case DecisionOutcome.NOT_DOCUMENTED:
            return [
                f"If the answer is known, document it with its date{again}.",
                "If it is documented elsewhere, will be, or does not apply, override with that reason.",
            ]
        case DecisionOutcome.REFERRED:
            governs = decision.settled_by.referred_to if decision.settled_by else ""
            return [
                f"If the order stands, look it up in {plain(governs)}.",
                "If that does not apply to this patient, override with that reason.",
            ]
        case _:
            ids = set(decision.because_ids)
            other = next((one for one in policy.alternatives if ids & set(one.instead_of)), None)
            return [
                f"If the chart is wrong or incomplete, correct it{again}.",
                *(
                    [_placed(f"If another order will do, order what the document names: {other.label}.", other.cite, policy)]
                    if other
                    else []
                ),
                *(["If the order can go, remove it."] if held.drafting else []),
                "If the order is needed all the same, override with a reason.",
            ]


def _of_the_plan(decision: Decision, policy: Policy) -> list[str]:
    """Say how the plan reviews such an order.

    Said is also whether the plan wants prior authorization; both as the document says it.
    """
    found = [policy.review_route] if policy.review_route and decision.outcome is DecisionOutcome.NOT_NECESSARY else []
    found += [decision.authorization.remark] if decision.authorization else []
    return [_placed(one.says, one.cite, policy) for one in found]


def _also(other: Decision) -> str:
    """Say what another policy decided of the same order."""
    title = f"*{_own(other.policy.title)}*, {_own(next(iter(other.policy.sources.values())).publisher)}" if other.policy else ""
    said = SAID[other.outcome]
    return f"Also judged by {title or plain(other.policy_id)}: {said[:1].lower()}{said[1:]}."


@lru_cache(maxsize=16_384)
def _placed_own(says: str, place: str) -> str:
    """Return a sentence of the content with its place.

    Many cards say it, so it is remembered; what a client wrote is not.
    """
    return f"{plain(says)} [{plain(place)}]"


def _placed(says: str, cite: Citation, policy: Policy) -> str:
    return _placed_own(says, cite.at if len(policy.sources) == 1 else grounds.at(cite, policy))


@lru_cache(maxsize=16_384)
def _own(text: str) -> str:
    """Make a text of the content safe."""
    return plain(text)
