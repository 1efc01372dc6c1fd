"""Neutropenia of the past: earlier episodes, complications of chemotherapy.

It says also what a growth factor had to do with them. Each rule takes named facts and the date of service, and gives the
evidence of one fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from cds_service.facts.computed.febrile_neutropenia import NOW, coded_pairs
from cds_service.facts.computed.treatment_course import PRESENT, course_began
from cds_service.facts.computed.treatment_course import TAKES as COURSE
from cds_service.facts.evidence_days import first, last, said, usable
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing

CYCLE: Final = 28
"""Days before a complication in which a growth factor was prophylaxis.

The number is our choice, after the length of a cycle of chemotherapy; the policy names none.
"""

Inputs = Mapping[str, Fact]


@rule("previous febrile neutropenia", "coded", "neutropenia", "fever", *COURSE)
def previous_febrile_neutropenia(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether there was an earlier episode of febrile neutropenia.

    Earlier is before the first dose of the present regimen. An episode inside the regimen may be the complication that
    another rule is about, and one of the last week the present episode: both are asked. Where no dose is known, an
    episode of the last half year may lie inside the present regimen. A first dose is known only where all medicines
    were read.
    """
    week = as_of - timedelta(NOW)
    course = course_began(facts, as_of)
    found: list[Evidence] = []
    for e in [*facts["coded"].evidence, *coded_pairs(facts)]:
        if e.standing is not Standing.USABLE or e.value is not True:
            found.append(e)
        elif last(e) > week:
            found.append(said(e, True, "it may be the present episode", Standing.UNCERTAIN))
        elif last(e) < course.day and not course.perhaps_earlier(e):
            found.append(e)
        else:
            found.append(said(e, True, "it may lie inside the present regimen", Standing.UNCERTAIN))
    return found


@rule("neutropenic complication", "coded", "neutropenia", "fever", "chemotherapy", "another")
def neutropenic_complication(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether chemotherapy had a neutropenic complication.

    It is febrile neutropenia, or neutropenia blamed on chemotherapy. One of more than half a year ago may be of another
    regimen, and is asked; so is fever with neutropenia whose code names another cause.
    """
    start = as_of - timedelta(PRESENT)
    caused = {e.resource for e in facts["another"].evidence if e.value is True and e.standing is not Standing.DISCOUNTED}
    pairs = [
        said(e, True, "its code names another cause than chemotherapy", Standing.UNCERTAIN) if e.resource in caused else e
        for e in coded_pairs(facts)
    ]
    return [
        said(e, True, "it may be of an earlier regimen", Standing.UNCERTAIN)
        if e.standing is Standing.USABLE and e.value is True and last(e) < start
        else e
        for e in [*facts["coded"].evidence, *pairs, *facts["chemotherapy"].evidence]
    ]


@rule("prophylaxis before complication", "given", "complication")
def prophylaxis_before_complication(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether a growth factor was given before a complication.

    It must be in the cycle of the complication. A complication that is answered carries the day of the answer, not its
    own: a growth factor before that day leaves it open, as does a medicine that may be one.
    """
    complications = [e for e in usable(facts["complication"]) if e.value is True]
    found: list[Evidence] = []
    for e in facts["given"].evidence:
        if e.standing is Standing.DISCOUNTED or e.value is False:
            continue
        for complication in complications:
            open_ = _given_before(e, complication)
            if open_ is not None:
                found.append(open_)
                break
    return found


def _given_before(given: Evidence, complication: Evidence) -> Evidence | None:
    """Return what a growth factor says of a complication.

    Returns None where it was not given before it, or was given in another cycle.
    """
    if given.when is None:
        return said(given, True, "it carries no date", Standing.UNCERTAIN)
    days = (first(complication) - first(given)).days
    if complication.kind == "answered":
        return said(given, True, "the day of the complication is not on record", Standing.UNCERTAIN) if days >= 0 else None
    if not 0 < days <= CYCLE:
        return None
    if given.standing is Standing.UNCERTAIN:
        return said(given, True, given.note, Standing.UNCERTAIN)
    return said(given, True, "given in the cycle of the complication")
