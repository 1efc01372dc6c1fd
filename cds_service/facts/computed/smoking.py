"""When a patient stopped smoking, and whether one never smoked.

Whoever smoked on the day of a record, and no longer does, stopped after it. A day of stopping that lies before such a
record was not the last one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from cds_service.facts.evidence_days import last as last_day
from cds_service.facts.restated import but, doubtful, spoken, usable
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

SMOKED_SINCE: Final = "a later record says that the patient smoked"
"""Note on a day of stopping after which the patient smoked."""


@rule("stopped smoking", "told", "smoked", "smokes")
def stopped_smoking(facts: Mapping[str, Fact], as_of: date) -> list[Evidence]:
    """Return the day on which smoking stopped.

    Of who no longer smokes, and whose day of stopping nobody told, it is some day since the last record of smoking. A
    record that nobody can read may say that the patient smoked: the day that was told is then the first it can be.
    """
    told = [_or_later(e, facts["smoked"], as_of) for e in facts["told"].evidence]
    smoked = [e for e in usable(facts["smoked"]) if e.value is True and e.when is not None and e.when.first <= as_of]
    now = [e for e in usable(facts["smokes"]) if e.when is not None and e.when.first <= as_of]
    if not smoked or not now:
        return told
    latest, state = max(smoked, key=last_day), max(now, key=last_day)
    day = latest.when
    if day is None or state.value is not False or last_day(state) <= day.last:
        return told
    if any(isinstance(e.value, Days) and e.value.last >= day.first for e in usable(facts["told"])):
        return told
    before = [doubtful(e, SMOKED_SINCE, e.value) if e.standing is Standing.USABLE else e for e in told]
    return [*before, but(latest, Days(day.first, last_day(state)))]


def _or_later(told: Evidence, smoked: Fact, as_of: date) -> Evidence:
    """Return a day of stopping as the first it can be.

    It is so where a later record of smoking cannot be read.
    """
    day = told.value
    if told.standing is not Standing.USABLE or not isinstance(day, Days) or day.first > as_of:
        return told
    unread = [e for e in smoked.evidence if e.standing is Standing.UNCERTAIN and e.value is not False]
    if not any(e.when is None or e.when.last > day.last for e in unread):
        return told
    return told._replace(value=Days(day.first, as_of))


@rule("never smoked", "never", "smoked")
def never_smoked(facts: Mapping[str, Fact], as_of: date) -> list[Evidence]:
    """Return no pack-years for who never smoked.

    Every record must say so, of any day: who smoked once cannot be one who never did, whatever a later record says.
    """
    never = [e for e in usable(facts["never"]) if e.value is True and e.when is not None and e.when.first <= as_of]
    if not never or spoken(facts["smoked"]):
        return []
    return [but(max(never, key=last_day), Interval.exactly(0))]
