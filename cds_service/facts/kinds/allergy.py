"""Allergies and intolerances as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cds_service.chart import UNCONFIRMED, Case, Hit
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted, carried_value
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.fhir.elements import first_days, own_reference, status_code
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days


class AllergyEvidence(EvidenceKind):
    """An active AllergyIntolerance to something with a code in ``codes``. Unconfirmed ones only end the silence.

    For a choice, the code carries which it is; a refuted allergy then says nothing.
    """

    codes: str
    uncertain: bool = False

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return list(self._found(case, wanted))

    def _chosen(self, hit: Hit, wanted: Wanted, verified: str, course: str, when: Days) -> Iterator[Evidence]:
        if verified == "refuted" or course in ("inactive", "resolved") or hit.carried is None:
            return
        doubtful = self.uncertain or verified in UNCONFIRMED
        standing = Standing.UNCERTAIN if doubtful else Standing.USABLE
        value, note = carried_value(hit.carried, wanted), "the allergy is not certain" if doubtful else ""
        yield Evidence(value, when, own_reference(hit.resource), standing=standing, note=note, shown=hit.coding.text)

    def _found(self, case: Case, wanted: Wanted) -> Iterator[Evidence]:
        for hit in case.chart.coded("AllergyIntolerance", self.codes):
            verified = status_code(hit.resource.get("verificationStatus"))
            course = status_code(hit.resource.get("clinicalStatus"))
            when = first_days(hit.resource, "recordedDate", "onsetDateTime", "onsetPeriod", "lastOccurrence") or Days.on(case.as_of)
            said = own_reference(hit.resource)
            if verified == "entered-in-error":
                continue
            if wanted.type == "choice":
                yield from self._chosen(hit, wanted, verified, course, when)
            elif verified == "refuted":
                yield Evidence(False, when, said, shown=f"{hit.coding.text}, refuted")
            elif course in ("inactive", "resolved"):
                yield Evidence(
                    True, when, said, standing=Standing.DISCOUNTED, note=f"the allergy is {course}", shown=hit.coding.text
                )
            elif self.uncertain or verified in UNCONFIRMED:
                yield Evidence(
                    True, when, said, standing=Standing.UNCERTAIN, note="the allergy is not certain", shown=hit.coding.text
                )
            else:
                yield Evidence(True, when, said, shown=hit.coding.text)

    def needs(self) -> tuple[Need, ...]:
        return (Need("AllergyIntolerance"),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        concept = chart.concept(self.codes, evidence.value) if wanted.type == "choice" else chart.any_concept(self.codes)
        if self.uncertain or concept is None or (wanted.type == "boolean" and not isinstance(evidence.value, bool)):
            raise CannotImagine("no allergy says it")
        verified = "confirmed" if evidence.value else "refuted"
        system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
        chart.add(
            "AllergyIntolerance",
            verificationStatus={"coding": [{"system": system, "code": verified}]},
            code=concept,
            recordedDate=partial_date(evidence.when) if evidence.when else None,
        )
