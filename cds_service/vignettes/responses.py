"""Vignettes of a policy that judges a QuestionnaireResponse.

They are imagined answers with what they come to, as data. Each is run twice: its answers judged as facts, and the
questionnaire filled in with them, judged as ``proposal check`` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import field_validator

from cds_service.content.content import Content
from cds_service.content_files.problems import ContentError
from cds_service.content_files.yaml_file import YamlFile
from cds_service.facts.kinds.answer import written_answer
from cds_service.facts.words import given_facts
from cds_service.policy.entry import Entry, Words
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.finding import MET, NOT_MET
from cds_service.policy.model import Policy
from cds_service.policy.values import Days
from cds_service.proposal import Judgement, criteria_of, judge_answers, judge_response, questionnaire
from cds_service.vignettes.grammar import Chart
from cds_service.vignettes.subject import judges_responses, named_again, policy_of


class ResponseExpectEntry(Entry):
    """What the answers rightly come to.

    All but the outcome is compared whole and in the policy's order where it is given. ``met`` and ``not_met`` are the
    reported criteria that come out so (the others are not documented); ``because`` are those that keep the whole
    incomplete, and ``asks`` the facts whose answers are missing for them.
    """

    outcome: Literal["complete", "incomplete"]
    met: list[str] | None = None
    not_met: list[str] | None = None
    because: list[str] | None = None
    asks: list[str] | None = None

    @field_validator("outcome", mode="before")
    @classmethod
    def _answered(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("nobody has said yet what is right here; 'outcome' is one of complete, incomplete")
        return value


class ResponseVignetteEntry(Entry):
    """One imaginary response.

    ``chart`` holds the answers by the facts that they document. What is not listed is not answered.
    """

    name: Words
    story: Words
    chart: Chart = {}
    expect: ResponseExpectEntry


class ResponseVignetteFile(Entry):
    """The vignettes of one version of a policy that judges responses.

    ``as_of`` is the day that the responses were authored.
    """

    policy: Words
    version: date
    as_of: date
    vignettes: list[ResponseVignetteEntry]


@dataclass(frozen=True, slots=True)
class ResponseVignette:
    """One vignette of a response, read.

    It holds the answers by fact, and what they rightly come to.
    """

    name: str
    story: str
    policy: Policy
    as_of: date
    given: dict[str, list[Evidence]]
    expect: ResponseExpectEntry
    file: str
    line: int

    @property
    def facts(self) -> dict[str, Fact]:
        """Every fact of the policy, silent where there is no answer."""
        return {name: Fact(name, tuple(self.given.get(name, ()))) for name in self.policy.facts}


def read_response_vignettes(path: Path, name: str, content: Content) -> list[ResponseVignette]:
    """Read one file of response vignettes.

    A file of vignettes of orders gives none. Raises ContentError with every problem in it.
    """
    file = YamlFile(path, name)
    if not judges_responses(file, content):
        return []
    entry = file.read_as(ResponseVignetteFile)
    policy = policy_of(file, entry.policy, entry.version, content)
    vignettes: list[ResponseVignette] = []
    problems = list(named_again(file, [one.name for one in entry.vignettes]))
    for index, one in enumerate(entry.vignettes):
        place = ("vignettes", index)
        problems += [file.problem((*place, "expect"), said) for said in _unknown(one.expect, policy)]
        try:
            given = _given(one, policy, Days.on(entry.as_of), content)
        except ValueError as error:
            problems.append(file.problem((*place, "chart"), str(error)))
            continue
        read = (one.name, one.story, policy, entry.as_of, given, one.expect, file.name, file.line(place))
        vignettes.append(ResponseVignette(*read))
    if problems:
        raise ContentError(problems)
    return vignettes


def _given(one: ResponseVignetteEntry, policy: Policy, authored: Days, content: Content) -> dict[str, list[Evidence]]:
    chart = {name: [str(v) for v in (value if isinstance(value, list) else [value])] for name, value in one.chart.items()}
    if unasked := [name for name in chart if name not in policy.facts]:
        raise ValueError(f"no criterion of the policy rests on '{unasked[0]}'")
    given = given_facts(chart, content.catalogue.facts, authored, content.terminology)
    for name, evidence in given.items():
        if any(answer.when != authored or answer.standing is not Standing.USABLE for answer in evidence):
            raise ValueError(f"{name}: an answer is of the day of its response and certain; leave out 'on' and 'provisional'")
    return given


def _unknown(expect: ResponseExpectEntry, policy: Policy) -> Iterator[str]:
    reported = {criterion.id for _, criterion, _ in criteria_of(policy)}
    for id_ in [*(expect.met or []), *(expect.not_met or []), *(expect.because or [])]:
        if id_ not in reported:
            yield f"the policy reports on no criterion '{id_}'"
    for fact in expect.asks or []:
        if fact not in policy.facts:
            yield f"no criterion of the policy rests on '{fact}'"


def judged_as_facts(vignette: ResponseVignette, policy: Policy) -> Judgement:
    """Judge the answers of a vignette under a policy, without any FHIR."""
    return Judgement(policy, judge_answers(policy, vignette.facts, vignette.as_of), (), {}, unfinished=False)


def response_of(vignette: ResponseVignette, content: Content) -> dict[str, Any]:
    """Fill in the policy's own questionnaire with a vignette's answers.

    Returns a FHIR R4 QuestionnaireResponse.
    """

    def filled(group: dict[str, Any]) -> dict[str, Any]:
        return {"linkId": group["linkId"], "item": [_answered(question["linkId"]) for question in group["item"]]}

    def _answered(name: str) -> dict[str, Any]:
        answer = [written_answer(one, content.catalogue[name].wanted) for one in vignette.given.get(name, ())]
        return {"linkId": name, "answer": answer} if answer else {"linkId": name}

    groups = questionnaire(vignette.policy, content)["item"]
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "authored": vignette.as_of.isoformat(),
        "item": [filled(group) for group in groups],
    }


def differences_of_judgement(vignette: ResponseVignette, judgement: Judgement) -> list[str]:
    """List how a judgement differs from what the vignette expects.

    The differences are in words; there are none when the judgement is right.
    """
    expect = vignette.expect
    found = [] if judgement.outcome == expect.outcome else [f"outcome: expected {expect.outcome}, found {judgement.outcome}"]
    for name, wanted, had in (
        ("met", expect.met, [one.finding.criterion.id for one in judgement.criteria if one.finding.outcome is MET]),
        ("not_met", expect.not_met, [one.finding.criterion.id for one in judgement.criteria if one.finding.outcome is NOT_MET]),
        ("because", expect.because, [one.finding.criterion.id for one in judgement.missing]),
        ("asks", expect.asks, list(dict.fromkeys(fact for one in judgement.missing for fact in one.asks))),
    ):
        if wanted is not None and (sorted(wanted) != sorted(had) if name == "asks" else wanted != had):
            found.append(f"{name}: expected {wanted}, found {had}")
    return found


def differences_of_answers(vignette: ResponseVignette) -> list[str]:
    """List how the answers, judged as facts, differ from what is expected."""
    return differences_of_judgement(vignette, judged_as_facts(vignette, vignette.policy))


def differences_as_response(vignette: ResponseVignette, content: Content) -> list[str]:
    """List how the filled-in questionnaire differs from what is expected.

    Answers that were not taken are listed as well.
    """
    judged = judge_response(response_of(vignette, content), vignette.policy, content, vignette.as_of)
    found = differences_of_judgement(vignette, judged)
    lost = [*judged.ignored, *judged.unusable]
    return found + ([f"answers that were not taken: {', '.join(lost)}"] if lost else [])
