"""One page of a searchset Bundle, read as it came: what it holds, whether it is sound, and where the next page is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from cds_service.fhir.elements import Resource, items, text

_OF_THE_PATIENT: Final = ("patient", "subject", "beneficiary")
_NARROWING: Final = frozenset(
    {"_id", "_lastUpdated", "category", "class", "clinical-status", "date", "effective", "period", "status"}
)
"""Parameters that leave something out; one that nobody asked for was added by the server."""


class Page(NamedTuple):
    """``sound`` tells that every entry could be read, ``failed`` that the page says that something went wrong.

    ``next`` and ``executed`` are the links ``next`` and ``self``, empty when there is none; ``total`` is 0 when none is said, and
    None when it is no number.
    """

    resources: tuple[Resource, ...]
    sound: bool
    failed: bool
    next: str
    executed: str
    total: int | None

    def holds_all(self, kind: str, held: Iterable[Resource] = ()) -> bool:
        """Whether the matches read so far (``held``, or the page's own) are as many as the search says to have found."""
        if self.total == 0:
            return True
        matches = len([r for r in (held or self.resources) if r.get("resourceType") == kind])
        return self.total is not None and self.total <= matches


def read_page(bundle: Mapping[str, Any]) -> Page | None:
    """Reads a Bundle; None when its entries are no list."""
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        return None
    found: list[Resource] = []
    sound, failed = True, False
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or (kind := resource.get("resourceType")) is None or kind == "Bundle":
            sound = False
        elif kind == "OperationOutcome":
            failed |= _says_failed(resource)
        else:
            found.append(resource)
    total = bundle.get("total", 0)
    counted = total if isinstance(total, int) and not isinstance(total, bool) else None
    if "link" not in bundle:
        return Page(tuple(found), sound, failed, "", "", counted)
    links = {text(link.get("relation")): text(link.get("url")) for link in items(bundle["link"])[::-1] if isinstance(link, dict)}
    following = links.get("next", "") or ("?" if "next" in links else "")
    return Page(tuple(found), sound, failed, following, links.get("self", ""), counted)


def executed_otherwise(executed: str, patient: str, codes: Iterable[str]) -> bool:
    """Whether a ``self`` link says that the search left out what was asked for: another patient, fewer codes, a filter of its own.

    A filter that the server ignored leaves nothing out, and what a link does not say is not held against it.
    """
    asked = set(codes)
    for name, value in parse_qsl(urlsplit(executed).query):
        bare, _, modifier = name.partition(":")
        if bare in _OF_THE_PATIENT and patient and value.rpartition("/")[2] != patient:
            return True
        if bare == "code" and asked and (modifier or not asked <= set(value.split(","))):
            return True
        if bare in _NARROWING and patient and (bare, value) != ("status", "active"):
            return True
    return False


def _says_failed(outcome: Mapping[str, Any]) -> bool:
    return any(isinstance(issue, dict) and issue.get("severity") in ("error", "fatal") for issue in items(outcome.get("issue")))
