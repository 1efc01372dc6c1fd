"""Answers to standard surveys, found by LOINC's codes of their items.

They are looked for in QuestionnaireResponses. An item is known by its ``linkId`` or ``definition``, by the code that a
contained form gives it, or by its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cds_service.facts.found.answers import READ, FormAnswer, read_answers
from cds_service.facts.found.forms import canonical_of, contained_form, every_item, origin_of
from cds_service.facts.found.wording import named_any
from cds_service.facts.wanted import Unreadable, Wanted, carried_value
from cds_service.fhir.code_systems import LOINC
from cds_service.fhir.elements import Resource, codings, first_days, items, own_reference, text
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.evidence import ONLY_WORDS, Evidence, Standing
from cds_service.sitting import DatedChart

NO_TOTAL: Final = "it answers the survey, and its total is not stated"
"""Note on a survey whose questions are answered, and not the one sought."""
_CODE: Final = re.compile(r"(?:^|[/#:.|_]|loinc-?)(\d{1,7}-\d)$", re.IGNORECASE)
"""A LOINC code at the end of a ``linkId`` or an address."""
_TOTALS: Final = ("total", "score", "sum")
"""Words by which an item is a survey's total."""
_VALUES: Final = ("valueInteger", "valueDecimal", "valueQuantity", "valueString", "valueCoding", "valueBoolean")


@dataclass(frozen=True, slots=True)
class SoughtItem:
    """The items of surveys that document a fact.

    They are as ``survey`` evidence writes them.
    """

    items: str
    coded: str
    questions: str = ""
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """An item of a response.

    ``held`` are the value sets that hold its codes.
    """

    item: dict[str, Any]
    words: str
    held: frozenset[str]
    answered: bool


@dataclass(frozen=True, slots=True)
class _Response:
    """A response that is read.

    ``of_form`` are the value sets that hold the code of its form.
    """

    resource: Resource
    of_form: frozenset[str]
    asked: tuple[_Asked, ...]


def survey_answers(sought: SoughtItem, seen: DatedChart, wanted: Wanted) -> Iterator[Evidence]:
    """Find the answers to the sought items, dated by their authoring.

    What words alone name decides nothing. A survey that is answered without the sought item ends the silence.
    """
    terminology = seen.chart.terminology
    plainly = replace(wanted, question="")
    for response in seen.once("surveys", lambda: [*_responses(seen)]):
        coded, worded, touched = _sorted_items(sought, response)
        for held, note in ((coded, ""), (worded, ONLY_WORDS)):
            given = [one for item in held for one in _answers(item, response.resource, sought, seen, wanted)]
            for e in read_answers(given, terminology, plainly) if given else ():
                standing = Standing.UNCERTAIN if note and e.standing is Standing.USABLE else e.standing
                yield e._replace(standing=standing, note=e.note or note)
        if touched and not coded and not worded:
            when = first_days(response.resource, "authored")
            yield Evidence(None, when, own_reference(response.resource), "answered", Standing.UNCERTAIN, NO_TOTAL)


def _responses(seen: DatedChart) -> Iterator[_Response]:
    """Yield the responses of a chart, with their items.

    They are the same whichever survey is sought.
    """
    terminology = seen.chart.terminology
    for response in seen.chart.of("QuestionnaireResponse"):
        if response.get("status") not in READ:
            continue
        form = contained_form(response)
        described = {text(one.get("linkId")): one for one in every_item(form)} if form is not None else {}
        found = _CODE.search(canonical_of(response).partition("|")[0])
        asked = [_asked(item, described.get(text(item.get("linkId"))) or {}, terminology) for item in every_item(response)]
        yield _Response(response, frozenset(terminology.holding(LOINC, found[1])) if found else frozenset(), tuple(asked))


def _asked(item: dict[str, Any], described: Mapping[str, Any], terminology: Terminology) -> _Asked:
    answered = any(isinstance(one, dict) and any(name in one for name in _VALUES) for one in items(item.get("answer")))
    held = frozenset([id_ for code in _codes(item, described) for id_ in terminology.holding(LOINC, code)])
    return _Asked(item, text(item.get("text")), held, answered)


def _sorted_items(sought: SoughtItem, response: _Response) -> tuple[list[dict[str, Any]], list[dict[str, Any]], bool]:
    """Return the answered items that are sought.

    Those that codes tell come first, then those that words alone name. Last comes whether the response answers the
    survey at all.
    """
    coded: list[dict[str, Any]] = []
    worded: list[dict[str, Any]] = []
    touched = sought.items in response.of_form or sought.questions in response.of_form
    for one in response.asked:
        said = named_any([one.words], sought.named) if sought.named and one.words else ""
        if sought.items in one.held and one.answered:
            coded.append(one.item)
        elif said and one.answered and not one.held and named_any([one.words], _TOTALS):
            worded.append(one.item)
        touched = touched or bool(said) or sought.items in one.held or (one.answered and sought.questions in one.held)
    return coded, worded, touched


def _codes(item: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterable[str]:
    """Yield an item's LOINC codes, also those of its form."""
    for written in (item.get("linkId"), item.get("definition"), asked.get("definition")):
        found = _CODE.search(text(written))
        if found:
            yield found[1]
    for coding in codings({"coding": items(asked.get("code"))}):
        yield coding.code


def _answers(
    item: Mapping[str, Any], response: Resource, sought: SoughtItem, seen: DatedChart, wanted: Wanted
) -> Iterator[FormAnswer]:
    for answer in items(item.get("answer")):
        if isinstance(answer, dict):
            origin = origin_of(answer) or origin_of(dict(item))
            yield FormAnswer(response, _plain(answer, sought, seen, wanted), origin)


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
