"""Observations as evidence: measured values, coded values, days."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Literal

from cds_service.chart import Case, Hit
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Unreadable, Wanted
from cds_service.facts.kinds.fhir_value import partial_date, read_value, write_value
from cds_service.fhir.elements import codings, first_days, items, own_reference, text
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Code, Interval, Value

DONE = frozenset({"final", "amended", "corrected", "preliminary"})


class ObservationEvidence(EvidenceKind):
    """An Observation (or a component of one) with a code in ``codes``; ``coded`` gives the meaning of coded values.

    ``whole`` says that a whole number leaves its fraction open: an age of "8 weeks" is 8 weeks and 0 to 6 days.
    """

    codes: str
    coded: str = ""
    whole: Literal["", "weeks"] = ""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return [evidence for hit in case.chart.coded("Observation", self.codes) for evidence in self._read(hit, case, wanted)]

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
            value = self._widened(read_value(hit.holder, wanted, case.chart.terminology, self.coded))
        except Unreadable as error:
            yield Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
            return
        if when is None:
            yield Evidence(value, None, said, standing=Standing.UNCERTAIN, note="it carries no date")
            return
        shown = next((c.text for c in codings(hit.holder.get("valueCodeableConcept"))), "")
        yield Evidence(value, when, said, note="preliminary" if status == "preliminary" else "", shown=shown)

    def _widened(self, value: Value) -> Value:
        if self.whole == "weeks" and isinstance(value, Interval) and value.low == value.high and value.low % 7 == 0:
            return Interval(value.low, value.low + 6)
        return value

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
        chart.add(
            "Observation",
            status="final",
            code=chart.any_concept(self.codes),
            effectiveDateTime=partial_date(evidence.when) if evidence.when else None,
            **({"valueCodeableConcept": written} if written else write_value(value, wanted)),
        )


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
