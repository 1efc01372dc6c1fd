"""A patient's resources, indexed by kind and by the value sets that hold their codes; and the case of one order.

Resources stay the client's JSON. A resource about somebody else is set aside and named. What was not searched is kept,
because searching and finding nothing is another silence than not searching.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final, NamedTuple

from cds_service.fhir.codes import Coding, is_known
from cds_service.fhir.elements import (
    ELSEWHERE,
    Resource,
    codings,
    days,
    first_days,
    items,
    own_reference,
    patient_of,
    reference,
    status_code,
    text,
)
from cds_service.fhir.medication import MEDICINES, Doubt, Medications, Said, doubt_of, is_told, said_medicine
from cds_service.fhir.person import Person
from cds_service.fhir.value_sets import UNPLACED, Carried, Terminology
from cds_service.fhir.vocabulary import Vocabulary
from cds_service.fhir.words_of_records import (
    Heard,
    Unplaced,
    ended_on,
    hear_names,
    in_force,
    is_silent,
    listen,
    says_something,
    spoken_on,
    value_words,
)
from cds_service.order import CODE_ELEMENTS, Order, replaced_by
from cds_service.policy.values import Days


class Hit:
    """A place in the chart whose code is in a value set; never changed.

    ``holder`` is the element that has the code: the resource itself or a component of it. ``carried`` is the value that the code
    stands for in the value set.
    """

    __slots__ = ("carried", "coding", "holder", "resource")

    def __init__(self, resource: Resource, holder: Mapping[str, Any], coding: Coding, carried: Carried | None) -> None:
        self.resource: Final = resource
        self.holder: Final = holder
        self.coding: Final = coding
        self.carried: Final = carried


@dataclass(frozen=True, slots=True)
class SetAside:
    """A resource that is not evidence, and why."""

    resource: str
    why: str


class Chart:
    """What is known of one patient: read once, asked often, never changed."""

    def __init__(
        self,
        resources: Iterable[Resource],
        terminology: Terminology,
        patient: str,
        unsearched: Iterable[str] = (),
        set_aside: Iterable[SetAside] = (),
        failed: Mapping[str, str] | None = None,
        person: Person | None = None,
        medications: Medications | None = None,
    ) -> None:
        """``patient`` is the bare id of the patient; ``unsearched`` names resource types whose data were not all searched.

        ``failed`` says of those that a technical failure kept from being searched what happened, in words. ``person`` knows the
        patient by other names, ``medications`` the Medications that records refer to.
        """
        self.terminology = terminology
        self.patient = f"Patient/{patient}"
        self._person = person
        self.unsearched = frozenset(unsearched)
        self.set_aside = list(set_aside)
        self.failed = dict(failed or {})
        self._kinds: dict[str, dict[str, Resource]] = {}
        self._index: dict[str, dict[str, list[Hit]]] = {}
        self._medications = medications
        self._doubts: list[tuple[Resource, Doubt]] = []
        self._allergies_in_doubt: list[tuple[Resource, Doubt]] = []
        self.unplaced: dict[tuple[str, str], list[Unplaced]] = {}
        self._heard: tuple[Vocabulary, dict[str, list[Heard]]] | None = None
        for number, resource in enumerate(resources):
            kind = resource.get("resourceType")
            if not isinstance(kind, str):
                continue
            own = own_reference(resource)
            subject = resource.get("subject")
            if not (isinstance(subject, dict) and subject.get("reference") == self.patient) and not self._is_own(
                resource, kind, own
            ):
                continue
            held = self._kinds.get(kind)
            if held is None:
                held = self._kinds[kind] = {}
            held.setdefault(own if "/" in own else f"{kind}#{number}", resource)

    def _is_own(self, resource: Resource, kind: str, own: str) -> bool:
        """Whether a resource is of this patient, as far as it says; what is not is set aside."""
        about = patient_of(resource)
        if about and about != self.patient and self._person is not None and kind != "Patient" and self._person.names(resource):
            return True
        if (about and about != self.patient) or (kind == "Patient" and own != self.patient):
            self.set_aside.append(SetAside(own, "it is not about this patient"))
            if about == ELSEWHERE:
                self.unsearched |= {kind}
            return False
        return True

    def of(self, kind: str) -> Iterable[Resource]:
        """The resources of one type, in the order they came."""
        return self._kinds.get(kind, {}).values()

    def get(self, reference: str) -> Resource | None:
        """The resource with this ``Type/id``, if the chart holds it."""
        return self._kinds.get(reference.partition("/")[0], {}).get(reference)

    def coded(self, kind: str, value_set: str) -> Iterable[Hit]:
        """The places in resources of one type whose code is in a value set."""
        index = self._index.get(kind)
        if index is None:
            index = self._index[kind] = self._indexed(kind)
        return index.get(value_set, ())

    def _indexed(self, kind: str) -> dict[str, list[Hit]]:
        index: dict[str, list[Hit]] = {}
        if kind in PLAINLY_CODED:
            for resource in self.of(kind):
                self.held(index, resource, resource, resource.get("code"))
            if kind == "AllergyIntolerance":
                self._index_substances(index)
            return index
        if kind == "Observation":
            for resource in self.of(kind):
                self.held(index, resource, resource, resource.get("code"))
                if "component" in resource:
                    for component in items(resource["component"]):
                        if isinstance(component, dict):
                            self.held(index, resource, component, component.get("code"))
            return index
        if kind in MEDICINES:
            for resource in self.of(kind):
                self._index_medicine(index, resource)
            return index
        for resource in self.of(kind):
            for holder, concept in _coded_places(kind, resource):
                self.held(index, resource, holder, concept)
        return index

    @cached_property
    def medications(self) -> Medications:
        """The Medications that records refer to."""
        return self._medications or Medications((*self.of("Medication"), *self.of("Substance")))

    def _index_medicine(self, index: dict[str, list[Hit]], resource: Resource) -> None:
        concept = resource.get("medicationCodeableConcept")
        if concept and is_told(concept, self.terminology):
            self.held(index, resource, resource, concept)
            return
        said = said_medicine(resource, self.medications)
        doubt = doubt_of(said, self.terminology) if in_force(resource) else None
        if doubt is not None:
            self._doubts.append((resource, doubt))
        for concept in said.concepts:
            self.held(index, resource, resource, concept, place=doubt is None or bool(doubt.unread))

    def _index_substances(self, index: dict[str, list[Hit]]) -> None:
        """What an allergy is to: also the substances of its reactions, and medicines that words alone name."""
        for resource in self.of("AllergyIntolerance"):
            reactions = [one.get("substance") for one in items(resource.get("reaction")) if isinstance(one, dict)]
            for substance in reactions:
                self.held(index, resource, resource, substance)
            for concept in (resource.get("code"), *reactions) if in_force(resource) else ():
                doubt = doubt_of(Said(concept), self.terminology) if concept else None
                if doubt is not None and doubt.named:
                    self._allergies_in_doubt.append((resource, doubt))

    @cached_property
    def allergies_in_doubt(self) -> tuple[tuple[Resource, Doubt], ...]:
        """The allergies in force to medicines that words alone name."""
        if "AllergyIntolerance" not in self._index:
            self._index["AllergyIntolerance"] = self._indexed("AllergyIntolerance")
        return tuple(self._allergies_in_doubt)

    @cached_property
    def doubts(self) -> tuple[tuple[Resource, Doubt], ...]:
        """The records of medicines in force that are named in words only, or that could not be read."""
        for kind in MEDICINES:
            if kind not in self._index:
                self._index[kind] = self._indexed(kind)
        return tuple(self._doubts)

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The value sets that hold any code of the chart: a fact documented by codes of other sets alone is silent."""
        for kind in self._kinds:
            if kind not in self._index:
                self._index[kind] = self._indexed(kind)
        return frozenset().union(
            *self._index.values(),
            *[self.sets_in_doubt(doubt) for _, doubt in self.doubts],
            *[self.terminology.concerned_with(doubt.named) for _, doubt in self.allergies_in_doubt],
        )

    def sets_in_doubt(self, doubt: Doubt) -> Iterable[str]:
        """The value sets of which a medicine in doubt may be."""
        named = self.terminology.concerned_with(doubt.named)
        return (*named, UNREAD) if doubt.unread else named

    def held(
        self, index: dict[str, list[Hit]], resource: Resource, holder: Mapping[str, Any], concept: Any, place: bool = True
    ) -> None:
        """Adds one coded place to an index by value set; a place with several codings of one set counts once for it.

        ``place`` notes where a concept could belong of which no system is known.
        """
        listed = concept["coding"] if concept.__class__ is dict and "coding" in concept else None
        if listed.__class__ is not list:
            listed = items(listed)
        seen: set[str] | None = set() if len(listed) > 1 else None
        holding = self.terminology.held
        placed = False
        for written in listed:
            if written.__class__ is not dict or "system" not in written or "code" not in written:
                continue
            system, code = written["system"], written["code"]
            if system.__class__ is not str or code.__class__ is not str or not code:
                continue
            found = holding[system, code]
            if not found:
                placed = placed or found is not UNPLACED
                continue
            placed = True
            coding = Coding(system, code)
            for id_, carried in found.items():
                if seen is not None:
                    if id_ in seen:
                        continue
                    seen.add(id_)
                hits = index.get(id_)
                if hits is None:
                    hits = index[id_] = []
                hits.append(Hit(resource, holder, coding, carried))
        if place and not placed and listed and in_force(resource, history=True):
            self._place(resource, listed)

    def _place(self, resource: Resource, listed: list[Any]) -> None:
        """Notes where a concept, none of whose codings is of a known system, could belong."""
        kind = resource["resourceType"]
        unplaced = Unplaced(own_reference(resource), spoken_on(resource), ended_on(resource))
        for written in listed:
            if isinstance(written, dict):
                for id_ in self.terminology.possible(text(written.get("system")), text(written.get("code"))):
                    self.unplaced.setdefault((kind, id_), []).append(unplaced)

    def heard(self, vocabulary: Vocabulary) -> Mapping[str, list[Heard]]:
        """What records say in words that speak of a fact, by the name of the fact; read once for a vocabulary."""
        if self._heard is None or self._heard[0] is not vocabulary:
            found: dict[str, list[Heard]] = {}
            for kind in vocabulary.kinds:
                for resource in self.of(kind):
                    for holder, concept in _worded_places(kind, resource, vocabulary):
                        listen(vocabulary, kind, resource, (concept, *value_words(kind, holder)), self.terminology, found)
            if vocabulary.names is not None:
                hear_names(vocabulary.names, self.of("Observation"), self.terminology, found)
            self._heard = (vocabulary, found)
        return self._heard[1]


UNREAD: Final = "a medicine that could not be read"
"""What a case mentions beside value sets when it holds a medicine of which neither code nor words tell what it is."""
PLAINLY_CODED: Final = frozenset({"Condition", "Procedure", "ServiceRequest", "DiagnosticReport", "AllergyIntolerance"})
"""Resource types that say what they are of in ``code`` alone."""


def _worded_places(kind: str, resource: Resource, vocabulary: Vocabulary) -> Iterable[tuple[Mapping[str, Any], Any]]:
    """The places of a resource whose words may speak of something; most say nothing, and are told without a call for each word."""
    if kind in PLAINLY_CODED:
        if "code" not in resource or is_silent(resource["code"], vocabulary):
            return ()
        return ((resource, resource["code"]),)
    if kind == "Observation":
        if "valueQuantity" in resource and "component" not in resource:
            return ()
        held = [resource, *[one for one in items(resource.get("component")) if isinstance(one, dict)]]
        return [(one, None if says_something(one) else one.get("code")) for one in held]
    if kind == "Device":
        return [(resource, concept) for concept in _named_device(resource)]
    return _coded_places(kind, resource)


def _named_device(resource: Resource) -> list[Any]:
    """The type of a device, and its type under each name that it is given: a type may say no more than that it is a device."""
    of_type = resource.get("type")
    coded = of_type.get("coding") if isinstance(of_type, dict) else None
    named = [one.get("name") for one in items(resource.get("deviceName")) if isinstance(one, dict)]
    return [of_type, *[{"coding": coded, "text": name} for name in named if isinstance(name, str)]]


def _coded_places(kind: str, resource: Resource) -> Iterable[tuple[Mapping[str, Any], Any]]:
    match kind:
        case "FamilyMemberHistory":
            for condition in items(resource.get("condition")):
                if isinstance(condition, dict):
                    yield condition, condition.get("code")
        case "Encounter":
            for concept in items(resource.get("reasonCode")):
                yield resource, concept
        case "RiskAssessment":
            for prediction in items(resource.get("prediction")):
                if isinstance(prediction, dict):
                    yield prediction, prediction.get("outcome")
        case "DeviceRequest":
            yield resource, resource.get("codeCodeableConcept")
        case "Device":
            yield resource, resource.get("type")
        case _:
            yield resource, resource.get("code")


class Stated(NamedTuple):
    """A diagnosis given as a reason: on the order itself, or on an encounter."""

    coding: Coding
    carried: Carried | None
    when: Days | None
    resource: str
    unconfirmed: bool


@dataclass(frozen=True)
class Case:
    """One order of one patient on its date of service, with everything signed together with it.

    ``coding`` is the one by which a policy selected the order: what holds for another coding is not said of this one.
    ``our_url`` is what stands before the service's addresses, and so before the canonical URLs of its forms; it may be empty.
    """

    chart: Chart
    order: Order
    signing: tuple[Order, ...]
    as_of: date
    coding: Coding | None = None
    our_url: str = ""

    def other_orders(self) -> Iterable[Order]:
        """The orders signed with this one that stand."""
        return (other for other in self.signing if other is not self.order and other.stands)

    @cached_property
    def reasons(self) -> Mapping[str, list[Stated]]:
        """The diagnoses that the order and the encounters give as reasons, by the value sets that hold them."""
        found: dict[str, list[Stated]] = {}
        order = self.order
        on = self.reasoned_on
        stated: list[tuple[Any, Days | None, str, bool]]
        stated = [(concept, on, order.reference, False) for concept in items(order.resource.get("reasonCode"))]
        stated += [(concept, on, order.reference, unconfirmed) for concept, unconfirmed in _contained_reasons(order.resource)]
        for encounter in self.chart.of("Encounter"):
            if encounter.get("status") not in ("entered-in-error", "cancelled"):
                when, said = first_days(encounter, "period"), own_reference(encounter)
                stated += [(concept, when, said, False) for concept in items(encounter.get("reasonCode"))]
        for concept, when, said, unconfirmed in stated:
            seen: set[str] = set()
            for coding in codings(concept):
                for id_, carried in self.chart.terminology.holding(coding.system, coding.code).items():
                    if id_ not in seen:
                        seen.add(id_)
                        found.setdefault(id_, []).append(Stated(coding, carried, when, said, unconfirmed))
        return found

    @property
    def reasoned_on(self) -> Days:
        """The day of which the order's reasons speak: when it was written, and not after the date of service."""
        written = days(self.order.resource.get("authoredOn"))
        return written if written and written.last <= self.as_of else Days.on(self.as_of)

    @cached_property
    def own(self) -> frozenset[str]:
        """The orders that are no evidence for this one: those signed together, and those that it replaces or carries out."""
        return frozenset([order.reference for order in self.signing]) | replaced_by(self.order)

    def heard(self, vocabulary: Vocabulary) -> Mapping[str, list[Heard]]:
        """What the chart, the order's reasons and the other orders say in words that speak of a fact, by its name."""
        own = self.own
        found = {
            fact: kept
            for fact, said in self.chart.heard(vocabulary).items()
            if (kept := [o for o in said if o.resource not in own])
        }
        reasons = list(items(self.order.resource.get("reasonCode")))
        reasons += [code for code, _ in _contained_reasons(self.order.resource)]
        said: dict[str, list[Heard]] = {}
        if reasons:
            listen(vocabulary, "Condition", self.order.resource, reasons, self.chart.terminology, said)
        for other in self.other_orders() if len(self.signing) > 1 else ():
            concepts = [one for name in CODE_ELEMENTS[other.kind] for one in items(other.resource.get(name))]
            listen(vocabulary, other.kind, other.resource, concepts, self.chart.terminology, said)
        for fact, more in said.items():
            found.setdefault(fact, []).extend(more)
        return found

    @cached_property
    def unplaced(self) -> Mapping[tuple[str, str], list[Unplaced]]:
        """Records with codes of no known system, by their type and the value sets that would hold their codes."""
        found = {
            place: kept for place, held in self.chart.unplaced.items() if (kept := [o for o in held if o.resource not in self.own])
        }
        for concept in items(self.order.resource.get("reasonCode")):
            listed = [one for one in items(concept.get("coding")) if isinstance(one, dict)] if isinstance(concept, dict) else []
            if any(is_known(text(one.get("system")), text(one.get("code"))) for one in listed):
                continue
            for one in listed:
                for id_ in self.chart.terminology.possible(text(one.get("system")), text(one.get("code"))):
                    found.setdefault(("Condition", id_), []).append(Unplaced(self.order.reference, self.reasoned_on))
        return found

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The value sets that hold any code of the chart, of the orders signed together, or of their reasons."""
        holding = self.chart.terminology.holding
        of_orders = (id_ for order in self.signing for coding in order.codings for id_ in holding(coding.system, coding.code))
        in_doubt = [self.chart.sets_in_doubt(doubt) for _, doubt in self.drafted_doubts] if len(self.signing) > 1 else ()
        return self.chart.mentioned.union(self.reasons, of_orders, *in_doubt)

    @cached_property
    def drafted_doubts(self) -> tuple[tuple[Order, Doubt], ...]:
        """The medicines signed together with the order that are named in words only, or that could not be read."""
        drafts = [order for order in self.other_orders() if order.kind == "MedicationRequest"]
        found = [(order, doubt_of(order.said, self.chart.terminology)) for order in drafts]
        return tuple([(order, doubt) for order, doubt in found if doubt is not None])

    @cached_property
    def unsearched(self) -> frozenset[str]:
        """The resource types not searched: the chart's, and Condition when the order's reason refers to one that is not here."""
        named = [reference(reason) for reason in items(self.order.resource.get("reasonReference"))]
        unseen = any(name.startswith("Condition/") and self.chart.get(name) is None for name in named)
        return self.chart.unsearched | {"Condition"} if unseen else self.chart.unsearched

    @cached_property
    def described(self) -> tuple[frozenset[str], list[Coding], list[str]]:
        """What describes the order: the value sets of its codings, the codings, and the words."""
        found, words = self.order.descriptions()
        holding = self.chart.terminology.holding
        return frozenset(id_ for coding in found for id_ in holding(coding.system, coding.code)), found, words

    @cached_property
    def reason_words(self) -> tuple[str, ...]:
        """The words of the order's reasons: of ``reasonCode``, and of the diagnoses that ``reasonReference`` names or contains."""
        order = self.order.resource
        named = [reference(reason) for reason in items(order.get("reasonReference"))]
        held = [self.chart.get(name) for name in named]
        held += [c for c in items(order.get("contained")) if isinstance(c, dict) and f"#{c.get('id')}" in named]
        concepts = [*items(order.get("reasonCode")), *(resource.get("code") for resource in held if resource)]
        return tuple(said for concept in concepts if isinstance(concept, dict) and (said := text(concept.get("text"))))


UNCONFIRMED: Final = frozenset({"provisional", "differential", "unconfirmed"})
"""Verification statuses of a diagnosis that is not evidence either way."""


def _contained_reasons(order: Resource) -> Iterator[tuple[Any, bool]]:
    """The codes of diagnoses that the order contains and names as its reason, and whether each is unconfirmed."""
    named = {reference(reason) for reason in items(order.get("reasonReference"))}
    if not named:
        return
    for contained in items(order.get("contained")):
        if isinstance(contained, dict) and f"#{contained.get('id')}" in named:
            verified = status_code(contained.get("verificationStatus"))
            if verified not in ("refuted", "entered-in-error"):
                yield contained.get("code"), verified in UNCONFIRMED
