"""Whether there is a pregnancy and whether it goes on: what says so, what speaks against it, and what ended it.

Each rule takes named facts and the date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from cds_service.facts.found.diagnoses import CLOSED
from cds_service.facts.pregnancy_dating import CONCEPTION, LONGEST, NINE_WEEKS, TERM, but
from cds_service.facts.wanted import SAYS_NOT_WHICH
from cds_service.policy.model import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

YOUNGEST, OLDEST = 10, 60
"""Years of age between which a pregnancy is taken as it stands. Ours: the document names no age, and one outside only asks."""
AFTER_LOSS, AFTER_DEMISE = 7, 14
"""Days after a loss, or the death of a fetus, from which on a dating says that the pregnancy goes on. Ours: the scan of a dead
fetus states an age too. It only asks."""
_GOES_ON: Final = "the pregnancy was dated again since"
_CLOSED_SINCE: Final = f"its entry is closed, and {_GOES_ON}"
_LONG_AGO: Final = Days.on(date.min)
"""The day that two contradicting records are dated: a person's answer to the question, whenever given, says more."""

Inputs = Mapping[str, Fact]


def delivered(facts: Inputs, as_of: date) -> list[Evidence]:
    """A delivery: as diagnoses and procedures record it, and on the day that an observation gives. One to come is none."""
    return list(facts["recorded"].evidence) + [_on_its_day(e, as_of) for e in facts["day"].evidence]


def _on_its_day(evidence: Evidence, as_of: date) -> Evidence:
    day = evidence.value
    if evidence.standing is not Standing.USABLE or not isinstance(day, Days):
        return evidence
    if day.first > as_of:
        return but(evidence, Standing.DISCOUNTED, f"it is after the date of service, {as_of}", True)
    return Evidence(True, day, evidence.resource, evidence.kind, evidence.standing, evidence.note, "the day of delivery")


def pregnancy_ended(facts: Inputs, as_of: date) -> list[Evidence]:
    """The end of a pregnancy in every form: a delivery, a loss or termination, the death of the fetus."""
    denied = _denied(facts["demise"])
    found = [e for name in ("delivery", "loss", "demise") for e in facts[name].evidence]
    return [e for e in found if e.resource not in denied] if denied else found


def fetal_demise(facts: Inputs, as_of: date) -> list[Evidence]:
    """Death of the fetus as recorded; one that was recorded before a viable pregnancy was is open, and so is one after which the
    same pregnancy was dated again."""
    alive = max((e.when.first for e in facts["viable"].evidence if _says(e, True) and e.when), default=date.min)
    found: list[Evidence] = []
    for e in facts["recorded"].evidence:
        if _says(e, True) and e.when and e.when.last < alive <= as_of:
            found.append(but(e, Standing.UNCERTAIN, "a viable pregnancy was recorded since"))
        elif _says(e, True) and _dated_again(e, facts, AFTER_DEMISE, as_of):
            found.append(but(e, Standing.UNCERTAIN, _GOES_ON))
        else:
            found.append(e)
    return found


def viable(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether the pregnancy goes on: what says so, and what ended it. Of one record it says what :func:`fetal_demise` says.

    A delivery speaks against it for nine weeks: what is ordered later is for another pregnancy.
    """
    demise = facts["demise"]
    left = {e.resource: "it is asked as the death of the fetus" for e in demise.evidence if e.standing is Standing.UNCERTAIN}
    left |= dict.fromkeys(_denied(demise), "the death of the fetus was answered with no since")
    of_demise = {e.resource for e in demise.evidence}
    stated = facts["stated"].evidence
    closed = {e.resource for e in stated if e.standing is Standing.DISCOUNTED and e.resource}
    losses = [
        _unless_dated_since(e, facts["age"], as_of)
        if e.resource in closed
        else but(e, Standing.UNCERTAIN, _GOES_ON)
        if e.standing is Standing.USABLE and e.resource not in of_demise and _dated_again(e, facts, AFTER_LOSS, as_of)
        else e
        for e in facts["loss"].evidence
    ]
    died = [e for e in demise.evidence if e.standing is Standing.USABLE]
    told: set[str] = set()
    found: list[Evidence] = []
    closed |= {e.resource for e in losses if e.resource and e.note == _GOES_ON}
    for e in [*(e for e in stated if e.resource not in closed), *map(_opposite, [*losses, *died])]:
        if e.resource and e.resource in told and e.value is False:
            continue
        told.add(e.resource)
        note = left.get(e.resource, "") if e.resource and e.value is False else ""
        found.append(but(e, Standing.DISCOUNTED, note) if note else e)
    return found + _births(facts["delivery"], facts["age"], as_of)


def _unless_dated_since(loss: Evidence, age: Fact, as_of: date, note: str = _CLOSED_SINCE) -> Evidence:
    """A loss whose entry was closed, or a delivery; it is open where the entry does not say when it was, and where a dating stated
    on its day or since then speaks of a pregnancy from before it."""
    if loss.note == CLOSED and loss.standing is Standing.USABLE:
        return but(loss, Standing.UNCERTAIN, CLOSED)
    if loss.when is None:
        return loss
    for e in age.evidence:
        weeks = e.value
        if e.standing is not Standing.USABLE or not isinstance(weeks, Interval) or e.when is None:
            continue
        if loss.when.last <= e.when.first and as_of.toordinal() - weeks.low < loss.when.first.toordinal():
            return but(loss, Standing.UNCERTAIN, note)
    return loss


def _dated_again(loss: Evidence, facts: Inputs, days: int, as_of: date) -> bool:
    """Whether a scan or a due date, stated that many days after a loss or later, speaks of a pregnancy from before it."""
    if loss.when is None:
        return False
    first, lost = loss.when.last.toordinal() + days, loss.when.first.toordinal()
    for name in ("by_scan", "due_date"):
        for e in facts[name].evidence:
            if e.standing is not Standing.USABLE or e.when is None or e.when.first > as_of or e.when.first.toordinal() < first:
                continue
            said, stated = e.value, e.when.first.toordinal()
            if isinstance(said, Interval) and said.low >= CONCEPTION and stated - said.high < lost:
                return True
            if isinstance(said, Days) and as_of.toordinal() - LONGEST < said.last.toordinal() - TERM < lost:
                return True
    return False


def _denied(demise: Fact) -> frozenset[str]:
    """The records of a fetal death that an answer since then denies."""
    no = max((e.when.last for e in demise.evidence if e.kind == "answered" and _says(e, False) and e.when), default=None)
    if no is None:
        return frozenset()
    return frozenset(
        e.resource for e in demise.evidence if e.kind != "answered" and e.value is True and e.when and e.when.last <= no
    )


def _births(delivery: Fact, age: Fact, as_of: date) -> list[Evidence]:
    """Deliveries as statements that there is no pregnancy now: of the last nine weeks; older or undated ones say nothing.

    One that falls into a pregnancy dated since, or that a closed entry of the problem list gives without its day, is open: a
    history written down."""
    recent = date.fromordinal(as_of.toordinal() - NINE_WEEKS)
    found: list[Evidence] = []
    for e in delivery.evidence:
        if e.value is False:
            continue
        if e.standing is not Standing.DISCOUNTED and (e.when is None or e.when.last < recent):
            found.append(but(_opposite(e), Standing.DISCOUNTED, "it says nothing of a pregnancy that began since"))
        else:
            found.append(_opposite(_unless_dated_since(e, age, as_of, _GOES_ON) if e.standing is Standing.USABLE else e))
    return found


def pregnant(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether there is a pregnancy: what says so outright, any dating of it, and what says that there is none.

    A statement against it speaks for nine weeks, one for it for 44. A statement against it that is no older than the latest sign
    of a pregnancy contradicts it, and so does a patient who is not known to bear children: dead, male, a child or past sixty. A
    negative test alone only asks.
    """
    born = max(
        (e.when.last for e in facts["delivery"].evidence if _says(e, True) and e.when and e.when.first <= as_of), default=date.min
    )
    signs: list[Evidence] = []
    against: list[Evidence] = []
    others = _births(facts["delivery"], facts["age"], as_of)
    tests = list(facts["test"].evidence)
    denied = [_opposite(e) for e in facts["denied"].evidence]
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
    if signs:
        in_words = [e for e in denied if e.standing is Standing.UNCERTAIN and e.value is False]
        contrary += [e for e in against + in_words if e.when and last_sign <= e.when.last <= as_of]
    if contrary:
        return _contradicting(contrary, signs, [*against, *others])
    unread = [
        Evidence(True, e.when, e.resource, e.kind, Standing.UNCERTAIN, e.note, e.shown)
        for e in facts["age"].evidence
        if e.standing is Standing.UNCERTAIN and e.when
    ]
    note = "a negative test alone does not decide it"
    return signs + [but(e, Standing.UNCERTAIN, note) if e in tests else e for e in against] + others + unread


def _placed(evidence: Evidence, born: date, as_of: date) -> Evidence:
    """A statement for or against a pregnancy, discounted where it is too old, leaves it open, or a delivery came after it."""
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
    """What the patient's own data say against any pregnancy."""
    found = [but(e, Standing.USABLE, "the patient has died", False) for e in facts["deceased"].evidence if _says(e, True)]
    found += [but(e, Standing.USABLE, "the patient is male", False) for e in facts["sex"].evidence if e.value == "male"]
    for e in facts["years"].evidence:
        years = e.value
        if e.standing is Standing.USABLE and isinstance(years, Interval) and (years.high < YOUNGEST or years.low > OLDEST):
            found.append(but(e, Standing.USABLE, f"the patient is {years.text()} years old", False))
    return found


def _contradicting(contrary: list[Evidence], signs: list[Evidence], others: list[Evidence]) -> list[Evidence]:
    """A contradiction that only an answer settles: what speaks against a pregnancy beside what speaks for it, or the order."""
    no = [Evidence(False, _LONG_AGO, e.resource, e.kind, Standing.USABLE, e.note, e.shown) for e in contrary]
    yes = [Evidence(True, _LONG_AGO, e.resource, e.kind, Standing.USABLE, e.note, e.shown) for e in signs]
    if not yes:
        yes = [Evidence(True, _LONG_AGO, kind="assumed", note="ordering the test implies a pregnancy")]
    note = "another record contradicts it"
    rest = [e for e in others if e not in contrary]
    return no + yes + [but(e, Standing.UNCERTAIN, note) if e.standing is Standing.USABLE else e for e in rest]


def _says(evidence: Evidence, value: bool) -> bool:
    return evidence.standing is Standing.USABLE and evidence.value is value


def _opposite(evidence: Evidence) -> Evidence:
    return but(evidence, evidence.standing, evidence.note, not evidence.value if isinstance(evidence.value, bool) else None)
