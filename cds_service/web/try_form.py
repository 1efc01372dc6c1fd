"""The playground's form: facts of a policy as a person types them, and the order-sign request that an EHR would send for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from cds_service.content import Content
from cds_service.facts.definition import Definition
from cds_service.facts.kinds.evidence_kind import CannotImagine
from cds_service.facts.words import given_facts
from cds_service.fhir.codes import Coding, written
from cds_service.policy.model import Policy
from cds_service.policy.values import Days
from cds_service.vignettes.read import ExpectEntry, OrderEntry, Vignette
from cds_service.vignettes.run import request_of
from cds_service.web.code_lists import CodeLists

OF_THE_ORDER = {"order_priority", "order_code", "order_words", "order_reason", "order_renewal", "value_set_held"}
"""Evidence that is in the order and not in the chart; the form's order says it."""
MOST_CODES = 40


class Mistyped(ValueError):
    """A field of the form cannot be read; the message names the fact in words for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One fact of the form: what it means, the words that fit it, and what was typed. ``many`` more stand in the example."""

    name: str
    label: str
    type: str
    hint: str
    choices: tuple[str, ...]
    value: str
    on: str


@dataclass(frozen=True, slots=True)
class TryForm:
    """What was chosen and typed: the order's code, resource type and date, and a value with a date for each fact."""

    policy: Policy
    code: str
    resource: str
    as_of: date
    values: Mapping[str, tuple[str, str]]
    unsent: tuple[str, ...] = ()
    example: str = ""


def example_form(vignette: Vignette) -> TryForm:
    """The form as an example fills it."""
    values: dict[str, tuple[str, str]] = {}
    for name, words in vignette_words(vignette).items():
        value, _, on = words.partition(" on ")
        values[name] = (value, on)
    return TryForm(
        vignette.policy,
        vignette.order.code,
        vignette.order.resource,
        vignette.as_of,
        values,
        tuple(sorted(vignette.not_searched)),
        vignette.name,
    )


def vignette_words(vignette: Vignette) -> dict[str, str]:
    """What the chart of a vignette says, fact by fact, as it is typed; of several pieces of evidence the first."""
    return {name: words[0] for name, words in vignette.chart.items() if words}


def empty_form(policy: Policy, lists: CodeLists, today: date) -> TryForm:
    """The form of a policy without an example: its first code, today or the last day that the version covers, an empty chart."""
    day = today if policy.covers(today) else policy.effective_until or policy.effective_from
    first = next(iter(order_codes(policy, lists)), ("", ""))[0]
    return TryForm(policy, first, "MedicationRequest" if first.startswith("RXNORM") else "ServiceRequest", day, {})


def typed_form(sent: Mapping[str, str], unsent: tuple[str, ...], policy: Policy, lists: CodeLists, today: date) -> TryForm:
    """The form as it was sent. Raises Mistyped for a day that is none."""
    form = empty_form(policy, lists, today)
    try:
        as_of = date.fromisoformat(sent["as_of"]) if sent.get("as_of") else form.as_of
    except ValueError:
        raise Mistyped("the date of service is a day, such as 2026-05-01") from None
    values = {
        name: (sent.get(f"fact.{name}", "").strip(), sent.get(f"on.{name}", "").strip())
        for name in policy.facts
        if sent.get(f"fact.{name}", "").strip()
    }
    resource = sent.get("resource", form.resource)
    if resource not in ("ServiceRequest", "MedicationRequest", "DeviceRequest"):
        resource = form.resource
    return replace(form, code=sent.get("code", form.code).strip(), resource=resource, as_of=as_of, values=values, unsent=unsent)


def fields(form: TryForm, content: Content) -> list[Field]:
    """The facts that the policy tests and a chart can document, in the document's order."""
    found = []
    for name in form.policy.facts:
        definition = content.catalogue[name]
        if {source.name for source in definition.entry.from_} <= OF_THE_ORDER and definition.entry.from_:
            continue
        value, on = form.values.get(name, ("", ""))
        found.append(
            Field(
                name, definition.entry.means.rstrip("."), definition.entry.type, _hint(definition), _choices(definition), value, on
            )
        )
    return found


def _choices(definition: Definition) -> tuple[str, ...]:
    if definition.entry.type == "boolean":
        return ("yes", "no", "provisional yes", "answered yes", "answered no")
    return tuple(definition.entry.choices)


def _hint(definition: Definition) -> str:
    match definition.entry.type:
        case "quantity":
            unit = definition.entry.unit
            if definition.entry.shown_as:
                return "10 wk 3 d"
            return "3" if unit in ("1", "a") or unit.startswith("{") else f"3 {unit}, below 3 {unit}"
        case "date":
            return "2026-05-01"
        case "code":
            return "ICD-10-CM O30.1"
        case _:
            return ""


def order_codes(policy: Policy, lists: CodeLists) -> list[tuple[str, str]]:
    """The codes that the policy governs, as the form offers them: the code as it is written, and its label."""
    held = (lists.of(id_) for id_ in policy.order_sets)
    rows = [(f"{row.system} {row.code}", row.label or row.stands_for) for one in held if one for row in one.rows]
    return [pair for pair in dict.fromkeys(rows) if _written(pair[0])][:MOST_CODES]


def _written(code: str) -> Coding | None:
    try:
        return written(code)
    except ValueError:
        return None


def request_for(form: TryForm, content: Content) -> dict[str, Any]:
    """The order-sign request that says what the form says. Raises Mistyped naming what cannot be read or said."""
    if _written(form.code) is None:
        raise Mistyped("the order's code is written with its system, such as CPT 81420")
    chart = {name: [f"{value} on {on}" if on else value] for name, (value, on) in form.values.items()}
    try:
        given = given_facts(chart, content.catalogue.facts, Days.on(form.as_of), content.terminology)
    except (ValueError, OverflowError) as error:
        raise Mistyped(str(error)) from None
    order = OrderEntry.model_validate({"code": form.code, "resource": form.resource})
    expect = ExpectEntry(outcome="necessary")
    unsent = frozenset(form.unsent)
    vignette = Vignette("typed", "typed", form.policy, form.as_of, order, (), (), unsent, {}, given, expect, "", 0, chart)
    try:
        return request_of(vignette, content)
    except CannotImagine as error:
        raise Mistyped(str(error)) from None
