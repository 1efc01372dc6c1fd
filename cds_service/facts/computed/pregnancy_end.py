"""How a pregnancy ended, and what makes that doubtful.

It ended by a delivery, a loss, or the death of the fetus. Each rule takes named facts and the date of service, and
gives the evidence of one fact.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from cds_service.facts.computed.gestation import CONCEPTION, LONGEST, NINE_WEEKS, ROUNDING, TERM, Inputs, but
from cds_service.facts.computed.unread_datings import ANY_AGE
from cds_service.facts.found.diagnoses import CLOSED
from cds_service.facts.rule import rule
from cds_service.policy.evidence import ONLY_WORDS, Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

AFTER_LOSS, AFTER_DEMISE = 7, 14
"""Days after which a dating contradicts a loss or a death.

They are counted from a loss, and from the death of a fetus. From then on, a dating says that the pregnancy goes on. The
numbers are ours: the scan of a dead fetus states an age too. It only asks.
"""
NO_BEAT: Final = Interval.exactly(0.0)
"""A fetal heart rate of zero."""
BORN: Final = 140
"""Days of a pregnancy from which on its end is a birth."""
GOES_ON: Final = "the pregnancy was dated again since"
_NO_CHILD_YET: Final = "by the dating on file no child could be born on its day"
_DATED_THEN: Final = "its entry is closed, and a pregnancy was dated on its very day"
_CLOSED_SINCE: Final = f"its entry is closed, and {GOES_ON}"


@rule("delivered", "recorded", "day", "scan", "due_date", "last_period")
def delivered(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether there was a delivery.

    It is as diagnoses and procedures record it, and on the day that an observation gives. One to come is none. One where
    no child can be born yet is open: it may be a loss, or a mistake. Where a closed entry of the problem list gives it
    without its day, it is of an earlier pregnancy.
    """
    found = [*facts["recorded"].evidence, *[_on_its_day(e, as_of) for e in facts["day"].evidence]]
    return [
        _unborn(e)
        if e.standing is Standing.USABLE and e.value is True and e.when and _too_early(e.when.last.toordinal(), facts)
        else e
        for e in found
    ]


def _unborn(delivery: Evidence) -> Evidence:
    """Doubt a delivery where no child can be born yet."""
    if delivery.note == CLOSED:
        return but(delivery, Standing.DISCOUNTED, f"{_NO_CHILD_YET}: it is of an earlier pregnancy")
    return but(delivery, Standing.UNCERTAIN, _NO_CHILD_YET)


def _too_early(day: int, facts: Inputs) -> bool:
    """Tell whether a pregnancy was below twenty weeks on a day.

    A dating stated up to that day says so.
    """
    for name, term in (("scan", 0), ("due_date", TERM), ("last_period", 0)):
        for e in facts[name].evidence:
            said = e.value
            if e.standing is Standing.DISCOUNTED or e.when is None or e.when.last.toordinal() > day:
                continue
            if isinstance(said, Days) and term + day - said.last.toordinal() >= 0 and term + day - said.first.toordinal() < BORN:
                return True
            if isinstance(said, Interval) and said.high + day - e.when.first.toordinal() < BORN - ROUNDING:
                return True
    return False


def _on_its_day(evidence: Evidence, as_of: date) -> Evidence:
    day = evidence.value
    if evidence.standing is Standing.DISCOUNTED or not isinstance(day, Days):
        return evidence
    if day.first > as_of:
        return but(evidence, Standing.DISCOUNTED, f"it is after the date of service, {as_of}", True)
    return Evidence(True, day, evidence.resource, evidence.kind, evidence.standing, evidence.note, "the day of delivery")


@rule("pregnancy ended", "delivery", "loss", "demise", "stated", "scan", "due_date", "last_period", "week_code")
def pregnancy_ended(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether a pregnancy ended, in any form.

    It ended by a delivery, a loss or termination, or the death of the fetus. A loss whose entry is closed, and on whose
    very day a pregnancy was dated, is open: it may be a history written down.
    """
    denied = denied_since(facts["demise"])
    closed = {e.resource for e in facts["stated"].evidence if e.standing is Standing.DISCOUNTED and e.resource}
    losses = [
        but(e, Standing.UNCERTAIN, _DATED_THEN)
        if e.standing is Standing.USABLE and e.resource in closed and _dated_that_day(e, facts)
        else e
        for e in facts["loss"].evidence
    ]
    found = [*facts["delivery"].evidence, *losses, *facts["demise"].evidence]
    return [e for e in found if e.resource not in denied] if denied else found


def _dated_that_day(loss: Evidence, facts: Inputs) -> bool:
    """Tell whether a pregnancy was dated on the day of a loss.

    One that cannot be read may be such a dating; a last period of that day says nothing of one before.
    """
    if loss.when is None:
        return False
    lost = loss.when.first.toordinal()
    for name, term in (("scan", 0), ("week_code", 0), ("due_date", TERM), ("last_period", 0)):
        for e in facts[name].evidence:
            if (
                e.standing is Standing.DISCOUNTED
                or e.when is None
                or e.when.first > loss.when.last
                or e.when.last < loss.when.first
            ):
                continue
            said = e.value
            if isinstance(said, Days):
                if lost - LONGEST < said.last.toordinal() - term < lost - CONCEPTION:
                    return True
            elif not isinstance(said, Interval) or said.high >= CONCEPTION:
                return True
    return False


@rule("fetal demise", "recorded", "viable", "heart", "by_scan", "due_date")
def fetal_demise(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether the fetus has died, as recorded.

    A death that was recorded before a viable pregnancy or a heart rate was is open, and so is one after which the same
    pregnancy was dated again. A heart rate of zero, after which no heart beat was counted, is open too. What only the
    words of a report say is nothing where the pregnancy went on since.
    """
    beats = [e for e in facts["heart"].evidence if isinstance(e.value, Interval) and e.when and e.when.first <= as_of]
    counted = [e for e in beats if e.standing is not Standing.DISCOUNTED and isinstance(e.value, Interval) and e.value.low > 0]
    seen = [e for e in facts["viable"].evidence if says(e, True)] + counted
    perhaps = max((e.when.first for e in seen if e.when), default=date.min)
    alive = max((e.when.first for e in seen if e.when and e.standing is Standing.USABLE), default=date.min)
    found: list[Evidence] = []
    for e in facts["recorded"].evidence:
        if says(e, True) and e.when and e.when.last < perhaps <= as_of:
            found.append(but(e, Standing.UNCERTAIN, "a living fetus was recorded since"))
        elif says(e, True) and dated_again(e, facts, AFTER_DEMISE, as_of):
            found.append(but(e, Standing.UNCERTAIN, GOES_ON))
        elif _only_reported(e) and ((e.when and e.when.last < alive <= as_of) or dated_again(e, facts, AFTER_DEMISE, as_of)):
            found.append(but(e, Standing.DISCOUNTED, f"{e.note}; the pregnancy went on"))
        else:
            found.append(e)
    return found + [
        but(e, Standing.UNCERTAIN, e.note or "a fetal heart rate of zero", True)
        for e in beats
        if e.standing is not Standing.DISCOUNTED and e.value == NO_BEAT and e.when and e.when.last >= alive
    ]


def _only_reported(evidence: Evidence) -> bool:
    """Tell whether only the words of a report say it.

    An early scan often sees no heart beat yet.
    """
    return (
        evidence.standing is Standing.UNCERTAIN
        and ONLY_WORDS in evidence.note
        and evidence.resource.startswith("DiagnosticReport/")
    )


def unless_dated_since(loss: Evidence, age: Fact, as_of: date, note: str = _CLOSED_SINCE) -> Evidence:
    """Make a loss or delivery uncertain where it leaves a doubt.

    It is a loss whose entry was closed, or a delivery. It is open where the entry does not say when it was, and where a
    dating stated on its day or since then speaks of a pregnancy from before it, or cannot be read.
    """
    if loss.note == CLOSED and loss.standing is Standing.USABLE:
        return but(loss, Standing.UNCERTAIN, CLOSED)
    if loss.when is None:
        return loss
    for e in age.evidence:
        weeks = e.value if isinstance(e.value, Interval) else ANY_AGE
        if e.standing is Standing.DISCOUNTED or e.when is None:
            continue
        least = weeks.low if e.standing is Standing.USABLE else weeks.high
        if loss.when.first <= e.when.first and as_of.toordinal() - least < loss.when.first.toordinal():
            return but(loss, Standing.UNCERTAIN, note)
    return loss


def dated_again(loss: Evidence, facts: Inputs, days: int, as_of: date) -> bool:
    """Tell whether the pregnancy of a loss was dated again.

    A scan or a due date, stated ``days`` days after the loss or later, speaks of a pregnancy from before it; one that
    cannot be read may.
    """
    if loss.when is None:
        return False
    first, lost = loss.when.last.toordinal() + days, loss.when.first.toordinal()
    for name in ("by_scan", "due_date"):
        for e in facts[name].evidence:
            if e.standing is Standing.DISCOUNTED or e.when is None or e.when.first > as_of or e.when.first.toordinal() < first:
                continue
            said, stated = e.value, e.when.first.toordinal()
            if said is None:
                return True
            if isinstance(said, Interval) and said.low >= CONCEPTION and stated - said.high < lost:
                return True
            if isinstance(said, Days) and as_of.toordinal() - LONGEST < said.last.toordinal() - TERM < lost:
                return True
    return False


def denied_since(demise: Fact) -> frozenset[str]:
    """Return the records of a fetal death that a later answer denies."""
    no = max((e.when.last for e in demise.evidence if e.kind == "answered" and says(e, False) and e.when), default=None)
    if no is None:
        return frozenset()
    return frozenset(
        e.resource for e in demise.evidence if e.kind != "answered" and e.value is True and e.when and e.when.last <= no
    )


def births(delivery: Fact, age: Fact, as_of: date) -> list[Evidence]:
    """Return deliveries as statements that there is no pregnancy now.

    Those of the last nine weeks count; older or undated ones say nothing. One that falls into a pregnancy dated since,
    or that a closed entry of the problem list gives without its day, is open: a history written down.
    """
    recent = date.fromordinal(as_of.toordinal() - NINE_WEEKS)
    found: list[Evidence] = []
    for e in delivery.evidence:
        if e.value is False:
            continue
        if e.standing is not Standing.DISCOUNTED and (e.when is None or e.when.last < recent):
            found.append(but(opposite(e), Standing.DISCOUNTED, "it says nothing of a pregnancy that began since"))
        elif e.standing is Standing.USABLE and e.when and e.when.first < recent:
            found.append(but(opposite(e), Standing.UNCERTAIN, "its date leaves open whether it was in the last nine weeks"))
        else:
            found.append(opposite(unless_dated_since(e, age, as_of, GOES_ON) if e.standing is Standing.USABLE else e))
    return found


def says(evidence: Evidence, value: bool) -> bool:
    """Tell whether evidence decides, and has this value."""
    return evidence.standing is Standing.USABLE and evidence.value is value


def opposite(evidence: Evidence) -> Evidence:
    """Return the same evidence with the opposite value."""
    return but(evidence, evidence.standing, evidence.note, not evidence.value if isinstance(evidence.value, bool) else None)
