"""Whether there is a pregnancy, and whether it goes on.

The rules weigh what says so, what speaks against it, and what ended it. Each rule takes named facts and the date of
service, and gives the evidence of one fact.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from cds_service.facts.computed.gestation import LONGEST, NINE_WEEKS, Inputs, but
from cds_service.facts.computed.pregnancy_end import (
    AFTER_LOSS,
    GOES_ON,
    births,
    dated_again,
    denied_since,
    opposite,
    says,
    unless_dated_since,
)
from cds_service.facts.computed.unread_datings import only_named
from cds_service.facts.rule import rule
from cds_service.facts.wanted import SAYS_NOT_WHICH
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Interval

YOUNGEST, OLDEST = 10, 60
"""Years of age between which a pregnancy is taken as it stands.

They are ours: the document names no age, and one outside only asks.
"""
_LONG_AGO: Final = Days.on(date.min)
"""The day that two contradicting records are dated.

A person's answer to the question, whenever given, is later and says more.
"""


@rule("viable", "stated", "inconclusive", "recorded", "loss", "demise", "delivery", "age", "by_scan", "due_date")
def viable(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether the pregnancy goes on.

    What says so counts, and what ended it. Of one record it says what :func:`fetal_demise` says. A delivery speaks
    against it for nine weeks: what is ordered later is for another pregnancy.
    """
    demise = facts["demise"]
    left = {e.resource: "it is asked as the death of the fetus" for e in demise.evidence if e.standing is Standing.UNCERTAIN}
    left |= dict.fromkeys(denied_since(demise), "the death of the fetus was answered with no since")
    of_demise = {e.resource for e in demise.evidence}
    stated = facts["stated"].evidence
    closed = {e.resource for e in stated if e.standing is Standing.DISCOUNTED and e.resource}
    losses = [
        unless_dated_since(e, facts["age"], as_of)
        if e.resource in closed
        else but(e, Standing.UNCERTAIN, GOES_ON)
        if e.standing is Standing.USABLE and e.resource not in of_demise and dated_again(e, facts, AFTER_LOSS, as_of)
        else e
        for e in facts["loss"].evidence
    ]
    died = [e for e in demise.evidence if e.standing is Standing.USABLE]
    told: set[str] = set()
    found: list[Evidence] = []
    closed |= {e.resource for e in losses if e.resource and e.note == GOES_ON}
    for e in [*(e for e in stated if e.resource not in closed), *map(opposite, [*losses, *died])]:
        if e.resource and e.resource in told and e.value is False:
            continue
        told.add(e.resource)
        note = left.get(e.resource, "") if e.resource and e.value is False else ""
        found.append(but(e, Standing.DISCOUNTED, note) if note else e)
    return found + births(facts["delivery"], facts["age"], as_of) + _still_open(facts)


def _still_open(facts: Inputs) -> list[Evidence]:
    """Return what was inconclusive at an early look.

    It counts until the pregnancy is recorded or dated again a week later or more.
    """
    signs = [e for e in facts["recorded"].evidence if says(e, True)]
    signs += [e for name in ("age", "by_scan", "due_date") for e in facts[name].evidence if e.standing is Standing.USABLE]
    since = max([e.when.first.toordinal() for e in signs if e.when], default=0)
    return [
        but(e, Standing.DISCOUNTED, "the pregnancy was recorded again since")
        if e.when and e.when.last.toordinal() + AFTER_LOSS <= since
        else but(e, e.standing, e.note, False)
        for e in facts["inconclusive"].evidence
    ]


@rule("pregnant", "recorded", "denied", "age", "test", "delivery", "deceased", "sex", "years")
def pregnant(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether there is a pregnancy.

    It takes what says so outright, any dating of it, and what says that there is none. A statement against it speaks
    for nine weeks, one for it for 44. A statement against it that is no older than the latest sign of a pregnancy
    contradicts it, and so does a patient who is not known to bear children: dead, male, a child or past sixty. A
    negative test alone only asks.
    """
    born = max(
        (e.when.last for e in facts["delivery"].evidence if says(e, True) and e.when and e.when.first <= as_of), default=date.min
    )
    signs: list[Evidence] = []
    against: list[Evidence] = []
    others = births(facts["delivery"], facts["age"], as_of)
    tests = list(facts["test"].evidence)
    denied = [opposite(e) for e in facts["denied"].evidence]
    for e in [*facts["recorded"].evidence, *tests, *denied]:
        placed = _placed(e, born, as_of)
        (others if placed.standing is not Standing.USABLE else signs if placed.value is True else against).append(placed)
    signs += [
        Evidence(True, e.when, e.resource, e.kind, shown=e.shown)
        for e in facts["age"].evidence
        if e.standing is Standing.USABLE and e.when
    ]
    last_sign = max((e.when.last for e in signs if e.when), default=date.min)
    contrary = _improbable(facts)
    unread = [
        Evidence(True, e.when, e.resource, e.kind, Standing.UNCERTAIN, e.note, e.shown)
        for e in facts["age"].evidence
        if e.standing is Standing.UNCERTAIN and e.when
    ]
    in_words = [e for e in others if e.standing is Standing.UNCERTAIN and e.value is False and (e in denied or only_named(e))]
    if signs:
        contrary += [e for e in against + in_words if e.when and last_sign <= e.when.last <= as_of]
    elif against and any(e.when and e.when.last.toordinal() >= as_of.toordinal() - LONGEST for e in unread):
        contrary += against
        signs = unread
    if contrary:
        return _contradicting(contrary, signs, [*against, *others])
    note = "a negative test alone does not decide it"
    return signs + [but(e, Standing.UNCERTAIN, note) if e in tests else e for e in against] + others + unread


def _placed(evidence: Evidence, born: date, as_of: date) -> Evidence:
    """Discount a statement on pregnancy that says nothing of one now.

    It is too old, leaves it open, or a delivery came after it.
    """
    if evidence.standing is Standing.UNCERTAIN and evidence.note == SAYS_NOT_WHICH:
        return but(evidence, Standing.DISCOUNTED, "it says neither")
    if evidence.standing is not Standing.USABLE or evidence.when is None:
        return evidence
    age = as_of.toordinal() - evidence.when.last.toordinal()
    if evidence.value is False:
        stale = age > NINE_WEEKS
        return but(evidence, Standing.DISCOUNTED, "it says nothing of a pregnancy that began since") if stale else evidence
    if age > LONGEST:
        return but(evidence, Standing.DISCOUNTED, "it is older than any pregnancy")
    if evidence.when.last <= born:
        return but(evidence, Standing.DISCOUNTED, "the pregnancy has ended since")
    return evidence


def _improbable(facts: Inputs) -> list[Evidence]:
    """Return what the patient's own data say against any pregnancy."""
    found = [but(e, Standing.USABLE, "the patient has died", False) for e in facts["deceased"].evidence if says(e, True)]
    found += [but(e, Standing.USABLE, "the patient is male", False) for e in facts["sex"].evidence if e.value == "male"]
    for e in facts["years"].evidence:
        years = e.value
        if e.standing is Standing.USABLE and isinstance(years, Interval) and (years.high < YOUNGEST or years.low > OLDEST):
            found.append(but(e, Standing.USABLE, f"the patient is {years.text()} years old", False))
    return found


def _contradicting(contrary: list[Evidence], signs: list[Evidence], others: list[Evidence]) -> list[Evidence]:
    """Return a contradiction that only an answer settles.

    It is what speaks against a pregnancy, beside what speaks for it or, without that, the order.
    """
    no = [Evidence(False, _LONG_AGO, e.resource, e.kind, Standing.USABLE, e.note, e.shown) for e in contrary]
    yes = [Evidence(True, _LONG_AGO, e.resource, e.kind, Standing.USABLE, e.note, e.shown) for e in signs]
    if not yes:
        yes = [Evidence(True, _LONG_AGO, kind="assumed", note="ordering the test implies a pregnancy")]
    note = "another record contradicts it"
    rest = [e for e in others if e not in contrary]
    return no + yes + [but(e, Standing.UNCERTAIN, note) if e.standing is Standing.USABLE else e for e in rest]
