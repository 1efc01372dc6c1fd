"""Judgement of the orders of one signing: decisions and their rows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.decision import Decision
from cds_service.facts.extract import Facts
from cds_service.fhir.elements import days
from cds_service.fhir.payors import insured_by
from cds_service.fhir.validation import faults, is_of_day
from cds_service.judgement import decide
from cds_service.order import Order, faults_that_count, read_order
from cds_service.policy.evidence import Evidence, Fact
from cds_service.policy.model import Policy
from cds_service.policy.values import Days
from cds_service.replay import ledger
from cds_service.replay.chart_then import chart_then, resources_then
from cds_service.replay.held import Shelf
from cds_service.replay.orders import Signing, SourceOrder
from cds_service.replay.pool import DatedResource, LeftOut
from cds_service.said.as_data import as_data
from cds_service.sitting import Sitting
from cds_service.vignettes.as_vignette import as_vignette

log = logging.getLogger("cds_service")
Row = dict[str, Any]


class JudgedOrder(NamedTuple):
    """The rows of an order, or why there are none."""

    rows: list[Row]
    left: LeftOut | None = None


class _Told(NamedTuple):
    case: Case
    decision: Decision


def judge_signing(held: tuple[DatedResource, ...], signing: Signing, patient: str, shelf: Shelf) -> Iterator[JudgedOrder]:
    """Yield each order of a signing with its rows.

    An order without rows comes with the reason. One that fails never takes the others down.
    """
    medications = shelf.medications
    orders = tuple(read_order(one.resource, place, signing.known_by, medications) for place, one in enumerate(signing.orders))
    contents = [shelf.content] + ([shelf.other] if shelf.other else [])
    governed = [
        not one.reason and any(content.library.may_govern(order, order.date_of_service) for content in contents)
        for one, order in zip(signing.orders, orders, strict=True)
    ]
    resources = resources_then(held, signing, shelf) if any(governed) else []
    orders = tuple(_with_insurance(order, resources) for order in orders)
    sittings = [_sitting(resources, patient, content, shelf, orders) for content in contents] if any(governed) else []
    for found, order, listed in zip(signing.orders, orders, governed, strict=True):
        reason, detail = (found.reason or ledger.NOT_GOVERNED, "") if not listed else _fault(order)
        if reason:
            yield JudgedOrder([], LeftOut(found.place, reason, found.reference, detail))
            continue
        try:
            yield _judged(found, order, orders, sittings, contents, patient, shelf)
        except Exception as error:
            log.warning("an order of a replay could not be decided", extra={"kind": type(error).__name__})
            yield JudgedOrder([], LeftOut(found.place, ledger.FAILED, found.reference, type(error).__name__))


def _with_insurance(order: Order, resources: list[dict[str, Any]]) -> Order:
    """Give the order with the Coverages that it names as insurance.

    They are looked for inside the order and among the patient's.
    """
    if "insurance" not in order.resource:
        return order
    return replace(order, insured=insured_by(order.resource, [("", one) for one in resources], ()))


def _fault(order: Order) -> tuple[str, str]:
    """Say why a hook would refuse an order, with the element.

    Returns two empty strings where a hook would not refuse it.
    """
    found = [fault for fault in faults(order.resource) if not fault.element or fault.top in order.resource]
    counting = faults_that_count(order.resource, found, governed=True) if found else []
    if not counting:
        return "", ""
    element = counting[0].element if counting[0].known else ""
    return (ledger.BAD_DAY if all(map(is_of_day, counting)) else ledger.MALFORMED), f"{order.kind}.{element}: {counting[0].said}"


def _sitting(resources: list[dict[str, Any]], patient: str, content: Content, shelf: Shelf, orders: tuple[Order, ...]) -> Sitting:
    return Sitting(chart_then(resources, patient, content, shelf), orders, shared=len(orders) > 1)


def _judged(
    found: SourceOrder,
    order: Order,
    orders: tuple[Order, ...],
    sittings: list[Sitting],
    contents: list[Content],
    patient: str,
    shelf: Shelf,
) -> JudgedOrder:
    told = [_decided(order, orders, sitting, content) for sitting, content in zip(sittings, contents, strict=True)]
    ours = {one.decision.policy_id: one for one in told[0]}
    theirs = {one.decision.policy_id: one for one in told[1]} if len(told) > 1 else {}
    ids = [id_ for id_ in dict.fromkeys([*ours, *theirs]) if id_]
    if not ids:
        return JudgedOrder([], LeftOut(found.place, ledger.NOT_GOVERNED, found.reference))
    rows = [
        _row(id_, found, patient, ours.get(id_), theirs.get(id_), shelf)
        for id_ in ids
        if _wanted(ours.get(id_) or theirs[id_], shelf)
    ]
    return JudgedOrder(rows) if rows else JudgedOrder([], LeftOut(found.place, ledger.NOT_SELECTED, found.reference))


def _decided(order: Order, orders: tuple[Order, ...], sitting: Sitting, content: Content) -> list[_Told]:
    case = Case(sitting.chart, order, orders, order.date_of_service, None, "", sitting)
    return [_Told(case, decision) for decision in decide(case, content)]


def _payer(decision: Decision, content: Content) -> str:
    """Return the recognised payer, else the one that publishes the policy."""
    if decision.member:
        return decision.member.payer.id
    policy = decision.policy or content.library.version(decision.policy_id)
    return policy.payer if policy else ""


def _wanted(told: _Told, shelf: Shelf) -> bool:
    terms = shelf.terms
    if terms.policies and told.decision.policy_id not in terms.policies:
        return False
    return not terms.payers or _payer(told.decision, shelf.content) in terms.payers


def _row(id_: str, found: SourceOrder, patient: str, ours: _Told | None, theirs: _Told | None, shelf: Shelf) -> Row:
    """Return the row of an order and a policy.

    ``theirs`` is what the content of the comparison decides.
    """
    terms, content = shelf.terms, shelf.content
    row: Row = {
        "what": "decision",
        "patient": terms.named(patient),
        "order": terms.named(patient, found.reference),
        "day": found.day,
        "policy": id_,
    }
    told = ours or theirs
    if told is not None:
        decision = told.decision
        row |= {"payer": _payer(decision, content)}
        if decision.coding:
            row |= {"system": decision.coding.system, "code": decision.coding.code}
    row |= _said(ours, content, terms.values, found.day) if ours else {"outcome": "absent"}
    if shelf.other is not None:
        row |= {"other_outcome": theirs.decision.outcome.value if theirs else "absent"}
        if theirs:
            row |= {"other_because": list(theirs.decision.because_ids), "other_version": _version(theirs.decision)}
        if terms.values and told and row["outcome"] != row["other_outcome"]:
            row["example"] = _example(told, content if ours else shelf.other)
    return row


def _version(decision: Decision) -> date | None:
    return decision.policy.version if decision.policy else None


def _said(told: _Told, content: Content, values: bool, day: date) -> Row:
    data = as_data(told.decision, content, values)
    evidence: Any = data["evidence"]
    return {
        "version": _version(told.decision),
        "outcome": data["outcome"],
        "because": data["because"],
        "asks": data["asks"],
        "assumed": data["assumed"],
        "unsearched": data.get("searched", []),
        "evidence": [evidence_row(one, day) for one in evidence],
    }


def evidence_row(one: dict[str, Any], day: date) -> Row:
    """Return a piece of evidence as a row has it.

    It is taken from the machine-readable decision, and dated by its age on the date of service.
    """
    when = days(one.get("date")) or _span(one.get("date"))
    row = {name: one.get(name) for name in ("criterion", "fact", "kind", "unusable", "value")}
    return row | {"age_days": (day - when.last).days if when else None}


def _span(written: Any) -> Days | None:
    """Return the span that ``Days.text`` writes with both its ends."""
    first, _, last = written.partition(" to ") if isinstance(written, str) else ("", "", "")
    return Days(date.fromisoformat(first), date.fromisoformat(last)) if last else None


def _example(told: _Told, content: Content) -> str:
    """Write the chart of a changed decision as a vignette.

    It holds the facts that the policy reads, with every day moved, and no identifier.
    """
    policy = told.decision.policy
    if policy is None:
        return ""
    facts = Facts(replace(told.case, coding=told.decision.coding), content.catalogue)
    read = {name: facts[name] for name in policy.facts}
    moved = (policy.effective_from - told.case.as_of).days if policy.effective_from.year > 1 else 0
    shifted = {name: Fact(name, tuple(_moved(one, moved) for one in fact.evidence), fact.unsearched) for name, fact in read.items()}
    return as_vignette(shifted, policy, _day(told.case.as_of, moved, policy), content, "An example", "Found by a replay.")


def _day(day: date, moved: int, policy: Policy) -> date:
    return policy.effective_from if policy.effective_from.year > 1 else day


def _moved(one: Evidence, by: int) -> Evidence:
    value = _shifted(one.value, by) if isinstance(one.value, Days) else one.value
    return one._replace(value=value, when=_shifted(one.when, by) if one.when else None, resource="", instant="", shown="")


def _shifted(days_: Days, by: int) -> Days:
    """Give a span so many days later.

    A span that begins or ends with the calendar stays as it is, for it says no day.
    """
    try:
        return days_.plus(by)
    except OverflowError:
        return days_
