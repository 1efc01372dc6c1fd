"""How answers to facts' own questions are found: items of a QuestionnaireResponse whose ``linkId`` is a fact's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cds_service.facts.kinds.fhir_value import read_value
from cds_service.facts.wanted import Unreadable, Wanted
from cds_service.fhir.elements import Resource, first_days, items, own_reference
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.model import Evidence, Standing

Answer = tuple[Resource, dict[str, Any]]
"""A QuestionnaireResponse and one answer in it."""


def answers(responses: Iterable[Resource]) -> Mapping[str, list[Answer]]:
    """All answers in QuestionnaireResponses by ``linkId``."""
    found: dict[str, list[Answer]] = {}
    for response in responses:
        if response.get("status") in ("completed", "amended", "in-progress"):
            for item in _items(response, []):
                for answer in items(item.get("answer")):
                    if isinstance(answer, dict) and isinstance(item.get("linkId"), str):
                        found.setdefault(item["linkId"], []).append((response, answer))
    return found


def _items(node: dict[str, Any], found: list[dict[str, Any]], depth: int = 0) -> list[dict[str, Any]]:
    """Adds all items below a response, an item or an answer, those of an item before those of its answers."""
    for item in items(node.get("item")) if depth <= 20 else ():
        if isinstance(item, dict):
            found.append(item)
            _items(item, found, depth + 1)
            for answer in items(item.get("answer")):
                if isinstance(answer, dict):
                    _items(answer, found, depth + 1)
    return found


def read_answers(found: Iterable[Answer], terminology: Terminology, wanted: Wanted) -> list[Evidence]:
    """The answers to one fact's question as evidence, dated by ``authored``; an unfinished response only ends the silence."""
    return [_read(response, answer, terminology, wanted) for response, answer in found]


def _read(response: Resource, answer: dict[str, Any], terminology: Terminology, wanted: Wanted) -> Evidence:
    when, said = first_days(response, "authored"), own_reference(response)
    try:
        value = read_value(answer, wanted, terminology)
    except Unreadable as error:
        return Evidence(None, when, said, "answered", Standing.UNCERTAIN, str(error))
    if response.get("status") == "in-progress":
        return Evidence(value, when, said, "answered", Standing.UNCERTAIN, "the questionnaire is not finished")
    if when is None:
        return Evidence(value, None, said, "answered", Standing.UNCERTAIN, "it carries no date")
    return Evidence(value, when, said, "answered")
