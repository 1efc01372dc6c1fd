"""A check that the answers of a response fit its form.

The form is the one that the response contains. Nothing may be answered that was not asked, and every answer must be
readable.
"""

from __future__ import annotations

from typing import Any

from cds_service.content.content import Content
from cds_service.facts.found.answer_values import answer_value
from cds_service.facts.found.asked import reworded
from cds_service.facts.found.forms import WHEN, every_item
from cds_service.facts.wanted import Unreadable
from cds_service.fhir.elements import Resource, days, items
from cds_service.hooks.received.faults import RequestIssue, Unusable


def refuse_unreadable(response: Resource, form: dict[str, Any], content: Content) -> None:
    """Refuse answers that break the rules of their form.

    Raises Unusable (400) with each ``linkId`` at fault.
    """
    asked = {item.get("linkId"): item for item in every_item(form)}
    issues: list[RequestIssue] = []
    for item in every_item(response):
        link = item.get("linkId")
        given = [one for one in items(item.get("answer")) if isinstance(one, dict)]
        if link not in asked:
            issues.append(RequestIssue("QuestionnaireResponse.item", "an item is answered that was not asked", "business-rule"))
            continue
        where = f"QuestionnaireResponse.item.where(linkId='{link}').answer"
        if len(given) > 1:
            issues.append(RequestIssue(where, "it has one answer", "business-rule"))
        definition = content.catalogue[str(link)] if link in content.catalogue else None
        if given and definition and reworded(item.get("text"), definition.wanted):
            text = f"QuestionnaireResponse.item.where(linkId='{link}').text"
            issues.append(RequestIssue(text, "it was asked in other words", "business-rule"))
        if given and asked[link].get("type") == "display":
            issues.append(RequestIssue(where, "what is only shown has no answer", "business-rule"))
            continue
        issues += [RequestIssue(where, why, "value") for one in given if (why := _fault(str(link), one, content))]
    if issues:
        raise Unusable(400, issues[:20])


def _fault(link: str, answer: dict[str, Any], content: Content) -> str:
    """Say why an answer cannot be read; empty where it can."""
    if not any(name.startswith("value") for name in answer):
        return ""
    if link.endswith(WHEN):
        return "" if days(answer.get("valueDate") or answer.get("valueDateTime")) else "a day is meant"
    if link not in content.catalogue:
        return ""
    try:
        answer_value(answer, content.catalogue[link].wanted, content.terminology)
    except Unreadable as error:
        return str(error)
    return ""
