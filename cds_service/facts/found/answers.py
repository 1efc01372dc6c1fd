"""Answers to facts' own questions, found in QuestionnaireResponses.

They are the items whose ``linkId`` is a fact's name. Which answers count, and for which day, is decided in
``facts/found/forms.py``; how their values are read stands here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from cds_service.case import Case
from cds_service.facts.found.answer_values import answer_value
from cds_service.facts.found.asked import reworded, unasked
from cds_service.facts.found.forms import COPIED, UNFINISHED, WHEN, Counted, counted, every_item, origin_of
from cds_service.facts.settled import OLD_NO, REPLACED
from cds_service.facts.shelf_life import ShelfLife
from cds_service.facts.wanted import Unreadable, Wanted
from cds_service.fhir.elements import Resource, days, first_days, items, own_reference, text
from cds_service.fhir.resource_types import TYPES
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, LookBack, Value

READ: Final = TYPES["QuestionnaireResponse"].evidence
"""The statuses of a response that is read.

One that was stopped or entered in error says nothing.
"""

UNTIED: Final = LookBack.parse("30 days")
"""How long an answer speaks that ages, and names no order.

It is ours. What was not so then may have become so since, and what was asked of an order was perhaps of another.
"""


class FormAnswer(NamedTuple):
    """One answer, the response that holds it, and its origin.

    The origin is who or what gave it, empty where that is not stated. ``day`` is on which day it was so, as the item
    beside it writes it; None where that was not answered. ``words`` is how its item says that it asked.
    """

    response: Resource
    answer: dict[str, Any]
    origin: str
    day: Any = None
    words: Any = None


def answers(responses: Iterable[Resource]) -> Mapping[str, list[FormAnswer]]:
    """Collect all answers in QuestionnaireResponses by ``linkId``."""
    found: dict[str, list[FormAnswer]] = {}
    for response in responses:
        if response.get("status") in READ:
            every = every_item(response)
            told = _days_told(every)
            for item in every:
                link = item.get("linkId")
                for answer in items(item.get("answer")):
                    if isinstance(answer, dict) and isinstance(link, str) and not link.endswith(WHEN):
                        origin = origin_of(answer) or origin_of(item)
                        given = FormAnswer(response, answer, origin, told.get(f"{link}{WHEN}"), item.get("text"))
                        found.setdefault(link, []).append(given)
    return found


def _days_told(every: Iterable[dict[str, Any]]) -> Mapping[str, object]:
    """Return the days that items tell beside a fact's answer, by ``linkId``.

    Of one that is answered twice, it is what is no day.
    """
    told: dict[str, object] = {}
    for item in every:
        link = item.get("linkId")
        if isinstance(link, str) and link.endswith(WHEN):
            for answer in items(item.get("answer")):
                given = answer.get("valueDate") or answer.get("valueDateTime") or "?" if isinstance(answer, dict) else "?"
                told[link] = given if told.get(link, given) == given else "?"
    return told


def read_answers(
    found: Iterable[FormAnswer], terminology: Terminology, wanted: Wanted, case: Case | None = None, life: ShelfLife | None = None
) -> list[Evidence]:
    """Read the answers to one fact's question as evidence.

    An answer in an unfinished response only ends the silence. ``case`` is the order that is judged, for which not every
    form counts. Without one, all forms count, dated by ``authored``. ``life`` is how long what was so on an earlier day
    speaks.
    """
    read: list[Evidence] = []
    written: list[Days | None] = []
    given = list(found)
    for one in given:
        authored = first_days(one.response, "authored")
        about = counted(one.response, case) if case is not None else Counted(authored, authored)
        evidence = _read(one, about, terminology, wanted)
        aged = life.seen(evidence, case.as_of) if life and case and evidence.when is not None else evidence
        if case is not None and not about.for_this and aged.standing is evidence.standing:
            aged = _untied(aged, wanted, case)
        read.append(aged)
        written.append(about.written)
    return _without_replaced(read, written, [_moment(one.response) for one in given])


def _untied(evidence: Evidence, wanted: Wanted, case: Case) -> Evidence:
    """Discount an old answer that was given for no certain order.

    One of an order speaks for a time of ours, and so does a no: a yes may last, where a no is of its day.
    """
    if evidence.when is None or not (wanted.of_order or evidence.value is False):
        return evidence
    aged = ShelfLife(UNTIED, UNTIED).seen(evidence, case.as_of)
    stale = aged.standing is Standing.DISCOUNTED and evidence.standing is not Standing.DISCOUNTED
    return aged._replace(note=OLD_NO) if stale and not wanted.of_order else aged


def _moment(response: Resource) -> datetime | None:
    """Return the moment at which a response was authored.

    None where it tells a day alone, or no zone.
    """
    try:
        moment = datetime.fromisoformat(text(response.get("authored")))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _read(one: FormAnswer, about: Counted, terminology: Terminology, wanted: Wanted) -> Evidence:
    said = own_reference(one.response)
    value: Value | None = None
    unreadable = ""
    try:
        value = answer_value(one.answer, wanted, terminology)
    except Unreadable as error:
        unreadable = str(error)
    standing, note = Standing.USABLE, about.note
    when, undated = _day(one, about)
    if about.standing is Standing.DISCOUNTED:
        standing = Standing.DISCOUNTED
    elif changed := unasked(one.response, wanted):
        standing, note = Standing.DISCOUNTED, changed
    elif one.origin in COPIED:
        standing, note = Standing.DISCOUNTED, "a program filled it in from the chart, which speaks for itself"
    elif changed := reworded(one.words, wanted):
        standing, note = Standing.UNCERTAIN, changed
    elif unreadable:
        standing, note = Standing.UNCERTAIN, unreadable
    elif one.origin not in ("", "manual", "override"):
        standing, note = Standing.UNCERTAIN, "it does not say in a known way who gave it"
    elif one.response.get("status") == UNFINISHED:
        standing, note = Standing.UNCERTAIN, "the questionnaire is not finished"
    elif about.standing is not Standing.USABLE:
        standing = about.standing
    elif undated:
        standing, note = Standing.UNCERTAIN, undated
    elif when is None:
        standing, note = Standing.UNCERTAIN, "it carries no date"
    return Evidence(value, when, said, "answered", standing, note)


def _day(one: FormAnswer, about: Counted) -> tuple[Days | None, str]:
    """Return the day that an answer speaks of, and what is doubtful.

    The answer's own day comes before its response's. The text says why the day cannot be told, and is empty otherwise.
    """
    if one.day is None:
        return about.day, ""
    own = days(one.day)
    if own is None:
        return about.day, "the day that it was so cannot be read"
    if about.written is not None and own.first > about.written.last:
        return about.day, "the day that it names was still to come"
    return own, ""


def _without_replaced(read: list[Evidence], written: list[Days | None], moments: list[datetime | None]) -> list[Evidence]:
    """Discount answers that a later response replaces.

    An answer is replaced where another response, given later, answers for the same day. Which was later the moments tell
    where both have one, and else the days. One answer of a day is always left.
    """
    given = [
        _Given(at, day, moment)
        for at, (evidence, day, moment) in enumerate(zip(read, written, moments, strict=True))
        if evidence.standing is Standing.USABLE and evidence.when is not None and day is not None
    ]
    by_day: dict[Days | None, list[_Given]] = {}
    for one in given:
        by_day.setdefault(read[one.at].when, []).append(one)
    kept = [*read]
    for alike in by_day.values():
        replaced = {one.at: later for one in alike if (later := next((other for other in alike if other.is_after(one)), None))}
        if len(replaced) == len(alike):
            continue
        for at, later in replaced.items():
            note = f"an answer of {later.day.text()} {REPLACED}"
            kept[at] = read[at]._replace(standing=Standing.DISCOUNTED, note=note)
    return kept


@dataclass(frozen=True, slots=True)
class _Given:
    """An answer by its place, with its day and moment."""

    at: int
    day: Days
    moment: datetime | None

    def is_after(self, other: _Given) -> bool:
        """Tell whether it was given later."""
        if self.moment is not None and other.moment is not None:
            return self.moment > other.moment
        return self.day.first > other.day.last
