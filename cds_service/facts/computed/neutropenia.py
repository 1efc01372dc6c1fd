"""Facts beside neutropenia that are computed.

They are fever in hospital, sepsis, recurrent infection, body mass index, and severe aplastic anaemia. Each rule takes
named facts and the date of service, and gives the evidence of one fact. The windows in days are our choice; the policy
names none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from cds_service.facts.computed.body_measures import WEIGHT_SPEAKS, side_by_side
from cds_service.facts.computed.febrile_neutropenia import NOW, PERHAPS_NOW, SEVERE, fevers_of, perhaps_fevers
from cds_service.facts.evidence_days import first, last, latest, recent, said, uncertain, usable
from cds_service.facts.restated import doubtful, spoken
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

LOW_PRESSURE: Final = 90.0
"""Systolic pressure, in mm of mercury, below which there is hypotension."""
PLATELETS: Final = 20000.0
"""Platelets per microlitre below which aplastic anaemia is severe (Camitta)."""
ADULT: Final = 18.0
"""Years from which a body mass index is that of an adult."""
UNDERNOURISHED: Final = 20.0
"""Body mass index below which the policy finds an adult undernourished.

It is in kilograms per square metre.
"""
EPISODE: Final = 14
"""Days that lie at least between two episodes of infection."""

Inputs = Mapping[str, Fact]


@rule("fever as inpatient", "stay", "temperature", "fever", "coded")
def fever_as_inpatient(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether the fever began in the present stay in hospital.

    It did if it is first on record after the day of admission.
    """
    stays = latest([e for e in usable(facts["stay"]) if first(e) <= as_of])
    if not stays or stays[0].value is not True:
        return []
    admitted = first(stays[0])
    fevers = fevers_of(usable(facts["temperature"]))
    fevers += [e for name in ("fever", "coded") for e in usable(facts[name]) if e.value is True]
    fevers = [e for e in fevers if admitted - timedelta(NOW) <= first(e) <= as_of]
    if not fevers:
        return []
    earliest = min(fevers, key=first)
    perhaps = [e for e in perhaps_fevers(facts["temperature"], as_of, (as_of - admitted).days + NOW) if e.when]
    if first(earliest) > admitted and any(first(e) <= admitted for e in perhaps):
        return [said(earliest, True, "a temperature of before it cannot be read", Standing.UNCERTAIN)]
    if first(earliest) > admitted:
        return [said(earliest, True, f"after the admission of {admitted}")]
    if last(earliest) < admitted:
        return [said(earliest, False, f"before the admission of {admitted}")]
    return [said(earliest, True, "on the day of admission", Standing.UNCERTAIN)]


@rule("sepsis syndrome", "severe", "sepsis", "organ", "systolic")
def sepsis_syndrome(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether there is sepsis with hypotension or organ dysfunction.

    It is known by its code, or by one of these beside sepsis; sepsis alone leaves it open.
    """
    found = list(facts["severe"].evidence)
    low = [e for e in usable(facts["systolic"]) if isinstance(e.value, Interval) and e.value.below(LOW_PRESSURE)]
    organs = [*[e for e in usable(facts["organ"]) if e.value is True], *low]
    for e in facts["sepsis"].evidence:
        if e.value is not True or e.when is None or e.standing is Standing.DISCOUNTED:
            continue
        beside = e.standing is Standing.USABLE and any(abs((first(e) - first(organ)).days) <= NOW for organ in organs)
        note = "with hypotension or organ dysfunction" if beside else "hypotension or organ dysfunction is not on record with it"
        found.append(said(e, True, note, Standing.USABLE if beside else Standing.UNCERTAIN))
    return found


@rule("recurrent infection", "infection")
def recurrent_infection(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether infection recurs.

    It does with two episodes or more, two weeks apart, within a year; one alone leaves it open.
    """
    year = sorted((e for e in recent(usable(facts["infection"]), as_of, 365) if e.value), key=first)
    episodes: list[Evidence] = []
    for e in year:
        if not episodes or (first(e) - first(episodes[-1])).days >= EPISODE:
            episodes.append(e)
    if len(episodes) >= 2:
        return [said(episodes[-1], True, f"{len(episodes)} episodes within a year")]
    one = [said(e, True, "one episode within a year", Standing.UNCERTAIN) for e in episodes]
    return one + [said(e, True, e.note, Standing.UNCERTAIN) for e in uncertain(facts["infection"], as_of, 365)]


@rule("body mass index", "index", "reckoned", "age", "underweight", joins="index")
def body_mass_index(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute the body mass index.

    It is as somebody recorded it, else reckoned from weight and height. It is open where it is low and the patient is not
    known to be grown up, since that of children is lower. Underweight as a diagnosis leaves an older index open.
    """
    ages = [e.value for e in facts["age"].evidence if e.standing is Standing.USABLE]
    grown = any(isinstance(age, Interval) and age.low >= ADULT for age in ages)
    found: list[Evidence] = []
    recorded, reckoned = list(facts["index"].evidence), list(facts["reckoned"].evidence)
    for e in side_by_side(recorded, reckoned, UNDERNOURISHED, WEIGHT_SPEAKS, as_of):
        low = isinstance(e.value, Interval) and e.value.low < UNDERNOURISHED
        if low and not grown and e.standing is Standing.USABLE:
            found.append(e._replace(standing=Standing.UNCERTAIN, note="that of a child, of whom the bound does not speak"))
        else:
            found.append(e)
    lowest = Interval(0.0, UNDERNOURISHED, high_open=True)
    return found + [doubtful(e, "underweight by a diagnosis", lowest) for e in spoken(facts["underweight"]) if e.when]


@rule("severe aplasia", "graded", "neutrophils", "platelets")
def severe_aplasia(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether aplastic anaemia is moderate or severe.

    It is as the diagnosis is graded, else by neutrophils below 500 and platelets below 20000 per microlitre. A grade
    that cannot be read is not made up for by counts, and a later count that cannot be read leaves them open.
    """
    graded = list(facts["graded"].evidence)
    if any(e.standing is not Standing.DISCOUNTED for e in graded):
        return graded
    neutrophils = latest(recent(usable(facts["neutrophils"]), as_of, PERHAPS_NOW))
    platelets = latest(recent(usable(facts["platelets"]), as_of, PERHAPS_NOW))
    few = [e for e in neutrophils if isinstance(e.value, Interval) and e.value.below(SEVERE)]
    scarce = [e for e in platelets if isinstance(e.value, Interval) and e.value.below(PLATELETS)]
    if not few or not scarce:
        return graded
    when = Days(first(few[0]), last(few[0]))
    if _unread_since(facts["neutrophils"], few[0], SEVERE, as_of) or _unread_since(facts["platelets"], scarce[0], PLATELETS, as_of):
        note = "a later count of neutrophils or platelets cannot be read"
        return [*graded, Evidence(True, when, few[0].resource, standing=Standing.UNCERTAIN, note=note)]
    return [*graded, Evidence(True, when, few[0].resource, note="by neutrophils and platelets")]


def _unread_since(fact: Fact, count: Evidence, bound: float, as_of: date) -> bool:
    """Tell whether a later count may not be below a bound."""
    later = [e for e in uncertain(fact, as_of, PERHAPS_NOW) if e.when is not None and first(e) > last(count)]
    return any(not isinstance(e.value, Interval) or not e.value.below(bound) for e in later)
