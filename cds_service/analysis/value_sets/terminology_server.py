"""A FHIR terminology server that expands value sets.

It is asked for ``ValueSet/$expand`` with the set as it is written, through the guard.
"""

from __future__ import annotations

import time
from typing import Any, Final

import orjson

from cds_service.analysis.value_sets.expansion import Expanded, contained
from cds_service.security.outbound import NotAllowed, Outbound, Unreachable

FHIR_JSON: Final = "application/fhir+json"
SECONDS: Final = 60
"""How long the expansion of one set may take, in seconds."""
LARGEST: Final = 64 * 1024 * 1024
"""Largest expansion that is read, in bytes."""
MOST_CODES: Final = 200_000
"""Most codes that an expansion may have.

A server that would send them in pages is asked for all at once.
"""


class NotExpanded(Exception):
    """The server gave no expansion; the message says why."""


class TerminologyServer:
    """One server, by its base URL."""

    def __init__(self, address: str, outbound: Outbound, headers: dict[str, str] | None = None) -> None:
        """Set the headers that go with every call.

        An authorization is one.
        """
        self.address = address.rstrip("/")
        self._outbound, self._headers = outbound, headers or {}

    def expand(self, value_set: dict[str, Any]) -> tuple[list[Expanded], tuple[str, ...]]:
        """Expand a value set by the server.

        Returns the codes, and the versions of the code systems that the server says it used. Raises NotExpanded.
        """
        asked = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "valueSet", "resource": value_set},
                {"name": "count", "valueInteger": MOST_CODES},
                {"name": "includeDesignations", "valueBoolean": False},
            ],
        }
        headers = {"Accept": FHIR_JSON, "Content-Type": FHIR_JSON} | self._headers
        try:
            reply = self._outbound.post(
                f"{self.address}/ValueSet/$expand",
                orjson.dumps(asked),
                allowed=[self.address],
                headers=headers,
                deadline=time.monotonic() + SECONDS,
                largest=LARGEST,
            )
        except (NotAllowed, Unreachable) as error:
            raise NotExpanded(f"the server could not be asked: {error}") from None
        try:
            read = orjson.loads(reply.body)
        except orjson.JSONDecodeError:
            raise NotExpanded(f"the server answered {reply.status} and no JSON") from None
        if reply.status != 200:
            raise NotExpanded(f"the server answered {reply.status}{_diagnostics(read)}")
        found = contained(read)
        if found is None:
            raise NotExpanded("the server answered with something that is no expansion")
        total = read["expansion"].get("total")
        if isinstance(total, int) and total > len(found):
            raise NotExpanded(f"the server gave {len(found)} of {total} codes")
        return found, _versions(read["expansion"])


def _versions(expansion: dict[str, Any]) -> tuple[str, ...]:
    """Return the versions of code systems that a server says it used."""
    parameters = [one for one in expansion.get("parameter", []) if isinstance(one, dict)]
    said = [one for one in parameters if one.get("name") in ("version", "used-codesystem")]
    found = [one.get("valueUri") or one.get("valueCanonical") or one.get("valueString") for one in said]
    return tuple(dict.fromkeys(one for one in found if isinstance(one, str)))


def _diagnostics(read: Any) -> str:
    """Return what an OperationOutcome says, shortened."""
    issues = read.get("issue", []) if isinstance(read, dict) else []
    said = [one.get("diagnostics") for one in issues if isinstance(one, dict)] if isinstance(issues, list) else []
    texts = [one for one in said if isinstance(one, str)]
    return f": {' '.join(texts)[:300]}" if texts else ""
