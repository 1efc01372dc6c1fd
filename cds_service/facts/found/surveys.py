"""Answers to standard surveys, found by LOINC's codes of their items.

They are looked for in QuestionnaireResponses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cds_service.facts.found.answers import FormAnswer, answers, read_answers
from cds_service.facts.wanted import Unreadable, Wanted, carried_value
from cds_service.fhir.code_systems import LOINC
from cds_service.fhir.elements import text
from cds_service.policy.evidence import Evidence
from cds_service.sitting import DatedChart


@dataclass(frozen=True, slots=True)
class SoughtItem:
    """The items of surveys that document a fact.

    They are as ``survey`` evidence writes them.
    """

    items: str
    coded: str


def survey_answers(sought: SoughtItem, seen: DatedChart, wanted: Wanted) -> Iterator[Evidence]:
    """Find the answers to the sought items, dated by their authoring."""
    terminology = seen.chart.terminology
    given: list[FormAnswer] = []
    for link, found in answers(seen.chart.of("QuestionnaireResponse")).items():
        code = link.rpartition("/")[2]
        if code and sought.items in terminology.holding(LOINC, code):
            given += [one._replace(answer=_plain(one.answer, sought, seen, wanted)) for one in found]
    yield from read_answers(given, terminology, wanted)


def _plain(answer: dict[str, Any], sought: SoughtItem, seen: DatedChart, wanted: Wanted) -> dict[str, Any]:
    """Return a coded answer as the plain value of its code.

    Any other answer is returned as it is.
    """
    coding = answer.get("valueCoding")
    if not sought.coded or not isinstance(coding, dict):
        return answer
    held = seen.chart.terminology.holding(text(coding.get("system")), text(coding.get("code")))
    if sought.coded not in held:
        return answer
    try:
        value = carried_value(held[sought.coded], wanted)
    except Unreadable:
        return answer
    if isinstance(value, bool):
        return {**answer, "valueCoding": None, "valueBoolean": value}
    return {**answer, "valueCoding": None, "valueString": value} if isinstance(value, str) else answer
