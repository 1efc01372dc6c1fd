"""The patient of a call, by every name that records use.

Records name a patient by id, by the address in a Bundle, by a business identifier, or by the id of an older record.
``Patient.link`` of type ``replaces`` names records that were merged into this one (FHIR R4, Patient, "Linking
Patients").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from cds_service.fhir.elements import Resource, items, own_reference, reference, text
from cds_service.fhir.resource_types import SUBJECTS


class Person:
    """One patient, and how records may name this patient.

    ``sent`` are the resources and Bundles in which the Patient may stand; they are read only when a record names its
    patient in another way than by the id.
    """

    __slots__ = ("_addresses", "_identifiers", "_sent", "reference")

    def __init__(self, id_: str, sent: Iterable[Any] = ()) -> None:
        self.reference: Final = f"Patient/{id_}"
        self._sent = tuple(sent)
        self._addresses: frozenset[str] | None = None
        self._identifiers: frozenset[tuple[str, str]] = frozenset()

    def names(self, resource: Mapping[str, Any]) -> bool:
        """Tell whether a resource is about this patient."""
        named = next((resource[name] for name in SUBJECTS if resource.get(name) is not None), None)
        return self.is_meant(named, resource)

    def is_meant(self, named: Any, resource: Mapping[str, Any]) -> bool:
        """Tell whether a Reference in a resource means this patient."""
        if not isinstance(named, dict):
            return False
        if self._addresses is None:
            self._read()
        written = text(named.get("reference"))
        if written.startswith("#"):
            held = [
                one for one in items(resource.get("contained")) if isinstance(one, dict) and one.get("resourceType") == "Patient"
            ]
            return any(f"#{text(one.get('id'))}" == written and self._is(one.get("identifier")) for one in held)
        if written:
            return written in (self._addresses or ()) or reference(named) in (self._addresses or ())
        return self._is(named.get("identifier"))

    def _is(self, identifiers: Any) -> bool:
        return not self._identifiers.isdisjoint(_identifiers(identifiers))

    def _read(self) -> None:
        addresses = {self.reference, f"urn:uuid:{self.reference.removeprefix('Patient/')}"}
        identifiers: set[tuple[str, str]] = set()
        for address, patient in _patients(self._sent):
            if own_reference(patient) == self.reference:
                addresses |= {address, *_linked(patient, "replaces")}
                identifiers |= _identifiers(patient.get("identifier"))
            elif self.reference in _linked(patient, "replaced-by"):
                addresses |= {address, own_reference(patient)}
        self._identifiers = frozenset(identifiers)
        addresses |= {value for system, value in identifiers if system == "urn:ietf:rfc:3986"}
        self._addresses = frozenset(addresses - {""})


def _patients(sent: Iterable[Any]) -> list[tuple[str, Resource]]:
    """Return the Patients that were sent, each with its Bundle address.

    They stand among the resources or in the entries of Bundles; the address is empty outside a Bundle.
    """
    found: list[tuple[str, Resource]] = []
    for one in sent:
        if not isinstance(one, dict):
            continue
        if one.get("resourceType") == "Patient":
            found.append(("", one))
        for entry in items(one.get("entry")):
            held = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(held, dict) and held.get("resourceType") == "Patient":
                found.append((text(entry.get("fullUrl")), held))
    return found


def _linked(patient: Resource, how: str) -> set[str]:
    links = [one for one in items(patient.get("link")) if isinstance(one, dict) and one.get("type") == how]
    return {named for one in links if (named := reference(one.get("other"))).startswith("Patient/")}


def _identifiers(written: Any) -> set[tuple[str, str]]:
    pairs = [(text(one.get("system")), text(one.get("value"))) for one in items(written) if isinstance(one, dict)]
    return {(system, value) for system, value in pairs if system and value}
