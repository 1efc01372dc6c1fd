"""What a FHIR server can search for, and searches worded accordingly.

What it can search for is read from its CapabilityStatement.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cds_service.fhir.elements import items, text

PAGE = 250
"""How many resources a page is asked to hold.

Servers may give fewer.
"""
_PATIENT_NAMES = {"Coverage": ("patient", "beneficiary")}


@dataclass(frozen=True, slots=True)
class SupportedSearch:
    """A search for resources of one type.

    Either the resources of one patient (by bare id), narrowed to ``codes`` (``system|code``) or to active ones; or the
    resources with the given ``ids``. ``include`` names a reference whose target shall be sent along
    (``MedicationRequest:medication``).
    """

    kind: str
    patient: str = ""
    codes: tuple[str, ...] = ()
    active: bool = False
    ids: tuple[str, ...] = ()
    include: str = ""


@dataclass(frozen=True, slots=True)
class Capability:
    """What a server can search for, by its CapabilityStatement.

    ``searches`` holds the search parameters of each resource type that can be searched; the set is empty for a type
    that lists none. ``includes`` are the references whose targets a search can bring along.
    """

    searches: Mapping[str, frozenset[str]]
    includes: frozenset[str] = frozenset()


def read_capability(statement: Any) -> Capability | None:
    """Read a CapabilityStatement.

    Returns None for anything else, and for one that lists no resource types.
    """
    if not isinstance(statement, dict) or statement.get("resourceType") != "CapabilityStatement":
        return None
    found: dict[str, frozenset[str]] = {}
    includes: set[str] = set()
    for rest in items(statement.get("rest")):
        for entry in items(rest.get("resource")) if isinstance(rest, dict) else ():
            if not isinstance(entry, dict):
                continue
            actions = {text(one.get("code")) for one in items(entry.get("interaction")) if isinstance(one, dict)}
            if not actions or "search-type" in actions:
                names = (text(one.get("name")) for one in items(entry.get("searchParam")) if isinstance(one, dict))
                found[text(entry.get("type"))] = frozenset(names)
                if isinstance(entry.get("searchInclude"), list):
                    includes.update(map(text, entry["searchInclude"]))
    return Capability(found, frozenset(includes)) if found else None


def written(search: SupportedSearch, capability: Capability | None) -> str | None:
    """Write a search as a relative URL.

    Where the server's capability is known, only parameters that it supports are used. Returns None when the server
    cannot search for it: it does not have the type, or has no parameter for the patient.
    """
    if capability is None:
        return f"{search.kind}?{urlencode(_parameters(search, 'patient'), safe=',')}"
    known = capability.searches.get(search.kind)
    if known is None:
        return None
    names = _PATIENT_NAMES.get(search.kind, ("patient", "subject"))
    name = next((one for one in names if one in known), None if known else "patient")
    if search.patient and name is None:
        return None
    asked = [
        (key, value)
        for key, value in _parameters(search, name or "")
        if (value in capability.includes if key == "_include" else key in (name, "_id") or key in known)
    ]
    return f"{search.kind}?{urlencode(asked, safe=',')}"


def _parameters(search: SupportedSearch, name: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if search.patient:
        found.append((name, search.patient if name == "patient" else f"Patient/{search.patient}"))
    if search.ids:
        found.append(("_id", ",".join(search.ids)))
    if search.active:
        found.append(("status", "active"))
    if search.codes:
        found.append(("code", ",".join(search.codes)))
    if search.include:
        found.append(("_include", search.include))
    return [*found, ("_count", str(PAGE))]


class Capabilities:
    """The capabilities of servers, remembered for a while.

    Each is remembered for ``age`` seconds, and at most ``most`` servers are. That a server said nothing usable is
    remembered too, so that it is asked only once. Threads share one instance.
    """

    def __init__(self, age: float = 3600.0, most: int = 64) -> None:
        self._age, self._most = age, most
        self._held: OrderedDict[str, tuple[float, Capability | None]] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, server: str, now: float) -> tuple[Capability | None, bool]:
        """Return a server's capability, and whether the server was asked at all.

        ``now`` is in seconds of a steady clock.
        """
        with self._lock:
            held = self._held.get(server)
            if held is None or now - held[0] > self._age:
                return None, False
            return held[1], True

    def learn(self, server: str, capability: Capability | None, now: float) -> None:
        """Remember the capability that a server stated."""
        with self._lock:
            self._held[server] = (now, capability)
            self._held.move_to_end(server)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
