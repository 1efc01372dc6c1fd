"""What no code of a chart says: only the answer to the fact's question documents it."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.chart import Case
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.answer import imagine_answer
from cds_service.facts.kinds.evidence_kind import EvidenceKind, Need, Wanted
from cds_service.policy.model import Evidence


class AttestedEvidence(EvidenceKind):
    """Nothing but the answer to its question, which counts for every fact; named so that the catalogue says it outright."""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return ()

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        imagine_answer(evidence, wanted, chart)
