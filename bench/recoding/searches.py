"""Other forms of the same answers to searches: lone resources, lone entries, outcomes beside, twice the same, more pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.recoding.places import Json, World, again, bundle, dicts, everything
from bench.recoding.rewrite import Rewrite

BASE = "https://ehr.example.org/fhir/R4"


def bundles(request: Json) -> Iterator[tuple[str, Json]]:
    """The searchsets that were prefetched, each with its key."""
    for key, value in request["prefetch"].items():
        if isinstance(value, dict) and value.get("resourceType") == "Bundle":
            yield key, value


def _each(change: Callable[[Json], bool]) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = [change(held) for _, held in list(bundles(request))]
        return any(changed)

    return apply


def _single(request: Json, world: World) -> bool:
    """A search with one match as the match alone."""
    changed = False
    for key, held in list(bundles(request)):
        if len(held["entry"]) == 1 and key != "medications":
            request["prefetch"][key] = held["entry"][0]["resource"]
            changed = True
    return changed


def _lone_entry(held: Json) -> bool:
    if len(held["entry"]) != 1:
        return False
    held["entry"] = held["entry"][0]
    return True


def _order_alone(request: Json, world: World) -> bool:
    drafted = request["context"]["draftOrders"]
    if len(drafted["entry"]) != 1:
        return False
    drafted["entry"] = drafted["entry"][0]
    return True


def _bundled(request: Json, world: World) -> bool:
    for key in ("patient", "encounter"):
        held = request["prefetch"].get(key)
        if isinstance(held, dict) and held.get("resourceType") != "Bundle":
            request["prefetch"][key] = bundle([held])
    return True


def _outcome(severity: str, last: bool) -> Callable[[Json], bool]:
    def change(held: Json) -> bool:
        issue = {"severity": severity, "code": "informational", "diagnostics": "It may not be the entire record."}
        entry = {"resource": {"resourceType": "OperationOutcome", "issue": [issue]}, "search": {"mode": "outcome"}}
        held["entry"].insert(len(held["entry"]) if last else 0, entry)
        return True

    return change


def _links(held: Json) -> bool:
    held["link"] = [{"relation": "self", "url": f"{BASE}/Any?patient=imagined"}, {"relation": "first", "url": f"{BASE}/Any"}]
    held |= {"id": "b1", "meta": {"lastUpdated": "2026-01-01T00:00:00Z"}, "timestamp": "2026-01-01T00:00:00Z"}
    for entry in held["entry"]:
        one = entry["resource"]
        entry |= {"fullUrl": f"{BASE}/{one['resourceType']}/{one.get('id')}", "search": {"mode": "match", "score": 1}}
    return True


def _bare(held: Json) -> bool:
    held.pop("total", None)
    held.pop("type", None)
    return True


def _nulls(held: Json) -> bool:
    held |= {"total": None, "link": None, "id": None, "meta": None, "timestamp": None}
    for entry in held["entry"]:
        entry |= {"fullUrl": None, "search": None, "link": None, "request": None}
    if not held["entry"]:
        held["entry"] = None
    return True


def _no_links(held: Json) -> bool:
    held["link"] = []
    return True


def _twice(held: Json) -> bool:
    held["entry"] += again(held["entry"])
    held["total"] = len(held["entry"])
    return bool(held["entry"])


def _total(value: Callable[[int], object]) -> Callable[[Json], bool]:
    def change(held: Json) -> bool:
        held["total"] = value(len(held["entry"]))
        return True

    return change


def _next(held: Json) -> bool:
    held["link"] = [{"relation": "next", "url": f"{BASE}/Any?page=2"}]
    return True


def _without_ids(request: Json, world: World) -> bool:
    """Records without ids that no other refers to."""
    named = {
        one["reference"] for resource in everything(request) for one in dicts(resource) if isinstance(one.get("reference"), str)
    }
    changed = False
    for _, held in bundles(request):
        for entry in held["entry"]:
            one = entry["resource"]
            if f"{one['resourceType']}/{one.get('id')}" not in named and one["resourceType"] != "Medication":
                changed = one.pop("id", None) is not None or changed
    return changed


SEARCHES = (
    Rewrite("a match alone instead of a search", _single),
    Rewrite("an entry alone instead of a list", _each(_lone_entry)),
    Rewrite("the order's entry alone instead of a list", _order_alone),
    Rewrite("single resources in a search", _bundled),
    Rewrite("a warning beside the matches", _each(_outcome("warning", last=False))),
    Rewrite("information beside the matches", _each(_outcome("information", last=True))),
    Rewrite("links, addresses and modes", _each(_links)),
    Rewrite("searches without total and type", _each(_bare)),
    Rewrite("nulls in searches", _each(_nulls)),
    Rewrite("no links", _each(_no_links)),
    Rewrite("every match twice", _each(_twice)),
    Rewrite("totals as decimals", _each(_total(float))),
    Rewrite("totals as strings", _each(_total(str))),
    Rewrite("more matches than came", _each(_total(lambda number: number + 7)), may_ask=True),
    Rewrite("more pages than came", _each(_next), may_ask=True),
    Rewrite("an error beside the matches", _each(_outcome("error", last=True)), may_ask=True),
    Rewrite("records without ids", _without_ids),
)
