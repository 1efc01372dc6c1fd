"""The value of one answer to a question.

It is read as the kind of question wants it, or as renderers write it that drop codes and send words: a choice from a
form's list often comes back as a coding without its code, or as a string; yes and no come as words.
"""

from __future__ import annotations

import re
from typing import Any, Final

from cds_service.facts.fhir_value import read_quantity, read_value
from cds_service.facts.units import UnknownUnit, scale
from cds_service.facts.wanted import Unreadable, Wanted
from cds_service.fhir.elements import days, text
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.values import Interval, Value

_YES_NO: Final = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}
LONGEST: Final = 100
"""Longest text that is read as an answer, in characters."""
_NUMBER: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*((?:/?[A-Za-zµ%{][^\s\d]{0,39}|))")
_TWO_NUMBERS: Final = re.compile(r"(\d{1,4})\s*([A-Za-z]{1,6})[\s,+]*(?:and\s+)?(\d{1,4})\s*([A-Za-z]{1,6})", re.ASCII)


def answer_value(answer: dict[str, Any], wanted: Wanted, terminology: Terminology) -> Value:
    """Read the value of an answer, in the fact's unit.

    Raises Unreadable with the reason.
    """
    if words := _words(answer):
        return _in_words(words, wanted)
    value = read_value(answer, wanted, terminology)
    _refuse_two_answers(answer, value, wanted)
    return value


def _refuse_two_answers(answer: dict[str, Any], value: Value, wanted: Wanted) -> None:
    """Refuse an answer whose words are another answer than its code.

    A person has seen the words. Raises Unreadable.
    """
    coding, quantity = answer.get("valueCoding"), answer.get("valueQuantity")
    if isinstance(coding, dict):
        said = _folded(text(coding.get("display")))
        known: dict[str, Value] = {choice.casefold(): choice for choice in wanted.choices} if wanted.choices else dict(_YES_NO)
        if known.get(said, value) != value:
            raise Unreadable("its code and its words are two answers")
    if isinstance(quantity, dict):
        code, unit = text(quantity.get("code")), text(quantity.get("unit"))
        if code and unit and not _one_unit(code, unit):
            raise Unreadable("the code and the words of its unit are two units")


def _one_unit(code: str, unit: str) -> bool:
    """Tell whether code and words of a unit, if known, agree."""
    try:
        return scale(unit, code) == (1.0, 0.0)
    except UnknownUnit:
        return True


def _words(answer: dict[str, Any]) -> str:
    """Return what an answer says in words alone.

    That is its string, or the display of a coding that lost its code.
    """
    coding = answer.get("valueCoding")
    if isinstance(coding, dict):
        return "" if text(coding.get("code")) else text(coding.get("display"))
    return text(answer.get("valueString"))


def _in_words(words: str, wanted: Wanted) -> Value:
    if len(words) > LONGEST:
        raise Unreadable("its value is free text, which is not read")
    folded = _folded(words)
    match wanted.type:
        case "boolean" if folded in _YES_NO:
            return _YES_NO[folded]
        case "choice":
            for choice in wanted.choices:
                if choice.casefold() == folded:
                    return choice
            raise Unreadable(f"it is none of {', '.join(wanted.choices)}")
        case "quantity":
            return _number(words, wanted)
        case "date" if (day := days(words)) is not None:
            return day
        case _:
            raise Unreadable("its value is free text, which is not read")


def _folded(words: str) -> str:
    return " ".join(words.split()).casefold()


def _number(words: str, wanted: Wanted) -> Interval:
    """Read a number with its unit in words.

    It has one unit (``12 weeks``) or two (``12w3d``). Raises Unreadable for anything else.
    """
    both = _TWO_NUMBERS.fullmatch(words)
    if both:
        first, second = (read_quantity({"value": int(both[n]), "unit": both[n + 1]}, wanted) for n in (1, 3))
        return Interval.exactly(first.low + second.low)
    one = _NUMBER.fullmatch(words)
    if not one:
        raise Unreadable("its value is free text, which is not read")
    return read_quantity({"value": float(one[1]), "unit": one[2]}, wanted)
