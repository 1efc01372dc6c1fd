"""The order's own reasons as evidence: what it names itself as being for, apart from all else that the chart holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import model_validator

from cds_service.chart import UNCONFIRMED, Case
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.fhir.codes import key_of
from cds_service.fhir.elements import codings, items, reference, status_code, text
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days


class OrderReasonEvidence(EvidenceKind):
    """A reason of the order itself: ``reasonCode``, or the diagnosis that ``reasonReference`` names.

    With ``codes``, a reason in that value set says yes. With ``other_than``, a reason in none of those value sets is one
    that nobody has read: it ends the silence and decides nothing (words alone are such a reason). ``beside`` lists first
    letters of ICD-10-CM codes that are never what the order is for.
    """

    codes: str = ""
    other_than: list[str] = []
    beside: list[str] = []

    @model_validator(mode="after")
    def _one_way(self) -> OrderReasonEvidence:
        if bool(self.codes) == bool(self.other_than):
            raise ValueError("it names either the value set that says yes (codes) or those that are read elsewhere (other_than)")
        return self

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return [evidence for concept, confirmed in _reasons(case) if (evidence := self._evidence(concept, confirmed, case))]

    def _evidence(self, concept: Any, confirmed: bool, case: Case) -> Evidence | None:
        found = list(codings(concept))
        held = {id_: coding for coding in found for id_ in case.chart.terminology.holding(coding.system, coding.code)}
        when, said = case.reasoned_on, case.order.reference
        if self.codes:
            if self.codes not in held:
                return None
            standing = Standing.USABLE if confirmed else Standing.UNCERTAIN
            note = "" if confirmed else "the diagnosis is not confirmed"
            return Evidence(True, when, said, standing=standing, note=note, shown=held[self.codes].text)
        if not held.keys().isdisjoint(self.other_than) or any(self._is_beside(*coding) for coding in found):
            return None
        if not found and not (isinstance(concept, dict) and text(concept.get("text"))):
            return None
        shown = found[0].text if found else ""
        note = "the order's reason is none that is read here"
        return Evidence(True, when, said, standing=Standing.UNCERTAIN, note=note, shown=shown)

    def _is_beside(self, system: str, code: str) -> bool:
        key = key_of(system, code)
        return key.space == "icd10cm" and key.code[:1] in self.beside

    def needs(self) -> tuple[Need, ...]:
        return ()

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,) if self.codes else tuple(self.other_than)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if not self.codes or evidence.value is not True or evidence.when != Days.on(chart.as_of):
            raise CannotImagine("no reason of the order says it")
        chart.order.setdefault("reasonCode", []).append(chart.any_concept(self.codes))


def _reasons(case: Case) -> Iterator[tuple[Any, bool]]:
    """The codes of the order's reasons, and whether each is confirmed; a refuted diagnosis is no reason."""
    resource = case.order.resource
    for concept in items(resource.get("reasonCode")):
        yield concept, True
    contained = {f"#{one.get('id')}": one for one in items(resource.get("contained")) if isinstance(one, dict)}
    for named in map(reference, items(resource.get("reasonReference"))):
        diagnosis = contained.get(named) or (case.chart.get(named) if named.startswith("Condition/") else None)
        verified = status_code(diagnosis.get("verificationStatus")) if diagnosis else ""
        if diagnosis and verified not in ("refuted", "entered-in-error"):
            yield diagnosis.get("code"), verified not in UNCONFIRMED
