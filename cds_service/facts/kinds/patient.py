"""The patient's own data as evidence.

They are the age in completed years on the date of service, the sex, and whether the patient has died.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final, Literal

from dateutil.relativedelta import relativedelta

from cds_service.facts.fhir_value import partial_date
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import Declaration, ValueType
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.fhir.elements import Resource, days, items, text
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Interval
from cds_service.sitting import DatedChart

_SEXES: Final = ("female", "male", "other", "unknown")


class PatientEvidence(EvidenceKind):
    """An element of the Patient resource.

    ``deceased`` gives yes where the patient has died, and is silent on the living.
    """

    declared: ClassVar = Declaration("patient", frozenset({"boolean", "choice", "date", "quantity"}), of="patient")

    element: Literal["age", "sex", "deceased", "born", "state"]

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        patient = next(iter(seen.chart.of("Patient")), None)
        if patient is None:
            return []
        match self.element:
            case "age":
                return self._age(patient, seen)
            case "born":
                born, on = days(patient.get("birthDate")), Days.on(seen.as_of)
                return [Evidence(born, on, seen.chart.patient)] if born else []
            case "state":
                return self._state(patient, seen, wanted)
            case "sex":
                sex = text(patient.get("gender"))
                return [Evidence(sex, Days.on(seen.as_of), seen.chart.patient, shown=sex)] if sex in _SEXES else []
            case _:
                return self._deceased(patient, seen)

    def _age(self, patient: Resource, seen: DatedChart) -> list[Evidence]:
        born = days(patient.get("birthDate"))
        on, said = Days.on(seen.as_of), seen.chart.patient
        if born is None or born.first > seen.as_of:
            return [Evidence(None, on, said, standing=Standing.UNCERTAIN, note="the birth date cannot be read")]
        oldest = relativedelta(seen.as_of, born.first).years
        youngest = oldest if born.first == born.last else relativedelta(seen.as_of, min(born.last, seen.as_of)).years
        return [Evidence(Interval(youngest, oldest), on, said)]

    def _state(self, patient: Resource, seen: DatedChart, wanted: Wanted) -> list[Evidence]:
        """Return the states of the addresses at which the patient lives.

        A state that is none of the fact's choices leaves the fact open.
        """
        on, said = Days.on(seen.as_of), seen.chart.patient
        found: list[Evidence] = []
        for address in items(patient.get("address")):
            if isinstance(address, dict) and address.get("use") not in ("old", "billing") and (state := text(address.get("state"))):
                known = state in wanted.choices
                standing, note = (
                    (Standing.USABLE, "") if known else (Standing.UNCERTAIN, f"it is none of {', '.join(wanted.choices)}")
                )
                found.append(Evidence(state if known else None, on, said, standing=standing, note=note, shown=state))
        return list(dict.fromkeys(found))

    def _deceased(self, patient: Resource, seen: DatedChart) -> list[Evidence]:
        died = days(patient.get("deceasedDateTime"))
        on = died if died and died.first <= seen.as_of else Days.on(seen.as_of) if patient.get("deceasedBoolean") is True else None
        return [Evidence(True, on, seen.chart.patient, shown="deceased")] if on else []

    def can_give(self) -> frozenset[ValueType]:
        given: dict[str, ValueType] = {"age": "quantity", "sex": "choice", "deceased": "boolean", "born": "date", "state": "choice"}
        return frozenset({given[self.element]})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Patient"),)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if self.element == "sex" and isinstance(evidence.value, str):
            self._patient(chart)["gender"] = evidence.value
            return
        if self.element == "state" and isinstance(evidence.value, str):
            self._patient(chart)["address"] = [{"state": evidence.value}]
            return
        if self.element == "born" and isinstance(evidence.value, Days):
            self._patient(chart)["birthDate"] = partial_date(evidence.value)
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
        """Return the Patient of the imagined chart.

        It is made where there is none yet.
        """
        for resource in chart.resources:
            if resource["resourceType"] == "Patient":
                return resource
        made: Resource = {"resourceType": "Patient", "id": chart.patient}
        chart.resources.append(made)
        return made
