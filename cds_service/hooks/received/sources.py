"""The places where the orders that a call names are found.

They are its Bundle, its prefetch, and the client's FHIR server.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from cds_service.fhir.elements import Resource, items, own_reference, reference
from cds_service.hooks.account import loggable
from cds_service.hooks.received.faults import RequestIssue, Unusable, expression
from cds_service.hooks.received.given import ORDER_KEYS, Given
from cds_service.hooks.received.request import HookRequest
from cds_service.order import LookUp, Place

log = logging.getLogger("cds_service")
OLDER: Final = {"ProcedureRequest", "ReferralRequest", "MedicationOrder", "DiagnosticOrder", "DeviceUseRequest"}
"""Order types that FHIR had before R4."""
OLDER_SAID: Final = "it is of an older FHIR version; R4 is meant"


@dataclass(frozen=True, slots=True)
class Sources:
    """The places where the orders that a call names are found.

    They are its Bundle, its prefetch, and what ``read`` reads. ``status`` is the HTTP status of faults.
    """

    request: HookRequest[Any]
    read: LookUp
    status: int

    def find(self, wanted: str) -> tuple[Resource, Place] | None:
        """Find the order with this ``Type/id``, and its place.

        The place is empty for an order that had to be read. Returns None for one that is not found.
        """
        for resource, place in (*self.request.context.bundled(), *self._prefetched(wanted.partition("/")[0])):
            if own_reference(resource) == wanted:
                return resource, place
        found = self.read(wanted)
        return (found, ()) if found is not None and own_reference(found) == wanted else None

    def _prefetched(self, kind: str) -> Iterator[tuple[Resource, Place]]:
        """Yield what was prefetched.

        First comes what stands under the keys that such an order is asked for by, then all the rest.
        """
        prefetch = self.request.prefetch or {}
        for key in dict.fromkeys((*ORDER_KEYS.get(kind, ()), *prefetch)):
            value = prefetch.get(key)
            if not isinstance(value, dict):
                continue
            yield value, ("prefetch", key)
            for at, entry in enumerate(items(value.get("entry"))):
                if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
                    yield entry["resource"], ("prefetch", key, "entry", at, "resource")


Named = tuple[str, Place, date | None, RequestIssue | None]
"""An order that a call names by ``Type/id``.

With it stand where it is named, the day of service that the call gives it, and what is wrong with that day.
"""


def orders_named(wanted: Iterable[Named], sources: Sources, needed: bool = True) -> list[Given]:
    """Find the orders that a call names.

    Where only some can be found, the others are logged and nothing is said of them.

    Raises Unusable (412) where orders are ``needed`` and none can be found.
    """
    given: list[Given] = []
    missing: list[RequestIssue] = []
    for one, named, on, undated in wanted:
        found = sources.find(one)
        if found:
            given.append(Given(*found, named, on=on, undated=(undated,) if undated else ()))
        else:
            said = f"the {one.partition('/')[0]} it names is neither prefetched nor could it be read"
            missing.append(RequestIssue(expression(named), said, "not-found"))
    if missing and needed and not given:
        raise Unusable(412, missing)
    if missing:
        extra = {"hook_instance": loggable(sources.request.hook_instance), "elements": [issue.expression for issue in missing]}
        log.warning("orders were not sent and could not be read; nothing is said of them", extra=extra)
    return given


def local(written: str) -> str:
    """Return a reference as ``Type/id``.

    Returns the empty string for what is no reference.
    """
    return reference({"reference": written}) if not written.startswith("#") else ""
