"""How answers to facts' own questions are found: items of a QuestionnaireResponse whose ``linkId`` is a fact's name.

Which answers count, and for which day, is said by ``facts/found/forms.py``; how their values are read stands here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from cds_service.chart import Case
from cds_service.facts.found.answer_values import answer_value
from cds_service.facts.found.forms import COPIED, UNFINISHED, Counted, counted, origin_of
from cds_service.facts.wanted import Unreadable, Wanted
from cds_service.fhir.elements import Resource, first_days, items, own_reference
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Value

READ: Final = frozenset({"completed", "amended", UNFINISHED})
"""The states of a response that is looked at; what was stopped or entered in error says nothing."""


class Answer(NamedTuple):
    """One answer, the response that holds it, and its origin: who or what gave it, empty where that is not said."""

    response: Resource
    answer: dict[str, Any]
    origin: str


def answers(responses: Iterable[Resource]) -> Mapping[str, list[Answer]]:
    """All answers in QuestionnaireResponses by ``linkId``."""
    found: dict[str, list[Answer]] = {}
    for response in responses:
        if response.get("status") in READ:
            for item in _items(response, []):
                link = item.get("linkId")
                for answer in items(item.get("answer")):
                    if isinstance(answer, dict) and isinstance(link, str):
                        found.setdefault(link, []).append(Answer(response, answer, origin_of(answer) or origin_of(item)))
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


def read_answers(found: Iterable[Answer], terminology: Terminology, wanted: Wanted, case: Case | None = None) -> list[Evidence]:
    """The answers to one fact's question as evidence; an unfinished response only ends the silence.

    ``case`` is the order that is judged, for which not every form speaks. Without one, all forms do, dated by ``authored``.
    """
    read: list[Evidence] = []
    written: list[Days | None] = []
    for one in found:
        authored = first_days(one.response, "authored")
        about = counted(one.response, case) if case is not None else Counted(authored, authored)
        read.append(_read(one, about, terminology, wanted))
        written.append(about.written)
    return _without_replaced(read, written)


def _read(one: Answer, about: Counted, terminology: Terminology, wanted: Wanted) -> Evidence:
    said = own_reference(one.response)
    value: Value | None = None
    unreadable = ""
    try:
        value = answer_value(one.answer, wanted, terminology)
    except Unreadable as error:
        unreadable = str(error)
    standing, note = Standing.USABLE, about.note
    if about.standing is Standing.DISCOUNTED:
        standing = Standing.DISCOUNTED
    elif one.origin in COPIED:
        standing, note = Standing.DISCOUNTED, "a program filled it in from the chart, which speaks for itself"
    elif unreadable:
        standing, note = Standing.UNCERTAIN, unreadable
    elif one.origin not in ("", "manual", "override"):
        standing, note = Standing.UNCERTAIN, "it does not say in a known way who gave it"
    elif one.response.get("status") == UNFINISHED:
        standing, note = Standing.UNCERTAIN, "the questionnaire is not finished"
    elif about.standing is not Standing.USABLE:
        standing = about.standing
    elif about.day is None:
        standing, note = Standing.UNCERTAIN, "it carries no date"
    return Evidence(value, about.day, said, "answered", standing, note)


def _without_replaced(read: list[Evidence], written: list[Days | None]) -> list[Evidence]:
    """The answers, of which those of one day that were given earlier than another response's are replaced by it."""
    latest: dict[Days, Days] = {}
    for evidence, day in zip(read, written, strict=True):
        if evidence.standing is Standing.USABLE and evidence.when is not None and day is not None:
            held = latest.get(evidence.when)
            if held is None or day > held:
                latest[evidence.when] = day
    kept: list[Evidence] = []
    for evidence, day in zip(read, written, strict=True):
        last = latest.get(evidence.when) if evidence.when is not None else None
        if evidence.standing is Standing.USABLE and day is not None and last is not None and day.last < last.first:
            note = f"an answer of {last.text()} takes the place of it"
            kept.append(evidence._replace(standing=Standing.DISCOUNTED, note=note))
        else:
            kept.append(evidence)
    return kept
