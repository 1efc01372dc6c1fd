"""The medicine that a resource names, and its ingredients.

The medicine stands in the resource's own concept, or in a Medication that it contains or refers to. Records refer to a
Medication in many ways: contained, by ``Type/id`` below any base and with a version, by its address in a Bundle
(``urn:uuid:``), by a business identifier.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from cds_service.fhir.codes import Coding
from cds_service.fhir.elements import Resource, codings, items, own_reference, reference, text
from cds_service.fhir.value_sets import Terminology

MOST_PARTS: Final = 40
"""Most ingredients of one medicine that are read.

A medicine with more counts as not fully read.
"""
DEEPEST: Final = 4
"""How deep Medications inside one another are read."""
LONGEST_NAME: Final = 60
"""Longest name by which a medicine is shown, in characters."""
_UNREADABLE: Final[dict[str, Any]] = {}
"""An ingredient that says nothing of what it is."""


class Medications:
    """The Medications and Substances of a call, by every name references use.

    ``sent`` are resources and Bundles; they are read only when a record refers to a medicine that it does not contain.
    """

    __slots__ = ("_by_name", "_sent")

    def __init__(self, sent: Iterable[Any] = ()) -> None:
        self._sent = tuple(sent)
        self._by_name: dict[str, Resource] | None = None

    def __add__(self, more: Iterable[Any]) -> Medications:
        """Return the same with the resources that were read since."""
        return Medications((*self._sent, *more))

    def find(self, named: Any, contained: dict[str, Resource]) -> Resource | None:
        """Return the resource that a Reference means, or None.

        ``contained`` are the resources contained in the one that refers, by ``#id``.
        """
        if not isinstance(named, dict):
            return None
        written = text(named.get("reference"))
        if written.startswith("#"):
            return contained.get(written)
        if self._by_name is None:
            self._by_name = dict(_named(self._sent))
        if not self._by_name:
            return None
        if written:
            plain = reference(named)
            bare = f"Medication/{written.removeprefix('urn:uuid:')}" if written.startswith("urn:uuid:") else plain
            return self._by_name.get(written) or self._by_name.get(plain) or self._by_name.get(bare)
        return next((self._by_name[name] for name in _identifiers(named.get("identifier")) if name in self._by_name), None)


NO_MEDICATIONS: Final = Medications()


def _named(sent: Iterable[Any]) -> Iterator[tuple[str, Resource]]:
    """Yield Medications and Substances with each of their names.

    They stand among the resources sent or in the entries of Bundles. The last come first, so that in a mapping the
    first of a name wins.
    """
    for one in list(sent)[::-1]:
        if not isinstance(one, dict):
            continue
        entries = [entry for entry in items(one.get("entry")) if isinstance(entry, dict)]
        held: list[tuple[str, Any]] = [("", one)]
        held += [(text(entry.get("fullUrl")), entry.get("resource")) for entry in entries]
        for address, resource in held[::-1]:
            if isinstance(resource, dict) and resource.get("resourceType") in ("Medication", "Substance"):
                for name in _identifiers(resource.get("identifier")):
                    yield name, resource
                if address.startswith("urn:"):
                    yield address, resource
                yield own_reference(resource), resource


def _identifiers(written: Any) -> Iterator[str]:
    for one in items(written):
        if isinstance(one, dict) and (value := text(one.get("value"))):
            yield f"{text(one.get('system'))}|{value}"


class StatedMedicine(NamedTuple):
    """What a record says its medicine is.

    ``whole`` is the concept of the medicine, ``parts`` are those of its ingredients, and ``name`` is the text beside a
    reference. ``missing`` tells that the record refers to a Medication that was not sent.
    """

    whole: Any
    parts: tuple[Any, ...] = ()
    name: str = ""
    missing: bool = False

    @property
    def concepts(self) -> tuple[Any, ...]:
        """All concepts that can hold the medicine's code."""
        return (self.whole, *self.parts)

    def one_concept(self) -> Any:
        """Merge all codings into one concept; None when there are none.

        The codings of the medicine come before those of its ingredients.
        """
        if not self.parts:
            return self.whole
        found = [coding for concept in self.concepts if isinstance(concept, dict) for coding in items(concept.get("coding"))]
        whole = self.whole if isinstance(self.whole, dict) else {}
        return {**whole, "coding": found}


NOTHING_SAID: Final = StatedMedicine(None)


def said_medicine(resource: Resource, medications: Medications) -> StatedMedicine:
    """Read what a record says its medicine is."""
    concept = resource.get("medicationCodeableConcept")
    if concept:
        return StatedMedicine(concept)
    named = resource.get("medicationReference")
    if not named:
        return NOTHING_SAID
    contained = {
        f"#{text(one.get('id'))}": one
        for one in items(resource.get("contained"))
        if isinstance(one, dict) and one.get("resourceType") in ("Medication", "Substance")
    }
    found = medications.find(named, contained)
    shown = text(named.get("display")) if isinstance(named, dict) else ""
    if found is None:
        return StatedMedicine(None, (), shown, True)
    parts = tuple(_parts(found, contained, medications)) if "ingredient" in found else ()
    return StatedMedicine(found.get("code"), parts, shown)


def _parts(medication: Resource, contained: dict[str, Resource], medications: Medications) -> list[Any]:
    """Return the concepts of the active ingredients.

    Ingredients that are Medications are followed to their own ingredients. The search is bounded in number and depth,
    so loops end; what lies beyond is marked as unreadable.
    """
    found: list[Any] = []
    seen = {id(medication)}
    layer = [medication]
    for _ in range(DEEPEST):
        below: list[Resource] = []
        for held in layer:
            for ingredient in items(held.get("ingredient")):
                if not isinstance(ingredient, dict) or ingredient.get("isActive") is False:
                    continue
                if len(found) >= MOST_PARTS:
                    return [*found, _UNREADABLE]
                named = ingredient.get("itemReference")
                part = medications.find(named, contained) if named else None
                if part is not None and "ingredient" in part and id(part) not in seen:
                    seen.add(id(part))
                    below.append(part)
                shown = {"text": named.get("display")} if isinstance(named, dict) else _UNREADABLE
                found.append(ingredient.get("itemCodeableConcept") or (part.get("code") if part is not None else shown) or shown)
        if not below:
            return found
        layer = below
    return [*found, _UNREADABLE]


class Doubt(NamedTuple):
    """A medicine that no code identifies.

    ``name`` is how it is shown, ``named`` are the ingredients that its words name, and ``unread`` is the name of what
    could not be read (empty where everything was). ``missing`` tells that it refers to a Medication that was not sent.
    """

    name: str
    named: tuple[str, ...]
    unread: str
    missing: bool


def doubt_of(said: StatedMedicine, terminology: Terminology) -> Doubt | None:
    """Return what is in doubt about a medicine, or None.

    Nothing is in doubt when codes tell its ingredients, or when its words name something that is no drug.
    """
    if is_told(said.whole, terminology):
        return None
    named: dict[str, None] = {}
    unread = ""
    for concept in said.parts or (said.whole,):
        if said.parts and is_told(concept, terminology):
            continue
        words = _words(concept) if said.parts else (*_words(concept), said.name)
        read = False
        for one in words:
            if one:
                found = terminology.medicines.names.in_words(one)
                named.update(dict.fromkeys(found.ingredients))
                read = read or found.read
        if not read and not unread:
            unread = next((one for one in words if one), "") or _coded_name(concept) or (said.name if said.parts else "")
            unread = unread[:LONGEST_NAME] or "a medicine without a name"
    if not named and not unread:
        return None
    shown = next((one for one in (*_words(said.whole), said.name) if one), unread)
    return Doubt(shown[:LONGEST_NAME], tuple(named), unread, said.missing)


def is_told(concept: Any, terminology: Terminology) -> bool:
    """Tell whether a code of the concept tells what it is."""
    listed = concept.get("coding") if isinstance(concept, dict) else None
    for one in listed if isinstance(listed, list) else items(listed):
        if isinstance(one, dict):
            system, code = one.get("system"), one.get("code")
            if isinstance(system, str) and isinstance(code, str) and code and terminology.tells(system, code):
                return True
    return False


def _words(concept: Any) -> tuple[str, ...]:
    """Return the text and the displays of a concept."""
    if not isinstance(concept, dict):
        return ()
    shown = [text(one.get("display")) for one in items(concept.get("coding")) if isinstance(one, dict)]
    return (text(concept.get("text")), *shown)


def _coded_name(concept: Any) -> str:
    """Return the first coding of a concept in words."""
    found: Coding | None = next(codings(concept), None)
    return found.text if found else ""
