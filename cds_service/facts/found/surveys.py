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


def survey_answers(sought: SoughtItem, seen: DatedChart, wanted: Wanted) -> Iterator[Evidence]:
    """Find the answers to the sought items, dated by their authoring.

    What words alone name decides nothing. A survey that is answered without the sought item ends the silence.
    """
    terminology = seen.chart.terminology
    plainly = replace(wanted, question="")
    for response in seen.chart.of("QuestionnaireResponse"):
        if response.get("status") not in READ:
            continue
        coded, worded, touched = _sorted_items(sought, response, terminology)
        for held, note in ((coded, ""), (worded, ONLY_WORDS)):
            given = [one for item in held for one in _answers(item, response, sought, seen, wanted)]
            for e in read_answers(given, terminology, plainly):
                standing = Standing.UNCERTAIN if note and e.standing is Standing.USABLE else e.standing
                yield e._replace(standing=standing, note=e.note or note)
        if touched and not coded and not worded:
            when = first_days(response, "authored")
            yield Evidence(None, when, own_reference(response), "answered", Standing.UNCERTAIN, NO_TOTAL)


def _sorted_items(
    sought: SoughtItem, response: Resource, terminology: Terminology
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], bool]:
    """Return the answered items that are sought.

    Those that codes tell come first, then those that words alone name. Last comes whether the response answers the
    survey at all.
    """
    coded: list[dict[str, Any]] = []
    worded: list[dict[str, Any]] = []
    form = contained_form(response)
    asked = {text(one.get("linkId")): one for one in every_item(form)} if form is not None else {}
    found = _CODE.search(canonical_of(response).partition("|")[0])
    touched = found is not None and _is_of(sought, found[1], terminology)
    for item in every_item(response):
        answered = any(isinstance(one, dict) and any(name in one for name in _VALUES) for one in items(item.get("answer")))
        codes = list(_codes(item, asked.get(text(item.get("linkId"))) or {}))
        held = {id_ for code in codes for id_ in terminology.holding(LOINC, code)}
        said = named_any([text(item.get("text"))], sought.named) if sought.named else ""
        if sought.items in held and answered:
            coded.append(item)
        elif said and answered and not held and named_any([text(item.get("text"))], _TOTALS):
            worded.append(item)
        touched = touched or bool(said) or sought.items in held or (answered and sought.questions in held)
    return coded, worded, touched


def _is_of(sought: SoughtItem, code: str, terminology: Terminology) -> bool:
    held = terminology.holding(LOINC, code)
    return sought.items in held or sought.questions in held


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
