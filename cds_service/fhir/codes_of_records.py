"""The codes of records, by the value sets that hold them.

Medicines that codes do not identify, and codes of unknown systems, are noted on the way: they decide nothing, and what
they could be is not silent.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from cds_service.fhir.coded_places import coded_places
from cds_service.fhir.codes import Coding
from cds_service.fhir.elements import Resource, codings, items, own_reference, text
from cds_service.fhir.medication import Doubt, Medications, StatedMedicine, doubt_of, is_told, said_medicine
from cds_service.fhir.resource_types import PLAINLY_CODED
from cds_service.fhir.untold import MAY_BE_UNTOLD, is_untold, untold
from cds_service.fhir.value_sets import NOWHERE, UNPLACED, Carried, SetsByCode, Terminology
from cds_service.fhir.words_of_records import Unplaced, ended_on, in_force, spoken_on

_DENIED: Final = re.compile(
    r"\s*(?:no (?:known|allerg\w*|history|reaction\w*)|not allergic|denies|denied)\s"
    r"(?!.*\b(?:but|except|other than|besides)\b)[\w\s]*",
    re.IGNORECASE,
)
"""An entry among allergies that says of a medicine, and of nothing else, that there is no allergy to it."""


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


class CodesOfRecords:
    """The coded records of one patient, indexed a type at a time.

    ``doubts`` are records of medicines in force that codes do not identify, ``allergies_in_doubt`` allergies in force
    to medicines that words alone name, and ``unplaced`` the records whose codes are of no system that is read, by
    their type and the value sets to which they could belong. ``withdrawn_unread`` are records with such codes that were
    refuted or entered in error. All fill as types are indexed.
    """

    __slots__ = ("_terminology", "allergies_in_doubt", "doubts", "unplaced", "withdrawn_unread")

    def __init__(self, terminology: Terminology) -> None:
        self._terminology: Final = terminology
        self.doubts: Final[list[tuple[Resource, Doubt]]] = []
        self.allergies_in_doubt: Final[list[tuple[Resource, Doubt]]] = []
        self.unplaced: Final[dict[tuple[str, str], list[Unplaced]]] = {}
        self.withdrawn_unread: Final[list[Resource]] = []

    def indexed(self, kind: str, resources: Collection[Resource]) -> dict[str, list[Hit]]:
        """Index the resources of a type that is not one of medicines."""
        index: dict[str, list[Hit]] = {}
        if kind in PLAINLY_CODED or kind == "Observation":
            holding = self._terminology.held
            for resource in resources:
                if not _is_nowhere(resource, holding):
                    self._held(index, resource, resource, resource.get("code"))
                if "component" in resource and kind == "Observation":
                    self._index_components(index, resource)
            if kind == "AllergyIntolerance":
                self._index_substances(index, resources)
            return index
        for resource in resources:
            for holder, concept in coded_places(kind, resource):
                self._held(index, resource, holder, concept)
        return index

    def indexed_medicines(self, resources: Collection[Resource], medications: Medications) -> dict[str, list[Hit]]:
        """Index the resources of a type of medicines.

        ``medications`` are the Medications that they refer to.
        """
        index: dict[str, list[Hit]] = {}
        for resource in resources:
            self._index_medicine(index, resource, medications)
        return index

    def _index_medicine(self, index: dict[str, list[Hit]], resource: Resource, medications: Medications) -> None:
        concept = resource.get("medicationCodeableConcept")
        if concept and is_told(concept, self._terminology):
            self._held(index, resource, resource, self._plainest(concept))
            return
        said = said_medicine(resource, medications)
        doubt = doubt_of(said, self._terminology) if in_force(resource) else None
        if doubt is not None:
            self.doubts.append((resource, doubt))
        place = doubt is None or bool(doubt.unread)
        whole = tuple(codings(said.whole)) if said.parts else ()
        self._held(index, resource, resource, self._plainest(said.whole), place)
        for concept in said.parts:
            self._held(index, resource, resource, self._plainest(concept, whole), place)

    def _plainest(self, concept: Any, whole: tuple[Coding, ...] = ()) -> Any:
        """Return a medicine's concept with the codings that tell most of it.

        ``whole`` are those of the medicine of which it is an ingredient.
        """
        listed = items(concept.get("coding")) if isinstance(concept, dict) else []
        if not listed or len(listed) + len(whole) < 2:
            return concept
        telling = self._terminology.medicines.plainest([*whole, *codings(concept)])
        return {**concept, "coding": [one for one in listed if next(codings({"coding": [one]}), None) in telling]}

    def _index_components(self, index: dict[str, list[Hit]], resource: Resource) -> None:
        for component in items(resource["component"]):
            if isinstance(component, dict):
                self._held(index, resource, component, component.get("code"))

    def _index_substances(self, index: dict[str, list[Hit]], allergies: Collection[Resource]) -> None:
        """Index what allergies are to.

        That includes the substances of reactions, and medicines that words alone name.
        """
        for resource in allergies:
            reactions = [one.get("substance") for one in items(resource.get("reaction")) if isinstance(one, dict)]
            for substance in filter(None, reactions):
                self._held(index, resource, resource, substance)
            for concept in (resource.get("code"), *reactions) if in_force(resource) else ():
                doubt = doubt_of(StatedMedicine(concept), self._terminology) if concept else None
                if doubt is not None and doubt.named and not _DENIED.fullmatch(doubt.name):
                    self.allergies_in_doubt.append((resource, doubt))

    def _held(
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
        holding = self._terminology.held
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
        if place and not placed:
            if in_force(resource, history=True):
                self._place(resource, concept, listed)
            elif "verificationStatus" in resource:
                self.withdrawn_unread.append(resource)

    def _place(self, resource: Resource, concept: Any, listed: list[Any]) -> None:
        """Note the value sets to which an unread concept could belong.

        None of its codings is of a system that is read.
        """
        kind = resource["resourceType"]
        ended = ended_on(resource)
        in_remission = ended is not None and ended_on(resource, remission=True) is None
        unplaced = Unplaced(own_reference(resource), spoken_on(resource), ended, in_remission)
        if kind in MAY_BE_UNTOLD and concept is resource.get("code") and is_untold(kind, resource, concept):
            self.unplaced.setdefault((kind, untold(kind)), []).append(unplaced)
            return
        for written in listed:
            if isinstance(written, dict):
                for id_ in self._terminology.possible(text(written.get("system")), text(written.get("code"))):
                    self.unplaced.setdefault((kind, id_), []).append(unplaced)


def _is_nowhere(resource: Resource, holding: SetsByCode) -> bool:
    """Tell whether a resource's one code is in no value set.

    Its system is known, as for most resources. Returns False where that cannot be told.
    """
    try:
        [coding] = resource["code"]["coding"]
        return holding[coding["system"], coding["code"]] is NOWHERE
    except (KeyError, TypeError, ValueError):
        return False
