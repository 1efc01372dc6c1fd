"""The prefetch that the service asks for.

It is derived from the facts of the policies: a fact says which resource types it is found in. Observations, of which
charts hold thousands, are narrowed to the codes that facts read.
"""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.content.content import Content
from cds_service.facts.wanted import Need
from cds_service.fhir.resource_types import KEYS, MEDICINES
from cds_service.fhir.value_sets import Terminology
from cds_service.hooks.received import order_sign
from cds_service.hooks.received.hook import MEDICATIONS, Hook

ALWAYS = {
    "patient": "Patient/{{context.patientId}}",
    "encounter": "Encounter/{{context.encounterId}}",
    "coverage": "Coverage?patient={{context.patientId}}&status=active",
    "questionnaireResponses": "QuestionnaireResponse?patient={{context.patientId}}",
}


OF_EVERY_CALL = ("patient", "encounter", "coverage")
"""The keys of what every call needs, whichever orders it is about."""


def templates(content: Content, hook: Hook = order_sign.HOOK, *, least: bool = False) -> dict[str, str]:
    """Return the prefetch templates of a hook.

    They are what the hook names, and what is needed by the facts of all policies of orders in force.

    With ``least``, they ask only for what every call needs, the orders that it names included (CRD 2.2.1, found-27 and
    found-28); what some orders need is then read with the call's token. A template that depends on another key comes
    after it.
    """
    if least:
        asked = {key: ALWAYS[key] for key in OF_EVERY_CALL if hook.encounter or key != "encounter"}
        return asked | {key: template for key, template in hook.prefetch.items() if key != MEDICATIONS}
    of_orders = [policy for policy in content.policies if policy.status != "draft" and policy.subject == "order"]
    names = tuple(fact for policy in of_orders for fact in policy.facts)
    needs: dict[str, list[Need]] = {}
    for need in content.catalogue.needs(names):
        needs.setdefault(need.resource, []).append(need)
    named = dict(hook.prefetch)
    medications = named.pop(MEDICATIONS)
    found: dict[str, str] = {}
    for key, resource in KEYS.items():
        if key == MEDICATIONS and "MedicationRequest" in needs:
            found |= named | {key: medications}
        elif key in ALWAYS and (hook.encounter or resource != "Encounter"):
            found[key] = ALWAYS[key]
        elif key not in ALWAYS and resource in needs:
            narrowed = _narrowed(needs[resource], content.terminology)
            medicines = f"&_include={include}" if (include := included(resource)) else ""
            found[key] = f"{resource}?patient={{{{context.patientId}}}}{narrowed}{medicines}"
    return found | named


def included(resource: str) -> str:
    """Return what a search for a resource type must bring along.

    That is the Medications that its records refer to; the empty string for types that refer to none.
    """
    return f"{resource}:medication" if resource in MEDICINES else ""


def _narrowed(needs: Iterable[Need], terminology: Terminology) -> str:
    """Return what narrows a template to codes, each without its system.

    Servers of US Core take a code so (its search by token). With the systems one query would be longer than the 8 kB
    that most servers take, and whoever reads what comes looks at the system.
    """
    codes = sorted({token.rpartition("|")[2] for token in codes_of(needs, terminology)})
    return f"&code={','.join(codes)}" if codes else ""


def codes_of(needs: Iterable[Need], terminology: Terminology) -> tuple[str, ...]:
    """Return the codes that searches for a resource type are narrowed to.

    They are written ``system|code``; there are none when the searches may not be narrowed.
    """
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
