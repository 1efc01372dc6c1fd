"""Allergies and intolerances as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cds_service.chart import UNCONFIRMED, Case
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.facts.wanted import Unreadable, carried_value
from cds_service.fhir.elements import first_days, own_reference, status_code
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days


class AllergyEvidence(EvidenceKind):
    """An active AllergyIntolerance to something with a code in ``codes``: yes, or what the code carries.

    Unconfirmed ones only end the silence.
    """

    codes: str
    uncertain: bool = False

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return list(self._found(case, wanted))

    def _found(self, case: Case, wanted: Wanted) -> Iterator[Evidence]:
        for hit in case.chart.coded("AllergyIntolerance", self.codes):
            verified = status_code(hit.resource.get("verificationStatus"))
            course = status_code(hit.resource.get("clinicalStatus"))
            when = first_days(hit.resource, "recordedDate", "onsetDateTime", "onsetPeriod", "lastOccurrence") or Days.on(case.as_of)
            said = own_reference(hit.resource)
            if verified == "entered-in-error":
                continue
            try:
                value = carried_value(hit.carried, wanted, True if wanted.type == "boolean" else None)
            except Unreadable as error:
                yield Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
                continue
            if verified == "refuted" and value is not True:
                yield Evidence(value, when, said, standing=Standing.DISCOUNTED, note="refuted", shown=hit.coding.text)
            elif verified == "refuted":
                yield Evidence(False, when, said, shown=f"{hit.coding.text}, refuted")
            elif course in ("inactive", "resolved"):
                note = f"the allergy is {course}"
                yield Evidence(value, when, said, standing=Standing.DISCOUNTED, note=note, shown=hit.coding.text)
            elif self.uncertain or verified in UNCONFIRMED:
                note = "the allergy is not certain"
                yield Evidence(value, when, said, standing=Standing.UNCERTAIN, note=note, shown=hit.coding.text)
            else:
                yield Evidence(value, when, said, shown=hit.coding.text)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("AllergyIntolerance"),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if self.uncertain or evidence.value is None or (wanted.type == "boolean") != isinstance(evidence.value, bool):
            raise CannotImagine("no allergy says it")
        verified = "confirmed" if evidence.value else "refuted"
        concept = chart.any_concept(self.codes) if isinstance(evidence.value, bool) else chart.concept(self.codes, evidence.value)
        if concept is None:
            raise CannotImagine("no allergy says it")
        system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
        chart.add(
            "AllergyIntolerance",
            verificationStatus={"coding": [{"system": system, "code": verified}]},
            code=concept,
            recordedDate=partial_date(evidence.when) if evidence.when else None,
        )
