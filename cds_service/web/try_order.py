"""The playground's order in a person's words.

The words are a bare code, a drug or a policy's name. Functions here also find whose policy governs the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from cds_service.content.content import Content
from cds_service.content.wording import effective
from cds_service.fhir.codes import Coding
from cds_service.policy.model import Policy
from cds_service.web.code_lists import CodeLists
from cds_service.web.in_force import in_force
from cds_service.web.search import PolicySearch
from cds_service.web.try_form import FactTyped, TryForm, coded, empty_form, resource_for


@dataclass(frozen=True, slots=True)
class Chosen:
    """A form for an order that was named in words.

    ``said`` tells what the words were taken for.
    """

    form: TryForm
    said: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another policy that governs the order's code.

    ``said`` is the sentence that says so.
    """

    policy: Policy
    said: str


def named_order(words: str, search: PolicySearch, content: Content, lists: CodeLists, today: date) -> Chosen | str:
    """Return the form for an order that words name.

    Where there is none, a sentence that says why is returned.
    """
    looked = search.find(words, today)
    found = next((one for one in looked.found if one.policy.subject == "order"), None)
    if found is None:
        return f"No policy held here governs “{words}”, so this is an empty chart of another one."
    if looked.code and not found.order:
        return f"{found.means} No policy held here governs an order for it, so this is an empty chart of another one."
    form = empty_form(found.policy, lists, today)
    taken = f" “{words}” is taken for {looked.meant}." if looked.meant else ""
    if not found.order:
        return Chosen(form, f"{found.policy.title} is shown, with its first code, {form.order.code}.{taken}")
    order = replace(form.order, code=found.order, resource=resource_for(found.order))
    return Chosen(replace(form, order=order), f"{found.policy.title} is shown: {found.means}{taken}")


def understood(form: TryForm, search: PolicySearch, today: date) -> tuple[TryForm, tuple[str, ...]]:
    """Complete a bare code or a name with its code system.

    Returns the form with the code so written, and sentences on what was taken for what.
    """
    typed = form.order.code
    if not typed or coded(typed) is not None:
        return form, ()
    looked = search.find(typed, today)
    ranked = sorted(looked.found, key=lambda one: one.policy.id != form.policy.id)
    found = next((one for one in ranked if one.order and one.policy.subject == "order"), None)
    if found is None or not found.whole:
        return form, ()
    order = replace(form.order, code=found.order, resource=resource_for(found.order))
    return replace(form, order=order), (f"“{typed}” is taken for {found.order}.",)


def other_policy(form: TryForm, content: Content) -> Elsewhere | None:
    """Return another policy that governs the order's code.

    Returns None where the chosen policy governs it, or none does.
    """
    coding = coded(form.order.code)
    if coding is None or _governs(form.policy, coding, content):
        return None
    for policy in in_force(content, _day(form)).values():
        if policy.subject == "order" and policy.status != "draft" and _governs(policy, coding, content):
            return Elsewhere(policy, f"{coding.text} is governed by {policy.title}.")
    return None


def placed_order(placed: Mapping[str, Any]) -> dict[str, str]:
    """Return the form's fields for an order that replaces another."""
    concept = next(value for name, value in placed.items() if isinstance(value, dict) and value.get("coding"))
    coding = concept["coding"][0]
    return {"code": Coding(coding["system"], coding["code"]).text, "also": "", "text": "", "detail": ""}


def still_asked(form: TryForm, policy: Policy, content: Content) -> tuple[FactTyped, ...]:
    """Return what is typed that another policy asks too."""
    asked = set(content.catalogue.closure(policy.facts))
    return tuple(row for row in form.facts if row.name in asked)


def switched(form: TryForm, today: date) -> tuple[str, ...]:
    """Say what choosing a version or an example set in the form.

    Only what one would not expect is said.
    """
    if form.example:
        return (f"“{form.example}” was filled in: {form.order.code}, on {form.as_of}.",)
    if form.as_of != today.isoformat():
        said = f"Version {form.policy.version} covers dates of service {effective(form.policy)}, so the date is {form.as_of}."
        return (said,)
    return ()


def _governs(policy: Policy, coding: Coding, content: Content) -> bool:
    return not frozenset(policy.order_sets).isdisjoint(content.terminology.holding(coding.system, coding.code))


def _day(form: TryForm) -> date:
    try:
        return date.fromisoformat(form.as_of)
    except ValueError:
        return form.policy.effective_from
