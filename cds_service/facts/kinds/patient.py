"""The patient's own data as evidence: age in completed years on the date of service, sex, and whether the patient has died."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from dateutil.relativedelta import relativedelta

from cds_service.chart import Case
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.fhir.elements import Resource, days, text
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Interval

_SEXES: Final = ("female", "male", "other", "unknown")


class PatientEvidence(EvidenceKind):
    """An element of the Patient resource. ``deceased`` gives yes where the patient has died, and is silent on the living."""

    element: Literal["age", "sex", "deceased"]

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        patient = next(iter(case.chart.of("Patient")), None)
        if patient is None:
            return []
        match self.element:
            case "age":
                return self._age(patient, case)
            case "sex":
                sex = text(patient.get("gender"))
                return [Evidence(sex, Days.on(case.as_of), case.chart.patient, shown=sex)] if sex in _SEXES else []
            case _:
                return self._deceased(patient, case)

    def _age(self, patient: Resource, case: Case) -> list[Evidence]:
        born = days(patient.get("birthDate"))
        on, said = Days.on(case.as_of), case.chart.patient
        if born is None or born.first > case.as_of:
            return [Evidence(None, on, said, standing=Standing.UNCERTAIN, note="the birth date cannot be read")]
        oldest = relativedelta(case.as_of, born.first).years
        youngest = oldest if born.first == born.last else relativedelta(case.as_of, min(born.last, case.as_of)).years
        return [Evidence(Interval(youngest, oldest), on, said)]

    def _deceased(self, patient: Resource, case: Case) -> list[Evidence]:
        died = days(patient.get("deceasedDateTime"))
        on = died if died and died.first <= case.as_of else Days.on(case.as_of) if patient.get("deceasedBoolean") is True else None
        return [Evidence(True, on, case.chart.patient, shown="deceased")] if on else []

    def needs(self) -> tuple[Need, ...]:
        return (Need("Patient"),)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if self.element == "sex" and isinstance(evidence.value, str):
            self._patient(chart)["gender"] = evidence.value
            return
        if self.element == "deceased" and evidence.value is True and evidence.when:
            self._patient(chart)["deceasedDateTime"] = partial_date(evidence.when)
            return
        if self.element != "age" or not isinstance(evidence.value, Interval) or evidence.value.low != evidence.value.high:
            raise CannotImagine("a birth date gives one age")
        if evidence.when != Days.on(chart.as_of):
            raise CannotImagine("a birth date gives the age on the date of service")
        born = chart.as_of - relativedelta(years=int(evidence.value.low))
        self._patient(chart)["birthDate"] = born.isoformat()

    def _patient(self, chart: ImaginedChart) -> Resource:
        """The Patient of the imagined chart, made where there is none yet."""
        for resource in chart.resources:
            if resource["resourceType"] == "Patient":
                return resource
        made: Resource = {"resourceType": "Patient", "id": chart.patient}
        chart.resources.append(made)
        return made
