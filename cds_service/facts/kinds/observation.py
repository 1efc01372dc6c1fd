"""Observations as evidence: measured values, coded values, days."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from cds_service.chart import Case, Hit
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Unreadable, Wanted, in_unit
from cds_service.facts.kinds.fhir_value import partial_date, read_quantity, read_value, write_value
from cds_service.fhir.codes import UCUM
from cds_service.fhir.elements import codings, first_days, items, own_reference, text
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Code, Interval, Value

DONE = frozenset({"final", "amended", "corrected", "preliminary"})


class ObservationEvidence(EvidenceKind):
    """An Observation (or a component of one) with a code in ``codes``; ``coded`` gives the meaning of coded values.

    ``whole`` says that a whole number leaves its fraction open: an age of "8 weeks" is 8 weeks and 0 to 6 days.
    ``also_in`` names units that UCUM cannot convert without the substance, each with how many of it make one of the fact's unit.
    ``of_upper_limit`` divides the value by the upper limit of the result's own reference range; without one it is unusable.
    """

    codes: str
    coded: str = ""
    whole: Literal["", "weeks"] = ""
    also_in: dict[str, float] = {}
    of_upper_limit: bool = False

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        hits = case.chart.coded("Observation", self.codes)
        return [evidence for hit in hits for evidence in self._read(hit, case, wanted)] if hits else ()

    def _read(self, hit: Hit, case: Case, wanted: Wanted) -> Iterator[Evidence]:
        observation = hit.resource
        status = text(observation.get("status"))
        said = own_reference(observation)
        when = first_days(observation, "effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")
        if status == "entered-in-error":
            return
        if status not in DONE:
            standing = Standing.DISCOUNTED if status in ("registered", "cancelled") else Standing.UNCERTAIN
            note = f"its status is {status}" if status in ("registered", "cancelled", "unknown") else "its status cannot be read"
            yield Evidence(None, when, said, standing=standing, note=note)
            return
        if "dataAbsentReason" in hit.holder:
            reason = next((coding.code for coding in codings(hit.holder["dataAbsentReason"])), "a reason that is not coded")
            yield Evidence(None, when, said, standing=Standing.DISCOUNTED, note=f"no value: {reason}")
            return
        try:
            value = self._widened(self._value(hit, wanted, case))
        except Unreadable as error:
            yield Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
            return
        if when is None:
            yield Evidence(value, None, said, standing=Standing.UNCERTAIN, note="it carries no date")
            return
        shown = next((c.text for c in codings(hit.holder.get("valueCodeableConcept"))), "")
        yield Evidence(value, when, said, note="preliminary" if status == "preliminary" else "", shown=shown)

    def _value(self, hit: Hit, wanted: Wanted, case: Case) -> Value:
        if self.of_upper_limit:
            return _of_upper_limit(hit, wanted)
        try:
            return read_value(hit.holder, wanted, case.chart.terminology, self.coded)
        except Unreadable:
            for unit, number in self.also_in.items():
                other = replace(wanted, unit=unit, low=wanted.low * number, high=wanted.high * number)
                with suppress(Unreadable):
                    found = read_value(hit.holder, other, case.chart.terminology, self.coded)
                    if isinstance(found, Interval):
                        return Interval(found.low / number, found.high / number, found.low_open, found.high_open)
            raise

    def _widened(self, value: Value) -> Value:
        if self.whole == "weeks" and isinstance(value, Interval) and value.low == value.high and value.low % 7 == 0:
            return Interval(value.low, value.low + 6)
        return value

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Observation", (self.codes,)),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes, self.coded) if self.coded else (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        value = evidence.value
        written = chart.concept(self.coded, value) if self.coded and isinstance(value, bool | str) else None
        if isinstance(value, Code) or value is None or (self.whole and isinstance(value, Interval) and value.high - value.low != 6):
            raise CannotImagine("an observation of this kind does not say it")
        if self.whole and isinstance(value, Interval):
            value = Interval.exactly(value.low)
        if isinstance(value, Interval) and math.isinf(value.low) and math.isinf(value.high):
            raise CannotImagine("any number at all is no observation")
        if self.coded and isinstance(value, bool) and written is None:
            raise CannotImagine("no coded value says it")
        if self.of_upper_limit:
            limit = {"value": 1, "system": UCUM, "code": wanted.unit}
            written_range: dict[str, Any] = {"referenceRange": [{"high": limit}]}
        else:
            written_range = {}
        chart.add(
            "Observation",
            **written_range,
            status="final",
            code=chart.any_concept(self.codes),
            effectiveDateTime=partial_date(evidence.when) if evidence.when else None,
            **({"valueCodeableConcept": written} if written else write_value(value, wanted)),
        )


def _of_upper_limit(hit: Hit, wanted: Wanted) -> Interval:
    """The value in upper limits of normal. Raises Unreadable without one plain upper limit in a unit that fits."""
    quantity = hit.holder.get("valueQuantity")
    if not isinstance(quantity, dict):
        raise Unreadable("its value is not a number")
    unit = text(quantity.get("code")) or text(quantity.get("unit")) or wanted.unit
    measured = replace(wanted, unit=unit, low=-math.inf, high=math.inf)
    limits = [
        read_quantity({"unit": unit, **limit["high"]}, measured)
        for limit in items(hit.holder.get("referenceRange"))
        if isinstance(limit, dict) and isinstance(limit.get("high"), dict)
    ]
    if len(limits) != 1 or limits[0].low <= 0 or limits[0].low != limits[0].high:
        raise Unreadable("it carries no upper limit of its own reference range")
    value, limit = read_quantity(quantity, measured), limits[0].low
    return in_unit(Interval(value.low / limit, value.high / limit, value.low_open, value.high_open), wanted.unit, wanted)


_NO_CALL = re.compile(
    r"no[ -]?(call|result)|test failure|failed|insufficient|low fetal fraction|unable to|not reportable|inconclusive",
    re.IGNORECASE,
)


def has_no_result(resource: object) -> bool:
    """Whether an Observation says that the test was done and gave no result: absent, indeterminate, or words for it.

    Such words only leave the question open; no text is read as a negative.
    """
    if not isinstance(resource, dict):
        return False
    interpretations = [coding for concept in items(resource.get("interpretation")) for coding in codings(concept)]
    said = text(resource.get("valueString"))
    return "dataAbsentReason" in resource or any(c.code == "IND" for c in interpretations) or bool(_NO_CALL.search(said))
