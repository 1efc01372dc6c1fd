"""How results are found, and whether one says that there was none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cds_service.facts.found.dated import STATUSES, dated, open_status
from cds_service.facts.found.measurements import concluded, has_no_result
from cds_service.facts.found.unlisted import NAMELESS, Unlisted, nameless_in_chart, unlisted_in_chart
from cds_service.facts.wanted import Wanted
from cds_service.fhir.elements import Resource, codings, first_days, items, own_reference, reference, text
from cds_service.fhir.resource_types import TYPES
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart

_OBSERVED: Final = TYPES["Observation"].evidence
_REPORTED: Final = TYPES["DiagnosticReport"].evidence


@dataclass(frozen=True, slots=True)
class SoughtResult:
    """The results that document a fact, as ``result`` evidence writes them.

    They are reports and single results.
    """

    codes: str
    unlisted: Unlisted | None
    no_result: str


def results(sought: SoughtResult, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
    """Find the reports and results of a case that are sought."""
    return [*_observations(sought, seen), *_reports(sought, seen), *_nameless(sought, seen)]


def _nameless(sought: SoughtResult, seen: DatedChart) -> Iterator[Evidence]:
    """Find reports and results of which nobody can tell what they are."""
    for type_, done in (("Observation", _OBSERVED), ("DiagnosticReport", _REPORTED)):
        for hit in nameless_in_chart(sought.unlisted, type_, seen):
            if hit.resource.get("status") in done:
                when, said = resulted_on(hit.resource), own_reference(hit.resource)
                yield Evidence(None, when, said, standing=Standing.UNCERTAIN, note=NAMELESS, shown=hit.coding.text)


def _observations(sought: SoughtResult, seen: DatedChart) -> Iterator[Evidence]:
    for hit in [*seen.chart.coded("Observation", sought.codes), *unlisted_in_chart(sought.unlisted, "Observation", seen)]:
        status = text(hit.resource.get("status"))
        if status not in STATUSES:
            yield open_status(status, resulted_on(hit.resource), own_reference(hit.resource), hit.coding.text)
        elif status in _OBSERVED:
            empty = _is_empty(hit.holder, sought, seen) or _is_empty(hit.resource, sought, seen)
            yield dated(
                "no result" if empty else "reported", resulted_on(hit.resource), own_reference(hit.resource), hit.coding.text
            )


def _reports(sought: SoughtResult, seen: DatedChart) -> Iterator[Evidence]:
    unlisted = unlisted_in_chart(sought.unlisted, "DiagnosticReport", seen)
    for hit in [*seen.chart.coded("DiagnosticReport", sought.codes), *unlisted]:
        report = hit.resource
        status = text(report.get("status"))
        if status not in STATUSES:
            yield open_status(status, resulted_on(report), own_reference(report), hit.coding.text)
        elif status in _REPORTED:
            parts = [seen.chart.get(reference(result)) for result in items(report.get("result"))]
            empty = (bool(parts) and all(_is_empty(part, sought, seen) for part in parts)) or _is_empty(report, sought, seen)
            yield dated("no result" if empty else "reported", resulted_on(report), own_reference(report), hit.coding.text)


def _is_empty(resource: Mapping[str, Any] | None, sought: SoughtResult, seen: DatedChart) -> bool:
    """Tell whether a record says that the test gave no result.

    The result or report says so by its words, or by a code of ``no_result``.
    """
    if resource is None:
        return False
    if has_no_result(resource):
        return True
    if not sought.no_result:
        return False
    holding = seen.chart.terminology.holding
    return any(sought.no_result in holding(c.system, c.code) for concept in concluded(resource) for c in codings(concept))


def resulted_on(resource: Resource) -> Days | None:
    """Return the days of a report or result."""
    return first_days(resource, "effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")
