"""The resource types that are read, and what is read of each.

One table serves prefetch, validation, charts and vignettes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

MEDICINE: Final = "medicationCodeableConcept"
"""The element in which a record names its medicine."""
PARTICIPANT: Final = "participant"
"""The element of an Appointment that names its patient among others."""


@dataclass(frozen=True, slots=True)
class ResourceType:
    """What is read of resources of one type.

    - ``coded``: the elements whose codes say what a resource is of (``condition.code``: of each of its conditions).
    - ``subject``: the element that names its patient; empty for what belongs to nobody.
    - ``key``: the prefetch key that asks for the type; empty where none does.
    - ``sound``: the elements that decisions rest on. A fault in one of them makes the resource unusable.
    - ``looked_at``: elements that are read as they stand, and as absent where they are malformed.
    - ``evidence``: the statuses under which a resource documents what it is of; empty where each kind of evidence decides that.
    - ``order``: whether it is one of the order types of CRD.
    """

    coded: tuple[str, ...] = ()
    subject: str = "subject"
    key: str = ""
    sound: frozenset[str] = frozenset()
    looked_at: frozenset[str] = frozenset()
    evidence: tuple[str, ...] = ()
    order: bool = False


def _of(elements: str) -> frozenset[str]:
    return frozenset(elements.split())


TYPES: Final[Mapping[str, ResourceType]] = MappingProxyType(
    {
        "Patient": ResourceType(
            subject="",
            key="patient",
            sound=_of("birthDate"),
            looked_at=_of("gender deceasedBoolean deceasedDateTime identifier link"),
        ),
        "Encounter": ResourceType(
            coded=("reasonCode",),
            key="encounter",
            sound=_of("status class period reasonCode"),
            looked_at=_of("subject reasonReference diagnosis type"),
        ),
        "Coverage": ResourceType(
            subject="beneficiary",
            key="coverage",
            looked_at=_of("status beneficiary payor period type class identifier"),
        ),
        "Condition": ResourceType(
            coded=("code",),
            key="conditions",
            sound=_of(
                "code clinicalStatus verificationStatus recordedDate onsetDateTime onsetPeriod abatementDateTime abatementPeriod"
                " bodySite severity stage"
            ),
            looked_at=_of(
                "subject category encounter note onsetString onsetAge onsetRange abatementString abatementAge abatementRange"
            ),
        ),
        "Observation": ResourceType(
            coded=("code", "component.code"),
            key="observations",
            sound=_of(
                "status code value effectiveDateTime effectivePeriod effectiveInstant issued component dataAbsentReason"
                " interpretation"
            ),
            looked_at=_of("subject basedOn referenceRange specimen bodySite method note"),
            evidence=("final", "amended", "corrected", "preliminary"),
        ),
        "Procedure": ResourceType(
            coded=("code",),
            key="procedures",
            sound=_of("status code performedDateTime performedPeriod statusReason"),
            looked_at=_of("subject basedOn reasonCode reasonReference encounter bodySite outcome complication complicationDetail"),
        ),
        "ServiceRequest": ResourceType(
            coded=("code",),
            key="serviceRequests",
            sound=_of(
                "status code subject occurrenceDateTime occurrencePeriod occurrenceTiming authoredOn orderDetail reasonCode"
                " reasonReference doNotPerform replaces"
            ),
            looked_at=_of("intent priority basedOn supportingInfo encounter extension identifier bodySite"),
            order=True,
        ),
        "MedicationRequest": ResourceType(
            coded=(MEDICINE,),
            key="medicationRequests",
            sound=_of(
                "status medicationCodeableConcept medicationReference subject authoredOn reasonCode reasonReference doNotPerform"
                " dosageInstruction priorPrescription"
            ),
            looked_at=_of(
                "intent priority basedOn statusReason category dispenseRequest supportingInformation encounter extension identifier"
            ),
            order=True,
        ),
        "DeviceRequest": ResourceType(
            coded=("codeCodeableConcept",),
            key="deviceRequests",
            sound=_of(
                "status codeCodeableConcept codeReference subject authoredOn occurrenceDateTime occurrencePeriod occurrenceTiming"
                " reasonCode reasonReference"
            ),
            looked_at=_of("intent priority basedOn priorRequest encounter extension identifier"),
            order=True,
        ),
        "NutritionOrder": ResourceType(subject="patient", order=True),
        "VisionPrescription": ResourceType(subject="patient", order=True),
        "CommunicationRequest": ResourceType(order=True),
        "Appointment": ResourceType(
            coded=("serviceType",),
            subject=PARTICIPANT,
            sound=_of("status serviceType participant start requestedPeriod created basedOn reasonCode reasonReference"),
            looked_at=_of("priority supportingInformation extension identifier"),
            order=True,
        ),
        "MedicationStatement": ResourceType(
            coded=(MEDICINE,),
            key="medicationStatements",
            sound=_of("status medicationCodeableConcept effectiveDateTime effectivePeriod statusReason"),
            looked_at=_of("subject medicationReference dateAsserted dosage reasonCode reasonReference basedOn derivedFrom context"),
        ),
        "MedicationAdministration": ResourceType(
            coded=(MEDICINE,),
            key="medicationAdministrations",
            sound=_of("status medicationCodeableConcept effectiveDateTime effectivePeriod"),
            looked_at=_of("subject medicationReference dosage statusReason reasonCode reasonReference request context"),
        ),
        "MedicationDispense": ResourceType(
            coded=(MEDICINE,),
            key="medicationDispenses",
            sound=_of("status medicationCodeableConcept whenPrepared whenHandedOver daysSupply"),
            looked_at=_of(
                "subject medicationReference dosageInstruction statusReasonCodeableConcept authorizingPrescription context"
            ),
        ),
        "DiagnosticReport": ResourceType(
            coded=("code",),
            key="diagnosticReports",
            sound=_of("status code effectiveDateTime effectivePeriod issued result conclusion conclusionCode"),
            looked_at=_of("subject basedOn specimen"),
            evidence=("final", "amended", "corrected", "appended", "preliminary", "partial", "registered"),
        ),
        "FamilyMemberHistory": ResourceType(
            coded=("condition.code",),
            subject="patient",
            key="familyMemberHistories",
            sound=_of("status date condition"),
            looked_at=_of("patient"),
            evidence=("partial", "completed", "health-unknown"),
        ),
        "AllergyIntolerance": ResourceType(
            coded=("code",),
            subject="patient",
            key="allergyIntolerances",
            sound=_of("code clinicalStatus verificationStatus recordedDate"),
            looked_at=_of("patient type reaction onsetDateTime onsetPeriod lastOccurrence"),
        ),
        "RiskAssessment": ResourceType(
            coded=("prediction.outcome",),
            key="riskAssessments",
            sound=_of("status occurrenceDateTime prediction"),
            looked_at=_of("subject occurrencePeriod"),
            evidence=("final", "amended", "corrected", "preliminary"),
        ),
        "Device": ResourceType(
            coded=("type",),
            subject="patient",
            key="devices",
            sound=_of("status type manufactureDate"),
            looked_at=_of("patient deviceName"),
        ),
        "Medication": ResourceType(
            coded=("code",),
            subject="",
            key="medications",
            looked_at=_of("code ingredient identifier"),
        ),
        "QuestionnaireResponse": ResourceType(
            key="questionnaireResponses",
            sound=_of("status authored item"),
            looked_at=_of("subject questionnaire basedOn extension identifier"),
            evidence=("completed", "amended", "in-progress"),
        ),
        "Questionnaire": ResourceType(subject="", looked_at=_of("url derivedFrom item")),
        "Organization": ResourceType(subject="", looked_at=_of("identifier name")),
        "Practitioner": ResourceType(subject=""),
    }
)
"""Every type that is read, in the order of the prefetch keys.

A type without a prefetch key counts as not searched, whatever a client sends.
"""

KEYS: Final = {one.key: name for name, one in TYPES.items() if one.key}
"""The resource type that each prefetch key asks for."""
ASKED_FOR: Final = frozenset(KEYS.values())
"""The resource types that have a prefetch key.

Evidence in any other type could never be known to be absent.
"""
READ: Final = {name: one.sound for name, one in TYPES.items() if one.sound}
"""The types that are validated, with the elements that decisions need."""
CODE_ELEMENTS: Final = {name: one.coded for name, one in TYPES.items() if one.order}
"""The order types of CRD, and the elements naming what is ordered."""
MEDICINES: Final = tuple(name for name, one in TYPES.items() if MEDICINE in one.coded)
"""The resource types that are about a medicine.

They say that it is ordered, taken, given or handed over.
"""
PLAINLY_CODED: Final = frozenset([name for name, one in TYPES.items() if one.coded == ("code",) and one.subject])
"""Types of a patient's records whose only coded element is ``code``."""
SUBJECTS: Final = tuple(dict.fromkeys(one.subject for one in TYPES.values() if one.subject not in ("", PARTICIPANT)))
"""The elements in which a resource names its patient."""
