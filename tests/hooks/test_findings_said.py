"""A finding is said by one function everywhere: what is not met or open never reads as if it were met."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import orjson
import pytest
from rich.console import Console

from cds_service.case import Case
from cds_service.cli.check import show_decision
from cds_service.content.content import Content
from cds_service.decision import Decision
from cds_service.fhir.coverage_information import CRD_VERSIONS, URL, CrdVersion
from cds_service.hooks.answer import decide_request
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.response import response_for
from cds_service.hooks.settings import Settings
from cds_service.policy import explain
from cds_service.policy.criterion import Outcome
from cds_service.policy.finding import Finding
from cds_service.store.outcomes import written_outcomes
from cds_service.store.tables import DecisionRow
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import Vignette
from cds_service.web.decision_page import logged_decision
from cds_service.web.finding_view import FindingRow, decision_view
from tests.conftest import TODAY
from tests.content.test_payers import coverage
from tests.exchange import Json
from tests.hooks.test_coverage_information import vignettes

BEFORE = {Outcome.MET: "", Outcome.NOT_MET: "Not met: ", Outcome.NOT_DOCUMENTED: "Not documented: "}
ASSUMED = "Assumed not to be so:"
"""The heading under which exclusions stand that silence was taken to rule out: it says that they are not so."""


def findings(finding: Finding) -> Iterator[Finding]:
    """A finding and all below it."""
    yield finding
    for part in finding.parts:
        yield from findings(part)


def told_of(decision: Decision) -> dict[str, set[Outcome]]:
    """The sentences of all criteria of a decision, with the outcomes of those that say it."""
    found: dict[str, set[Outcome]] = {}
    trees = [*decision.because, *(tree for tree in (decision.necessary, decision.exclusions) if tree)]
    for tree in trees:
        for one in (*findings(tree), *explain.leaves(tree)):
            found.setdefault(one.criterion.says, set()).add(one.outcome)
    return found


def as_if_met(words: str, decision: Decision) -> list[str]:
    """The sentences of criteria that are not met or open, and stand in the words as if they were met."""
    told = told_of(decision)
    sentences = re.compile("|".join(map(re.escape, sorted(told, key=len, reverse=True))))
    wrong = []
    for found in sentences.finditer(words):
        before = words[: found.start()]
        if not any(before.endswith(BEFORE[outcome]) for outcome in told[found[0]]):
            wrong.append(found[0])
    return wrong


def plainly(markdown: str) -> str:
    """The words of a card, without what was assumed not to be so, and without the signs of Markdown."""
    kept = [part for part in re.split(r"\n(?=\n)", markdown) if ASSUMED not in part]
    return re.sub(r"\\([\\`*_\[\]<>|#~])", r"\1", "".join(part.split(ASSUMED)[0] for part in kept)).replace("**", "")


def answered(vignette: Vignette, content: Content, version: CrdVersion) -> tuple[list[tuple[Case, Decision]], Json]:
    """The decisions on a vignette as a member of the policy's payer sends it, and the answer in one CRD version."""
    made = request_of(vignette, content)
    payers = {payer.id: payer for payer in content.payers}
    if payer := payers.get(vignette.policy.payer):
        about = {"reference": f"Patient/{made['context']['patientId']}"}
        made["prefetch"]["coverage"] = coverage({"display": payer.name}, beneficiary=about)
    body = orjson.dumps(made | {"extension": {"davinci-crd.requestedVersion": version}})
    read = parse_request(body)
    decided = decide_request(read, content, TODAY, Settings())
    return decided, orjson.loads(orjson.dumps(response_for(read, body, decided, content, TODAY, Settings())))


def reasons(answer: Json) -> dict[str, str]:
    """The reasons asserted of each order, without what was assumed not to be so."""
    found: dict[str, str] = {}
    for action in answer["systemActions"]:
        for extension in action["resource"].get("extension", []):
            if extension["url"] == URL:
                said = [part["valueCodeableConcept"]["text"] for part in extension["extension"] if part["url"] == "reason"]
                order = f"{action['resource']['resourceType']}/{action['resource']['id']}"
                found[order] = "\n".join(one for one in said if not one.startswith(ASSUMED))
    return found


def tree_of(case: Case, decision: Decision, content: Content) -> str:
    """What the command line prints of a decision."""
    printed = io.StringIO()
    show_decision(Console(file=printed, width=10_000), case, decision, content, values=True)
    return printed.getvalue()


def row_of(decision: Decision) -> DecisionRow:
    """The decision as the store keeps it."""
    policy = decision.policy
    assert policy is not None
    return DecisionRow(
        policy=policy.id,
        version=policy.version.isoformat(),
        outcome=decision.outcome.value,
        because=list(decision.because_ids),
        asks=list(decision.asks),
        assumed=list(decision.assumed),
        outcomes=written_outcomes(decision),
    )


@pytest.mark.slow
@pytest.mark.parametrize("version", CRD_VERSIONS)
def test_no_unmet_or_open_criterion_reads_as_met(content: Content, version: CrdVersion) -> None:
    """Over all vignettes: cards, the reasons of coverage-information, the command line, the pages, and the page of the log."""
    seen = {"not met": 0, "open": 0}
    for vignette in vignettes(content):
        decided, answer = answered(vignette, content, version)
        said = reasons(answer)
        details = {card["detail"]: card for card in answer["cards"]}
        for case, decision in decided:
            if decision.policy is None:
                continue
            own = (
                [plainly(detail) for detail, card in details.items() if decision.policy.title in detail]
                if len(decided) == 1
                else []
            )
            texts = {
                "card": "\n".join(own),
                "reasons": said.get(decision.order, "") if len(decided) == 1 else "",
            }
            if version == CRD_VERSIONS[0]:  # these are no part of the answer
                texts["command line"] = tree_of(case, decision, content)
                texts["page"] = "\n".join(decision_view(case, decision, content).reasons)
                texts["page of the log"] = "\n".join(logged_decision(row_of(decision), content, values=False).reasons)
            for place, words in texts.items():
                assert as_if_met(words, decision) == [], (vignette.name, place)
            outcomes = {finding.outcome for finding in decision.because}
            seen["not met"] += Outcome.NOT_MET in outcomes
            seen["open"] += Outcome.NOT_DOCUMENTED in outcomes
    assert min(seen.values()) > 50, seen


def test_a_page_says_the_outcome_before_the_sentence(content: Content) -> None:
    """The tree of a page has the outcome of every criterion as a word of its own, and the log's page the same."""
    vignette = next(one for one in vignettes(content) if one.outcome.value == "not-necessary")
    (case, decision), *_ = answered(vignette, content, "2.2")[0]
    words = {outcome.value for outcome in Outcome}
    for _, tree in decision_view(case, decision, content).trees:
        assert {row.outcome for row in rows(tree)} <= words
    for _, tree in logged_decision(row_of(decision), content, values=False).trees:
        assert {row.outcome for row in rows(tree)} <= words | {"not looked at"}


def test_a_reason_whose_outcome_is_not_kept_says_so(content: Content) -> None:
    """Decisions of before the outcomes were logged are shown without claiming that the criterion was met."""
    vignette = next(one for one in vignettes(content) if one.outcome.value == "not-necessary")
    row = row_of(answered(vignette, content, "2.2")[0][0][1])
    row.outcomes = None
    assert all(said.startswith("Not kept whether it was met: ") for said in logged_decision(row, content, values=False).reasons)


def rows(row: FindingRow) -> Iterator[FindingRow]:
    """A row of a page and all below it."""
    yield row
    for part in row.parts:
        yield from rows(part)
