"""How a diagnosis is found: among the Conditions of the chart, and the reasons of the order and of encounters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from cds_service.chart import UNCONFIRMED, Case, Hit
from cds_service.facts.found.qualifiers import Qualified, Stands, qualified
from cds_service.facts.wanted import Unreadable, Wanted, carried_value
from cds_service.fhir.codes import Coding, key_of
from cds_service.fhir.elements import Resource, codings, days, first_days, items, own_reference, reference, status_code
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Value

if TYPE_CHECKING:
    from cds_service.facts.kinds.condition import ConditionEvidence

LONG_BEFORE: Final = 280
"""Days: no onset of a state of this pregnancy lies further back from its record."""
OVER: Final = frozenset({"inactive", "remission", "resolved"})
CLOSED: Final = "its entry in the problem list is closed and does not say when it was"
"""Of an event of the past that was written down some day, perhaps as a history."""


def diagnoses(kind: ConditionEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """The diagnoses of a case with a code that its kind names, with their standing."""
    if not case.chart.coded("Condition", kind.codes) and kind.codes not in case.reasons:
        return ()
    found = _conditions(kind, case, wanted) + _reasons(kind, case, wanted)
    if kind.uncertain:
        return [_hint(evidence) for _, evidence in found if evidence.standing is not Standing.DISCOUNTED]
    return _one_code_does_not_refute_another(found, case.as_of) if wanted.type == "boolean" else [evidence for _, evidence in found]


def _conditions(kind: ConditionEvidence, case: Case, wanted: Wanted) -> list[tuple[Coding, Evidence]]:
    found: list[tuple[Coding, Evidence]] = []
    for hit in case.chart.coded("Condition", kind.codes):
        evidence = _condition(kind, hit, case, wanted)
        if evidence is not None:
            found.append((hit.coding, evidence))
    return found


def _condition(kind: ConditionEvidence, hit: Hit, case: Case, wanted: Wanted) -> Evidence | None:
    condition = hit.resource
    said = own_reference(condition)
    when = _day(kind, condition, case)
    verified = status_code(condition.get("verificationStatus"))
    course = status_code(condition.get("clinicalStatus"))
    if verified == "entered-in-error":
        return None
    shown = hit.coding.text
    stands: Qualified | None = None
    if verified != "refuted" and (kind.body_site or kind.severity or kind.stage):
        stands = qualified(kind, condition, case.chart.terminology)
        if stands.stands is Stands.SAYS_NOTHING:
            return None
    value = _value(kind, hit, wanted) if stands is None or stands.value is None else stands.value
    if isinstance(value, str) and wanted.type != "choice":
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=value)
    if stands is not None and stands.stands is Stands.ELSEWHERE:
        return Evidence(value, when, said, standing=Standing.DISCOUNTED, note=stands.note, shown=shown)
    if verified == "refuted":
        if kind.body_site:
            return None
        if isinstance(value, bool):
            return Evidence(not value, when, said, shown=f"{shown}, refuted") if value else None
        return Evidence(value, when, said, standing=Standing.DISCOUNTED, note="refuted", shown=shown)
    if verified in UNCONFIRMED:
        return Evidence(value, when, said, standing=Standing.UNCERTAIN, note=f"the diagnosis is {verified}", shown=shown)
    if _over(kind, course, condition, case):
        return _past(kind, condition, case, Evidence(value, when, said, note=f"the diagnosis is {course or 'over'}", shown=shown))
    if kind.history is not True and _ended(condition, case):
        return Evidence(
            value, when, said, standing=Standing.UNCERTAIN, note=f"it is called {course}, and its end is dated", shown=shown
        )
    if stands is not None and stands.stands is Stands.OPEN:
        return Evidence(value, when, said, standing=Standing.UNCERTAIN, note=stands.note, shown=shown)
    open_ = when is None and kind.undated == "asks"
    standing, note = (Standing.UNCERTAIN, "it carries no date") if open_ else (Standing.USABLE, "")
    if kind.history is True and kind.dated_by == "onset" and course in OVER and not open_ and _is_history(condition):
        note = CLOSED
    return Evidence(value, when, said, standing=standing, note=note, shown=shown)


def _past(kind: ConditionEvidence, condition: Resource, case: Case, evidence: Evidence) -> Evidence:
    """A diagnosis that is past: it ends the silence where its kind asks of what is over, for as long as it asks."""
    if kind.history != "asks":
        return evidence._replace(standing=Standing.DISCOUNTED)
    over = days(condition.get("abatementDateTime")) or evidence.when
    if kind.asked_back is not None and over is not None and over.last < kind.asked_back.start(case.as_of):
        return evidence._replace(standing=Standing.DISCOUNTED, note=f"{evidence.note}, for more than {kind.asked_back}")
    return evidence._replace(standing=Standing.UNCERTAIN)


def _over(kind: ConditionEvidence, course: str, condition: Resource, case: Case) -> bool:
    """Whether a diagnosis is past, where only one that stands counts."""
    if kind.history is True or (kind.remission and course == "remission"):
        return False
    return course in OVER or (not course and _ended(condition, case))


def _value(kind: ConditionEvidence, hit: Hit, wanted: Wanted) -> Value:
    """The value the diagnosis gives; words that say why not, when its code carries one that does not fit."""
    if kind.gives is not None:
        return kind.gives
    try:
        return carried_value(hit.carried, wanted, True if wanted.type == "boolean" else None)
    except Unreadable as error:
        return str(error)


def _reasons(kind: ConditionEvidence, case: Case, wanted: Wanted) -> list[tuple[Coding, Evidence]]:
    found: list[tuple[Coding, Evidence]] = []
    if kind.severity or kind.stage:
        return found
    for stated in case.reasons.get(kind.codes, ()):
        value = _value(kind, Hit({}, {}, stated.coding, stated.carried), wanted)
        if isinstance(value, str) and wanted.type != "choice":
            continue
        standing = Standing.UNCERTAIN if stated.unconfirmed else Standing.USABLE
        note = "the diagnosis is not confirmed" if stated.unconfirmed else ""
        if stated.when is None and kind.undated == "asks" and not note:
            standing, note = Standing.UNCERTAIN, "it carries no date"
        if kind.body_site and not note:
            standing, note = Standing.UNCERTAIN, "its code is wider than the site meant, and a reason states no body site"
        evidence = Evidence(value, stated.when, stated.resource, "recorded", standing, note, stated.coding.text)
        found.append((stated.coding, evidence))
    return found


def _hint(evidence: Evidence) -> Evidence:
    note = "; ".join(part for part in (evidence.note, "the code only hints at it") if part)
    return Evidence(evidence.value, evidence.when, evidence.resource, standing=Standing.UNCERTAIN, note=note, shown=evidence.shown)


def _day(kind: ConditionEvidence, condition: Resource, case: Case) -> Days | None:
    """The day of which a diagnosis speaks: that of its record, or of its onset where its kind says so and that is the earlier."""
    recorded = _dated(condition, case, kind.undated == "counts" and kind.shelf_life is None)
    if kind.dated_by == "record" or recorded is None:
        return recorded
    onset = first_days(condition, "onsetDateTime", "onsetPeriod")
    apart = LONG_BEFORE if kind.dated_by == "onset of long before" else 0
    if onset is None or recorded.first.toordinal() - onset.last.toordinal() <= apart:
        return recorded
    return onset


def _dated(condition: Resource, case: Case, as_read: bool) -> Days | None:
    """Rule: recordedDate, else onset, else the encounter; a diagnosis that is active and undated speaks of the day it is read,
    where what it says lasts (``as_read``)."""
    when = first_days(condition, "recordedDate", "onsetDateTime", "onsetPeriod")
    if when is None:
        encounter = case.chart.get(reference(condition.get("encounter")))
        when = first_days(encounter, "period") if encounter else None
    if when is None and as_read and status_code(condition.get("clinicalStatus")) in ("active", "recurrence", "relapse", ""):
        when = Days.on(case.as_of)
    return when


def _is_history(condition: Resource) -> bool:
    """Whether a diagnosis stands in a problem list and says only when it was written down, not when it began or was over."""
    listed = any(
        coding.code == "problem-list-item" for category in items(condition.get("category")) for coding in codings(category)
    )
    return listed and first_days(condition, "onsetDateTime", "onsetPeriod", "abatementDateTime", "abatementPeriod") is None


def _ended(condition: Resource, case: Case) -> bool:
    """Whether a diagnosis has an end, on or before the date of service."""
    lasted = condition.get("abatementPeriod")
    end = days(condition.get("abatementDateTime")) or days(lasted.get("end") if isinstance(lasted, dict) else None)
    return end is not None and end.last <= case.as_of


def _one_code_does_not_refute_another(found: list[tuple[Coding, Evidence]], as_of: date) -> list[Evidence]:
    """For a yes-or-no fact that any of several diagnoses makes true: refuting one diagnosis says nothing of the others.

    Among records of one code the latest counts; what remains says *no* only where no code says *yes*.
    """
    usable: dict[Any, list[Evidence]] = {}
    others: list[Evidence] = []
    for coding, evidence in found:
        if evidence.standing is not Standing.USABLE or (evidence.when and evidence.when.first > as_of):
            others.append(evidence)
        else:
            usable.setdefault(key_of(*coding), []).append(evidence)
    kept: list[Evidence] = []
    for records in usable.values():
        latest = max((record.when.last for record in records if record.when), default=None)
        kept += [record for record in records if latest is None or (record.when and record.when.last == latest)]
    if len({evidence.value for evidence in kept}) > 1 and len(usable) > 1:
        yes = [evidence for evidence in kept if evidence.value is True]
        return yes + others
    return kept + others
