"""How a diagnosis is found.

It stands among the Conditions of the chart, or the reasons of the order and of encounters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from cds_service.case import UNCONFIRMED
from cds_service.facts.found.diagnosis_days import ended, is_history, recorded_on
from cds_service.facts.found.onsets import days_of, is_untold
from cds_service.facts.found.otherwise import said_otherwise
from cds_service.facts.found.qualifiers import Qualified, Stands, qualified
from cds_service.facts.found.refuted import REFUTED, one_code_does_not_refute_another, unless_refuted_later
from cds_service.facts.found.wording import Saying
from cds_service.facts.wanted import Unreadable, Wanted, carried_value
from cds_service.fhir.codes import Coding, key_of
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import Resource, codings, days, own_reference, status_code
from cds_service.fhir.own_words import spoken_against, told_gone
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, LookBack, Value
from cds_service.sitting import DatedChart, StatedReason

LONG_BEFORE: Final = 280
"""The longest a state of this pregnancy goes back, in days.

No onset of such a state lies further back from its record.
"""
OVER: Final = frozenset({"inactive", "remission", "resolved"})
HEALING: Final = "its code says that it is healing, not whether it still stands"
"""Note on an injury or complication coded for a later encounter."""
WRITTEN_LATE: Final = "it began long before it was recorded, and may be over"
"""Note on an illness that was written down longer after its onset than it lasts."""
_NO_BEGINNING: Final = "nothing that can be read says when it began"
"""Note on an event whose onset is written in words or as an age."""
CONCLUDED: Final = "a result or report comes to it, and no diagnosis says it"
"""Note on what a report concludes in codes, or a result has as its value."""
CLOSED: Final = "its entry in the problem list is closed and does not say when it was"
"""Note on an event of the past with an undated entry.

The entry tells only when it was written down, perhaps as a history.
"""


@dataclass(frozen=True, slots=True)
class SoughtDiagnosis:
    """The diagnoses that document a fact, as ``condition`` evidence writes them.

    ``lasts`` is true where what they say never ages, ``concluded`` where what results and reports conclude asks. With
    ``treated_in_remission``, those in remission that this value set holds count, and any other ends the silence.
    ``refuted_denies`` is false where refuting one diagnosis does not deny what is sought. ``doubted`` is what makes an entry with a
    sought code one of another kind.
    """

    codes: str
    gives: bool | str | None
    history: bool | str
    asked_back: LookBack | None
    remission: bool
    uncertain: bool
    undated: str
    dated_by: str
    healing: str
    body_site: str
    severity: str
    stage: str
    lasts: bool
    concluded: bool = False
    lasts_at_most: LookBack | None = None
    treated_in_remission: str = ""
    refuted_denies: bool = True
    doubted: Saying | None = None


def diagnoses(sought: SoughtDiagnosis, seen: DatedChart, wanted: Wanted, own: Sequence[StatedReason] = ()) -> list[Evidence]:
    """Find the diagnoses with a code that is sought.

    Each comes as evidence with its standing. ``own`` are those that the order gives as reasons.
    """
    reasons = [*own, *seen.reasons.get(sought.codes, ())]
    concluded = seen.concluded.get(sought.codes, ()) if sought.concluded else ()
    if not reasons and not concluded and not seen.chart.coded("Condition", sought.codes):
        return []
    in_chart = seen.once(("conditions", id(sought)), partial(_conditions, sought, seen, wanted))
    found = in_chart + _reasons(sought, reasons, seen, wanted) if reasons else in_chart
    found = [*found, *((coding, e._replace(note=CONCLUDED)) for coding, e in _reasons(sought, concluded, seen, wanted))]
    if sought.uncertain:
        return [_hint(evidence) for _, evidence in found if evidence.standing is not Standing.DISCOUNTED]
    found = [(coding, e) for (coding, _), e in zip(found, unless_refuted_later(found, seen), strict=True)]
    return one_code_does_not_refute_another(found, seen.as_of) if wanted.type == "boolean" else [evidence for _, evidence in found]


def _conditions(sought: SoughtDiagnosis, seen: DatedChart, wanted: Wanted) -> list[tuple[Coding, Evidence]]:
    found: list[tuple[Coding, Evidence]] = []
    for hit in seen.chart.coded("Condition", sought.codes):
        evidence = _condition(sought, hit, seen, wanted)
        if evidence is not None:
            found.append((hit.coding, evidence))
    return found


def _condition(sought: SoughtDiagnosis, hit: Hit, seen: DatedChart, wanted: Wanted) -> Evidence | None:
    condition = hit.resource
    said = own_reference(condition)
    when = _day(sought, condition, seen)
    verified = status_code(condition.get("verificationStatus"))
    course = status_code(condition.get("clinicalStatus"))
    if verified == "entered-in-error":
        return None
    shown = hit.coding.text
    stands: Qualified | None = None
    if verified != REFUTED and (sought.body_site or sought.severity or sought.stage):
        stands = qualified(sought.body_site, sought.severity, sought.stage, condition, seen.chart.terminology)
        if stands.stands is Stands.SAYS_NOTHING:
            return None
    value = _value(sought, hit, wanted) if stands is None or stands.value is None else stands.value
    if verified == REFUTED:
        return _refuted(sought, value, wanted, Evidence(None, when, said, standing=Standing.DISCOUNTED, note=REFUTED, shown=shown))
    if isinstance(value, str) and wanted.type != "choice":
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=value)
    if stands is not None and stands.stands is Stands.ELSEWHERE:
        return Evidence(value, when, said, standing=Standing.DISCOUNTED, note=stands.note, shown=shown)
    if verified in UNCONFIRMED:
        return Evidence(value, when, said, standing=Standing.UNCERTAIN, note=f"the diagnosis is {verified}", shown=shown)
    treated = _is_treated_in_remission(sought, condition, seen)
    if _over(sought, course, condition, treated, seen):
        return _past(sought, condition, seen, Evidence(value, when, said, note=f"the diagnosis is {course or 'over'}", shown=shown))
    if sought.history is not True and ended(condition, seen):
        return Evidence(
            value, when, said, standing=Standing.UNCERTAIN, note=f"it is called {course}, and its end is dated", shown=shown
        )
    if stands is not None and stands.stands is Stands.OPEN:
        return Evidence(value, when, said, standing=Standing.UNCERTAIN, note=stands.note, shown=shown)
    passes = bool(sought.treated_in_remission) or sought.lasts_at_most is not None
    current = sought.history is not True
    doubt = spoken_against(condition.get("code"), or_past=current and not treated, or_over=current and passes)
    doubt = doubt or (told_gone(condition) if current and not treated else "") or _doubt(sought, condition, seen)
    doubt = doubt or _otherwise(sought, condition.get("code"), hit.coding, seen, current and not treated)
    standing, note = _as_coded(sought, hit.coding, when, doubt)
    if sought.history is True and sought.dated_by == "onset" and course in OVER and not note and is_history(condition, seen):
        note = CLOSED
    return Evidence(value, when, said, standing=standing, note=note, shown=shown)


def _refuted(sought: SoughtDiagnosis, value: Value | None, wanted: Wanted, nothing: Evidence) -> Evidence | None:
    """Return what a refuted diagnosis says.

    It denies where it means the very fact; ``nothing`` is it where it says nothing. A code wider than a site is none.
    """
    if sought.body_site:
        return None
    if isinstance(value, bool) and (sought.refuted_denies or not value):
        denied = Evidence(not value, nothing.when, nothing.resource, shown=f"{nothing.shown}, refuted")
        return denied if value else None
    return nothing if isinstance(value, str) and wanted.type != "choice" else nothing._replace(value=value)


def _doubt(sought: SoughtDiagnosis, condition: Resource, seen: DatedChart) -> str:
    """Return what the onset of a diagnosis leaves open, or nothing.

    An illness was recorded long after it began, or nobody can read when an event was.
    """
    event = sought.dated_by == "onset"
    if not event and sought.lasts_at_most is None:
        return ""
    if is_untold(condition, seen, in_words=event):
        return _NO_BEGINNING
    if sought.lasts_at_most is None:
        return ""
    recorded, onset = days(condition.get("recordedDate")), days_of(condition, "onset", seen)
    late = recorded is not None and onset is not None and onset.last < sought.lasts_at_most.start(recorded.first)
    return WRITTEN_LATE if late else ""


def _otherwise(sought: SoughtDiagnosis, concept: Any, coding: Coding, seen: DatedChart, or_past: bool) -> str:
    return said_otherwise(concept, coding, sought.codes, or_past, sought.doubted, seen.chart.terminology)


def _past(sought: SoughtDiagnosis, condition: Resource, seen: DatedChart, evidence: Evidence) -> Evidence:
    """Judge a diagnosis that is past.

    It ends the silence where what is sought asks about diagnoses that are over, as far back as it asks; else it is
    discounted.
    """
    if sought.treated_in_remission and status_code(condition.get("clinicalStatus")) == "remission":
        return evidence._replace(standing=Standing.UNCERTAIN)
    if sought.history != "asks":
        return evidence._replace(standing=Standing.DISCOUNTED)
    over = days(condition.get("abatementDateTime")) or evidence.when
    if sought.asked_back is not None and over is not None and over.last < sought.asked_back.start(seen.as_of):
        return evidence._replace(standing=Standing.DISCOUNTED, note=f"{evidence.note}, for more than {sought.asked_back}")
    return evidence._replace(standing=Standing.UNCERTAIN)


def _over(sought: SoughtDiagnosis, course: str, condition: Resource, treated: bool, seen: DatedChart) -> bool:
    """Tell whether a diagnosis is past, where only a current one counts.

    One in remission that is ``treated`` on is current.
    """
    if sought.history is True or (treated and course == "remission"):
        return False
    return course in OVER or (not course and ended(condition, seen))


def _is_treated_in_remission(sought: SoughtDiagnosis, condition: Resource, seen: DatedChart) -> bool:
    """Tell whether a diagnosis counts in remission too."""
    if not sought.treated_in_remission:
        return sought.remission
    holding = seen.chart.terminology.holding
    return any(sought.treated_in_remission in holding(*one) for one in codings(condition.get("code")))


def _value(sought: SoughtDiagnosis, hit: Hit, wanted: Wanted) -> Value:
    """Return the value that a diagnosis gives.

    Returns words with the reason when its code carries a value that does not fit.
    """
    if sought.gives is not None:
        return sought.gives
    try:
        return carried_value(hit.carried, wanted, True if wanted.type == "boolean" else None)
    except Unreadable as error:
        return str(error)


def _reasons(
    sought: SoughtDiagnosis, reasons: Iterable[StatedReason], seen: DatedChart, wanted: Wanted
) -> list[tuple[Coding, Evidence]]:
    found: list[tuple[Coding, Evidence]] = []
    if sought.severity or sought.stage:
        return found
    for stated in reasons:
        value = _value(sought, Hit({}, {}, stated.coding, stated.carried), wanted)
        if isinstance(value, str) and wanted.type != "choice":
            continue
        doubt = _otherwise(sought, stated.concept, stated.coding, seen, sought.history is not True)
        standing, note = _as_coded(sought, stated.coding, stated.when, doubt)
        if stated.unconfirmed:
            standing, note = Standing.UNCERTAIN, "the diagnosis is not confirmed"
        if sought.body_site and not note:
            standing, note = Standing.UNCERTAIN, "its code is wider than the site meant, and a reason states no body site"
        evidence = Evidence(value, stated.when, stated.resource, "recorded", standing, note, stated.coding.text)
        found.append((stated.coding, evidence))
    return found


def _as_coded(sought: SoughtDiagnosis, coding: Coding, when: Days | None, doubt: str = "") -> tuple[Standing, str]:
    """Return the standing of a confirmed, current diagnosis, and a note.

    They follow from its code and its dates; the note says why.
    """
    if doubt:
        return Standing.UNCERTAIN, doubt
    if sought.healing == "asks" and _heals(coding):
        return Standing.UNCERTAIN, HEALING
    if when is None and sought.undated == "asks":
        return Standing.UNCERTAIN, "it carries no date"
    return Standing.USABLE, ""


def _heals(coding: Coding) -> bool:
    """Tell whether an ICD-10-CM code says that an injury is healing.

    That holds for injuries and complications with D as the seventh character.
    """
    key = key_of(coding.system, coding.code)
    return key.space == "icd10cm" and len(key.code) == 7 and key.code[0] in "ST" and key.code[6] == "D"


def _hint(evidence: Evidence) -> Evidence:
    note = "; ".join(part for part in (evidence.note, "the code only hints at it") if part)
    return Evidence(evidence.value, evidence.when, evidence.resource, standing=Standing.UNCERTAIN, note=note, shown=evidence.shown)


def _day(sought: SoughtDiagnosis, condition: Resource, seen: DatedChart) -> Days | None:
    """Return the day that a diagnosis speaks of.

    It is the day of its record, or of its onset where that is sought and is earlier; without an onset, the day that it
    ended.
    """
    recorded = recorded_on(condition, seen, sought.undated == "counts" and sought.lasts)
    if sought.dated_by == "record" or recorded is None:
        return recorded
    onset = days_of(condition, "onset", seen) or days_of(condition, "abatement", seen)
    apart = LONG_BEFORE if sought.dated_by == "onset of long before" else 0
    if onset is None or recorded.first.toordinal() - onset.last.toordinal() <= apart:
        return recorded
    return onset
