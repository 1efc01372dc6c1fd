"""Open questions as fields of a page, and what was filled in.

The questions are the items of the one builder of forms (``questionnaires``); what is filled in is read strictly, by the reader of
answers itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from cds_service.content.content import Content
from cds_service.content.forms import NamedForm
from cds_service.decision import Decision
from cds_service.facts.found.answer_values import answer_value
from cds_service.facts.found.forms import WHEN, form_base
from cds_service.facts.wanted import Unreadable
from cds_service.fhir.code_systems import UCUM
from cds_service.fhir.elements import days, items
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.model import Policy
from cds_service.questionnaires.form import open_form, questions_of
from cds_service.questionnaires.items import Item, coded
from cds_service.said.asked import unread_of, way

LONGEST: Final = 100
"""Characters of one field."""
UNSAVED: Final = "answered-here-not-saved"
"""The id of answers that stand on the page alone."""
EVERY: Final = 1000
"""A limit higher than the number of questions of any way."""
_UNITS: Final = "http://hl7.org/fhir/StructureDefinition/questionnaire-unitOption"
_HELP: Final = ".why"


@dataclass(frozen=True, slots=True)
class QuestionField:
    """One field: its question, and what was filled in.

    ``unit`` is the UCUM code that the number is in, ``shown_unit`` what a person calls it. A span ``in_weeks`` has a second number
    in ``days``. ``dated`` asks for the day on which it was so (``when``). ``slip`` says why what was filled in cannot be read,
    ``first`` that it is on the shortest way to a decision, and ``before`` what is answered in the chart already.
    """

    fact: str
    asked: str
    type: str
    why: str = ""
    doubt: str = ""
    unit: str = ""
    shown_unit: str = ""
    in_weeks: bool = False
    choices: tuple[str, ...] = ()
    dated: bool = False
    value: str = ""
    days: str = ""
    when: str = ""
    slip: str = ""
    first: bool = False
    before: str = ""

    @property
    def filled(self) -> bool:
        """True where an answer stands in it."""
        return bool(self.value or self.days)


def asked_of(decisions: Iterable[Decision], content: Content, our_url: str) -> list[QuestionField]:
    """List what is open, each fact once, the shortest way first."""
    found: dict[str, QuestionField] = {}
    for decision in decisions:
        named = open_form(decision, content)
        doubts = unread_of(decision)
        shortest = {one.fact for one in way(decision, content, most=EVERY).questions} if named else set()
        for item in questions_of(named, named.facts, content, our_url) if named else ():
            made = question(item)
            doubt = doubts.get(made.fact, "").strip()
            found.setdefault(made.fact, replace(made, doubt=doubt, first=made.fact in shortest))
    return list(found.values())


def corrigible(decisions: Iterable[Decision], content: Content, our_url: str) -> list[QuestionField]:
    """List what answers in the chart settle, each with its answer.

    A wrong one is put right by another."""
    found: dict[str, QuestionField] = {}
    for decision in decisions:
        of = content.forms.get(decision.policy.form) if decision.policy else None
        for leaf in decision.leaves if of else ():
            fact = getattr(leaf.criterion, "fact", "")
            told = [one for one in leaf.evidence if _saved(one)]
            if of and told and of.asking([fact]):
                (item,) = questions_of(NamedForm(of, ()), [fact], content, our_url)
                definition = content.catalogue[fact]
                said = [definition.show(one.value) for one in told if one.value is not None]
                found.setdefault(fact, replace(question(item), before=", ".join(dict.fromkeys(said))))
    return list(found.values())


def _saved(evidence: Evidence) -> bool:
    usable = evidence.kind == "answered" and evidence.standing is Standing.USABLE
    return usable and evidence.value is not None and evidence.resource != f"QuestionnaireResponse/{UNSAVED}"


def question(item: Item) -> QuestionField:
    """Make the field of an item."""
    units = [one["valueCoding"] for one in items(item.get("extension")) if one.get("url") == _UNITS]
    below = {one["linkId"]: one for one in items(item.get("item"))}
    fact = item["linkId"]
    in_weeks = len(units) > 1
    unit = units[-1] if units else {}
    return QuestionField(
        fact,
        item["text"],
        item["type"],
        below.get(fact + _HELP, {}).get("text", ""),
        unit=unit.get("code", ""),
        shown_unit=unit.get("display", ""),
        in_weeks=in_weeks,
        choices=tuple(option["valueCoding"]["code"] for option in items(item.get("answerOption"))),
        dated=fact + WHEN in below,
    )


def filled_in(sent: Mapping[str, str], policies: Iterable[Policy], content: Content, our_url: str) -> list[QuestionField]:
    """Read the fields of a form.

    What the forms of the order's policies do not ask is not looked at.
    """
    found: dict[str, QuestionField] = {}
    for policy in policies:
        of = content.forms.get(policy.form)
        for fact in of.facts if of else ():
            value, more, when = (sent.get(f"{part}.{fact}", "").strip()[:LONGEST] for part in ("a", "d", "w"))
            if of and (value or more) and fact not in found:
                (item,) = questions_of(NamedForm(of, ()), [fact], content, our_url)
                found[fact] = replace(question(item), value=value, days=more, when=when, first=True)
    return list(found.values())


def typed_answers(sent: Mapping[str, str], content: Content) -> list[tuple[str, str]]:
    """Put into words what a form had in it.

    It is for a person whose session has ended meanwhile."""
    found = []
    for name, value in sent.items():
        fact = name.removeprefix("a.")
        more = sent.get(f"d.{fact}", "")
        if name.startswith("a.") and fact in content.catalogue and (value or more):
            definition = content.catalogue[fact]
            said = f"{value or 0} weeks {more or 0} days" if definition.entry.shown_as else value
            found.append((definition.question, said.strip()[:LONGEST]))
    return found


def answered(
    filled: Iterable[QuestionField], content: Content, our_url: str
) -> Iterator[tuple[QuestionField, dict[str, Any] | None]]:
    """Write answers as FHIR has them, each with its field.

    One that cannot be read is None, and its field says why.
    """
    for one in filled:
        definition = content.catalogue[one.fact]
        try:
            answer = _written(one, content, our_url)
            answer_value(answer, definition.wanted, content.terminology)
            if one.when:
                answer["item"] = [{"linkId": f"{one.fact}{WHEN}", "answer": [{"valueDate": _day(one.when)}]}]
        except Unreadable as error:
            yield replace(one, slip=_said(str(error), definition.wanted.low, definition.wanted.high, one)), None
        else:
            yield one, answer


def _said(why: str, low: float, high: float, one: QuestionField) -> str:
    if why == "it is not a plausible value" and one.in_weeks:
        return f"From {low // 7:g} to {high // 7:g} weeks is plausible; check the number."
    if why == "it is not a plausible value":
        return f"From {low:g} to {high:g} {one.shown_unit} is plausible; check the number and its unit."
    return f"{why[0].upper()}{why[1:]}."


def _written(one: QuestionField, content: Content, our_url: str) -> dict[str, Any]:
    """Write an answer as FHIR does. Raises Unreadable."""
    match one.type:
        case "boolean":
            if one.value not in ("yes", "no"):
                raise Unreadable("yes or no is meant")
            return {"valueBoolean": one.value == "yes"}
        case "choice":
            if one.value not in one.choices:
                raise Unreadable("one of the choices is meant")
            return coded(content.catalogue[one.fact], form_base(our_url), one.value)
        case "quantity":
            number = _span(one) if one.in_weeks else _number(one.value)
            written = int(number) if number == int(number) else float(number)
            return {"valueQuantity": {"value": written, "unit": one.shown_unit, "system": UCUM, "code": one.unit}}
        case _:
            return {"valueDate": _day(one.value)}


def _day(written: str) -> str:
    """Read a day. Raises Unreadable."""
    read = days(written)
    if read is None or read.first != read.last:
        raise Unreadable("a day of the calendar is meant")
    return read.first.isoformat()


def _span(one: QuestionField) -> Decimal:
    """Weeks and days as days."""
    days = _number(one.days or "0")
    if not 0 <= days <= 6 or days != int(days):
        raise Unreadable("whole weeks, and 0 to 6 days, are meant")
    weeks = _number(one.value or "0")
    if weeks != int(weeks):
        raise Unreadable("whole weeks, and 0 to 6 days, are meant")
    return 7 * weeks + days


def _number(written: str) -> Decimal:
    try:
        number = Decimal(written.replace(",", "."))
    except InvalidOperation:
        raise Unreadable("a number is meant") from None
    if not number.is_finite() or abs(number) >= 10**9:
        raise Unreadable("a number is meant")
    return number
