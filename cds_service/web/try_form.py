"""The playground's form: an order and facts, as a person types them.

Nothing is read yet, so nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from werkzeug.datastructures import MultiDict

from cds_service.fhir.codes import Coding, written
from cds_service.policy.model import Policy
from cds_service.vignettes.read import Vignette
from cds_service.web.code_lists import CodeLists

RESOURCES = ("ServiceRequest", "MedicationRequest", "DeviceRequest")
PRIORITIES = ("routine", "urgent", "asap", "stat")
HOW = {"": "in the chart", "answered": "answered", "provisional": "provisional"}
"""How a fact is documented, with the words of the form.

It is in the chart, the answer of a questionnaire, or a provisional diagnosis.
"""
MOST_CODES = 60
MOST_ROWS = 400
"""The most rows of a form that are read."""


@dataclass(frozen=True, slots=True)
class OrderTyped:
    """The order: its code and what else describes it.

    ``before`` and ``after`` are the codes of the orders signed with it. Several of one kind are separated by
    semicolons.
    """

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
        """True if the order says more than its code."""
        return any((self.also, self.text, self.detail, self.reason, self.priority, self.before, self.after))


@dataclass(frozen=True, slots=True)
class FactTyped:
    """One piece of evidence as typed.

    It has the fact, its value, its day, and how it is documented. ``via`` is the kind of evidence that an example
    names.
    """

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
    """What was chosen and typed.

    ``as_of`` is the date of service. ``payer`` is the id of the payer whose member the patient is; empty for no member.
    """

    policy: Policy
    order: OrderTyped
    as_of: str
    facts: tuple[FactTyped, ...] = ()
    unsent: tuple[str, ...] = ()
    payer: str = ""
    example: str = ""


def example_form(vignette: Vignette) -> TryForm:
    """Return the form as an example fills it."""
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
    """Return the form of a policy without an example.

    It has the policy's first code and an empty chart. The date of service is today, or the last day that the version
    covers.
    """
    day = today if policy.covers(today) else policy.effective_until or policy.effective_from
    first = next(iter(order_codes(policy, lists)), ("", ""))[0]
    return TryForm(policy, OrderTyped(first, resource_for(first)), day.isoformat())


def resource_for(code: str) -> str:
    """Return the type of resource for orders with a code."""
    return "MedicationRequest" if code.startswith(("RXNORM", "NDC")) else "ServiceRequest"


def typed_form(sent: MultiDict[str, str], policy: Policy) -> TryForm:
    """Return the form exactly as it was sent, readable or not."""
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


def order_codes(policy: Policy, lists: CodeLists) -> list[tuple[str, str]]:
    """Return the codes that the policy governs, as the form offers them.

    Each is the code as it is written, with its label.
    """
    return codes_of(policy.order_sets, lists)


def codes_of(sets: tuple[str, ...], lists: CodeLists) -> list[tuple[str, str]]:
    """Return the codes of some value sets, as a form offers them."""
    held = (lists.of(id_) for id_ in sets)
    rows = [(f"{row.system} {row.code}", row.label or row.stands_for) for one in held if one for row in one.rows]
    return [pair for pair in dict.fromkeys(rows) if coded(pair[0])][:MOST_CODES]


def coded(code: str) -> Coding | None:
    """Read a code with its system; None where it cannot be read."""
    try:
        return written(code)
    except ValueError:
        return None


def several(typed: str) -> list[str]:
    """Split what was typed at its semicolons."""
    return [part.strip() for part in typed.split(";") if part.strip()]


def words_by_fact(form: TryForm) -> Mapping[str, list[str]]:
    """Return the chart as vignettes write it."""
    found: dict[str, list[str]] = {}
    for row in form.facts:
        if row.value:
            found.setdefault(row.name, []).append(row.words)
    return found
