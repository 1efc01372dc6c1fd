"""What a FHIR server says it can search for (its CapabilityStatement), and a search in the words that it understands."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cds_service.fhir.elements import items, text

PAGE = 250
"""Resources that a page is asked to hold; servers give fewer as they like."""
_PATIENT_NAMES = {"Coverage": ("patient", "beneficiary")}


@dataclass(frozen=True, slots=True)
class Search:
    """A search: one resource type of one patient (by bare id), narrowed to codes (``system|code``) or active ones; or by ids.

    ``include`` names a reference whose target is to come along (``MedicationRequest:medication``).
    """

    kind: str
    patient: str = ""
    codes: tuple[str, ...] = ()
    active: bool = False
    ids: tuple[str, ...] = ()
    include: str = ""


@dataclass(frozen=True, slots=True)
class Capability:
    """The search parameters of each resource type that can be searched; none for a type that names none. ``includes`` are the
    references whose targets searches can bring along."""

    searches: Mapping[str, frozenset[str]]
    includes: frozenset[str] = frozenset()


def read_capability(statement: Any) -> Capability | None:
    """Reads a CapabilityStatement; None for anything else, or for one that lists no types."""
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


def written(search: Search, capability: Capability | None) -> str | None:
    """A search as a relative URL; where the server's capability is known, with the parameters that it has.

    None when the server cannot search for it: it has not the type, or no parameter for the patient.
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


def _parameters(search: Search, name: str) -> list[tuple[str, str]]:
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
    """What servers said of themselves, each remembered for ``age`` seconds, and at most ``most`` of them. Threads share it.

    That a server said nothing usable is remembered too, so that it is asked once.
    """

    def __init__(self, age: float = 3600.0, most: int = 64) -> None:
        self._age, self._most = age, most
        self._held: OrderedDict[str, tuple[float, Capability | None]] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, server: str, now: float) -> tuple[Capability | None, bool]:
        """What is known of a server (``now`` in seconds of a steady clock), and whether it was asked at all."""
        with self._lock:
            held = self._held.get(server)
            if held is None or now - held[0] > self._age:
                return None, False
            return held[1], True

    def learn(self, server: str, capability: Capability | None, now: float) -> None:
        """Remembers what a server said."""
        with self._lock:
            self._held[server] = (now, capability)
            self._held.move_to_end(server)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
