"""Observations as evidence: measured values, coded values, days."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar, Literal

from cds_service.facts.fhir_value import partial_date, write_value
from cds_service.facts.found.measurements import SoughtMeasurement, measurements, value_of, without_unit
from cds_service.facts.found.positive_results import positives
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.circumstance import CircumstanceEntry
from cds_service.facts.kinds.declaration import Declaration
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.wording import SayingEntry
from cds_service.facts.wanted import Unreadable
from cds_service.fhir.code_systems import UCUM
from cds_service.fhir.codes import Coding
from cds_service.fhir.codes_of_records import Hit
from cds_service.policy.entry import Words
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Code, Interval, Value
from cds_service.sitting import DatedChart


class ObservationEvidence(EvidenceKind):
    """An Observation (or a component of one) with a code in ``codes``.

    - ``coded``: the value set that gives the meaning of coded values.
    - ``whole``: a whole number leaves its fraction open: an age of "8 weeks" is 8 weeks and 0 to 6 days.
    - ``also_in``: units that UCUM cannot convert without the substance, each with how many of it make one of the fact's unit.
    - ``of_upper_limit``: divides the value by the upper limit of the result's own reference range; without one it is unusable.
      A range of the other sex, of another age or of therapy does not count; of several, the value lies between its multiples.
    - ``panels``: the codes of panels that hold it as a component, to be searched for as well.
    - ``stage``: the value is a stage of cancer, which counts by its words too: IV and M1 are yes, what is below is no.
    - ``uncertain``: the measurement only hints at the fact: it ends the silence and decides nothing. Of a yes-or-no fact only a
      positive one hints; of a number every one, since its code does not say how it was taken (at rest, on room air). For hints
      that are ``coded``, a chart without measurements counts as searched all the same.
    - ``unless_negative``: any result hints, also a number, that is neither called negative nor nought.
    - ``beside``: so it does here: what it measures only hints at what diagnoses say. A result in words that is called normal
      or negative hints at nothing.
    - ``without_unit``: the units of which one is meant by a number without any: it ends the silence with what it may be in
      them, and decides nothing.
    - ``described``: only one counts whose name or method says so in words; with ``unless_described``, only one that does not.
    - ``under``: only one counts that was taken so: a component states a number with a code in ``codes``, ``from`` one number ``to``
      another in ``unit``, and none states another number of any that are named.
    - ``sited``: one that says which part of the body it is of only ends the silence; a rule may know that part.
    """

    declared: ClassVar = Declaration("observation", frozenset({"boolean", "choice", "quantity", "date"}))

    codes: str
    coded: str = ""
    whole: Literal["", "weeks"] = ""
    also_in: dict[str, float] = {}
    of_upper_limit: bool = False
    panels: str = ""
    stage: bool = False
    uncertain: bool = False
    beside: bool = False
    described: SayingEntry | None = None
    unless_described: SayingEntry | None = None
    without_unit: list[Words] = []
    unless_negative: bool = False
    under: list[CircumstanceEntry] = []
    sited: bool = False

    @cached_property
    def sought(self) -> SoughtMeasurement:
        """What the finder is given."""
        also_in = tuple(self.also_in.items())
        return SoughtMeasurement(
            self.codes,
            self.coded,
            self.whole,
            also_in,
            self.of_upper_limit,
            self.stage,
            self.uncertain,
            self.beside,
            self.described.sought if self.described else None,
            self.unless_described.sought if self.unless_described else None,
            tuple(self.without_unit),
            self.unless_negative,
            tuple([one.sought for one in self.under]),
            self.sited,
        )

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        hints = self.uncertain and wanted.type == "boolean"
        return positives(self.sought, seen, wanted) if hints else measurements(self.sought, seen, wanted)

    def would_read(self, holder: Mapping[str, Any], wanted: Wanted, seen: DatedChart) -> Value | None:
        """Return the value of a measurement whose code is not known.

        It may be an Observation or a component. Returns None where no value can be read.
        """
        if self.described or self.under:
            return None
        hit = Hit({}, dict(holder), Coding("", ""), None)
        try:
            return value_of(self.sought, hit, wanted, seen)
        except Unreadable:
            return without_unit(self.sought, hit, wanted, seen)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        codes = (self.codes, self.panels) if self.panels else (self.codes,)
        return (Need("Observation", codes, beside=self.beside or (self.uncertain and bool(self.coded))),)

    def value_sets(self) -> tuple[str, ...]:
        return tuple(id_ for id_ in (self.codes, self.coded, self.panels, *(one.codes for one in self.under)) if id_)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if self.uncertain:
            raise CannotImagine("such a measurement only hints")
        if self.described:
            raise CannotImagine("its name says how it was taken")
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
        stated = {"component": [self.under[0].imagined(chart)]} if self.under else {}
        chart.add(
            "Observation",
            **written_range,
            **stated,
            status="final",
            code=chart.any_concept(self.codes),
            effectiveDateTime=partial_date(evidence.when) if evidence.when else None,
            **({"valueCodeableConcept": written} if written else write_value(value, wanted)),
        )
