"""What the app asks to be allowed, computed from the catalogue.

It asks to read what the policies search in, and to save answers.
"""

from __future__ import annotations

from typing import Final

from cds_service.content.content import Content
from cds_service.fhir.resource_types import CODE_ELEMENTS, KEYS, READ

WHO: Final = ("openid", "fhirUser", "launch")
"""Scopes for who signs in, and for the context of the launch.

There is no ``offline_access``: it is one session.
"""
_ALWAYS: Final = ("Patient", "Coverage", "Encounter", "QuestionnaireResponse")
_REFERRED: Final = ("Organization", "Medication")
"""Types that Coverages and prescriptions refer to.

Without them those cannot be understood.
"""
ANSWERS: Final = "QuestionnaireResponse"


def kinds_read(content: Content) -> tuple[str, ...]:
    """List the resource types that the app reads.

    They are those that policies of orders in force search, with the types of orders and what all of those refer to.
    """
    in_force = [policy for policy in content.policies if policy.status != "draft" and policy.subject == "order"]
    facts = tuple(fact for policy in in_force for fact in policy.facts)
    searched = {need.resource for need in content.catalogue.needs(facts)}
    orders = {kind for kind in CODE_ELEMENTS if kind in READ and kind != "Appointment"}
    wanted = {*_ALWAYS, *_REFERRED, *searched, *orders}
    return tuple(dict.fromkeys([*[kind for kind in KEYS.values() if kind in wanted], *sorted(wanted - set(KEYS.values()))]))


def scopes_asked(content: Content, *, second: bool) -> str:
    """Write the scopes of a launch.

    They are in the words of SMART 2 (``second``) or of SMART 1; no wildcard, and nobody else's data.
    """
    asked = list(WHO)
    for kind in kinds_read(content):
        saves = kind == ANSWERS
        if second:
            asked.append(f"patient/{kind}.{'crs' if saves else 'rs'}")
        else:
            asked += [f"patient/{kind}.read"] + ([f"patient/{kind}.write"] if saves else [])
    return " ".join(asked)
