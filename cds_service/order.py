"""One draft order, with what every decision needs from it.

These are its codes, the date of service it asks for, and the words that describe it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from cds_service.fhir.codes import BILLED, Coding, is_known, key_of
from cds_service.fhir.elements import Resource, codings, concept_words, days, items, own_reference, reference, text
from cds_service.fhir.fifth_release import as_fourth_release
from cds_service.fhir.medication import NO_MEDICATIONS, NOTHING_SAID, Medications, StatedMedicine, said_medicine
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.fhir.validation import Fault, decisive
from cds_service.policy.values import Days

BILLING_OPTIONS: Final = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-billing-options"
"""The extension that names the codes for billing an order.

With it, a client says by what codes it expects an order to be billed.
"""

LookUp = Callable[[str], Resource | None]
"""A function that finds a resource by ``Type/id``."""

Place = tuple[str | int, ...]
"""Where a resource stands in a request.

It is the path of members and list indexes that lead to it.
"""

_SELECTING: Final = {"status", "basedOn", "subject", "doNotPerform"}.union(*CODE_ELEMENTS.values())
"""The elements read of an order that no policy governs."""
WITHDRAWN: Final = frozenset({"entered-in-error", "cancelled", "revoked", "stopped", "noshow"})


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the client sent it, with what decisions need.

    ``resource`` is what was sent, as R4 writes it; ``sent`` is what was sent where that was shaped otherwise (R5).
    ``position`` is its place among the orders of the call, counted from 0.
    ``date_of_service`` is ``occurrence[x]`` (the start of a period or timing), else ``authoredOn``, else the day of the
    call; of an Appointment its ``start``, else the period asked for. ``medicine`` is the code of the Medication it
    refers to, ``said`` all that it says of its medicine. ``place`` is where it stands in the request; empty for an
    order that was read from the client's FHIR server.
    ``insured`` are the Coverages that it names as its insurance and that come with it: inside it (their id is then the
    reference ``#id``), or beside it.
    """

    resource: Resource
    position: int
    reference: str
    kind: str
    codings: tuple[Coding, ...]
    date_of_service: date
    medicine: Any = None
    place: Place = ()
    said: StatedMedicine = NOTHING_SAID
    insured: tuple[Resource, ...] = ()
    sent: Resource | None = None

    @property
    def stands(self) -> bool:
        """Whether it asks for something to be done.

        It does unless it is withdrawn, or an order *not* to do something.
        """
        return self.resource.get("doNotPerform") is not True and text(self.resource.get("status")) not in WITHDRAWN

    @property
    def is_inside(self) -> bool:
        """Whether it stands inside another resource.

        Then nothing can be written onto it.
        """
        return "#" in self.reference

    def names(self) -> list[str]:
        """Return all words that name what is ordered.

        They are texts, displays, and the name beside a reference. They decide nothing.
        """
        concepts = [one for name in CODE_ELEMENTS[self.kind] for one in items(self.resource.get(name)) if isinstance(one, dict)]
        concepts += [one for one in self.said.concepts if isinstance(one, dict)]
        named = [text(concept.get("text")) for concept in concepts] + [self.said.name]
        named += [text(one.get("display")) for concept in concepts for one in items(concept.get("coding")) if isinstance(one, dict)]
        return [words for words in dict.fromkeys(named) if words]

    def descriptions(self) -> tuple[list[Coding], list[str]]:
        """Return what describes the order: codings and words.

        They are those of its code and of ``orderDetail``. Notes and display texts do not describe an order (they hint at
        what it is), nor does a code of a system that is not known, as hospitals number orders.
        """
        concepts = self._concepts()
        found = [coding for concept in concepts for coding in codings(concept) if is_known(*coding)]
        return found, [said for concept in concepts if (said := text(concept.get("text")))]

    def displays(self, known: bool) -> list[str]:
        """Return the names of its codings.

        They are those of known systems, or of no known one. By the latter a client names its own orders. They decide nothing.
        """
        listed = [one for concept in self._concepts() for one in items(concept.get("coding")) if isinstance(one, dict)]
        named = [text(one.get("display")) for one in listed if is_known(text(one.get("system")), text(one.get("code"))) is known]
        return [words for words in named if words]

    def remarks(self) -> list[str]:
        """Return the words of its notes and instructions to the patient."""
        noted = [text(note.get("text")) for note in items(self.resource.get("note")) if isinstance(note, dict)]
        return [words for words in (*noted, text(self.resource.get("patientInstruction"))) if words]

    def reasons(self) -> list[str]:
        """Return the words of the reasons that the order itself gives."""
        coded = [words for concept in items(self.resource.get("reasonCode")) for words in concept_words(concept)]
        named = [text(one.get("display")) for one in items(self.resource.get("reasonReference")) if isinstance(one, dict)]
        return [words for words in (*coded, *named) if words]

    def _concepts(self) -> list[dict[str, Any]]:
        """Return the concepts of its code and of ``orderDetail``."""
        found = [concept for name in CODE_ELEMENTS[self.kind] for concept in items(self.resource.get(name))]
        found += [self.medicine] if self.medicine else []
        return [one for one in (*found, *items(self.resource.get("orderDetail"))) if isinstance(one, dict)]


def informing(order: Order) -> list[Resource]:
    """Return the findings that an order contains as supporting information.

    They are Observations and Conditions, each with an id by which nothing else in a chart is known.
    """
    named = {reference(one) for one in items(order.resource.get("supportingInfo"))}
    if not named or not order.stands:
        return []
    held = [one for one in items(order.resource.get("contained")) if isinstance(one, dict) and f"#{one.get('id')}" in named]
    own = text(order.resource.get("id")) or "order"
    return [one | {"id": f"{own}-{one['id']}"} for one in held if one.get("resourceType") in ("Observation", "Condition")]


def read_order(
    resource: Resource,
    position: int,
    today: date,
    medications: Medications = NO_MEDICATIONS,
    place: Place = (),
    on: date | None = None,
) -> Order:
    """Read an order.

    ``today`` is the day of the call, ``medications`` those that an order may refer to. ``on`` is the day of service
    where the call names one in the order's stead (its appointment, or the task to fulfil it). Malformed parts are read
    as absent (validation is the hook's).
    """
    kind = text(resource.get("resourceType"))
    written, resource = resource, as_fourth_release(kind, resource)
    concepts = [concept for name in CODE_ELEMENTS.get(kind, ()) for concept in items(resource.get(name))]
    said = said_medicine(resource, medications) if kind == "MedicationRequest" else NOTHING_SAID
    medicine = said.one_concept() if not resource.get("medicationCodeableConcept") else None
    concepts += [medicine] if medicine else []
    found = tuple(coding for concept in concepts for coding in codings(concept))
    if not any(key_of(coding.system, coding.code).space in BILLED for coding in found):
        found += billing_option(concepts)
    day = on or date_of_service(resource) or today
    sent = written if written is not resource else None
    return Order(resource, position, own_reference(resource), kind, found, day, medicine, place, said, sent=sent)


def billing_option(concepts: list[Any]) -> tuple[Coding, ...]:
    """Return the codings of the one billing code a client expects.

    It is given for what is ordered (CRD, billing options). Of several codes, which need not mean the same, nobody can
    tell which will be billed, and none counts.
    """
    extensions = [one for concept in concepts if isinstance(concept, dict) for one in items(concept.get("extension"))]
    options = [one for one in extensions if isinstance(one, dict) and one.get("url") == BILLING_OPTIONS]
    return tuple(codings(options[0].get("valueCodeableConcept"))) if len(options) == 1 else ()


def date_of_service(resource: Resource) -> date | None:
    """Return the day an order asks for, or None.

    It is ``occurrence[x]`` (the start of a Period or Timing; for a medicine the start of its dosage), else
    ``authoredOn``; of an Appointment its start, else ``created``. Of a partial date, it is the first day it leaves
    open.
    """
    found = timing_start(resource.get("occurrenceTiming"))
    if resource.get("resourceType") == "MedicationRequest":
        dosages = (d.get("timing") for d in items(resource.get("dosageInstruction")) if isinstance(d, dict))
        found = found or next((start for start in map(timing_start, dosages) if start), None)
    period = resource.get("occurrencePeriod")
    found = found or days(resource.get("occurrenceDateTime"))
    found = found or (days(period.get("start")) if isinstance(period, dict) else None)
    if resource.get("resourceType") == "Appointment":
        found = appointment_start(resource) or days(resource.get("created"))
    found = found or days(resource.get("authoredOn"))
    return found.first if found else None


def appointment_start(appointment: Resource) -> Days | None:
    """Return when an Appointment begins.

    It is its start, else that of the first period asked for.
    """
    asked = next((one for one in items(appointment.get("requestedPeriod")) if isinstance(one, dict)), {})
    return days(appointment.get("start")) or days(asked.get("start"))


def timing_start(timing: Any) -> Days | None:
    """Return when a Timing begins.

    It is its first event, else the start of its bounds.
    """
    if not isinstance(timing, dict):
        return None
    events, repeat = timing.get("event"), timing.get("repeat")
    event = days(events[0]) if isinstance(events, list) and events else None
    bounds = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
    return event or (days(bounds.get("start")) if isinstance(bounds, dict) else None)


def faults_that_count(resource: Resource, found: list[Fault], governed: bool) -> list[Fault]:
    """Return the faults that keep an order from being judged.

    Of an order that no policy governs, less is read, so fewer faults count.
    """
    read = decisive(resource, found)
    return read if governed else [fault for fault in read if not fault.element or fault.top in _SELECTING]


def replaced_by(order: Order) -> set[str]:
    """Return the orders that an order replaces or carries out.

    They are not evidence against it.
    """
    if order.kind not in CODE_ELEMENTS:
        return set()
    prior = [
        element
        for name in ("replaces", "priorPrescription", "priorRequest", "basedOn")
        for element in items(order.resource.get(name))
    ]
    return {reference(replaced) for replaced in prior}
