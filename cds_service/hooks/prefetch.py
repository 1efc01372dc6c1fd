"""The prefetch that the service asks for, derived from the facts of the policies, and the discovery document that holds it.

A fact says which resource types it is found in; observations, of which charts hold thousands, are narrowed to the
codes that facts read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cds_service.content import Content
from cds_service.facts.wanted import Need
from cds_service.fhir.medication import MEDICINES
from cds_service.fhir.resource_types import KEYS
from cds_service.fhir.value_sets import Terminology
from cds_service.hooks.conversation import OPTIONS

SERVICE_ID = "medical-policy"
"""What the ids of all services begin with. Alone it is an alias that discovery does not list: it serves every hook."""
_DISPATCHED = "{{context.dispatchedOrders.resolve().ofType(%s).id}}"
_BASED_ON = "{{context.appointments.entry.resource.basedOn.resolve().ofType(%s).id}}"
_OTHERWISE_BASED_ON = (
    "{{context.appointments.entry.resource.basedOn.extension('http://hl7.org/fhir/StructureDefinition/alternate-reference')"
    ".value.resolve().ofType(%s).id}}"
)
_MEDICATIONS = "{{context.draftOrders.entry.resource.ofType(MedicationRequest).medication.resolve().id}}"
_NAMED = {
    "order-sign": {"medications": f"Medication?_id={_MEDICATIONS}"},
    "order-select": {"medications": f"Medication?_id={_MEDICATIONS}"},
    "order-dispatch": {
        "orderedServices": f"ServiceRequest?_id={_DISPATCHED % 'ServiceRequest'}",
        "orderedMedicines": f"MedicationRequest?_id={_DISPATCHED % 'MedicationRequest'}",
        "orderedDevices": f"DeviceRequest?_id={_DISPATCHED % 'DeviceRequest'}",
        "medications": "Medication?_id={{%orderedMedicines.entry.resource.medication.resolve().id}}",
    },
    "appointment-book": {
        "orderedServices": f"ServiceRequest?_id={_BASED_ON % 'ServiceRequest'}",
        "orderedMedicines": f"MedicationRequest?_id={_OTHERWISE_BASED_ON % 'MedicationRequest'}",
        "orderedDevices": f"DeviceRequest?_id={_OTHERWISE_BASED_ON % 'DeviceRequest'}",
        "medications": "Medication?_id={{%orderedMedicines.entry.resource.medication.resolve().id}}",
    },
}
"""By hook, what a call names and does not hold, in the words of CRD 2.2's standard prefetch; who cannot fill one leaves it out."""
ORDER_KEYS = {
    "ServiceRequest": ("orderedServices", "serviceRequests"),
    "MedicationRequest": ("orderedMedicines", "medicationRequests"),
    "DeviceRequest": ("orderedDevices",),
}
"""By order type, the prefetch keys in which an order that a call names may come."""
ALWAYS = {
    "patient": "Patient/{{context.patientId}}",
    "encounter": "Encounter/{{context.encounterId}}",
    "coverage": "Coverage?patient={{context.patientId}}&status=active",
    "questionnaireResponses": "QuestionnaireResponse?patient={{context.patientId}}",
}


def templates(content: Content, hook: str = "order-sign") -> dict[str, str]:
    """The prefetch templates of a hook: what it names, and what the facts of all policies of orders in force need.

    A template that depends on another key comes after it.
    """
    of_orders = [policy for policy in content.policies if policy.status != "draft" and policy.subject == "order"]
    names = tuple(fact for policy in of_orders for fact in policy.facts)
    needs: dict[str, list[Need]] = {}
    for need in content.catalogue.needs(names):
        needs.setdefault(need.resource, []).append(need)
    named = dict(_NAMED[hook])
    medications = named.pop("medications")
    found: dict[str, str] = {}
    for key, resource in KEYS.items():
        if key == "medications" and "MedicationRequest" in needs:
            found |= named | {key: medications}
        elif key in ALWAYS and not (key == "encounter" and hook == "order-dispatch"):  # its context names no encounter
            found[key] = ALWAYS[key]
        elif key not in ALWAYS and resource in needs:
            narrowed = _narrowed(needs[resource], content.terminology)
            medicines = f"&_include={include}" if (include := included(resource)) else ""
            found[key] = f"{resource}?patient={{{{context.patientId}}}}{narrowed}{medicines}"
    return found | named


def included(resource: str) -> str:
    """What a search for one resource type is to bring along: the Medications that its records refer to; else nothing."""
    return f"{resource}:medication" if resource in MEDICINES else ""


def _narrowed(needs: Iterable[Need], terminology: Terminology) -> str:
    codes = codes_of(needs, terminology)
    return f"&code={','.join(codes)}" if codes else ""


def codes_of(needs: Iterable[Need], terminology: Terminology) -> tuple[str, ...]:
    """The codes (``system|code``) that searches for one resource type may be narrowed to; none when they may not be."""
    held = list(needs)
    if not all(need.value_sets for need in held):
        return ()
    codes = {
        f"{system}|{code}": None
        for need in held
        for id_ in need.value_sets
        for system, listed in terminology.sets[id_].systems.items()
        for code in listed
    }
    return tuple(sorted(codes))


_TITLES = {
    "order-sign": ("Medical policy as orders are signed", "each order being signed"),
    "order-select": ("Medical policy as orders are selected", "each selected order"),
    "order-dispatch": ("Medical policy as orders are dispatched", "each order for which a performer is chosen"),
    "appointment-book": ("Medical policy as appointments are booked", "each order that an appointment is booked for"),
}
_EARLY = "Warns early of what is not supported and asks nothing yet: order-sign does."
_WHOLE = "Says why and what is still missing, and cites the policy for every reason."
_SILENCE = (
    "Data that are not prefetched are read from fhirServer with the token of the call, where the service may read that server; "
    "else they count as not searched, and what rests on them is answered as not documented."
)
_NEEDED = "The orders themselves must be prefetched."


def service_id(hook: str) -> str:
    """The id of the service of a hook. Clients keep services by their address, so no two hooks share one."""
    return f"{SERVICE_ID}-{hook}"


HOOK_OF = {service_id(hook): hook for hook in _TITLES}
"""The hook that each service is for, by the service's id."""
SERVICES = frozenset({SERVICE_ID, *HOOK_OF})
"""The ids that are answered: those listed, and the alias."""


def discovery(content: Content) -> dict[str, Any]:
    """The discovery document (`GET /cds-services`) for the content held; `hooks.json` is this, checked in."""
    return {"services": [_service(hook, content) for hook in _TITLES]}


def _service(hook: str, content: Content) -> dict[str, Any]:
    title, each = _TITLES[hook]
    named = hook in ("order-dispatch", "appointment-book")
    return {
        "hook": hook,
        "id": service_id(hook),
        "title": title,
        "description": (
            f"Says whether the plan's published medical policy supports {each}. {_EARLY if hook == 'order-select' else _WHOLE}"
        ),
        "usageRequirements": f"{_NEEDED} {_SILENCE}" if named else _SILENCE,
        "version": "3.0.0",
        "prefetch": templates(content, hook),
        "extension": {
            "davinci-crd.version": ["2.2"],
            "davinci-crd.configuration-options": [option.declared() for option in OPTIONS],
        },
    }
