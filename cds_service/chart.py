"""A patient's resources, indexed by type and by value set.

The value sets are those that hold the resources' codes. Resources stay the client's JSON. A resource about somebody
else is set aside and named. What was not searched is kept, because searching and finding nothing is another silence
than not searching.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Final

from cds_service.fhir.body_sites import SITED, sited_words
from cds_service.fhir.coded_places import worded_places
from cds_service.fhir.codes_of_records import CodesOfRecords, Hit
from cds_service.fhir.conclusions import concluded_words
from cds_service.fhir.contained_records import contained_records
from cds_service.fhir.device_requests import with_its_device
from cds_service.fhir.elements import (
    ELSEWHERE,
    NAMELESS,
    Resource,
    contained,
    items,
    own_reference,
    patient_of,
    reference,
    text,
    without_nothing,
)
from cds_service.fhir.fifth_release import SHAPES, as_fourth_release
from cds_service.fhir.medication import Doubt, Medications
from cds_service.fhir.person import Person
from cds_service.fhir.resource_types import MEDICINES
from cds_service.fhir.value_sets import Terminology
from cds_service.fhir.vocabulary import CONCLUSION, Vocabulary
from cds_service.fhir.words_of_records import (
    Heard,
    Unplaced,
    answered_words,
    hear_names,
    listen,
    value_words,
)

UNREAD: Final = "a medicine that could not be read"
"""The mark of a medicine that could not be read.

It stands beside value sets. A case mentions it when neither code nor words tell what one of its medicines is.
"""


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
        self._codes = CodesOfRecords(terminology)
        self.unplaced: Mapping[tuple[str, str], list[Unplaced]] = self._codes.unplaced
        self.withdrawn_unread: list[Resource] = self._codes.withdrawn_unread
        self._heard: tuple[Vocabulary, dict[str, list[Heard]]] | None = None
        about, kinds = self.patient, self._kinds
        listed = list(resources)
        listed += contained_records(listed)
        full = all(chain.from_iterable(map(dict.values, listed)))  # no member holds nothing, as of most clients
        for number, written in enumerate(listed):
            kind = written["resourceType"] if "resourceType" in written else None
            if kind.__class__ is not str and not isinstance(kind, str):
                continue
            sent = written if full or all(written.values()) else without_nothing(written)
            resource = sent  # what R5 shapes otherwise is told without a call for each record
            if (
                "medication" in sent
                or "reason" in sent
                or "displayName" in sent
                or "actualPeriod" in sent
                or (kind in SHAPES and SHAPES[kind][0] in sent and sent[SHAPES[kind][0]].__class__ is SHAPES[kind][1])
                or (kind == "Procedure" and ("occurrenceDateTime" in sent or "occurrencePeriod" in sent))
                or (kind == "MedicationAdministration" and ("occurenceDateTime" in sent or "occurencePeriod" in sent))
                or (kind == "DeviceRequest" and "code" in sent)
                or (kind == "ServiceRequest" and "code" in sent and sent["code"].__class__ is dict and "concept" in sent["code"])
            ):
                resource = as_fourth_release(kind, sent)
            own = own_reference(resource)
            subject = resource["subject"] if "subject" in resource else None
            named = subject["reference"] if subject.__class__ is dict and "reference" in subject else None
            if named != about and not self._is_own(resource, kind, own):
                continue
            if kind not in kinds:
                kinds[kind] = {}
            held = kinds[kind]
            if "/" not in own:  # so that what is found in it can be told from what is found in others
                own = f"{kind}/{NAMELESS}{number}"
                resource = {**resource, "id": f"{NAMELESS}{number}"} if kind != "Coverage" else resource  # which answers name
            if own not in held:
                held[own] = resource
        if "DeviceRequest" in kinds:
            devices = kinds.get("Device", {})
            kinds["DeviceRequest"] = {own: with_its_device(one, devices) for own, one in kinds["DeviceRequest"].items()}

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
        if kind not in self._kinds:
            return {}
        held = self._kinds[kind].values()
        if kind in MEDICINES:
            return self._codes.indexed_medicines(held, self.medications)
        return self._codes.indexed(kind, held)

    @cached_property
    def medications(self) -> Medications:
        """The Medications that records refer to."""
        return self._medications or Medications((*self.of("Medication"), *self.of("Substance")))

    @cached_property
    def allergies_in_doubt(self) -> tuple[tuple[Resource, Doubt], ...]:
        """Allergies in force to medicines that words alone name."""
        if "AllergyIntolerance" not in self._index:
            self._index["AllergyIntolerance"] = self._indexed("AllergyIntolerance")
        return tuple(self._codes.allergies_in_doubt)

    @cached_property
    def doubts(self) -> tuple[tuple[Resource, Doubt], ...]:
        """Records of medicines in force that codes do not identify.

        They are named in words only, or could not be read.
        """
        for kind in MEDICINES:
            if kind not in self._index:
                self._index[kind] = self._indexed(kind)
        return tuple(self._codes.doubts)

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

    def stated_reasons(self, resource: Resource) -> list[Any]:
        """Return the concepts of a record's reasons.

        Those of the diagnoses that it names as reasons are among them, also of contained ones. Of one that is not here,
        the words beside the reference are all there is; without them the concept is empty.
        """
        found = items(resource.get("reasonCode"))
        if not (named := items(resource.get("reasonReference"))):
            return found
        inside = contained(resource)
        for one in named:
            if diagnosis := inside.get(reference(one)) or self.get(reference(one)):
                found = [*found, diagnosis.get("code") or {}]
                continue
            beside = text(one.get("display")) if isinstance(one, dict) else ""
            found = [*found, {"text": beside} if beside else {}]
        return found

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
                        said = (concept, *value_words(kind, holder))
                        if kind == "Observation":
                            said += answered_words(holder, vocabulary)
                        listen(vocabulary, kind, resource, said, self.terminology, found)
                    if "bodySite" in resource and kind in SITED:
                        listen(vocabulary, kind, resource, sited_words(resource, vocabulary), self.terminology, found)
            if CONCLUSION in vocabulary.kinds:
                for report in self.of("DiagnosticReport"):
                    listen(vocabulary, CONCLUSION, report, concluded_words(report), self.terminology, found)
            if vocabulary.names is not None:
                hear_names(vocabulary.names, self.of("Observation"), self.terminology, found)
            self._heard = (vocabulary, found)
        return self._heard[1]
