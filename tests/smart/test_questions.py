"""The questions of every policy as fields, and what people type into them."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.content.content import Content
from cds_service.facts.found.answers import answers, read_answers
from cds_service.policy.model import Policy
from cds_service.smart.questions import QuestionField, answered, filled_in
from tests.conftest import held_content
from tests.smart.launched import PUBLIC

ORDERS = [policy for policy in held_content().policies if policy.subject == "order"]
Json = dict[str, Any]


def asked(policy: Policy, sent: dict[str, str]) -> list[tuple[QuestionField, Json | None]]:
    """The fields of a policy's form as they come back."""
    return list(answered(filled_in(sent, [policy], held_content(), PUBLIC), held_content(), PUBLIC))


def typed(policy: Policy, content: Content) -> dict[str, str]:
    """A form in which every question of a policy is answered plausibly."""
    sent: dict[str, str] = {}
    for fact in content.forms[policy.form].facts:
        entry = content.catalogue[fact].entry
        middle = (entry.range.from_ + entry.range.to) / 2 if entry.range else 1
        values = {
            "boolean": "yes",
            "date": "2026-11-01",
            "quantity": f"{middle // 7:g}" if entry.shown_as else f"{middle:g}",
        }
        sent[f"a.{fact}"] = values.get(entry.type) or entry.choices[0]
        sent[f"w.{fact}"] = "2026-11-01"
    return sent


@pytest.mark.parametrize("policy", ORDERS, ids=lambda policy: policy.form)
def test_every_question_can_be_answered_and_is_read_back(policy: Policy) -> None:
    """What is typed for any fact that a form asks comes back from the response as the value that was meant, without a slip."""
    content = held_content()
    sent = typed(policy, content)
    found = asked(policy, sent)
    assert [one.fact for one, _ in found] == list(content.forms[policy.form].facts)
    for one, answer in found:
        assert one.slip == ""
        assert answer is not None
        made = {"resourceType": "QuestionnaireResponse", "id": "q", "status": "completed", "authored": "2026-11-20"}
        read = answers([made | {"item": [{"linkId": one.fact, "answer": [answer]}]}])
        definition = content.catalogue[one.fact]
        (evidence,) = read_answers(read[one.fact], content.terminology, definition.wanted)
        shown = definition.show(evidence.value) if evidence.value is not None else ""
        assert sent[f"a.{one.fact}"].removesuffix(".0") in shown or one.type in ("boolean", "quantity")
        assert (evidence.value is True) == (one.type == "boolean")


@pytest.mark.parametrize("policy", ORDERS, ids=lambda policy: policy.form)
@pytest.mark.parametrize("value", ["maybe", "-1e9", "2026-13-45", "\x00", "' OR 1=1", "1 2 3", "٣"])
def test_odd_answers_are_told_and_nothing_fails(policy: Policy, value: str) -> None:
    """Whatever is typed into any field is an answer that fits, or a slip in words; never anything else."""
    for one, answer in asked(policy, {f"a.{fact}": value for fact in held_content().forms[policy.form].facts}):
        assert bool(one.slip) == (answer is None)
        assert answer is None or one.type == "quantity"


def test_a_day_counts_where_it_is_asked() -> None:
    """The day of an answer stands below it; one that is no day is a slip."""
    for policy in ORDERS:
        for fact in sorted(held_content().forms[policy.form].dated):
            value = typed(policy, held_content())[f"a.{fact}"]
            ((good, answer),) = asked(policy, {f"a.{fact}": value, f"w.{fact}": "2026-11-02"})
            assert good.dated
            assert answer is not None
            assert answer["item"] == [{"linkId": f"{fact}.when", "answer": [{"valueDate": "2026-11-02"}]}]
            ((bad, none),) = asked(policy, {f"a.{fact}": value, f"w.{fact}": "2026-11"})
            assert none is None
            assert bad.slip == "A day of the calendar is meant."


@pytest.mark.parametrize(
    ("weeks", "days", "good"), [("12", "", True), ("", "6", True), ("12", "7", False), ("12.5", "", False), ("12", "-1", False)]
)
def test_weeks_and_days_are_one_number(weeks: str, days: str, good: bool) -> None:
    """A span in weeks and days is days; half weeks and a week of days are not meant."""
    policy = next(policy for policy in ORDERS if "gestational_age" in policy.facts)
    ((one, answer),) = asked(policy, {"a.gestational_age": weeks, "d.gestational_age": days})
    assert (one.slip == "") is good
    if answer:
        assert answer["valueQuantity"]["value"] == 7 * int(weeks or 0) + int(days or 0)
