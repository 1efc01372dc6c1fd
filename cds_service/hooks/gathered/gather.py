"""The gathering of a call's chart.

A chart is made of what the client prefetched and, for what is missing there, of what its FHIR server gives. What was
searched is kept apart from what was not.

Nothing is asked of the server when everything was prefetched, or when no policy lists an order.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, NamedTuple

from cds_service.chart import Chart, SetAside
from cds_service.content.content import Content
from cds_service.fhir.elements import Resource, own_reference
from cds_service.fhir.medication import Medications
from cds_service.fhir.payors import Payors, insured_by
from cds_service.fhir.person import Person
from cds_service.fhir.resource_types import ASKED_FOR, KEYS, MEDICINES
from cds_service.fhir.server import ReadResult
from cds_service.hooks.account import loggable
from cds_service.hooks.gathered.client_server import NOT_TECHNICAL, ServerAccess, said
from cds_service.hooks.gathered.fetch import (
    medicine_readings,
    medicines_ordered,
    needs_of,
    readings,
    referred,
    unresolved,
)
from cds_service.hooks.gathered.prefetched import Supplied, supplied, with_orders
from cds_service.hooks.received.request import HookRequest
from cds_service.order import Order, informing, read_order

log = logging.getLogger("cds_service")
_REFERRING: Final = ("Coverage", *MEDICINES)
_CUT_SHORT: Final = frozenset({"prefetch-incomplete", "prefetch-failed", "pages", "incomplete", "elsewhere"})
"""Codes for what was searched for and did not come whole.

If dispenses came only in part, prescriptions count as incomplete too. Dispenses that nobody asked for leave nothing
missing, since prescriptions mostly tell as well; of dispenses that came in part, what is missing is a medicine. It is
the same with orders of devices and those of services, where any came: a search for them that failed or brought none mostly
says that the EHR keeps none.
"""
_STATES: Final = {"part": "prefetch-incomplete", "failed": "prefetch-failed", "absent": "not-prefetched"}


class Gathered(NamedTuple):
    """The chart, and the orders as they read with it.

    A medicine that was fetched tells what an order is of.
    """

    chart: Chart
    signing: tuple[Order, ...]


def gather(
    request: HookRequest[Any],
    content: Content,
    signing: tuple[Order, ...],
    today: date,
    person: Person,
    medications: Medications,
    access: ServerAccess | None = None,
    unsaved: Sequence[Resource] = (),
) -> Gathered:
    """Gather the patient's chart.

    Keys that the service did not ask for are ignored. What is missing is read by ``access``, if there is one. A
    resource type that no key asks for was not searched, whatever was sent. ``unsaved`` are resources that are looked at
    besides.
    """
    patient = request.context.patient_id
    prefetch = request.prefetch or {}
    keys = with_orders(prefetch, [supplied(prefetch, key, kind, patient) for key, kind in KEYS.items()], patient)
    payors = Payors(_own_keys(prefetch))
    keys = [held._replace(resources=payors.beside(held.resources)) if held.kind == "Coverage" else held for held in keys]
    signing = tuple(_with_insurance(order, request, prefetch) for order in signing)
    resources = [*unsaved, *[resource for held in keys for resource in held.resources]]
    resources += [resource for order in signing for resource in informing(order)]
    codes = {
        held.kind: _STATES[held.state]
        for held in keys
        if held.state != "whole" and not (held.kind == "Encounter" and held.state == "absent")
    }
    if access:
        started = time.monotonic()
        signing, found = _fetched(request, content, signing, today, keys, access)
        read = [resource for _, one in found for resource in one.resources]
        resources += read
        medications = medications + read
        asked = _codes(found)
        codes = {kind: code for kind, code in (codes | asked).items() if code}
        if asked:
            _log(request, asked, started)
    if codes.get("MedicationDispense") in _CUT_SHORT:
        codes.setdefault("MedicationRequest", codes["MedicationDispense"])
    if codes.get("DeviceRequest") in _CUT_SHORT and any(one.get("resourceType") == "DeviceRequest" for one in resources):
        codes.setdefault("ServiceRequest", codes["DeviceRequest"])
    codes |= dict.fromkeys(content.catalogue.searched - ASKED_FOR, "not-prefetched")
    chart = _chart(resources, content, patient, codes, person, medications)
    for kind in chart.left_unread:
        codes.setdefault(kind, "medicine-unknown")
    if len(codes) > len(chart.unsearched):
        chart = _chart(resources, content, patient, codes, person, medications)
    return Gathered(chart, signing)


def _chart(
    resources: Sequence[Resource],
    content: Content,
    patient: str,
    codes: dict[str, str],
    person: Person,
    medications: Medications,
) -> Chart:
    set_aside = [SetAside(kind, said(code)) for kind, code in codes.items() if code != "not-prefetched"]
    failed = {kind: said(code) for kind, code in codes.items() if code not in NOT_TECHNICAL}
    return Chart(resources, content.terminology, patient, codes, set_aside, failed, person, medications)


def _codes(found: Sequence[tuple[str, ReadResult]]) -> dict[str, str]:
    """Return why each type that was asked for is not whole.

    For a type that is whole, this is the empty string.
    """
    codes: dict[str, str] = {}
    for kind, one in found:
        codes[kind] = codes.get(kind) or one.code
    return codes


def _fetched(
    request: HookRequest[Any],
    content: Content,
    signing: tuple[Order, ...],
    today: date,
    keys: list[Supplied],
    access: ServerAccess,
) -> tuple[tuple[Order, ...], list[tuple[str, ReadResult]]]:
    """Read what is missing from the server.

    Returns the orders with the medicines that were read, and what the server gave. Half of the time is kept for the
    chart.
    """
    found: list[tuple[str, ReadResult]] = []
    if ids := medicines_ordered(signing):
        found += access.read(medicine_readings(ids, access), 0.5)
        read = {own_reference(resource): resource for _, one in found for resource in one.resources}
        signing = tuple(_with_medicine(order, today, read) for order in signing)
    patient, encounter = request.context.patient_id, getattr(request.context, "encounter_id", None) or ""
    states = {held.kind: held for held in keys}
    prefetched = [resource for held in keys for resource in held.resources]
    chart = Chart(prefetched, content.terminology, patient)
    incomplete = any(held.state != "whole" and (held.kind != "Encounter" or encounter) for held in keys)
    loose = any(True for kind in _REFERRING for _ in unresolved(kind, prefetched, access.address))
    if not incomplete and not loose:
        return signing, found
    needs = needs_of(signing, chart, content, coverage_known=states["Coverage"].state == "whole" and not loose)
    if needs is None:
        return signing, found
    asked = list(readings(keys, needs, (patient, encounter), content, access))
    for kind in _REFERRING:
        held = [r for r in prefetched if r.get("resourceType") in (kind, "Organization", "Medication")]
        if (kind in needs) and any(True for _ in unresolved(kind, held, access.address)):
            asked.append((("Medication",), lambda server, k=kind, h=held: referred(k, h, server, access)))  # type: ignore[misc]
    return signing, found + (access.read(asked) if asked else [])


def _with_insurance(order: Order, request: HookRequest[Any], prefetch: dict[str, Any]) -> Order:
    """Return the order with the Coverages that came with it.

    Nearly all orders name the Coverages of the chart, if any.
    """
    if "insurance" not in order.resource:
        return order
    found = insured_by(order.resource, request.context.addressed(), _own_keys(prefetch))
    return replace(order, insured=found) if found else order


def _own_keys(prefetch: dict[str, Any]) -> Iterator[Any]:
    """Return what came with the Coverages, or under the client's own keys."""
    return (value for key, value in prefetch.items() if key == "coverage" or key not in KEYS)


def _with_medicine(order: Order, today: date, read: dict[str, Resource]) -> Order:
    again = read_order(order.resource, order.position, today, Medications(read.values()))
    if order.medicine or not again.medicine:
        return order
    return replace(order, codings=again.codings, medicine=again.medicine, said=again.said)


def _log(request: HookRequest[Any], asked: dict[str, str], started: float) -> None:
    extra = {
        "hook_instance": loggable(request.hook_instance),
        "read": {kind: code or "read" for kind, code in asked.items()},
        "ms": round((time.monotonic() - started) * 1000),
    }
    log.info("read from the client's FHIR server", extra=extra)
