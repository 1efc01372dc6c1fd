"""A card is taken in at a glance: over all vignettes in both CRD versions, its detail is one screen, in parts, and cannot be misread.

Each detail is parsed as GitHub-Flavored Markdown, as the sandboxes render it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import orjson
import pytest
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.decision import Decision, DecisionOutcome
from cds_service.facts.imagined_chart import CannotImagine
from cds_service.fhir.coverage_information import CRD_VERSIONS, CrdVersion
from cds_service.hooks.answer import decide_request
from cds_service.hooks.answered.decision_links import HOW_DECIDED
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.response import response_for
from cds_service.hooks.settings import Settings
from cds_service.policy.criterion import Outcome
from cds_service.policy.finding import Finding
from cds_service.said import markdown
from cds_service.said.asked import HEADING, MOST_ASKED
from cds_service.said.detail import EVIDENCE, LONGEST_DETAIL, ON_THE_PAGE, SO_FAR, TO_DO, WHY
from cds_service.said.ordered import ordered
from cds_service.said.summary import LONGEST_SUMMARY
from cds_service.vignettes.as_request import request_of
from tests.conftest import TODAY, held_content
from tests.exchange import Json, gestational_age, order, request
from tests.hooks.test_coverage_information import vignettes
from tests.hooks.test_findings_said import answered, findings
from tests.hooks.test_markdown import AUTOLINKED, outside_code

verifies = pytest.mark.verifies
ORDER = (("Why", WHY, HEADING), (EVIDENCE, SO_FAR), (TO_DO,))
"""The headings of each part; a card has them in this order, and may have no evidence."""
NEGATED = re.compile(r"\b(?:no|not|never|none|nothing|nobody|neither|nor|without|cannot)\b", re.IGNORECASE)
RENDERED = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
"""GitHub's Markdown with HTML, so that whatever is markup shows; what links by itself is looked for in ``AUTOLINKED``."""


class Shown(NamedTuple):
    """A card as it is shown: of which vignette, in which CRD version, with the decision that it is of and what it parses to."""

    name: str
    version: CrdVersion
    decision: Decision
    card: Json
    parts: tuple[tuple[str, tuple[SyntaxTreeNode, ...]], ...]

    @property
    def told(self) -> str:
        """Which card it is, for a failure."""
        return f"{self.name} ({self.version}): {self.card['summary']}\n{self.card['detail']}"


def parts_of(detail: str) -> tuple[tuple[str, tuple[SyntaxTreeNode, ...]], ...]:
    """The blocks of a detail under their headings; what stands before the first has none."""
    parts: list[tuple[str, list[SyntaxTreeNode]]] = [("", [])]
    for block in SyntaxTreeNode(RENDERED.parse(detail)).children:
        if block.type == "heading":
            parts.append((words(block), []))
        else:
            parts[-1][1].append(block)
    return tuple((heading, tuple(blocks)) for heading, blocks in parts)


def words(node: SyntaxTreeNode) -> str:
    """The text of a block without its markup."""
    if node.type in ("text", "code_inline", "html_inline"):
        return node.content
    return ("" if node.type in ("inline", "strong", "em") else " ").join(map(words, node.children))


def lists(blocks: tuple[SyntaxTreeNode, ...]) -> list[SyntaxTreeNode]:
    """The lists among blocks."""
    return [block for block in blocks if block.type in ("bullet_list", "ordered_list")]


def items(blocks: tuple[SyntaxTreeNode, ...]) -> list[str]:
    """The items of the lists among blocks, as text."""
    return [words(item).strip() for block in lists(blocks) for item in block.children]


@lru_cache(maxsize=2)
def shown(version: CrdVersion) -> tuple[Shown, ...]:
    """Every card of a decision that a vignette has, as a member of the policy's payer sends it."""
    content = held_content()
    found: list[Shown] = []
    for vignette in vignettes(content):
        try:
            decided, answer = answered(vignette, content, version)
        except CannotImagine:
            continue
        found += of_answer(vignette.name, version, decided, answer)
    return tuple(found)


def of_answer(name: str, version: CrdVersion, decided: list[tuple[Case, Decision]], answer: Json) -> Iterator[Shown]:
    """The cards of an answer that say why or ask, each with its decision."""
    by_order = {decision.order: decision for _, decision in reversed(decided) if decision.policy}
    for card in answer["cards"]:
        about = card["extension"]["davinci-crd.associated-resource"][0]
        reference = about["reference"] if isinstance(about, dict) else about
        if reference in by_order and "####" in card["detail"]:
            yield Shown(name, version, by_order[reference], card, parts_of(card["detail"]))


def every() -> Iterator[Shown]:
    """Every card in both versions."""
    for version in CRD_VERSIONS:
        yield from shown(version)


pytestmark = pytest.mark.slow


@verifies("resp-8")
def test_a_card_is_one_screen_in_three_parts() -> None:
    """A detail has at most 1,200 characters, and says why or what would settle it, then the evidence, then what to do."""
    count = 0
    for card in every():
        count += 1
        assert len(card.card["detail"]) <= LONGEST_DETAIL, card.told
        headings = [heading.split(":")[0] for heading, _ in card.parts[1:]]
        assert all(heading in {one for part in ORDER for one in part} for heading in headings), card.told
        places = [next(at for at, part in enumerate(ORDER) if heading in part) for heading in headings]
        assert places in ([0, 1, 2], [0, 2]), card.told
        opened = card.decision.outcome is DecisionOutcome.NOT_DOCUMENTED
        assert (headings[0] == HEADING) is opened, card.told
        assert card.card["detail"] != card.card["summary"]
    assert count > 1000


def test_half_of_the_cards_are_well_below_one_screen() -> None:
    """The room is not filled for its own sake."""
    lengths = sorted(len(card.card["detail"]) for card in every())
    assert lengths[len(lengths) // 2] < LONGEST_DETAIL * 0.95


def test_at_most_five_questions_are_asked_and_the_others_counted() -> None:
    """The shortest way only, said as *any one of* or *both*; what else could settle it is a number."""
    kinds: set[str] = set()
    for card in every():
        if card.decision.outcome is not DecisionOutcome.NOT_DOCUMENTED:
            continue
        heading, blocks = card.parts[1]
        asked = items(blocks)
        assert 1 <= len(asked) <= MOST_ASKED, card.told
        assert all("?" in one for one in asked), card.told
        left = len(card.decision.asks) - len(asked)
        counted = sum(int(number) for number in re.findall(r"(\d+) more questions?\b", " ".join(map(words, blocks))))
        assert counted == left, card.told
        together = heading.partition(": ")[2]
        kinds.add(re.sub(r"\d+", "n", together))
        if together == "any one of these":
            assert card.decision.shortest == 1, card.told
            assert len(asked) > 1, card.told
        elif not card.decision.settled_by:
            assert (together == "") is (card.decision.shortest == 1), card.told
            assert (together == "both of these") is (card.decision.shortest == 2), card.told
    assert {"", "any one of these", "both of these", "all n answers"} <= kinds


def test_a_heading_stands_before_every_list_and_its_items_are_of_one_kind() -> None:
    """No list without a heading, none within another, no paragraph in one: a remark below a list is not part of it."""
    for card in every():
        for heading, blocks in card.parts:
            held = lists(blocks)
            assert len(held) <= 1, card.told
            assert not held or heading, card.told
            for item in (item for one in held for item in one.children):
                assert [child.type for child in item.children] == ["paragraph"], card.told
            found = items(blocks)
            assert len(set(found)) == len(found), card.told
            if heading == TO_DO:
                assert all(
                    re.fullmatch(r"If [^.]+, [^.]+\.( \[.+\])?|If the order stands, look it up in .+\.", one) for one in found
                ), card.told
            elif heading.startswith(("Why", WHY)):
                assert all(re.fullmatch(r".+\. \[.+\]", one) for one in found), card.told
        paragraphs = [
            block.content for block in SyntaxTreeNode(RENDERED.parse(card.card["detail"])).walk() if block.type == "inline"
        ]
        assert not any("\n" in one for one in paragraphs), card.told


def test_nothing_is_markup_but_what_a_card_is_made_of() -> None:
    """No link, no HTML, no table, no image; bold is the name of the order, or the policy that governs it instead."""
    for card in every():
        for node in SyntaxTreeNode(RENDERED.parse(card.card["detail"])).walk():
            assert node.type not in ("link", "image", "html_inline", "html_block", "table", "fence", "code_block", "hr", "s"), (
                card.told
            )
        assert not AUTOLINKED.search(outside_code(card.card["detail"])), card.told
        bold = re.findall(r"(?<!\\)\*\*(.+?)(?<!\\)\*\*", card.card["detail"])
        assert len(bold) == 1 + (card.decision.outcome is DecisionOutcome.REFERRED), card.told


def test_what_is_asked_never_reads_as_if_it_were_so() -> None:
    """An open criterion's sentence stands nowhere in a card that asks; what is not met is said as not met, or what is so is said."""
    for card in every():
        plain = " ".join(words(block) for _, blocks in card.parts for block in blocks)
        for tree in (card.decision.necessary, card.decision.exclusions):
            for finding in findings(tree) if tree else ():
                _never_as_if_met(finding, plain, card)


def _never_as_if_met(finding: Finding, plain: str, card: Shown) -> None:
    says = finding.criterion.says
    for place in re.finditer(re.escape(says), plain):
        same = [other for tree in (card.decision.necessary, card.decision.exclusions) if tree for other in findings(tree)]
        outcomes = {other.outcome for other in same if other.criterion.says == says}
        if Outcome.MET not in outcomes:
            assert plain[: place.start()].endswith("Not met: "), card.told


def test_nothing_is_denied_twice() -> None:
    """*Not met* stands before no sentence that denies something itself, and a value *no* behind none."""
    for card in every():
        lines = [words(block) for _, blocks in card.parts for block in blocks if not lists((block,))]
        lines += [one for _, blocks in card.parts for one in items(blocks)]
        for line in lines:
            for denied in re.findall(r"Not met: ([^.]*\.)", line):
                assert not NEGATED.search(denied), card.told
            if found := re.search(r"^(?:Not used \(.*?\): )?([^:]*): no(?=[,( ]|$)", line):
                assert not NEGATED.search(found[1]), card.told


def test_evidence_has_its_value_its_day_and_its_place() -> None:
    """Each line says what, how much with its unit, when, and where in the chart; no configuration, no identifiers, no codes of units."""
    dated = 0
    for card in every():
        for heading, blocks in card.parts:
            if heading not in (EVIDENCE, SO_FAR):
                continue
            for one in items(blocks):
                assert re.search(r": \S", one), card.told
                assert re.search(r", (?:on|among|in) (?:the|this|an|record)\b", one) or one.endswith(" implies a pregnancy)"), (
                    card.told
                )
                assert not re.search(r"\b\d+(?:\.\d+)? (?:a|mo|wk|\{)(?=[,; ]|$)", one), card.told
                assert not re.search(r"list is (?:not )?held", one), card.told
                dated += bool(re.search(r"\d{4}-\d\d-\d\d", one))
    assert dated > 1000


def test_the_document_is_named_once_and_places_stand_bare() -> None:
    """``[A.e]`` is enough behind each sentence, for the first line names the document."""
    for card in every():
        policy = card.decision.policy
        assert policy is not None
        source = next(iter(policy.sources.values()))
        assert card.card["detail"].count(policy.title) == 1, card.told
        assert len(re.findall(rf"of {re.escape(markdown.plain(source.publisher))}, version", card.card["detail"])) == 1, card.told
        assert not re.search(rf"\[{re.escape(markdown.plain(source.publisher))}", card.card["detail"]), card.told


def test_a_summary_names_the_order_and_holds_a_question_whole(content: Content) -> None:
    """With one thing that matters; a question is never cut, and nothing of a summary is.

    An order is called by our words, and by its own where these name another medicine than its code.
    """
    theirs = 0
    for card in every():
        said = card.card["summary"]
        assert len(said) <= LONGEST_SUMMARY, card.told
        assert "…" not in said, card.told
        assert said[-1] in ".?", card.told
        what = ordered(card.decision.coding, card.decision.policy, content)
        if not said.startswith((what.name, f"{what.code}: ")):
            theirs += 1
            assert "by its words" in card.name, card.told
            assert card.card["detail"].startswith(f"**{said.partition(':')[0]}** ("), card.told
    assert theirs


def test_grammar_agrees_with_the_number() -> None:
    """One thing is one, and several are several."""
    for card in every():
        text = f"{card.card['summary']} {card.card['detail']}"
        assert not re.search(r"\b1 (?:more )?(?:questions|reasons|entries|assumptions|remarks|answers|fetuses|years)\b", text), (
            card.told
        )
        assert not re.search(
            r"\b(?:[02-9]|\d\d+) (?:more )?(?:question|reason|entry|assumption|remark|answer|fetus|year)\b", text
        ), card.told


@pytest.mark.parametrize("version", CRD_VERSIONS)
def test_links_lead_somewhere(content: Content, version: CrdVersion) -> None:
    """No url, no anchor: and where a page of the decision is linked, what is left out is said to stand there, and nowhere else."""
    linked = 0
    for card in shown(version):
        assert all(link["url"].startswith("https://") for link in card.card.get("links", ())), card.told
        assert card.card["source"].get("url", "https://").startswith("https://"), card.told
        assert ON_THE_PAGE not in card.card["detail"], card.told
    for vignette in list(vignettes(content))[::25]:
        body = orjson.dumps(request_of(vignette, content))
        read = parse_request(body)
        decided = decide_request(read, content, TODAY, Settings())
        answer = response_for(read, body, decided, content, TODAY, Settings(), page=lambda card: f"https://cds.example/{card}")
        for card in answer["cards"]:
            decides = "no code tells what it is" not in card["detail"]  # else no page shows how it was decided
            assert (HOW_DECIDED in [link["label"] for link in card.get("links", ())]) is decides
            assert len(card["detail"]) <= LONGEST_DETAIL
            linked += ON_THE_PAGE in card["detail"]
    assert linked > 5


def test_an_info_card_can_be_passed_over_with_a_reason() -> None:
    """What is documented elsewhere, will be, or does not apply, can be said of a card that asks; a warning has reasons of its own."""
    for card in every():
        codes = [reason["code"] for reason in card.card.get("overrideReasons", ())]
        if card.card["indicator"] == "info" and "suggestions" not in card.card:
            assert codes == ["documented-elsewhere", "will-be-documented", "not-applicable"], card.told
        elif card.card["indicator"] == "warning":
            assert "documented-elsewhere" in codes, card.told


def test_a_hostile_chart_makes_no_list_and_no_heading(content: Content) -> None:
    """Words of a chart that look like Markdown's blocks stay in their line."""
    hostile = {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"}, "recordedDate": "2025-04-20",
               "clinicalStatus": {"coding": [{"code": "active"}]}, "code": {"text": "triplets\n\n# loud\n- one\n> two\n\n---"}}  # fmt: skip
    body = orjson.dumps(request(order(), chart=(gestational_age(80, "2025-05-01"), hostile)))
    read = parse_request(body)
    decided = decide_request(read, content, TODAY, Settings())
    (card,) = response_for(read, body, decided, content, TODAY, Settings())["cards"]
    assert [heading.split(":")[0] for heading, _ in parts_of(card["detail"])][1:] == [HEADING, TO_DO]
