"""Evidence from answers to a standard survey.

The answers stand in a QuestionnaireResponse; its items are known by LOINC's codes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar

from cds_service.facts.fhir_value import partial_date
from cds_service.facts.found.surveys import SoughtItem, survey_answers
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.answer import written_answer
from cds_service.facts.kinds.declaration import Declaration
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.policy.entry import Words
from cds_service.policy.evidence import Evidence
from cds_service.sitting import DatedChart


class SurveyEvidence(EvidenceKind):
    """An answer to an item of a standard survey.

    The item's ``linkId`` or ``definition`` is, or ends with, a LOINC code in ``items``, or a contained form gives it
    one. So forms of LOINC's panels are written (PHQ-9, PRAPARE). An answer that is recorded as an Observation is
    evidence of the kind ``observation``.

    - ``coded``: gives what coded answers mean.
    - ``questions``: other questions of the survey. A survey that is answered without the sought item ends the silence; a
      form known by a code in ``items`` does so too.
    - ``named``: what forms without codes call the survey; an item whose words say so, and *total* or *score*, decides nothing.
    - ``beside``: a chart without responses counts as searched all the same.
    """

    declared: ClassVar = Declaration("survey", frozenset({"boolean", "choice", "quantity", "date"}))

    items: str
    coded: str = ""
    questions: str = ""
    named: list[Words] = []
    beside: bool = False

    @cached_property
    def sought(self) -> SoughtItem:
        """What finding is given of it."""
        return SoughtItem(self.items, self.coded, self.questions, tuple(self.named))

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        return survey_answers(self.sought, seen, wanted)

    def needs(self) -> tuple[Need, ...]:
        return (Need("QuestionnaireResponse", beside=self.beside),)

    def value_sets(self) -> tuple[str, ...]:
        return tuple([id_ for id_ in (self.items, self.coded, self.questions) if id_])

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        concept = chart.concept(self.coded, evidence.value) if self.coded and isinstance(evidence.value, bool | str) else None
        if self.coded and concept is None and wanted.type in ("boolean", "choice"):
            raise CannotImagine("no coded answer says it")
        answer = {"valueCoding": concept["coding"][0]} if concept else written_answer(evidence, wanted)
        item = {"linkId": f"/{chart.any_concept(self.items)['coding'][0]['code']}", "answer": [answer]}
        authored = partial_date(evidence.when) if evidence.when else None
        chart.add("QuestionnaireResponse", status="completed", authored=authored, item=[item])
