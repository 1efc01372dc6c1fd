"""Whether a question was asked as we ask it.

A form that somebody changed may ask the opposite under the same ``linkId``: its answer is then not one to our question.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cds_service.facts.found.forms import DEEPEST, contained_form, every_item
from cds_service.facts.wanted import Wanted
from cds_service.fhir.elements import Resource, items, text


def unasked(response: Resource, wanted: Wanted) -> str:
    """Say why a contained form did not ask as we ask.

    Empty where it asked for the fact as we do, and where no form is contained.
    """
    form = contained_form(response)
    if form is None or not wanted.question:
        return ""
    asked = [item for item in every_item(form) if item.get("linkId") == wanted.name]
    alone = list(_under_no_words(form))
    plain = asked and all(any(item is one for one in alone) and _as_we_ask(item, wanted) for item in asked)
    return "" if plain else "its form did not ask this as we do"


def reworded(words: Any, wanted: Wanted) -> str:
    """Say that an item asked in other words than ours.

    ``words`` is the item's own text, which a response may leave out. Empty where they are ours, or none.
    """
    said, ours = _folded(words), _folded(wanted.question)
    return "it answers a question that is not worded as ours" if said and ours and said != ours else ""


def _under_no_words(node: dict[str, Any], depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the items that stand under no words.

    The words of a group (*None of this is so:*) may turn a question round.
    """
    for item in items(node.get("item")) if depth <= DEEPEST else ():
        if isinstance(item, dict):
            yield item
            if item.get("type") == "group" and not text(item.get("text")):
                yield from _under_no_words(item, depth + 1)


def _as_we_ask(item: dict[str, Any], wanted: Wanted) -> bool:
    """Tell whether an item has our words and options alone."""
    options = [one for one in items(item.get("answerOption")) if isinstance(one, dict)]
    worded = not reworded(item.get("text"), wanted) and text(item.get("text")) != ""
    return worded and not item.get("initial") and "answerValueSet" not in item and all(_ours(one, wanted) for one in options)


def _ours(option: dict[str, Any], wanted: Wanted) -> bool:
    """Tell whether an option is called as it is coded."""
    coding = option.get("valueCoding")
    if not isinstance(coding, dict) or "initialSelected" in option:
        return False
    code = text(coding.get("code"))
    return code in wanted.choices and text(coding.get("display")) in ("", code)


def _folded(words: Any) -> str:
    return " ".join(text(words).split()).casefold()
