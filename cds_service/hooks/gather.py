"""Gathers a chart from what the client prefetched, keeping apart what was searched from what was not.

A key has three states: supplied (a resource, a Bundle, or ``null`` for nothing found), failed (an OperationOutcome), or absent.
Only the first is a search. What is missing here is where reading from the client's FHIR server will come in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds_service.chart import Chart, SetAside
from cds_service.fhir.elements import Resource, items
from cds_service.fhir.value_sets import Terminology
from cds_service.hooks.messages import HookRequest
from cds_service.hooks.prefetch import KEYS


def gather(request: HookRequest[Any], terminology: Terminology) -> Chart:
    """The patient's chart as this request gives it. Keys that the service did not ask for are ignored."""
    resources: list[Resource] = []
    unsearched: list[str] = []
    set_aside: list[SetAside] = []
    prefetch = request.prefetch or {}
    for key, kind in KEYS.items():
        if key not in prefetch:
            if kind != "Encounter":
                unsearched.append(kind)
            continue
        found, whole = _supplied(prefetch[key], kind)
        resources += found
        if not whole:
            unsearched.append(kind)
            set_aside.append(SetAside(kind, "the client could not supply all of it"))
    return Chart(resources, terminology, request.context.patient_id, unsearched, set_aside)


def _supplied(value: Any, kind: str) -> tuple[list[Resource], bool]:
    """The resources of one key, and whether the search behind them is complete."""
    if value is None:
        return [], True
    if not isinstance(value, dict):
        return [], False
    if value.get("resourceType") == kind:
        return [value], True
    if value.get("resourceType") != "Bundle":
        return [], False
    entries = value.get("entry", [])
    if not isinstance(entries, list):
        return [], False
    found: list[Resource] = []
    whole = not _has_next_page(value)
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or resource.get("resourceType") in (None, "Bundle"):
            whole = False
        elif resource.get("resourceType") == "OperationOutcome":
            whole = whole and not _failed(resource)
        else:
            found.append(resource)
    total = value.get("total", 0)
    matches = sum(1 for resource in found if resource.get("resourceType") == kind)
    counted = isinstance(total, int) and not isinstance(total, bool) and total <= matches
    return found, whole and counted


def _has_next_page(bundle: Mapping[str, Any]) -> bool:
    return any(isinstance(link, dict) and link.get("relation") == "next" for link in items(bundle.get("link")))


def _failed(outcome: Mapping[str, Any]) -> bool:
    return any(isinstance(issue, dict) and issue.get("severity") in ("error", "fatal") for issue in items(outcome.get("issue")))
