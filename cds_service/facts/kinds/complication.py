"""Complications that procedures record, as hints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final

from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import yes_or_no
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.fhir.elements import (
    Resource,
    codings,
    concept_words,
    contained,
    days,
    first_days,
    items,
    own_reference,
    reference,
    text,
)
from cds_service.fhir.words_of_records import in_force, spoken_on
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart

_NONE: Final = re.compile(r"\s*(?:none|no\b|nil\b|n/?a\b|not applicable|without|uncomplicated|negative|denie[sd])", re.IGNORECASE)
"""What says that there was no complication."""


class ComplicationEvidence(EvidenceKind):
    """A complication that a Procedure with a code in ``codes`` records.

    It may be coded, in words, or a diagnosis that the procedure names. How bad it was is not said: it ends the silence
    and decides nothing. It is dated by the last day of the procedure, or by the diagnosis where that is later. A chart
    without procedures counts as searched all the same.
    """

    declared: ClassVar = yes_or_no("complication")
    uncertain: ClassVar = True

    codes: str

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        return list(self._found(seen))

    def _found(self, seen: DatedChart) -> Iterator[Evidence]:
        for hit in seen.chart.coded("Procedure", self.codes):
            procedure = hit.resource
            if not in_force(procedure):
                continue
            done, said = _last_day(procedure), own_reference(procedure)
            for words, on in _complications(procedure, seen):
                when = on if done is None or (on is not None and on.last > done.last) else done
                note = "a complication of the procedure is recorded; how bad it was is not said"
                yield Evidence(True, when, said, standing=Standing.UNCERTAIN, note=note, shown=words)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Procedure", beside=True),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        raise CannotImagine("a complication only hints")


def _last_day(procedure: Resource) -> Days | None:
    period: Any = procedure.get("performedPeriod")
    ended = days(period.get("end")) if isinstance(period, dict) else None
    return ended or first_days(procedure, "performedDateTime", "performedPeriod")


def _complications(procedure: Resource, seen: DatedChart) -> Iterator[tuple[str, Days | None]]:
    """Yield what a procedure records as complications.

    Those that are diagnoses come with their days.
    """
    for concept in items(procedure.get("complication")):
        said = concept_words(concept) or [coding.text for coding in codings(concept)]
        if said and not any(map(_NONE.match, said)):
            yield said[0], None
    inside = contained(procedure)
    for named in items(procedure.get("complicationDetail")):
        diagnosis = inside.get(reference(named)) or seen.chart.get(reference(named))
        if diagnosis is None:
            yield text(named.get("display")) if isinstance(named, dict) else "", None
        elif in_force(diagnosis, history=True):
            yield next(iter(concept_words(diagnosis.get("code"))), ""), spoken_on(diagnosis)
