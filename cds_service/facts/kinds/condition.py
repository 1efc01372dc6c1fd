"""Diagnoses as evidence: Conditions, the reasons on the order itself, and the reasons of encounters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from cds_service.chart import Case
from cds_service.facts.found.diagnoses import diagnoses
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Interval


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
        return diagnoses(self, case, wanted)

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
