"""How answers to facts' own questions are found: items of a QuestionnaireResponse whose ``linkId`` is a fact's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cds_service.facts.kinds.fhir_value import read_value
from cds_service.facts.wanted import Unreadable, Wanted
from cds_service.fhir.elements import Resource, first_days, items, own_reference
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.model import Evidence, Standing


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
