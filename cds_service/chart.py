"""A patient's resources, indexed by type and by value set.

The value sets are those that hold the resources' codes. Resources stay the client's JSON. A resource about somebody
else is set aside and named. What was not searched is kept, because searching and finding nothing is another silence
than not searching.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from cds_service.fhir.coded_places import coded_places, worded_places
from cds_service.fhir.codes import Coding
from cds_service.fhir.elements import ELSEWHERE, Resource, items, own_reference, patient_of, reference, text
from cds_service.fhir.medication import Doubt, Medications, StatedMedicine, doubt_of, is_told, said_medicine
from cds_service.fhir.person import Person
from cds_service.fhir.resource_types import MEDICINES, PLAINLY_CODED
from cds_service.fhir.value_sets import NOWHERE, UNPLACED, Carried, SetsByCode, Terminology
from cds_service.fhir.vocabulary import CONCLUSION, Vocabulary
from cds_service.fhir.words_of_records import (
    Heard,
    Unplaced,
    concluded_words,
    ended_on,
    hear_names,
    in_force,
    listen,
    spoken_on,
    value_words,
)

UNREAD: Final = "a medicine that could not be read"
"""The mark of a medicine that could not be read.

It stands beside value sets. A case mentions it when neither code nor words tell what one of its medicines is.
"""


class Hit:
    """A place in the chart whose code is in a value set.

    It is never changed. ``holder`` is the element that has the code: the resource itself or a component of it.
    ``carried`` is the value that the code stands for in the value set.
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
    """What is known of one patient: read once, used often, never changed."""

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
        """Take the resources of one patient.

        ``patient`` is the patient's bare id. ``unsearched`` names resource types whose data were not all searched;
        ``failed`` says in words what happened to those that a technical failure kept from being searched. ``person``
        knows the patient by other names, ``medications`` the Medications that records refer to.
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
        about, kinds = self.patient, self._kinds
        for number, resource in enumerate(resources):
            kind = resource["resourceType"] if "resourceType" in resource else None
            if kind.__class__ is not str and not isinstance(kind, str):
                continue
            own = own_reference(resource)
            subject = resource["subject"] if "subject" in resource else None
            named = subject["reference"] if subject.__class__ is dict and "reference" in subject else None
            if named != about and not self._is_own(resource, kind, own):
                continue
            if kind not in kinds:
                kinds[kind] = {}
            held, key = kinds[kind], own if "/" in own else f"{kind}#{number}"
            if key not in held:
                held[key] = resource

    def _is_own(self, resource: Resource, kind: str, own: str) -> bool:
        """Tell whether a resource is about this patient.

        It is if it does not say otherwise; a resource that is not is set aside.
        """
        about = patient_of(resource)
        if about and about != self.patient and self._person is not None and kind != "Patient" and self._person.names(resource):
            return True
        if (about and about != self.patient) or (kind == "Patient" and own != self.patient):
            self.set_aside.append(SetAside(own, "it is not about this patient"))
            if about == ELSEWHERE:
                self.unsearched |= {kind}
            return False
        return True

    def is_about(self, resource: Resource) -> bool:
        """Tell whether a resource is of this patient.

        It can tell only as far as the resource says whose it is.
        """
        about = patient_of(resource)
        return not about or about == self.patient or (self._person is not None and self._person.names(resource))

    def of(self, kind: str) -> Iterable[Resource]:
        """Return the resources of one type, in the order they came."""
        return self._kinds[kind].values() if kind in self._kinds else ()

    def get(self, reference: str) -> Resource | None:
        """Return the resource with this ``Type/id``, if the chart holds it."""
        return self._kinds.get(reference.partition("/")[0], {}).get(reference)

    def coded(self, kind: str, value_set: str) -> Iterable[Hit]:
        """Return the places whose code is in a value set.

        They are in resources of one type.
        """
        if kind not in self._index:
            self._index[kind] = self._indexed(kind)
        index = self._index[kind]
        return index[value_set] if value_set in index else ()

    def _indexed(self, kind: str) -> dict[str, list[Hit]]:
        index: dict[str, list[Hit]] = {}
        if kind in PLAINLY_CODED or kind == "Observation":
            holding = self.terminology.held
            for resource in self.of(kind):
                if not _is_nowhere(resource, holding):
                    self.held(index, resource, resource, resource.get("code"))
                if "component" in resource and kind == "Observation":
                    self._index_components(index, resource)
            if kind == "AllergyIntolerance":
                self._index_substances(index)
            return index
        if kind in MEDICINES:
            for resource in self.of(kind):
                self._index_medicine(index, resource)
            return index
        for resource in self.of(kind):
            for holder, concept in coded_places(kind, resource):
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

    def _index_components(self, index: dict[str, list[Hit]], resource: Resource) -> None:
        for component in items(resource["component"]):
            if isinstance(component, dict):
                self.held(index, resource, component, component.get("code"))

    def _index_substances(self, index: dict[str, list[Hit]]) -> None:
        """Index what allergies are to.

        That includes the substances of reactions, and medicines that words alone name.
        """
        for resource in self.of("AllergyIntolerance"):
            reactions = [one.get("substance") for one in items(resource.get("reaction")) if isinstance(one, dict)]
            for substance in reactions:
                self.held(index, resource, resource, substance)
            for concept in (resource.get("code"), *reactions) if in_force(resource) else ():
                doubt = doubt_of(StatedMedicine(concept), self.terminology) if concept else None
                if doubt is not None and doubt.named:
                    self._allergies_in_doubt.append((resource, doubt))

    @cached_property
    def allergies_in_doubt(self) -> tuple[tuple[Resource, Doubt], ...]:
        """Allergies in force to medicines that words alone name."""
        if "AllergyIntolerance" not in self._index:
            self._index["AllergyIntolerance"] = self._indexed("AllergyIntolerance")
        return tuple(self._allergies_in_doubt)

    @cached_property
    def doubts(self) -> tuple[tuple[Resource, Doubt], ...]:
        """Records of medicines in force that codes do not identify.

        They are named in words only, or could not be read.
        """
        for kind in MEDICINES:
            if kind not in self._index:
                self._index[kind] = self._indexed(kind)
        return tuple(self._doubts)

    @property
    def left_unread(self) -> tuple[str, ...]:
        """The types of prescriptions with a medicine that is unread.

        One of that type refers to a medicine that is not in the chart, and does not name it.
        """
        unread = [text(resource.get("resourceType")) for resource, doubt in self.doubts if doubt.unread and doubt.missing]
        return tuple(dict.fromkeys(unread))

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The value sets that hold any code of the chart.

        A fact documented by codes of other sets alone is silent.
        """
        for kind in self._kinds:
            if kind not in self._index:
                self._index[kind] = self._indexed(kind)
        return frozenset().union(
            *self._index.values(),
            *[self.sets_in_doubt(doubt) for _, doubt in self.doubts],
            *[self.terminology.concerned_with(doubt.named) for _, doubt in self.allergies_in_doubt],
        )

    def sets_in_doubt(self, doubt: Doubt) -> Iterable[str]:
        """Return the value sets to which a medicine in doubt may belong."""
        named = self.terminology.concerned_with(doubt.named)
        return (*named, UNREAD) if doubt.unread else named

    def held(
        self, index: dict[str, list[Hit]], resource: Resource, holder: Mapping[str, Any], concept: Any, place: bool = True
    ) -> None:
        """Add one coded place to an index by value set.

        A place with several codings of one set counts once for it. With ``place``, it is noted where a concept could
        belong of which no system is known.
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
        """Note the value sets to which an unknown concept could belong.

        None of its codings is of a known system.
        """
        kind = resource["resourceType"]
        unplaced = Unplaced(own_reference(resource), spoken_on(resource), ended_on(resource))
        for written in listed:
            if isinstance(written, dict):
                for id_ in self.terminology.possible(text(written.get("system")), text(written.get("code"))):
                    self.unplaced.setdefault((kind, id_), []).append(unplaced)

    def stated_reasons(self, resource: Resource) -> list[Any]:
        """Return the concepts of a record's reasons.

        Those of the diagnoses that it names as reasons are among them.
        """
        named = [self.get(reference(one)) for one in items(resource.get("reasonReference"))]
        return [*items(resource.get("reasonCode")), *(diagnosis.get("code") for diagnosis in named if diagnosis)]

    def heard(self, vocabulary: Vocabulary) -> Mapping[str, list[Heard]]:
        """Return what records say in words, by the fact they speak of.

        It is read once for a vocabulary.
        """
        if self._heard is None or self._heard[0] is not vocabulary:
            found: dict[str, list[Heard]] = {}
            for kind in vocabulary.kinds:
                for resource in self.of(kind):
                    if kind in MEDICINES:
                        listen(vocabulary, kind, resource, self.stated_reasons(resource), self.terminology, found)
                        continue
                    for holder, concept in worded_places(kind, resource, vocabulary):
                        listen(vocabulary, kind, resource, (concept, *value_words(kind, holder)), self.terminology, found)
            if CONCLUSION in vocabulary.kinds:
                for report in self.of("DiagnosticReport"):
                    listen(vocabulary, CONCLUSION, report, concluded_words(report), self.terminology, found)
            if vocabulary.names is not None:
                hear_names(vocabulary.names, self.of("Observation"), self.terminology, found)
            self._heard = (vocabulary, found)
        return self._heard[1]


def _is_nowhere(resource: Resource, holding: SetsByCode) -> bool:
    """Tell whether a resource's one code is in no value set.

    Its system is known, as for most resources. Returns False where that cannot be told.
    """
    try:
        [coding] = resource["code"]["coding"]
        return holding[coding["system"], coding["code"]] is NOWHERE
    except (KeyError, TypeError, ValueError):
        return False
