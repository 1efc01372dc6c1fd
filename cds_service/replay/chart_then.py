"""The chart as it was known when orders were signed.

It is read as a hook reads a chart that was prefetched whole.
"""

from __future__ import annotations

from cds_service.chart import Chart
from cds_service.content.content import Content
from cds_service.fhir.elements import Resource, days, items, own_reference, reference
from cds_service.fhir.person import Person
from cds_service.fhir.resource_types import ASKED_FOR, MEDICINES
from cds_service.replay.held import Shelf
from cds_service.replay.orders import Signing
from cds_service.replay.pool import DatedResource


def resources_then(held: tuple[DatedResource, ...], signing: Signing, shelf: Shelf) -> list[Resource]:
    """Return the resources that could be read when orders were signed.

    The orders themselves are left out. Of encounters, only the one in which the orders were signed is kept. A Coverage
    comes with the payers that it names, a prescription with its Medication.
    """
    known_by = signing.known_by
    own = {id(order.resource) for order in signing.orders}
    claims = {order.place for order in signing.orders} if shelf.terms.orders == "claims" else frozenset()
    known = [one for one in held if (one.counts_from is None or one.counts_from <= known_by) and one.kind in ASKED_FOR]
    kept = [one.resource for one in known if id(one.resource) not in own and one.place not in claims]
    found = [one for one in kept if one["resourceType"] not in ("Encounter", "Coverage")]
    found += _encounter([one for one in kept if one["resourceType"] == "Encounter"], signing)
    coverages = shelf.payors.beside(tuple([one for one in kept if one["resourceType"] == "Coverage"]))
    found += coverages
    payers = {reference(payor): None for coverage in coverages for payor in items(coverage.get("payor"))}
    found += [payer for name in payers if (payer := shelf.organizations.get(name)) is not None]
    return found + _medicines(found, shelf)


def _encounter(encounters: list[Resource], signing: Signing) -> list[Resource]:
    """Return the encounter that the orders name, else one by its time.

    Where none is named, it is the first encounter during which the orders were signed.
    """
    named = {reference(order.resource.get("encounter")) for order in signing.orders} - {""}
    if named:
        return [one for one in encounters if own_reference(one) in named][:1]
    return [one for one in encounters if _lasts(one, signing)][:1]


def _lasts(encounter: Resource, signing: Signing) -> bool:
    period = encounter.get("period")
    start, end = (days(period.get(name)) for name in ("start", "end")) if isinstance(period, dict) else (None, None)
    began = start is not None and start.first <= signing.known_by
    return began and (end.last >= signing.known_by if end else encounter.get("status") in ("in-progress", "arrived", "triaged"))


def _medicines(resources: list[Resource], shelf: Shelf) -> list[Resource]:
    named = [one["medicationReference"] for one in resources if one["resourceType"] in MEDICINES and "medicationReference" in one]
    found = [one for name in named if (one := shelf.medications.find(name, {})) is not None]
    return list({id(one): one for one in found if one.get("resourceType") == "Medication"}.values())


def chart_then(resources: list[Resource], patient: str, content: Content, shelf: Shelf) -> Chart:
    """Return the chart of one patient.

    A type that the source does not hold, and that cannot be looked up, counts as not searched.
    """
    person = Person(patient, [one for one in resources if one["resourceType"] == "Patient"])
    unsearched = shelf.unsearched
    chart = Chart(resources, content.terminology, patient, unsearched, person=person, medications=shelf.medications)
    unread = frozenset(chart.left_unread) - unsearched
    if unread:
        unsearched = unsearched | unread
        chart = Chart(resources, content.terminology, patient, unsearched, person=person, medications=shelf.medications)
    return chart
