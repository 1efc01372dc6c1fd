"""Requests to the client's FHIR server.

Only that is asked for which was not prefetched and which the policies selected for the orders really read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from cds_service.chart import Chart
from cds_service.content.content import Content
from cds_service.content.payers import recognise
from cds_service.facts.wanted import Need
from cds_service.fhir.capability import SupportedSearch
from cds_service.fhir.elements import Resource, items, reference, text
from cds_service.fhir.server import FhirServer, ReadResult
from cds_service.hooks.gathered.client_server import Reading, ServerAccess
from cds_service.hooks.gathered.prefetch import codes_of, included
from cds_service.hooks.gathered.prefetched import Supplied
from cds_service.order import LookUp, Order

MOST_REFERENCES = 50
"""The most medicines, or payers, that are looked up for one call."""
_CODES_AT_ONCE = 100
"""Codes of one search: more make URLs that servers refuse."""
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""Ids that mean one resource in a URL.

A comma would name several patients, and dots other paths.
"""
Asked = tuple[tuple[str, ...], Reading]


def needs_of(signing: Iterable[Order], chart: Chart, content: Content, *, coverage_known: bool) -> dict[str, list[Need]] | None:
    """Return what the selected policies search, by resource type.

    Returns None when no policy lists an order. As long as the Coverage is not known, all policies that list a code
    count.
    """
    facts: dict[str, None] = {}
    governed = False
    for order in signing:
        if not order.stands:
            continue
        members = recognise(chart, content.payers, order.date_of_service, order) if coverage_known else ()
        if members:
            selected = content.library.select(order.codings, order.date_of_service, lambda p, m=members: any(x.has(p) for x in m))  # type: ignore[misc]
        else:
            selected = content.library.select(order.codings, order.date_of_service)
        for choice in selected:
            governed = True
            facts.update(dict.fromkeys(choice.policy.facts if choice.policy else ()))
    if not governed:
        return None
    needs: dict[str, list[Need]] = {"Coverage": [], "QuestionnaireResponse": []}
    for need in content.catalogue.needs(tuple(facts)):
        needs.setdefault(need.resource, []).append(need)
    return needs


def medicines_ordered(signing: Iterable[Order]) -> tuple[str, ...]:
    """Return the ids of ordered Medications that nobody sent.

    They are those that standing orders refer to.
    """
    named = (reference(order.resource.get("medicationReference")) for order in signing if order.stands and not order.medicine)
    ids = (name.removeprefix("Medication/") for name in named if name.startswith("Medication/"))
    return tuple(dict.fromkeys(id_ for id_ in ids if _ID.fullmatch(id_)))[:MOST_REFERENCES]


def order_reader(access: ServerAccess | None) -> LookUp:
    """Return what reads orders that a call only names.

    It reads from the server of the call, and gives None where the order cannot be read. Each reading takes a share of
    the time that is left, so that the chart is read as well.
    """

    def read(wanted: str) -> Resource | None:
        kind, _, id_ = wanted.partition("/")
        if access is None or not _ID.fullmatch(id_) or access.covers(kind, search=False) == "none":
            return None
        found = access.read([((kind,), lambda server: [(kind, server.read(kind, id_))])], 0.3)
        return next((resource for _, one in found for resource in one.resources), None)

    return read


def medicine_readings(ids: Sequence[str], access: ServerAccess) -> list[Asked]:
    """Return the readings of Medications by id."""
    if access.covers("Medication", search=False) == "none":
        return [(("Medication",), lambda _: [("Medication", ReadResult((), "scope"))])] if ids else []

    def one(id_: str) -> Reading:
        return lambda server: [("Medication", server.read("Medication", id_))]

    return [(("Medication",), one(id_)) for id_ in ids]


def readings(
    keys: Iterable[Supplied], needs: dict[str, list[Need]], request_ids: tuple[str, str], content: Content, access: ServerAccess
) -> Iterator[Asked]:
    """Yield the readings for what was not supplied whole.

    ``request_ids`` are the ids of the patient and the encounter.

    Of the keys that failed, only the Coverage is asked for again: the client's own search has just failed on the rest.
    """
    patient, encounter = request_ids
    if not _ID.fullmatch(patient):
        return
    for held in keys:
        kind = held.kind
        wanted = kind in needs or kind == "Coverage"
        if not wanted or held.state == "whole" or (held.state == "failed" and kind != "Coverage"):
            continue
        if kind in ("Patient", "Encounter"):
            id_ = patient if kind == "Patient" else encounter
            if _ID.fullmatch(id_):
                yield _one(kind, id_, access)
        elif kind != "Medication":
            yield from _searched(held, needs.get(kind, []), patient, content, access)


def _one(kind: str, id_: str, access: ServerAccess) -> Asked:
    covered = access.covers(kind, search=False)
    return (kind,), lambda server: [(kind, server.read(kind, id_) if covered != "none" else ReadResult((), "scope"))]


def _searched(held: Supplied, needs: list[Need], patient: str, content: Content, access: ServerAccess) -> Iterator[Asked]:
    kind = held.kind
    covered = access.covers(kind, search=True)
    if covered == "none":
        yield (kind,), lambda _: [(kind, ReadResult((), "scope"))]
        return
    codes = codes_of(needs, content.terminology) if needs else ()
    for start in range(0, len(codes) or 1, _CODES_AT_ONCE):
        search = SupportedSearch(
            kind, patient, codes[start : start + _CODES_AT_ONCE], active=kind == "Coverage", include=included(kind)
        )

        def reading(server: FhirServer, search: SupportedSearch = search) -> list[tuple[str, ReadResult]]:
            found = server.follow(search, held.next, held.resources) if held.next else server.search(search)
            if covered == "part" and not found.code:
                found = ReadResult(found.resources, "scope")
            return [(kind, found), *referred(kind, found.resources, server, access)]

        yield (kind,), reading
        if held.next:
            return


def referred(kind: str, resources: Iterable[Resource], server: FhirServer, access: ServerAccess) -> list[tuple[str, ReadResult]]:
    """Read what resources refer to and cannot be understood without.

    That is the payer of a Coverage, or the medicine of a prescription.
    """
    held = list(resources)
    target = "Organization" if kind == "Coverage" else "Medication"
    ids = list(unresolved(kind, held, server.address))
    if not ids:
        return []
    if access.covers(target, search=False) == "none":
        return [(target, ReadResult((), "scope"))]
    return [(target, server.read(target, id_)) for id_ in ids[:MOST_REFERENCES]]


def unresolved(kind: str, resources: Iterable[Resource], address: str) -> Iterator[str]:
    """Yield the ids of payers or medicines that did not come along.

    The resources refer to them on this server.
    """
    held = list(resources)
    present = {f"{r.get('resourceType')}/{r.get('id')}" for r in held}
    seen: set[str] = set()
    for resource in held:
        if resource.get("resourceType") != kind:
            continue
        for one in items(resource.get("payor")) if kind == "Coverage" else [resource.get("medicationReference")]:
            if not isinstance(one, dict) or isinstance(one.get("identifier"), dict):
                continue
            named, as_written = reference(one), text(one.get("reference"))
            here = "://" not in as_written or as_written.startswith(f"{address}/")
            target, _, id_ = named.partition("/")
            if (
                here
                and target in ("Organization", "Medication")
                and named not in present
                and _ID.fullmatch(id_)
                and id_ not in seen
            ):
                seen.add(id_)
                yield id_
