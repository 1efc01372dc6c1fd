"""One page of a searchset Bundle.

What it holds, whether it is sound, and where the next page is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from cds_service.fhir.elements import Resource, items, text

_OF_THE_PATIENT: Final = ("patient", "subject", "beneficiary")
_NARROWING: Final = frozenset(
    {"_id", "_lastUpdated", "category", "class", "clinical-status", "date", "effective", "period", "status"}
)
"""Parameters that make a search find less.

Where nobody asked for one of them, the server has added it.
"""


_FIGURES: Final = 10
"""Fewer figures than this has the number of any search's matches."""


class Page(NamedTuple):
    """One page of search results.

    ``sound`` tells that every entry could be read, ``failed`` that the page reports an error. ``next`` and ``executed``
    are the links ``next`` and ``self``, empty when there is none. ``total`` is 0 when none is stated, and None when it
    is no number.
    """

    resources: tuple[Resource, ...]
    sound: bool
    failed: bool
    next: str
    executed: str
    total: int | None

    def holds_all(self, kind: str, held: Iterable[Resource] = ()) -> bool:
        """Tell whether all matches that the search reports have been read.

        Counted are those in ``held``, or the page's own.
        """
        if self.total == 0:
            return True
        matches = len([r for r in (held or self.resources) if "resourceType" in r and r["resourceType"] == kind])
        return self.total is not None and self.total <= matches


def read_page(bundle: Mapping[str, Any]) -> Page | None:
    """Read a page from a Bundle.

    A lone entry counts as a list of one, and null as absent. Returns None when the Bundle's entries are no list.
    """
    entries = bundle.get("entry")
    if entries is None:
        entries = []
    elif not isinstance(entries, list):
        if not isinstance(entries, dict):
            return None
        entries = [entries]
    found: list[Resource] = []
    sound, failed = True, False
    for entry in entries:
        resource: Any = entry["resource"] if entry.__class__ is dict and "resource" in entry else None
        kind = resource["resourceType"] if resource.__class__ is dict and "resourceType" in resource else None
        if kind is None or kind == "Bundle":
            sound = False
        elif kind == "OperationOutcome":
            failed |= _says_failed(resource)
        else:
            found.append(resource)
    counted = stated_total(bundle)
    if "link" not in bundle:
        return Page(tuple(found), sound, failed, "", "", counted)
    links = {text(link.get("relation")): text(link.get("url")) for link in items(bundle["link"])[::-1] if isinstance(link, dict)}
    following = links.get("next", "") or ("?" if "next" in links else "")
    return Page(tuple(found), sound, failed, following, links.get("self", ""), counted)


def stated_total(bundle: Mapping[str, Any]) -> int | None:
    """Return how many matches a search says that it found.

    It is 0 where it does not say, and None where what it says is no number. Some clients write numbers as decimals or
    as strings.
    """
    total = bundle.get("total")
    if total is None:
        return 0
    if total.__class__ is int:
        return int(total)
    if isinstance(total, float) and total.is_integer():
        return int(total)
    return int(total) if isinstance(total, str) and total.isascii() and total.isdecimal() and len(total) < _FIGURES else None


def executed_otherwise(executed: str, patient: str, codes: Iterable[str]) -> bool:
    """Tell whether the server's search left out what was asked for.

    The ``self`` link says what was searched: another patient, fewer codes, or a filter of the server's own. A filter
    that the server ignored leaves nothing out, and what the link does not mention counts as searched. A link that is no
    URL says nothing that can be relied on.
    """
    asked = set(codes)
    try:
        query = urlsplit(executed).query
    except ValueError:
        return True
    for name, value in parse_qsl(query):
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
