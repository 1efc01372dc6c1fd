"""Answers to a fact's own question as evidence.

They are items of a QuestionnaireResponse whose ``linkId`` is the fact's name. An answer is one more way to document any
fact; the catalogue names this kind for a fact that nothing else documents. Not having searched for answers does not
make the chart's own silence any less a search that found nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from cds_service.case import Case
from cds_service.facts.fhir_value import partial_date, write_value
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import Declaration
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Code


class AnswerEvidence(EvidenceKind):
    """A fact that only the answer to its question documents.

    Nothing else in a chart does.
    """

    declared: ClassVar = Declaration("answer", frozenset({"boolean", "choice", "quantity", "date"}), of="question")

    def of_order(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        """Return nothing, since answers are read for every fact anyway."""
        return ()

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset()

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        imagine_answer(evidence, wanted, chart)


def imagine_answer(evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
    """Add a QuestionnaireResponse with this answer to a chart.

    Raises CannotImagine for a code, which no question asks for.
    """
    written = written_answer(evidence, wanted)
    chart.add(
        "QuestionnaireResponse",
        status="completed",
        authored=partial_date(evidence.when) if evidence.when else None,
        item=[{"linkId": wanted.name, "answer": [written]}],
    )


def written_answer(evidence: Evidence, wanted: Wanted) -> dict[str, Any]:
    """Write the answer of a QuestionnaireResponse that says this.

    Raises CannotImagine for a code, which no question asks for.
    """
    if evidence.value is None or isinstance(evidence.value, Code):
        raise CannotImagine("no answer says it")
    written = write_value(evidence.value, wanted)
    return {"valueDate": written["valueDateTime"]} if "valueDateTime" in written else written
