"""The playground's form: an order and the facts of a policy, as a person types them. Nothing is read yet, so nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from werkzeug.datastructures import MultiDict

from cds_service.content import Content
from cds_service.facts.definition import Definition
from cds_service.fhir.codes import Coding, written
from cds_service.policy.model import Check, Policy
from cds_service.vignettes.read import Vignette
from cds_service.web.code_lists import CodeLists

OF_THE_ORDER = {"order_priority", "order_code", "order_words", "order_reason", "value_set_held"}
"""Evidence that is in the order and not in the chart; the form's order says it."""
RESOURCES = ("ServiceRequest", "MedicationRequest", "DeviceRequest")
PRIORITIES = ("routine", "urgent", "asap", "stat")
HOW = {"": "in the chart", "answered": "answered", "provisional": "provisional"}
"""How a fact is said: in the chart, as the answer of a questionnaire, or as a diagnosis that is provisional."""
MOST_CODES = 60
MOST_ROWS = 400
"""Rows of a form that are read."""


@dataclass(frozen=True, slots=True)
class OrderTyped:
    """The order: its code, what else describes it, and what is signed with it. Several of one kind are told apart by semicolons."""

    code: str = ""
    resource: str = "ServiceRequest"
    also: str = ""
    text: str = ""
    detail: str = ""
    reason: str = ""
    priority: str = ""
    before: str = ""
    after: str = ""

    @property
    def more(self) -> bool:
        """Whether it says more than its code."""
        return any((self.also, self.text, self.detail, self.reason, self.priority, self.before, self.after))


@dataclass(frozen=True, slots=True)
class FactTyped:
    """One piece of evidence: the fact, its value, its day, and how it is said; ``via`` the kind of evidence of an example."""

    name: str
    value: str = ""
    on: str = ""
    how: str = ""
    via: str = ""

    @property
    def words(self) -> str:
        """The evidence as vignettes write it."""
        return f"{self.how} {self.value}{f' on {self.on}' if self.on else ''}".strip()


@dataclass(frozen=True, slots=True)
class TryForm:
    """What was chosen and typed; ``as_of`` is the date of service and ``payer`` whose member the patient is, if anybody's."""

    policy: Policy
    order: OrderTyped
    as_of: str
    facts: tuple[FactTyped, ...] = ()
    unsent: tuple[str, ...] = ()
    payer: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the form: a fact, the words that fit it, and what was typed. ``offered`` are codes that its tests know."""

    id: str
    name: str
    label: str
    type: str
    hint: str
    choices: tuple[str, ...]
    typed: FactTyped
    offered: tuple[tuple[str, str], ...] = ()
    last: bool = field(default=True)


def example_form(vignette: Vignette) -> TryForm:
    """The form as an example fills it."""
    facts = tuple(_fact(name, words, vignette.via.get(name, "")) for name, said in vignette.chart.items() for words in said)
    entry = vignette.order
    order = OrderTyped(
        entry.code,
        entry.resource,
        "; ".join(entry.also),
        entry.text,
        "; ".join(entry.detail),
        "; ".join(entry.reason),
        entry.priority,
        "; ".join(coding.text for coding in vignette.signed_before),
        "; ".join(coding.text for coding in vignette.signed_after),
    )
    unsent = tuple(sorted(vignette.not_searched))
    return TryForm(vignette.policy, order, vignette.as_of.isoformat(), facts, unsent, example=vignette.name)


def _fact(name: str, words: str, via: str) -> FactTyped:
    value, _, on = words.strip().partition(" on ")
    how = next((how for how in HOW if how and value.startswith(f"{how} ")), "")
    return FactTyped(name, value.removeprefix(how).strip(), on.strip(), how, via)


def empty_form(policy: Policy, lists: CodeLists, today: date) -> TryForm:
    """The form of a policy without an example: its first code, today or the last day that the version covers, an empty chart."""
    day = today if policy.covers(today) else policy.effective_until or policy.effective_from
    first = next(iter(order_codes(policy, lists)), ("", ""))[0]
    kind = "MedicationRequest" if first.startswith(("RXNORM", "NDC")) else "ServiceRequest"
    return TryForm(policy, OrderTyped(first, kind), day.isoformat())


def typed_form(sent: MultiDict[str, str], policy: Policy) -> TryForm:
    """The form exactly as it was sent, readable or not."""
    parts = (sent.getlist(name) for name in ("fact", "value", "on", "how", "via"))
    rows = [FactTyped(*(part.strip() for part in row)) for row in zip(*parts, strict=False)][:MOST_ROWS]
    order = OrderTyped(**{name: sent.get(name, "").strip() for name in OrderTyped.__dataclass_fields__})
    unsent = tuple(sent.getlist("unsent"))
    named = {"payer": sent.get("payer", ""), "example": sent.get("example", "")}
    more = sent.get("more", "")
    facts = [row for row in rows if row.value or row.on or row.name == more]
    if more:
        facts.append(FactTyped(more))
    return TryForm(policy, order, sent.get("as_of", "").strip(), tuple(facts), unsent, **named)


def fields(form: TryForm, content: Content, lists: CodeLists) -> list[Field]:
    """A row for each fact that the policy tests and a chart can document, in its order, and for each piece that is typed."""
    typed: dict[str, list[FactTyped]] = {}
    for row in form.facts:
        if row.name in content.catalogue:
            typed.setdefault(row.name, []).append(row)
    asked = [name for name in form.policy.facts if name in typed or not _of_the_order(content.catalogue[name])]
    found = []
    for name in dict.fromkeys([*asked, *typed]):
        definition = content.catalogue[name]
        rows = typed.get(name) or [FactTyped(name, how="answered" if _only_answered(definition) else "")]
        for number, row in enumerate(rows, 1):
            found.append(
                Field(
                    f"fact-{name}{f'-{number}' if number > 1 else ''}",
                    name,
                    definition.entry.means.rstrip("."),
                    definition.entry.type,
                    _hint(definition),
                    _choices(definition),
                    row,
                    tuple(_offered(name, form.policy, lists)) if definition.entry.type == "code" else (),
                    number == len(rows),
                )
            )
    return found


def _of_the_order(definition: Definition) -> bool:
    return bool(definition.entry.from_) and {source.name for source in definition.entry.from_} <= OF_THE_ORDER


def _only_answered(definition: Definition) -> bool:
    """Whether nothing in a chart says the fact, so that a form answers it."""
    derived = definition.entry.derived
    return bool(derived and not derived.imagined_by) or {source.name for source in definition.entry.from_} == {"answer"}


def _choices(definition: Definition) -> tuple[str, ...]:
    return ("yes", "no") if definition.entry.type == "boolean" else tuple(definition.entry.choices)


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


def _offered(name: str, policy: Policy, lists: CodeLists) -> list[tuple[str, str]]:
    """The codes that the tests of a fact name."""
    tested = [c.test.written for c in policy.criteria() if isinstance(c, Check) and c.fact == name and c.test.compare == "in"]
    return _codes(tuple(dict.fromkeys(tested)), lists)


def order_codes(policy: Policy, lists: CodeLists) -> list[tuple[str, str]]:
    """The codes that the policy governs, as the form offers them: the code as it is written, and its label."""
    return _codes(policy.order_sets, lists)


def _codes(sets: tuple[str, ...], lists: CodeLists) -> list[tuple[str, str]]:
    held = (lists.of(id_) for id_ in sets)
    rows = [(f"{row.system} {row.code}", row.label or row.stands_for) for one in held if one for row in one.rows]
    return [pair for pair in dict.fromkeys(rows) if coded(pair[0])][:MOST_CODES]


def coded(code: str) -> Coding | None:
    """A code as it is written; None for one that cannot be read."""
    try:
        return written(code)
    except ValueError:
        return None


def several(typed: str) -> list[str]:
    """What was typed between semicolons."""
    return [part.strip() for part in typed.split(";") if part.strip()]


def words_by_fact(form: TryForm) -> Mapping[str, list[str]]:
    """The chart as vignettes write it."""
    found: dict[str, list[str]] = {}
    for row in form.facts:
        if row.value:
            found.setdefault(row.name, []).append(row.words)
    return found
