"""The order-sign request that the playground's form stands for.

It is the request that an EHR would send. The words of the form are read, and all mistakes are told at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from cds_service.content.content import Content
from cds_service.content.payers import Payer
from cds_service.facts.imagine import imagine
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine
from cds_service.facts.words import read_evidence
from cds_service.fhir.codes import Coding
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.grammar import ExpectEntry, OrderEntry
from cds_service.vignettes.read import PATIENT, Vignette
from cds_service.web.try_fields import Field, fields
from cds_service.web.try_form import PRIORITIES, RESOURCES, FactTyped, TryForm, coded, several, words_by_fact

UNCODED = "is not written with its system, as CPT 81420 is"
LONGEST = 2000
"""The most characters of one field."""


@dataclass(frozen=True, slots=True)
class Slip:
    """A field that cannot be read.

    It has its id in the form, its label, and what was meant.
    """

    field: str
    label: str
    said: str


class Mistyped(ValueError):
    """An error for a form with fields that cannot be read.

    ``slips`` has all of them.
    """

    def __init__(self, slips: list[Slip]) -> None:
        super().__init__("; ".join(slip.said for slip in slips))
        self.slips = tuple(slips)


@dataclass(frozen=True, slots=True)
class Imagined:
    """A request made from a form.

    ``answered`` are the facts that no chart can document, and that a questionnaire answers instead.
    """

    request: dict[str, Any]
    answered: tuple[str, ...]


def request_for(form: TryForm, content: Content) -> Imagined:
    """Make the request that says what a form says.

    Raises Mistyped with every field that cannot be read or documented.
    """
    slips: list[Slip] = []
    as_of = _day(form, slips)
    order = _order(form, slips)
    before, after = _signed(form.order.before, "before", slips), _signed(form.order.after, "after", slips)
    given: dict[str, list[Evidence]] = {}
    instead: list[str] = []
    via = {row.name: row.via for row in form.facts if row.via}
    for row in fields(form, content, _NO_LISTS):
        if row.typed.value:
            evidence, moved = _evidence(row, as_of, content, slips, via.get(row.name, ""))
            instead += [row.label] if moved else []
            if evidence:
                given.setdefault(row.name, []).append(evidence)
        elif row.typed.on:
            slips.append(Slip(row.id, row.label, "it has a day and no value"))
    if slips:
        raise Mistyped(slips)
    expect = ExpectEntry(outcome="necessary")
    unsent = frozenset(form.unsent)
    chart = dict(words_by_fact(form))
    vignette = Vignette("typed", "typed", form.policy, as_of, order, before, after, unsent, via, given, expect, "", 0, chart=chart)
    made = request_of(vignette, content)
    payer = next((payer for payer in content.payers if payer.id == form.payer), None)
    if payer:
        made["prefetch"]["coverage"]["entry"] = [{"resource": _coverage(payer)}]
    return Imagined(made, tuple(dict.fromkeys(instead)))


class _NoLists:
    """A stand-in for the code lists where only typed text matters."""

    def of(self, _: str) -> None:
        """Return no value set, whatever the id."""


_NO_LISTS: Any = _NoLists()


def _day(form: TryForm, slips: list[Slip]) -> date:
    try:
        return date.fromisoformat(form.as_of)
    except ValueError:
        slips.append(Slip("as-of", "Date of service", "it is a day, such as 2026-05-01"))
        return form.policy.effective_from


def _order(form: TryForm, slips: list[Slip]) -> OrderEntry:
    typed = form.order
    for name, label, codes in (
        ("code", "Code", [typed.code]),
        ("also", "Also coded as", several(typed.also)),
        ("reason", "Reason", several(typed.reason)),
    ):
        slips += [Slip(f"order-{name}", label, f"'{code}' {UNCODED}") for code in codes if coded(code) is None]
    entry = {
        "code": typed.code or "CPT 0",
        "also": several(typed.also),
        "text": typed.text[:LONGEST],
        "detail": several(typed.detail[:LONGEST]),
        "reason": several(typed.reason),
        "resource": typed.resource if typed.resource in RESOURCES else RESOURCES[0],
        "priority": typed.priority if typed.priority in PRIORITIES else "",
    }
    return OrderEntry.model_validate(entry)


def _signed(codes: str, name: str, slips: list[Slip]) -> tuple[Coding, ...]:
    found = []
    for code in several(codes):
        coding = coded(code)
        if coding is None:
            slips.append(Slip(f"order-{name}", "Signed with it", f"'{code}' {UNCODED}"))
        else:
            found.append(coding)
    return tuple(found)


def _evidence(row: Field, as_of: date, content: Content, slips: list[Slip], via: str) -> tuple[Evidence | None, bool]:
    """Read what a row says.

    Returns also whether it had to become an answer, because nothing in a chart documents it.
    """
    try:
        one = read_evidence(row.typed.words[:LONGEST], content.catalogue[row.name], Days.on(as_of), content.terminology)
        _try(row.typed, one, as_of, content, via)
    except CannotImagine:
        if one.kind == "recorded" and one.standing is Standing.USABLE:
            answered = one._replace(kind="answered")
            try:
                _try(row.typed, answered, as_of, content, "")
            except CannotImagine:
                slips.append(Slip(row.id, row.label, "neither a chart nor an answer can say this"))
                return None, False
            return answered, True
        slips.append(Slip(row.id, row.label, f"nothing in a chart says this as {row.typed.how}"))
        return None, False
    except (ValueError, OverflowError) as error:
        slips.append(Slip(row.id, row.label, str(error).removeprefix(f"'{row.name}' ")))
        return None, False
    return one, False


def _try(typed: FactTyped, evidence: Evidence, as_of: date, content: Content, via: str) -> None:
    """Raise CannotImagine where no resource documents the evidence."""
    scratch: dict[str, Any] = {"resourceType": "ServiceRequest", "id": "order-1"}
    imagine(typed.name, evidence, content.catalogue, ImaginedChart(content.terminology, PATIENT, as_of, scratch), via)


def _coverage(payer: Payer) -> dict[str, Any]:
    """Make a Coverage by which a payer is recognised."""
    known = next(iter(payer.entry.identifiers), None)
    payor: dict[str, Any] = {"display": payer.name}
    if known:
        payor["identifier"] = {"system": known.system, "value": known.value} if known.system else {"value": known.value}
    return {
        "resourceType": "Coverage",
        "id": "coverage-1",
        "status": "active",
        "beneficiary": {"reference": f"Patient/{PATIENT}"},
        "payor": [payor],
    }
