"""The patient's own data as evidence: age in completed years on the date of service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from dateutil.relativedelta import relativedelta

from cds_service.chart import Case
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.fhir.elements import days
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Interval


class PatientEvidence(EvidenceKind):
    """An element of the Patient resource."""

    element: Literal["age"]

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        patient = next(iter(case.chart.of("Patient")), None)
        if patient is None:
            return []
        born = days(patient.get("birthDate"))
        on, said = Days.on(case.as_of), case.chart.patient
        if born is None or born.first > case.as_of:
            return [Evidence(None, on, said, standing=Standing.UNCERTAIN, note="the birth date cannot be read")]
        oldest = relativedelta(case.as_of, born.first).years
        youngest = oldest if born.first == born.last else relativedelta(case.as_of, min(born.last, case.as_of)).years
        return [Evidence(Interval(youngest, oldest), on, said)]

    def needs(self) -> tuple[Need, ...]:
        return (Need("Patient"),)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if not isinstance(evidence.value, Interval) or evidence.value.low != evidence.value.high:
            raise CannotImagine("a birth date gives one age")
        if evidence.when != Days.on(chart.as_of):
            raise CannotImagine("a birth date gives the age on the date of service")
        born = chart.as_of - relativedelta(years=int(evidence.value.low))
        chart.resources[:] = [resource for resource in chart.resources if resource["resourceType"] != "Patient"]
        chart.resources.append({"resourceType": "Patient", "id": chart.patient, "birthDate": born.isoformat()})
