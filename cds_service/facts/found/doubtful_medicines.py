"""Medicines that might be one looked for.

They are named in words only, or could not be read at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Set
from typing import Final

from cds_service.facts.found.of_medicines import medication_days, states_of
from cds_service.facts.wanted import Unreadable, Wanted, carried_value
from cds_service.fhir.elements import Resource, own_reference, text
from cds_service.fhir.medication import Doubt
from cds_service.fhir.resource_types import MEDICINES
from cds_service.policy.evidence import NAMED_ONLY, NOT_RECOGNISED, NOT_SENT, Evidence, Standing
from cds_service.policy.values import Days, Value
from cds_service.sitting import DatedChart

RESOURCES: Final = (*MEDICINES, "ServiceRequest", "Procedure")
"""The resource types in which medicines stand.

A ServiceRequest with a drug's code is an order of it, a Procedure with one is a dose.
"""


def doubtful_medicines(
    seen: DatedChart,
    codes: str,
    states: Set[str],
    wanted: Wanted,
    types: Collection[str] = RESOURCES,
    passing_over: Callable[[Resource], bool] = lambda _: False,
) -> list[Evidence]:
    """Find what is uncertain about medicines of a value set.

    That is medicines named in words only, and those that could not be read. ``states`` are those that count
    (``active``, ``completed`` ...), ``types`` the resource types; a record for which ``passing_over`` is true does not
    count. This serves kinds of evidence that read medicines otherwise than by :func:`medicines`; they also name
    ``chart.UNREAD`` in ``speaks_by``.
    """
    found: list[Evidence] = []
    for resource, doubt in seen.chart.doubts:
        if resource["resourceType"] not in types or own_reference(resource) in seen.own:
            continue
        if states.isdisjoint(states_of(resource, text(resource.get("status")), seen.as_of)):
            continue
        if not passing_over(resource):
            found += doubtful(seen, codes, doubt, resource, medication_days(resource), wanted)
    return found


def doubtful(
    seen: DatedChart,
    codes: str,
    doubt: Doubt,
    resource: Resource,
    when: Days | None,
    wanted: Wanted,
    gives: Value | None = None,
) -> list[Evidence]:
    """Return a medicine that might be of a value set, as evidence.

    There is one for each value that it could have; none where it is not of the set.
    """
    said = own_reference(resource)
    found = [
        Evidence(value if gives is None else gives, when, said, "recorded", Standing.UNCERTAIN, NAMED_ONLY, doubt.name)
        for value in possible_values(seen, codes, doubt, wanted)
    ]
    if not found and doubt.unread:
        value = gives if gives is not None else True if wanted.type == "boolean" else None
        note = NOT_SENT if doubt.missing else NOT_RECOGNISED
        found.append(Evidence(value, when, said, "recorded", Standing.UNCERTAIN, note, doubt.unread))
    return found


def possible_values(seen: DatedChart, codes: str, doubt: Doubt, wanted: Wanted) -> list[Value | None]:
    """Return what a value set says of the ingredients that words name.

    There is a value for each; None for one of which the set says none.
    """
    found: dict[Value | None, None] = {}
    for carried in seen.chart.terminology.carried_by(doubt.named, codes) if doubt.named else ():
        try:
            found[carried_value(carried, wanted, True if wanted.type == "boolean" else None)] = None
        except Unreadable:
            found[None] = None
    return list(found)
