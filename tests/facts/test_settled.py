"""What a person answers for an order beside what the chart says of the same day, and of later days."""

from __future__ import annotations

from datetime import date

import pytest

from cds_service.facts.settled import settled
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Interval, Value

DAY, LATER = Days.on(date(2026, 8, 1)), Days.on(date(2026, 8, 8))


def record(value: Value | None, when: Days = DAY, name: str = "", standing: Standing = Standing.USABLE) -> Evidence:
    """A record of the chart."""
    return Evidence(value, when, f"Observation/{name or value}", standing=standing)


def number(value: float) -> Interval:
    """An exact number."""
    return Interval.exactly(value)


ANSWER = Evidence(number(60), DAY, "QuestionnaireResponse/1", "answered")
QUIT = Evidence(Days.on(date(2011, 12, 15)), DAY, "QuestionnaireResponse/1", "answered")
NO = Evidence(False, DAY, "QuestionnaireResponse/1", "answered")


ORDER = "ServiceRequest/o1"


@pytest.mark.parametrize(
    ("own", "chart", "left"),
    [
        pytest.param(ANSWER, [record(number(45))], 1, id="one record says otherwise"),
        pytest.param(ANSWER, [record(number(45)), record(number(46))], 2, id="two records say otherwise"),
        pytest.param(ANSWER, [record(number(55)), record(number(62))], 0, id="two records around the answer"),
        pytest.param(ANSWER, [record(number(45), LATER), record(number(46), LATER)], 2, id="two later records"),
        pytest.param(ANSWER, [record(number(55), LATER), record(number(62), LATER)], 2, id="two later records around it"),
        pytest.param(ANSWER, [record(Interval(50, 70))], 0, id="one that is vague"),
        pytest.param(QUIT, [record(Days(date(2011, 1, 1), date(2011, 12, 31)))], 0, id="a year in which the day lies"),
        pytest.param(QUIT, [record(Days(date(2012, 1, 1), date(2012, 12, 31)))], 1, id="another year"),
        pytest.param(QUIT, [record(Days.on(date(2011, 12, 1)))], 1, id="another day"),
        pytest.param(ANSWER, [record(None, standing=Standing.UNCERTAIN)], 0, id="one that is uncertain"),
        pytest.param(ANSWER, [record(number(61), LATER), record(None, LATER, standing=Standing.UNCERTAIN)], 2, id="a later doubt"),
        pytest.param(NO, [record(True)], 1, id="yes against no"),
        pytest.param(NO, [record(True, name="a"), record(False, name="b")], 0, id="yes and no"),
        pytest.param(NO, [record(True, name="a"), record(True, name="b")], 2, id="twice yes against no"),
    ],
)
def test_records_stand_back_only_where_the_answer_settles_them(own: Evidence, chart: list[Evidence], left: int) -> None:
    """Of the answer's day, and vague, uncertain or at odds around the answer; else they contradict it or are newer."""
    found = settled([*chart, own], [own], ORDER)
    assert own in found
    assert sum(one.kind == "recorded" and one.standing is not Standing.DISCOUNTED for one in found) == left


def test_an_answer_is_left_where_nothing_else_is_usable() -> None:
    """What made the chart unusable does not take the answer away."""
    doubt = record(None, standing=Standing.UNCERTAIN)
    assert settled([doubt, ANSWER._replace(standing=Standing.UNCERTAIN)], [ANSWER], ORDER) == [doubt, ANSWER]


def test_what_the_order_itself_leaves_open_is_settled_on_any_day() -> None:
    """It may be for a day to come; a doubt of another record of that day is newer than the answer, and stays."""
    own = record(None, LATER, standing=Standing.UNCERTAIN)._replace(resource=ORDER)
    other = record(None, LATER, standing=Standing.UNCERTAIN)
    standings = [one.standing for one in settled([own, other, ANSWER], [ANSWER], ORDER)]
    assert standings == [Standing.DISCOUNTED, Standing.UNCERTAIN, Standing.USABLE]
