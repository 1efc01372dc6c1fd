"""Diagnoses as evidence: Conditions, the reasons on the order itself, and the reasons of encounters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Literal

from cds_service.chart import UNCONFIRMED, Case, Hit
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Unreadable, Wanted, carried_value
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.fhir.codes import Coding, key_of
from cds_service.fhir.elements import Resource, days, first_days, own_reference, reference, status_code
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Interval, Value

OVER = frozenset({"inactive", "remission", "resolved"})


class ConditionEvidence(EvidenceKind):
    """A diagnosis with a code in ``codes``. It gives ``gives``, or what its code carries, or plain yes.

    A refuted diagnosis is evidence against; a provisional one decides nothing. One that is over counts only with ``history``,
    and ends the silence with ``history: asks``.
    With ``uncertain``, the codes only hint: they end the silence and decide nothing.
    """

    codes: str
    gives: bool | str | None = None
    history: bool | Literal["asks"] = False
    uncertain: bool = False

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        if not case.chart.coded("Condition", self.codes) and self.codes not in case.reasons:
            return ()
        found = list(self._conditions(case, wanted)) + list(self._reasons(case, wanted))
        if self.uncertain:
            return [_hint(evidence) for _, evidence in found if evidence.standing is not Standing.DISCOUNTED]
        return (
            _one_code_does_not_refute_another(found, case.as_of)
            if wanted.type == "boolean"
            else [evidence for _, evidence in found]
        )

    def _conditions(self, case: Case, wanted: Wanted) -> Iterator[tuple[Coding, Evidence]]:
        for hit in case.chart.coded("Condition", self.codes):
            evidence = self._condition(hit, case, wanted)
            if evidence:
                yield hit.coding, evidence

    def _condition(self, hit: Hit, case: Case, wanted: Wanted) -> Evidence | None:
        condition = hit.resource
        said = own_reference(condition)
        when = _dated(condition, case)
        verified = status_code(condition.get("verificationStatus"))
        course = status_code(condition.get("clinicalStatus"))
        if verified == "entered-in-error":
            return None
        value = self._value(hit, wanted)
        if isinstance(value, str) and wanted.type != "choice":
            return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=value)
        shown = hit.coding.text
        if verified == "refuted":
            if isinstance(value, bool):
                return Evidence(not value, when, said, shown=f"{shown}, refuted") if value else None
            return Evidence(value, when, said, standing=Standing.DISCOUNTED, note="refuted", shown=shown)
        if verified in UNCONFIRMED:
            return Evidence(value, when, said, standing=Standing.UNCERTAIN, note=f"the diagnosis is {verified}", shown=shown)
        if self.history is not True and (course in OVER or (not course and _ended(condition, case))):
            note = f"the diagnosis is {course or 'over'}"
            standing = Standing.UNCERTAIN if self.history == "asks" else Standing.DISCOUNTED
            return Evidence(value, when, said, standing=standing, note=note, shown=shown)
        return Evidence(value, when, said, shown=shown)

    def _value(self, hit: Hit, wanted: Wanted) -> Value:
        """The value the diagnosis gives; words that say why not, when its code carries one that does not fit."""
        if self.gives is not None:
            return self.gives
        try:
            return carried_value(hit.carried, wanted, True if wanted.type == "boolean" else None)
        except Unreadable as error:
            return str(error)

    def _reasons(self, case: Case, wanted: Wanted) -> Iterator[tuple[Coding, Evidence]]:
        for stated in case.reasons.get(self.codes, ()):
            value = self._value(Hit({}, {}, stated.coding, stated.carried), wanted)
            if isinstance(value, str) and wanted.type != "choice":
                continue
            standing = Standing.UNCERTAIN if stated.unconfirmed else Standing.USABLE
            note = "the diagnosis is not confirmed" if stated.unconfirmed else ""
            yield stated.coding, Evidence(value, stated.when, stated.resource, "recorded", standing, note, stated.coding.text)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Condition"), Need("Encounter"))

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        value = evidence.value
        if self.uncertain or value is None:
            raise CannotImagine("this diagnosis only hints")
        refuted = False
        if self.gives is not None:
            refuted = value == (not self.gives) if isinstance(self.gives, bool) else False
            concept = chart.any_concept(self.codes) if refuted or value == self.gives else None
            if refuted and self.gives is False:
                concept = None
        elif wanted.type == "boolean":
            concept, refuted = chart.any_concept(self.codes), value is False
        else:
            concept = chart.nearest(self.codes, value) if isinstance(value, Interval) else chart.concept(self.codes, value)
        if concept is None or (refuted and evidence.standing is Standing.UNCERTAIN):
            raise CannotImagine("no diagnosis says this")
        verified = "refuted" if refuted else "provisional" if evidence.standing is Standing.UNCERTAIN else "confirmed"
        chart.add(
            "Condition",
            clinicalStatus=_status("condition-clinical", "active") if not refuted else None,
            verificationStatus=_status("condition-ver-status", verified),
            code=concept,
            recordedDate=partial_date(evidence.when) if evidence.when else None,
        )


def _status(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}


def _hint(evidence: Evidence) -> Evidence:
    note = "; ".join(part for part in (evidence.note, "the code only hints at it") if part)
    return Evidence(evidence.value, evidence.when, evidence.resource, standing=Standing.UNCERTAIN, note=note, shown=evidence.shown)


def _dated(condition: Resource, case: Case) -> Days | None:
    """Rule: recordedDate, else onset, else the encounter; a diagnosis that is active and undated speaks of the day it is read."""
    when = first_days(condition, "recordedDate", "onsetDateTime", "onsetPeriod")
    if when is None:
        encounter = case.chart.get(reference(condition.get("encounter")))
        when = first_days(encounter, "period") if encounter else None
    if when is None and status_code(condition.get("clinicalStatus")) in ("active", "recurrence", "relapse", ""):
        when = Days.on(case.as_of)
    return when


def _ended(condition: Resource, case: Case) -> bool:
    end = days(condition.get("abatementDateTime"))
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
