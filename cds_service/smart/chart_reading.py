"""What a session reads of the EHR beside what decisions need.

That is the patient's name, and the orders that a policy governs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from cds_service.content.content import Content
from cds_service.fhir.capability import SupportedSearch
from cds_service.fhir.elements import Resource, items, own_reference, patient_of, text
from cds_service.fhir.medication import Medications
from cds_service.fhir.resource_types import CODE_ELEMENTS, READ
from cds_service.fhir.scopes import Scopes
from cds_service.fhir.server import FhirServer, ReadResult
from cds_service.hooks.gathered.client_server import Reading, ServerAccess
from cds_service.hooks.gathered.fetch import medicine_readings, medicines_ordered, order_reader, referred
from cds_service.hooks.gathered.prefetch import included
from cds_service.order import Order, read_order
from cds_service.said.ordered import ordered
from cds_service.smart.app import SmartApp
from cds_service.smart.sessions import Session

ORDERS: Final = tuple(kind for kind in CODE_ELEMENTS if kind in READ and kind != "Appointment")
"""The types of orders that policies govern."""
OPEN: Final = frozenset({"draft", "active", "on-hold"})
"""The statuses of orders that are still to be carried out."""
MOST_LISTED: Final = 50
"""Orders that are offered to choose from."""


@dataclass(frozen=True, slots=True)
class Offered:
    """An order that can be chosen.

    Its reference, what it is called, its day, its status, and the titles of the policies.
    """

    reference: str
    name: str
    day: str
    status: str
    policies: tuple[str, ...]


def access_to(app: SmartApp, session: Session) -> ServerAccess:
    """Make the access of a session to its FHIR server.

    It lasts as long as one page may take.
    """
    granted = session.granted
    return ServerAccess(app.servers, session.iss.rstrip("/"), granted.token, Scopes(granted.scope))


def read_patient(access: ServerAccess, patient: str) -> Resource | None:
    """Read the patient's own record.

    None where it may not or cannot be read.
    """
    if access.covers("Patient", search=False) == "none":
        return None
    found = access.read([(("Patient",), lambda server: [("Patient", server.read("Patient", patient))])], 0.3)
    return next((resource for _, one in found for resource in one.resources), None)


def read_named_order(access: ServerAccess, reference: str, patient: str) -> Resource | None:
    """Read an order by its reference.

    None where it cannot be read, is no order, or is another patient's.
    """
    if reference.partition("/")[0] not in ORDERS:
        return None
    found = order_reader(access)(reference)
    return found if found and patient_of(found) == f"Patient/{patient}" else None


def with_medicine(app: SmartApp, access: ServerAccess, resource: Resource) -> Order:
    """Read an order with the Medication that it refers to.

    The Medication tells what is ordered.
    """
    order = read_order(resource, 0, app.today())
    ids = medicines_ordered([order])
    found = access.read(medicine_readings(ids, access), 0.3) if ids else []
    medicines = [one for _, read in found for one in read.resources]
    return read_order(resource, 0, app.today(), Medications(medicines)) if medicines else order


def offered_orders(app: SmartApp, access: ServerAccess, patient: str) -> tuple[list[Offered], list[str]]:
    """List the patient's open orders that a policy governs.

    Returns with them the types of orders that could not be searched.
    """
    may = [kind for kind in ORDERS if access.covers(kind, search=True) != "none"]
    found = access.read([((kind,), _all(kind, patient, access)) for kind in may]) if may else []
    unread = [kind for kind in ORDERS if kind not in may] + [kind for kind, one in found if one.code and kind in ORDERS]
    medications = Medications(resource for _, one in found for resource in one.resources)
    orders = [resource for kind, one in found for resource in one.resources if resource.get("resourceType") == kind]
    return list(_offered(orders, medications, app))[:MOST_LISTED], list(dict.fromkeys(unread))


def _all(kind: str, patient: str, access: ServerAccess) -> Reading:
    def reading(server: FhirServer) -> list[tuple[str, ReadResult]]:
        found = server.search(SupportedSearch(kind, patient, include=included(kind)))
        return [(kind, found), *referred(kind, found.resources, server, access)]

    return reading


def _offered(orders: list[Resource], medications: Medications, app: SmartApp) -> Iterator[Offered]:
    content = app.content
    for resource in orders:
        order = read_order(resource, 0, app.today(), medications)
        if text(resource.get("status")) in OPEN and order.stands and "/" in order.reference:
            selected = content.library.select(order.codings, order.date_of_service)
            titles = tuple(held.title for one in selected if (held := one.policy or content.library.version(one.policy_id)))
            if titles:
                yield Offered(
                    order.reference, name_of(order, content), order.date_of_service.isoformat(), text(resource["status"]), titles
                )


def name_of(order: Order, content: Content) -> str:
    """Return what an order is called, as cards call it."""
    selected = content.library.select(order.codings, order.date_of_service)
    chosen = next((one for one in selected if one.policy), None)
    coding = chosen.coding if chosen else next(iter(order.codings), None)
    return ordered(coding, chosen.policy if chosen else None, content, order).short


def person_named(patient: Resource | None) -> str:
    """Name the patient: name, birth date, sex.

    Empty where nothing could be read.
    """
    if patient is None:
        return ""
    names = [one for one in items(patient.get("name")) if isinstance(one, dict)]
    one: dict[str, Any] = next((n for n in names if n.get("use") in (None, "official", "usual")), names[0] if names else {})
    given = [part for part in one.get("given") or () if isinstance(part, str)] if isinstance(one.get("given"), list) else []
    named = text(one.get("text")) or " ".join([*given, text(one.get("family"))]).strip()
    parts = [named or own_reference(patient)]
    parts += [f"born {born}"] if (born := text(patient.get("birthDate"))) else []
    parts += [sex] if (sex := text(patient.get("gender"))) else []
    return ", ".join(parts)
