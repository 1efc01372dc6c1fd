"""What the client prefetched under one key: all of it, a part, a failure, or nothing at all.

``null`` and an empty Bundle are a search that found nothing, and an answer. An OperationOutcome is a search that failed. A key that
is absent, or that holds something else than was asked for, was not searched.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final, Literal, NamedTuple

from cds_service.fhir.elements import Resource, own_reference
from cds_service.fhir.searchset import read_page

_ABSENT: Final[dict[str, Any]] = {}


class Supplied(NamedTuple):
    """One key: its resource type, what it holds, and how much that is; ``next`` is the page after it, where there is one."""

    kind: str
    state: Literal["whole", "part", "failed", "absent"]
    resources: tuple[Resource, ...] = ()
    next: str = ""


def supplied(prefetch: dict[str, Any], key: str, kind: str, patient: str) -> Supplied:
    """What stands under a key. The Patient of somebody else (``patient`` is the bare id) is as good as none."""
    value = prefetch.get(key, _ABSENT)
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


def _bundled(bundle: dict[str, Any], kind: str) -> Supplied:
    entries = bundle.get("entry")
    none = not entries if isinstance(entries, list) else "entry" not in bundle
    if none and "link" not in bundle:
        total = bundle.get("total", 0)
        if type(total) is int and total == 0:
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
    """A search that found nothing."""
    return Supplied(kind, "whole")
