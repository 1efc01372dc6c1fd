"""Evidence: what is imagined is found again, and losing evidence never makes a "no" out of an open question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cached_property
from math import ceil

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.decision import DecisionOutcome
from cds_service.facts.definition import Definition
from cds_service.facts.extract import Facts
from cds_service.facts.found.answers import UNTIED
from cds_service.facts.imagine import imagine
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine
from cds_service.judgement import judge_policy
from cds_service.order import read_order
from cds_service.policy.criterion import Check, Criterion, Outcome
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval, Value
from tests.conftest import held_content
from tests.exchange import order

AS_OF = date(2025, 5, 1)
CONTENT = held_content()


def values(definition: Definition) -> st.SearchStrategy[Value]:
    """Values that a fact can have."""
    entry = definition.entry
    match entry.type:
        case "boolean":
            return st.booleans()
        case "choice":
            return st.sampled_from(entry.choices)
        case "date":
            return st.integers(0, 300).map(lambda days: Days.on(AS_OF - timedelta(days)))
        case _:
            low, high = (entry.range.from_, entry.range.to) if entry.range else (0, 200)
            return st.integers(ceil(low), int(high)).map(lambda number: Interval.exactly(float(number)))


def read_back(name: str, evidence: Evidence, via: str = "") -> list[Evidence]:
    """What extraction finds in the chart imagined for one piece of evidence."""
    draft = order(on=AS_OF.isoformat())
    chart = ImaginedChart(CONTENT.terminology, "p1", AS_OF, draft)
    imagine(name, evidence, CONTENT.catalogue, chart, via)
    drafts = [*chart.signed_before, draft, *chart.signed_after]
    signing = tuple(read_order(resource, place, AS_OF) for place, resource in enumerate(drafts))
    own = signing[len(chart.signed_before)]
    case = Case(Chart(chart.resources, CONTENT.terminology, "p1"), own, signing, AS_OF)
    return list(Facts(case, CONTENT.catalogue)[name].evidence)


def any_day(value: Value, drawn: Days) -> Days:
    """The day of evidence that may be of any."""
    return drawn


DAY_OF: dict[str, Callable[[Value, Days], Days]] = {
    "patient": lambda value, drawn: Days.on(AS_OF),  # patients are what they are when the order is read
    "report": lambda value, drawn: value if isinstance(value, Days) else drawn,  # the day that it tells is its own
}
"""The day of evidence of kinds that have no other."""
SOURCES = [
    (name, source.name)
    for name, definition in CONTENT.catalogue.facts.items()
    for source in definition.entry.from_
    if source.name not in ("order_code", "order_words", "value_set_held")
]


@pytest.mark.parametrize(("name", "kind"), SOURCES, ids=[f"{name} by {kind}" for name, kind in SOURCES])
@given(data=st.data())
def test_what_is_imagined_is_found_again(name: str, kind: str, data: st.DataObject) -> None:
    """For every fact and kind of evidence, extraction finds in the imagined chart the value and day it was made from, while
    such evidence speaks."""
    value = data.draw(values(CONTENT.catalogue[name]))
    lives = [source.kind.shelf_life for source in CONTENT.catalogue[name].entry.from_ if source.name == kind]
    most = min([200, *[(AS_OF - life.speaks.start(AS_OF)).days for life in lives if life is not None]])
    if kind == "answer" and (value is False or CONTENT.catalogue[name].wanted.of_order):
        most = min(most, (AS_OF - UNTIED.start(AS_OF)).days)
    drawn = Days.on(AS_OF - timedelta(data.draw(st.integers(0, most))))
    when = DAY_OF.get(kind, any_day)(value, drawn)
    try:
        found = read_back(name, Evidence(value, when), kind)
    except CannotImagine:
        return
    assert {(e.value, e.when) for e in found if e.standing is Standing.USABLE} == {(value, when)}


def test_nothing_of_a_kind_is_left_for_threads_to_work_out() -> None:
    """Whatever a kind of evidence works out once stands there as soon as the files are read."""
    kinds = [source for definition in CONTENT.catalogue.facts.values() for source in definition.sources]
    cached = {
        (kind, name) for kind in {type(k) for k in kinds} for name in dir(kind) if isinstance(_of(kind, name), cached_property)
    }
    assert len(cached) > len({kind for kind, _ in cached}) > 10
    assert [(kind, name) for kind in kinds for of, name in cached if type(kind) is of and name not in vars(kind)] == []


def _of(kind: type, name: str) -> object:
    return next((vars(owner)[name] for owner in kind.__mro__ if name in vars(owner)), None)


def test_every_kind_of_evidence_is_imagined_somewhere() -> None:
    """No source of a fact is untested because nothing can be imagined for it, unless it only hints."""
    silent = []
    for name, kind in SOURCES:
        definition = CONTENT.catalogue[name]
        own = [source.kind for source in definition.entry.from_ if source.name == kind]
        if all(getattr(one, "uncertain", False) for one in own):
            continue
        options: list[Value] = [True, False, *definition.entry.choices]
        options += [Interval.exactly(float(n)) for n in range(10)] + [Interval(63, 69), Interval(70, 76), Days.on(AS_OF)]
        for value in options:
            try:
                if read_back(name, Evidence(value, Days.on(AS_OF)), kind):
                    break
            except (CannotImagine, ValueError):
                continue
        else:
            silent.append((name, kind))
    assert set(silent) == {
        ("body_mass_index_recorded", "condition"),
        ("fusion_reason_unread", "order_reason"),
        *((name, kind) for name, kind in SOURCES if name.startswith("preferred_growth_factor_")),
    }, silent


@given(data=st.data())
def test_an_answer_documents_any_fact(data: st.DataObject) -> None:
    """An answer whose linkId is the fact's name is found again as answered, dated by the response; of a computed fact, too, but
    where its rule weighs the answer beside an input."""
    weighed = {
        name for name, one in CONTENT.catalogue.facts.items() if one.derived and CONTENT.catalogue.rules[one.derived.rule].joins
    }
    assert weighed == {
        "sacral_tumor",
        "si_joint_infection",
        "pelvic_trauma",
        "gestational_age",
        "chronic_conditions",
        "serious_comorbidities",
        "body_mass_index",
        "creatinine_clearance",
        "life_expectancy",
        "noninvasive_pain_control_failed",
    }
    names = [name for name, one in CONTENT.catalogue.facts.items() if one.entry.type != "code" and name not in weighed]
    name = data.draw(st.sampled_from(names))
    value = data.draw(values(CONTENT.catalogue[name]))
    found = read_back(name, Evidence(value, Days.on(AS_OF), kind="answered"))
    assert (value, Days.on(AS_OF), "answered") in [(e.value, e.when, e.kind) for e in found]


DATING = {"gestational_age", "pregnancy_look_back", "pregnancy_start", "loss_look_back"}
POLICIES = [policy for policy in CONTENT.policies if policy.status == "active" and policy.subject == "order"]


@st.composite
def documented(draw: st.DrawFn, names: tuple[str, ...]) -> dict[str, Fact]:
    """Facts of which each is silent, not searched, uncertain, or documented by one piece of evidence."""
    facts = {}
    for name in names:
        definition = CONTENT.catalogue[name]
        way = draw(st.sampled_from(["silent", "documented", "documented", "uncertain", "not searched"]))
        evidence: tuple[Evidence, ...] = ()
        if definition.entry.type == "code":
            way = "silent"
        if way in ("documented", "uncertain"):
            value = draw(values(definition))
            when = Days.on(AS_OF - timedelta(draw(st.integers(0, 320))))
            standing = Standing.USABLE if way == "documented" else Standing.UNCERTAIN
            evidence = (Evidence(value, when, "Observation/1", standing=standing),)
        facts[name] = Fact(name, evidence, ("Observation",) if way == "not searched" else ())
    return facts


def checks(criterion: Criterion) -> Iterator[Check]:
    """The checks of a criterion, in reading order."""
    if isinstance(criterion, Check):
        yield criterion
        return
    for part in criterion.parts:
        yield from checks(part)


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES, ids=[f"{policy.id} {policy.version}" for policy in POLICIES])
@given(data=st.data())
def test_losing_evidence_never_makes_a_no(policy: object, data: st.DataObject) -> None:
    """Taking away all evidence of a fact never turns *not documented* into *not necessary*.

    The dating of a pregnancy is left in place: without it the reading looks back 280 days, and what lies there then counts.
    So are the situations that a policy presumes absent on a searched chart: their presumption is the policy's reading of silence.
    What the words of the order leave in doubt cannot be lost: the order is what is judged. That the patient has died asks before any
    criterion is judged, so without it the criteria come to what they come to.
    """
    from cds_service.policy.model import Policy

    assert isinstance(policy, Policy)
    facts = data.draw(documented(policy.facts))
    draft = read_order(order(on=AS_OF.isoformat()), 0, AS_OF)
    case = Case(Chart((), CONTENT.terminology, "p1"), draft, (draft,), AS_OF)
    before = judge_policy(policy, None, draft.reference, facts, case)
    assume(before.outcome is DecisionOutcome.NOT_DOCUMENTED)
    situations = {
        check.fact
        for check in checks(policy.necessary_when)
        if check.presumption is not None and check.presumption.treat_as is Outcome.NOT_MET
    }
    in_doubt = {name for name in policy.facts if (how := CONTENT.catalogue[name].derived) is not None and how.in_doubt}
    for name in set(policy.facts) - DATING - situations - in_doubt - {"patient_deceased"}:
        for unsearched in ((), ("Observation",)):
            after = judge_policy(policy, None, draft.reference, facts | {name: Fact(name, (), unsearched)}, case)
            assert after.outcome is not DecisionOutcome.NOT_NECESSARY, name
