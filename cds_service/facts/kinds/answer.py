"""Answers to a fact's own question: items of a QuestionnaireResponse whose ``linkId`` is the fact's name.

An answer is one more way to document any fact; the catalogue names this kind for a fact that nothing else documents.
Not having searched for answers does not make the chart's own silence any less a search that found nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cds_service.chart import Case
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Unreadable, Wanted
from cds_service.facts.kinds.fhir_value import partial_date, read_value, write_value
from cds_service.fhir.elements import Resource, first_days, items, own_reference
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Code


class AnswerEvidence(EvidenceKind):
    """A fact that nothing in a chart documents but the answer to its question."""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        """Nothing: answers are read for every fact anyway."""
        return ()

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset()

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        imagine_answer(evidence, wanted, chart)


def answers(responses: Iterable[Resource]) -> Mapping[str, list[tuple[Mapping[str, Any], Mapping[str, Any]]]]:
    """All answers in QuestionnaireResponses by ``linkId``: the response and the answer."""
    found: dict[str, list[tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
    for response in responses:
        if response.get("status") in ("completed", "amended", "in-progress"):
            for item in _items(response, depth=0):
                for answer in items(item.get("answer")):
                    if isinstance(answer, dict) and isinstance(item.get("linkId"), str):
                        found.setdefault(item["linkId"], []).append((response, answer))
    return found


def _items(node: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > 20:
        return
    for item in items(node.get("item")):
        if isinstance(item, dict):
            yield item
            yield from _items(item, depth + 1)
            for answer in items(item.get("answer")):
                if isinstance(answer, dict):
                    yield from _items(answer, depth + 1)


def read_answers(
    found: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]], terminology: Terminology, wanted: Wanted
) -> Iterator[Evidence]:
    """The answers to one fact's question as evidence, dated by ``authored``; an unfinished response only ends the silence."""
    for response, answer in found:
        when, said = first_days(dict(response), "authored"), own_reference(dict(response))
        try:
            value = read_value(answer, wanted, terminology)
        except Unreadable as error:
            yield Evidence(None, when, said, "answered", Standing.UNCERTAIN, str(error))
            continue
        if response.get("status") == "in-progress":
            yield Evidence(value, when, said, "answered", Standing.UNCERTAIN, "the questionnaire is not finished")
        elif when is None:
            yield Evidence(value, None, said, "answered", Standing.UNCERTAIN, "it carries no date")
        else:
            yield Evidence(value, when, said, "answered")


def imagine_answer(evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
    """Adds a QuestionnaireResponse with this answer. Raises CannotImagine for a code, which no question asks for."""
    written = written_answer(evidence, wanted)
    chart.add(
        "QuestionnaireResponse",
        status="completed",
        authored=partial_date(evidence.when) if evidence.when else None,
        item=[{"linkId": wanted.name, "answer": [written]}],
    )


def written_answer(evidence: Evidence, wanted: Wanted) -> dict[str, Any]:
    """The answer of a QuestionnaireResponse that says this. Raises CannotImagine for a code, which no question asks for."""
    if evidence.value is None or isinstance(evidence.value, Code):
        raise CannotImagine("no answer says it")
    written = write_value(evidence.value, wanted)
    return {"valueDate": written["valueDateTime"]} if "valueDateTime" in written else written
