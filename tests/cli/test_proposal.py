"""A proposal for a physician-focused payment model: its criteria, its questionnaire, its calendar, and the commands."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from cds_service.cli import app
from cds_service.content.content import Content, read_content, shipped_content
from cds_service.content_files.problems import ContentError
from cds_service.hooks.discovery import discovery
from cds_service.policy.criterion import facts_of, walk
from cds_service.policy.finding import NOT_DOCUMENTED
from cds_service.policy.grammar import PolicyEntry
from cds_service.policy.model import Policy
from cds_service.proposal import (
    Calendar,
    Judgement,
    NoSuchMeeting,
    UnusableResponse,
    before_meeting,
    from_today,
    judge_response,
    proposal_policy,
    questionnaire,
)
from tests.conftest import TODAY, held_content

EXAMPLE = shipped_content() / "docs/examples/proposal-response.json"
POLICY = "ptac/pfpm-proposal"
FILE = shipped_content() / "policies" / POLICY / "2017-03-07.yaml"
Answers = dict[str, Any]


def held_policy() -> Policy:
    """The policy that proposals are judged by."""
    found = proposal_policy(held_content())
    assert found
    return found


def response(answered: Answers, **more: Any) -> dict[str, Any]:
    """A completed response with these answers: booleans and words as they are, anything else as a whole ``value[x]``."""

    def written(value: Any) -> Any:
        return {"valueBoolean": value} if isinstance(value, bool) else {"valueString": value} if isinstance(value, str) else value

    item = [{"linkId": name, "answer": [written(value)]} for name, value in answered.items()]
    return {"resourceType": "QuestionnaireResponse", "status": "completed", "authored": "2017-06-01", "item": item} | more


def judged(answered: Answers, **more: Any) -> Judgement:
    """What the answers come to; an answer that nothing asks for stands in where there would be none."""
    return judge_response(response(answered or {"unasked": True}, **more), held_policy(), held_content(), TODAY)


def outcomes(judgement: Judgement) -> dict[str, str]:
    """The outcome of every reported criterion by its id."""
    return {one.finding.criterion.id: one.finding.outcome.value for one in judgement.criteria}


def plain(criterion: str, fact: str) -> list[tuple[str, Answers, str]]:
    """The three cases of a criterion that is one question."""
    return [(criterion, {fact: True}, "met"), (criterion, {fact: False}, "not met"), (criterion, {}, "not documented")]


def effect(quality: str, cost: str) -> Answers:
    """What a model does to quality and cost; an empty word is no answer."""
    given_words = {"pfpm_quality_effect": quality, "pfpm_cost_effect": cost}
    return {name: word for name, word in given_words.items() if word}


IS = ("pfpm_medicare_is_payer", "pfpm_professionals_participate", "pfpm_professionals_core_role", "pfpm_targets_their_services")
PAID = ("pfpm_says_how_entities_are_paid", "pfpm_says_how_payment_differs", "pfpm_says_why_not_testable_now")
GOALS = {"pfpm_quality_goals_evaluable": True, "pfpm_cost_goals_evaluable": True}
BROAD, FEW = "pfpm_broadens_payment_models", "pfpm_includes_entities_with_few_opportunities"
FIGURES, LACKING = "pfpm_impact_in_figures", "pfpm_says_why_data_are_lacking"
ONE, CHANGES = "pfpm_one_service_only", "pfpm_changes_measures_or_accountability"
CONDITION, POPULATION = "pfpm_replaces_payments_for_condition", "pfpm_replaces_payments_for_population"
RISK, SMALL = "pfpm_more_than_nominal_risk", "pfpm_feasible_for_small_practices"
UP, SAME, DOWN = "goes up", "stays the same", "goes down"

CASES: list[tuple[str, Answers, str]] = [
    ("is-pfpm", dict.fromkeys(IS, True), "met"),
    *(("is-pfpm", {name: False}, "not met") for name in IS),
    *(("is-pfpm", dict.fromkeys(set(IS) - {name}, True), "not documented") for name in IS),
    *plain("value-over-volume", "pfpm_value_over_volume"),
    *plain("flexibility", "pfpm_flexibility"),
    ("quality-and-cost", effect(UP, SAME), "met"),
    ("quality-and-cost", effect(UP, DOWN), "met"),
    ("quality-and-cost", effect(SAME, DOWN), "met"),
    ("quality-and-cost", effect(SAME, SAME), "not met"),
    ("quality-and-cost", effect(UP, UP), "not met"),
    ("quality-and-cost", effect(SAME, UP), "not met"),
    ("quality-and-cost", effect(DOWN, DOWN), "not met"),
    ("quality-and-cost", effect(DOWN, ""), "not met"),
    ("quality-and-cost", effect("", UP), "not met"),
    ("quality-and-cost", effect(UP, ""), "not documented"),
    ("quality-and-cost", effect(SAME, ""), "not documented"),
    ("quality-and-cost", effect("", SAME), "not documented"),
    ("quality-and-cost", effect("", DOWN), "not documented"),
    ("quality-and-cost", {}, "not documented"),
    ("payment-methodology", dict.fromkeys(PAID, True), "met"),
    *(("payment-methodology", {name: False}, "not met") for name in PAID),
    *(("payment-methodology", dict.fromkeys(set(PAID) - {name}, True), "not documented") for name in PAID),
    ("scope", {BROAD: True}, "met"),
    ("scope", {BROAD: False, FEW: True}, "met"),
    ("scope", {BROAD: False, FEW: False}, "not met"),
    ("scope", {BROAD: False}, "not documented"),
    ("scope", {FEW: False}, "not documented"),
    ("ability-to-be-evaluated", GOALS | {"pfpm_other_goals": "all evaluable"}, "met"),
    ("ability-to-be-evaluated", GOALS | {"pfpm_other_goals": "there are none"}, "met"),
    ("ability-to-be-evaluated", GOALS | {"pfpm_other_goals": "not all evaluable"}, "not met"),
    ("ability-to-be-evaluated", {"pfpm_quality_goals_evaluable": False}, "not met"),
    ("ability-to-be-evaluated", {"pfpm_cost_goals_evaluable": False}, "not met"),
    ("ability-to-be-evaluated", GOALS, "not documented"),
    *plain("integration-and-care-coordination", "pfpm_integration_and_coordination"),
    *plain("patient-choice", "pfpm_patient_choice"),
    *plain("patient-safety", "pfpm_patient_safety"),
    *plain("health-information-technology", "pfpm_health_information_technology"),
    ("quantitative-impact", {FIGURES: True}, "met"),
    ("quantitative-impact", {FIGURES: False, LACKING: True}, "met"),
    ("quantitative-impact", {FIGURES: False, LACKING: False}, "not met"),
    ("quantitative-impact", {FIGURES: False}, "not documented"),
    ("aggregate-only", {"pfpm_patient_level_information": False}, "met"),
    ("aggregate-only", {"pfpm_patient_level_information": True}, "not met"),
    ("aggregate-only", {}, "not documented"),
    ("nothing-confidential", {"pfpm_confidential_information": False}, "met"),
    ("nothing-confidential", {"pfpm_confidential_information": True}, "not met"),
    ("nothing-confidential", {}, "not documented"),
    ("single-code-only", {ONE: True, CHANGES: False}, "met"),
    ("single-code-only", {ONE: False}, "not met"),
    ("single-code-only", {CHANGES: True}, "not met"),
    ("single-code-only", {ONE: True}, "not documented"),
    ("replaces-payments", {CONDITION: True}, "met"),
    ("replaces-payments", {POPULATION: True}, "met"),
    ("replaces-payments", {CONDITION: False, POPULATION: False}, "not met"),
    ("replaces-payments", {CONDITION: False}, "not documented"),
    *plain("accountable-outside", "pfpm_accountable_for_spending_outside"),
    *plain("keeps-itself-current", "pfpm_process_to_update"),
    ("feasible-risk", {RISK: True, SMALL: True}, "met"),
    ("feasible-risk", {RISK: True, SMALL: False}, "not met"),
    ("feasible-risk", {RISK: False}, "not met"),
    ("feasible-risk", {RISK: True}, "not documented"),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "answered", "outcome"), CASES, ids=[f"{c} {o} {n}" for n, (c, _, o) in enumerate(CASES)])
def test_a_criterion_comes_out_as_its_answers_say(criterion: str, answered: Answers, outcome: str) -> None:
    """Every criterion is met, not met or not documented by the answers that speak of it, and by no others."""
    assert outcomes(judged(answered))[criterion] == outcome


def test_the_cases_cover_every_criterion_three_ways() -> None:
    """Every reported criterion has a case that is met, one that is not met and one that is not documented."""
    reported = set(outcomes(judged({})))
    assert {(c, o) for c, _, o in CASES} == {(c, o) for c in reported for o in ("met", "not met", "not documented")}


def example() -> dict[str, Any]:
    """The shipped example response."""
    read: dict[str, Any] = json.loads(EXAMPLE.read_bytes())
    return read


def answers_of(read: dict[str, Any]) -> Answers:
    """The answers of a response by linkId."""
    return {item["linkId"]: item["answer"][0] for group in read["item"] for item in group["item"]}


def test_a_proposal_without_one_required_answer_is_incomplete_and_names_it() -> None:
    """Taking away any one criterion's answers makes the example incomplete with that criterion; points that help do not count."""
    whole = answers_of(example())
    for one in judged(whole).criteria:
        gone = set(facts_of(walk(one.finding.criterion)))
        found = judged({name: value for name, value in whole.items() if name not in gone})
        missing = [left.finding.criterion.id for left in found.missing]
        assert missing == ([one.finding.criterion.id] if one.required else [])
        assert found.outcome == ("incomplete" if one.required else "complete")
        assert all(set(left.asks) <= gone and left.asks for left in found.missing)


def test_a_criterion_that_is_not_met_is_answered() -> None:
    """Completeness is about answers, not about their being favourable."""
    found = judged(answers_of(example()) | {"pfpm_patient_safety": False})
    assert (outcomes(found)["patient-safety"], found.outcome) == ("not met", "complete")


def test_an_unfinished_response_is_judged_and_incomplete() -> None:
    """A draft is judged by the answers it has, and is not complete before it is finished."""
    found = judged(answers_of(example()), status="in-progress")
    assert (outcomes(found)["scope"], found.missing, found.outcome) == ("met", (), "incomplete")


def test_a_response_without_a_day_counts_as_of_today() -> None:
    """The answers of a response that does not say when it was written count."""
    undated = response(answers_of(example()))
    del undated["authored"]
    assert judge_response(undated, held_policy(), held_content(), TODAY).outcome == "complete"


def test_an_answer_that_nothing_asks_for_is_named_as_ignored() -> None:
    """An unknown linkId changes nothing and is told."""
    found = judged(answers_of(example()) | {"pfpm_colour": "blue"})
    assert (found.ignored, found.outcome) == (("pfpm_colour",), "complete")


@pytest.mark.parametrize(
    ("fact", "value", "why"),
    [
        ("pfpm_patient_safety", "perhaps", "free text"),
        ("pfpm_patient_safety", {"valueInteger": 1}, "a number was found"),
        ("pfpm_quality_effect", True, "not a choice"),
        ("pfpm_quality_effect", "goes sideways", "it is none of goes up"),
        ("pfpm_quality_effect", {"valueDate": "2017-01-01"}, "a day was found"),
    ],
)
def test_an_answer_of_the_wrong_type_is_told_as_unusable(fact: str, value: Any, why: str) -> None:
    """An answer that cannot be read leaves its criterion open, and the reason is told by linkId."""
    found = judged(answers_of(example()) | {fact: value})
    assert list(found.unusable) == [fact]
    assert why in found.unusable[fact]
    assert len(found.missing) == 1


def test_two_answers_that_disagree_leave_the_criterion_open() -> None:
    """A question answered yes and no in one response is not documented."""
    read = response({"pfpm_flexibility": True})
    read["item"].append({"linkId": "pfpm_flexibility", "answer": [{"valueBoolean": False}]})
    found = judge_response(read, held_policy(), held_content(), TODAY)
    assert outcomes(found)["flexibility"] == "not documented"


UNUSABLE: list[tuple[object, str]] = [
    ([], "resourceType"),
    ({"resourceType": "Questionnaire", "status": "active"}, "resourceType"),
    (response({"a": True}, status="entered-in-error"), "status"),
    (response({"a": True}, status=None), "status"),
    (response({}), "item"),
    (response({"a": True}, item={"linkId": "a"}), "item"),
    (response({"a": True}, item=[{"answer": [{"valueBoolean": True}]}]), "item[0].linkId"),
    (response({"a": {"valueBoolean": "maybe"}}), "item[0].answer[0].valueBoolean"),
    (response({"a": True}, authored="yesterday"), "authored"),
]


@pytest.mark.parametrize(("read", "element"), UNUSABLE, ids=[f"{e} {n}" for n, (_, e) in enumerate(UNUSABLE)])
def test_what_is_no_response_is_refused_by_its_element(read: object, element: str) -> None:
    """Whatever is not a valid QuestionnaireResponse with answers is refused, naming the element."""
    with pytest.raises(UnusableResponse) as refused:
        judge_response(read, held_policy(), held_content(), TODAY)
    assert refused.value.element == element


# the questionnaire


def questions(made: dict[str, Any]) -> list[dict[str, Any]]:
    """The questions of a questionnaire."""
    return [item for group in made["item"] for item in group["item"]]


def test_the_questionnaire_asks_for_every_fact_once(content: Content) -> None:
    """Every question's linkId is a fact of the policy, each once, with the fact's question; it is a valid R4 Questionnaire."""
    made = questionnaire(held_policy(), content)
    Questionnaire.model_validate(made)
    names = [item["linkId"] for item in questions(made)]
    assert sorted(names) == sorted(held_policy().facts)
    assert all(item["text"] == content.catalogue[item["linkId"]].question for item in questions(made))
    assert len({*names, *(group["linkId"] for group in made["item"])}) == len(names) + len(made["item"])


@given(data=st.data())
def test_a_filled_in_questionnaire_can_always_be_read(data: st.DataObject) -> None:
    """Any answers to all questions make a valid response, nothing of it is ignored or unusable, and nothing stays open."""
    made = questionnaire(held_policy(), held_content())
    filled = []
    for group in made["item"]:
        items = []
        for question in group["item"]:
            options: list[dict[str, Any]] = [{"valueBoolean": True}, {"valueBoolean": False}]
            answer = data.draw(st.sampled_from(question.get("answerOption", options)))
            items.append({"linkId": question["linkId"], "answer": [answer]})
        filled.append({"linkId": group["linkId"], "item": items})
    read = response({}, item=filled)
    QuestionnaireResponse.model_validate(read)
    found = judge_response(read, held_policy(), held_content(), TODAY)
    assert (found.ignored, dict(found.unusable)) == ((), {})
    assert all(one.finding.outcome is not NOT_DOCUMENTED for one in found.criteria)
    assert {one.finding.criterion.id for one in found.missing} <= {"quantitative-impact", "aggregate-only", "nothing-confidential"}


def test_a_proposal_without_figures_or_the_reason_is_incomplete() -> None:
    """A proposal that is answered throughout but has neither figures nor the reason why data are lacking is incomplete."""
    made = questionnaire(held_policy(), held_content())
    questions = [question["linkId"] for group in made["item"] for question in group["item"]]
    impact = {"pfpm_impact_in_figures", next(q for q in questions if "data" in q and "lack" in q)}
    assert len(impact) == 2
    assert impact <= set(questions)
    example = json.loads((Path(__file__).parent.parent.parent / "docs/examples/proposal-response.json").read_text())
    assert judge_response(example, held_policy(), held_content(), TODAY).outcome == "complete"

    def without_impact(items: list[dict[str, Any]]) -> None:
        for item in items:
            if item["linkId"] in impact:
                item["answer"] = [{"valueBoolean": False}]
            without_impact(item.get("item", []))

    without_impact(example["item"])
    judged = judge_response(example, held_policy(), held_content(), TODAY)
    assert judged.outcome == "incomplete"
    assert "quantitative-impact" in [one.finding.criterion.id for one in judged.missing]


# the calendar


@pytest.mark.parametrize(
    ("meeting", "letter", "proposal", "notice"),
    [
        ("2017-03-23", "2016-11-01", "2016-12-01", "2017-03-08"),  # the first
        ("2017-09-07", "2017-04-18", "2017-05-18", "2017-08-23"),
        ("2020-06-20", "2020-01-30", "2020-02-29", "2020-06-05"),  # a leap day
        ("2020-03-10", "2019-10-20", "2019-11-19", "2020-02-24"),  # across a leap day
        ("2019-03-10", "2018-10-19", "2018-11-18", "2019-02-23"),  # no leap year
        ("2018-04-22", "2017-12-01", "2017-12-31", "2018-04-07"),  # a year's end
    ],
)
def test_the_latest_days_before_a_meeting(meeting: str, letter: str, proposal: str, notice: str) -> None:
    """The proposal is 16 weeks before the meeting, the letter 30 days before the proposal, the notice 15 days before the meeting."""
    assert before_meeting(date.fromisoformat(meeting)) == Calendar(*map(date.fromisoformat, (letter, proposal, notice, meeting)))


@pytest.mark.parametrize("meeting", ["2017-03-22", "2016-12-01", "0001-01-01"])
def test_no_meeting_before_the_first_proposals(meeting: str) -> None:
    """A meeting that a proposal of 2016-12-01 does not reach has no calendar."""
    with pytest.raises(NoSuchMeeting, match="2017-03-23"):
        before_meeting(date.fromisoformat(meeting))


@pytest.mark.parametrize(
    ("today", "letter", "proposal", "meeting"),
    [
        ("2016-01-01", "2016-10-01", "2016-12-01", "2017-03-23"),
        ("2016-10-01", "2016-10-01", "2016-12-01", "2017-03-23"),
        ("2016-11-01", "2016-11-01", "2016-12-01", "2017-03-23"),
        ("2016-11-02", "2016-11-02", "2016-12-02", "2017-03-24"),
        ("2020-01-30", "2020-01-30", "2020-02-29", "2020-06-20"),
        ("2019-01-31", "2019-01-31", "2019-03-02", "2019-06-22"),
    ],
)
def test_the_earliest_days_from_today(today: str, letter: str, proposal: str, meeting: str) -> None:
    """No letter before 2016-10-01 and no proposal before 2016-12-01; from then on 30 days and 16 weeks."""
    found = from_today(date.fromisoformat(today))
    assert [found.letter, found.proposal, found.meeting] == [*map(date.fromisoformat, (letter, proposal, meeting))]


@given(st.dates(date(2016, 11, 1), date(2200, 1, 1)))
def test_both_calendars_agree(today: date) -> None:
    """The latest days before the earliest meeting are the earliest days that lead to it."""
    found = from_today(today)
    assert before_meeting(found.meeting) == found
    assert found.proposal - today == timedelta(days=30)


def test_the_end_of_the_calendar_is_no_crash() -> None:
    """A day after which no meeting can be written is told as such."""
    with pytest.raises(NoSuchMeeting, match="calendar ends"):
        from_today(date(9999, 12, 1))


# the commands


def said(*arguments: str) -> Result:
    """Runs a command in this process."""
    return CliRunner().invoke(app, list(arguments), env={"CDS_SERVICE_CONTENT": None})


def written(folder: Path, read: object) -> str:
    """The path of a file with this JSON."""
    path = folder / "response.json"
    path.write_text(json.dumps(read), encoding="utf-8")
    return str(path)


def test_the_example_is_complete_and_says_every_criterion() -> None:
    """The shipped example exits 0, and every criterion has a line with its outcome and place."""
    result = said("proposal", "check", str(EXAMPLE))
    assert result.exit_code == 0, result.stderr
    assert "outcome  complete" in result.stdout
    assert "recommendable" not in result.stdout
    for one in judge_response(example(), held_policy(), held_content(), TODAY).criteria:
        finding = one.finding
        assert f"{finding.criterion.id}, {finding.outcome.value}: {finding.criterion.says} [" in result.stdout


def test_an_incomplete_proposal_exits_3_with_what_is_missing(tmp_path: Path) -> None:
    """What is missing is said as the criterion and its questions, what is ignored and unusable by linkId."""
    few = response({"pfpm_flexibility": True, "pfpm_colour": "blue", "pfpm_patient_safety": "perhaps"})
    result = said("proposal", "check", written(tmp_path, few))
    assert result.exit_code == 3
    assert "outcome  incomplete" in result.stdout
    assert "missing  scope\n" in result.stdout
    assert "pfpm_medicare_is_payer: Is Medicare one of the payers?" in result.stdout
    assert "ignored  pfpm_colour" in result.stdout
    assert "unusable pfpm_patient_safety" in result.stdout


def test_json_says_the_same(tmp_path: Path) -> None:
    """Programs get the outcome, every criterion, and what is missing, unusable and ignored."""
    few = response({"pfpm_flexibility": False, "pfpm_colour": "blue"}, status="in-progress")
    result = said("proposal", "check", written(tmp_path, few), "--json")
    data = json.loads(result.stdout)
    assert (result.exit_code, data["outcome"], data["finished"], data["ignored"]) == (3, "incomplete", False, ["pfpm_colour"])
    assert next(one["outcome"] for one in data["criteria"] if one["id"] == "flexibility") == "not met"
    assert {"criterion": "patient-choice", "asks": ["pfpm_patient_choice"]} in data["missing"]


def test_a_file_that_cannot_be_used_exits_2(tmp_path: Path) -> None:
    """No file, a folder, no JSON and no QuestionnaireResponse are one line each, with the element where there is one."""
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    cases = [
        (str(tmp_path / "none.json"), "cannot be read"),
        (str(tmp_path), "cannot be read"),
        (str(broken), "not JSON"),
        (written(tmp_path, {"resourceType": "Patient"}), "resourceType: a QuestionnaireResponse is meant"),
    ]
    for path, message in cases:
        result = said("proposal", "check", path)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert message in result.stderr
        assert path in result.stderr


def test_content_that_cannot_be_used_exits_1(tmp_path: Path) -> None:
    """Content without the policy, or none at all, is told with status 1."""
    assert said("proposal", "check", str(EXAMPLE), "--content", str(tmp_path)).exit_code == 1
    for folder in ("policies", "facts", "value_sets"):
        (tmp_path / folder).mkdir()
    result = said("proposal", "questionnaire", "--content", str(tmp_path))
    assert result.exit_code == 1
    assert POLICY in result.stderr


def test_the_command_prints_the_questionnaire(content: Content) -> None:
    """What is printed is the questionnaire."""
    assert json.loads(said("proposal", "questionnaire").stdout) == questionnaire(held_policy(), content)


def test_the_command_says_which_times_are_fixed() -> None:
    """30 and 15 days are printed as fixed, 16 and 3 weeks as what holds in general."""
    lines = said("proposal", "calendar", "--meeting", "2017-09-07").stdout.splitlines()
    assert any("2017-04-18" in line and "30 days" in line and line.endswith("fixed)") for line in lines)
    assert any("2017-05-18" in line and "16 weeks" in line and line.endswith("in general)") for line in lines)
    assert any("3 weeks" in line and line.endswith("(in general)") for line in lines)
    assert any("2017-08-23" in line and "15 days" in line and line.endswith("fixed)") for line in lines)
    assert "earliest 2017-03-23" in said("proposal", "calendar", "--today", "2016-09-01").stdout
    assert said("proposal", "calendar").exit_code == 0


def test_a_calendar_that_cannot_be_exits_2() -> None:
    """A meeting too early, both options at once and a day that is none are refused with status 2."""
    early = said("proposal", "calendar", "--meeting", "2017-03-22")
    assert (early.exit_code, "2016-12-01" in early.stderr) == (2, True)
    assert said("proposal", "calendar", "--meeting", "2017-09-07", "--today", "2017-01-01").exit_code == 2
    assert said("proposal", "calendar", "--meeting", "2017-02-29").exit_code == 2


@pytest.mark.parametrize("command", ["explain", "policy show"])
def test_the_policy_is_explained_without_words_of_orders(command: str) -> None:
    """A policy that judges a questionnaire is told as such, with what is met, unlikely and more likely."""
    printed = said(*command.split(), POLICY).stdout
    for title in ("What it judges", "Met when", "Unlikely to be recommended when", "More likely when"):
        assert f"\n{title}\n" in printed
    assert "Orders it governs" not in printed
    assert "Necessary when" not in printed


def test_the_policy_is_listed() -> None:
    """It stands in the list of policies."""
    assert POLICY in said("policy", "list").stdout


def test_its_facts_are_not_asked_of_a_chart(content: Content) -> None:
    """It governs no order, and every fact of it needs nothing of a chart, so the discovery document does not change."""
    assert held_policy().order_sets == ()
    assert content.catalogue.needs(held_policy().facts) == ()
    assert "pfpm" not in json.dumps(discovery(content))


def test_it_tests_only_facts_that_are_asked(tmp_path: Path) -> None:
    """A policy that judges a questionnaire and tests a fact of the chart is a content problem; so is a fact asked with no question."""
    for folder in ("policies", "facts", "value_sets"):
        shutil.copytree(shipped_content() / folder, tmp_path / folder)
    policy, facts = tmp_path / "policies" / POLICY / "2017-03-07.yaml", tmp_path / "facts/pfpm-proposal.yaml"
    policy.write_text(policy.read_text().replace("fact: pfpm_patient_safety", "fact: pregnant"))
    with pytest.raises(ContentError, match="'pregnant' is not only asked"):
        read_content(tmp_path)
    shutil.copy(FILE, policy)
    facts.write_text(facts.read_text().replace('  ask: "Is Medicare one of the payers?"\n', ""))
    with pytest.raises(ContentError, match="has the question for it"):
        read_content(tmp_path)


MISFITS = [
    ("subject: questionnaire-response\n", "", "names the orders it governs"),
    ("  payer: ptac", "  orders: {value_set: x}\n  payer: ptac", "leave out applies_to.orders"),
    ("\nmet_when:", "\nnecessary_when:", "'met_when' is missing"),
    ("\nunlikely_when:", "\nnot_necessary_when:", "'not_necessary_when' belongs only where the subject is an order"),
]


@pytest.mark.parametrize(("old", "new", "message"), MISFITS)
def test_a_policy_has_the_keys_of_its_subject(old: str, new: str, message: str) -> None:
    """A policy names orders or judges a questionnaire, exactly one of the two, with the keys that go with it."""
    from ruamel.yaml import YAML

    text = FILE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(ValueError, match=message):
        PolicyEntry.model_validate(YAML(typ="safe", pure=True).load(text.replace(old, new, 1)))
