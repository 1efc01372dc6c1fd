"""What the client prefetched under one key.

It is all of what was asked for, a part, a failure, or nothing at all.

``null`` and an empty Bundle are a search that found nothing, and an answer. An OperationOutcome is a search that
failed. A key that is absent, or that holds something else than was asked for, was not searched.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final, Literal, NamedTuple

from cds_service.fhir.elements import Resource, own_reference
from cds_service.fhir.searchset import read_page, stated_total

_ABSENT: Final[dict[str, Any]] = {}
OTHERWISE: Final = {"coverage": "coverageBundle", "encounter": "encounterBundle"}
"""By key, the key that some clients send instead.

They were built for Da Vinci's reference server and do not read discovery.
"""
WITH_ORDERS: Final = frozenset(
    {
        "serviceRequestBundle",
        "medicationRequestBundle",
        "deviceRequestBundle",
        "medicationDispenseBundle",
        "nutritionOrderBundle",
        "coverageBundle",
        "encounterBundle",
    }
)
"""The keys under which those clients send an order with its context.

Together with the order come the patient it is for and who pays.
"""
_ALONG: Final = ("Patient", "Coverage")
_WITH_PAYERS: Final = frozenset({*_ALONG, "Organization"})


class Supplied(NamedTuple):
    """One key: its resource type, its resources, and how complete they are.

    ``next`` is the page after it, where there is one.
    """

    kind: str
    state: Literal["whole", "part", "failed", "absent"]
    resources: tuple[Resource, ...] = ()
    next: str = ""


def supplied(prefetch: dict[str, Any], key: str, kind: str, patient: str) -> Supplied:
    """Read what the client sent under a key, or under its substitute.

    ``patient`` is the bare id; another person's Patient counts as missing.
    """
    value = prefetch.get(key, _ABSENT)
    if value is _ABSENT and key in OTHERWISE:
        value = prefetch.get(OTHERWISE[key], _ABSENT)
    if value is None:
        return _nothing(kind)
    if not isinstance(value, dict):
        return Supplied(kind, "part")
    stated = value.get("resourceType")
    if stated == "Bundle":
        return _bundled(value, kind)
    if stated == kind:
        own = kind != "Patient" or own_reference(value) in ("Patient", f"Patient/{patient}")
        return Supplied(kind, "whole" if own else "part", (value,))
    if stated == "OperationOutcome":
        return Supplied(kind, "failed")
    return Supplied(kind, "absent" if value is _ABSENT else "part")


def with_orders(prefetch: dict[str, Any], held: list[Supplied], patient: str) -> list[Supplied]:
    """Complete what was supplied with what came along with orders.

    Where the client did not send the keys of the Patient and the Coverages, those that came along with an order are
    taken. What else comes along with an order is no search of the chart, and stays unread.
    """
    if WITH_ORDERS.isdisjoint(prefetch):
        return held
    sent = [value for key, value in prefetch.items() if key in WITH_ORDERS and isinstance(value, dict)]
    along = [one for value in sent for one in _bundled(value, "").resources if one.get("resourceType") in _WITH_PAYERS]
    return [_completed(one, along, patient) if one.state == "absent" and one.kind in _ALONG else one for one in held]


def _completed(absent: Supplied, along: list[Resource], patient: str) -> Supplied:
    found = [one for one in along if one.get("resourceType") == absent.kind]
    if absent.kind == "Patient":
        own = tuple(one for one in found if own_reference(one) == f"Patient/{patient}")[:1]
        return Supplied("Patient", "whole", own) if own else absent
    payers = [one for one in along if one.get("resourceType") == "Organization"]
    return Supplied("Coverage", "part", (*found, *payers)) if found else absent


def _bundled(bundle: dict[str, Any], kind: str) -> Supplied:
    entries = bundle.get("entry")
    none = not entries if isinstance(entries, list) else entries is None
    if none and bundle.get("link") is None and stated_total(bundle) == 0:
        return _nothing(kind)
    page = read_page(bundle)
    if page is None:
        return Supplied(kind, "part")
    if page.failed:
        return Supplied(kind, "failed", page.resources)
    whole = page.sound and not page.next and page.holds_all(kind)
    follows = page.next if page.sound and page.next != "?" else ""
    return Supplied(kind, "whole" if whole else "part", page.resources, follows)


@cache
def _nothing(kind: str) -> Supplied:
    """Return the result of a search that found nothing."""
    return Supplied(kind, "whole")
