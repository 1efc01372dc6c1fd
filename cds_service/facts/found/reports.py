"""How a report is found, whatever it says, and what one concludes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cds_service.facts.found.dated import STATUSES, dated, open_status
from cds_service.facts.wanted import Wanted
from cds_service.fhir.elements import codings, first_days, items, own_reference, text
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Value
from cds_service.sitting import DatedChart

_FINAL: Final = ("final", "amended", "corrected", "appended")
_UNDER_WAY: Final = ("registered", "partial", "preliminary", "unknown")
UNTOLD_RESULT: Final = "the report itself does not state the result"
"""Note on a report that only hints at what is sought."""


@dataclass(frozen=True, slots=True)
class SoughtReport:
    """The reports that document a fact, as ``report`` evidence writes them."""

    codes: str
    results: bool = False
    uncertain: bool = False


def reports(sought: SoughtReport, seen: DatedChart, wanted: Wanted) -> Iterator[Evidence]:
    """Find the reports, and single results, that are sought."""
    single = seen.chart.coded("Observation", sought.codes) if sought.results else ()
    for hit in [*seen.chart.coded("DiagnosticReport", sought.codes), *single]:
        status = text(hit.resource.get("status"))
        when = first_days(hit.resource, "effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")
        if status not in STATUSES and status not in _UNDER_WAY:
            yield open_status(status, when, own_reference(hit.resource), hit.coding.text)
            continue
        if status not in _FINAL and status not in _UNDER_WAY:
            continue
        value: Value | None = when if wanted.type == "date" else True
        found = dated(value, when, own_reference(hit.resource), hit.coding.text)
        if sought.uncertain:
            found = found._replace(value=None, standing=Standing.UNCERTAIN, note=UNTOLD_RESULT)
        elif status in _UNDER_WAY:
            found = found._replace(standing=Standing.UNCERTAIN, note="the report is not final")
        elif "dataAbsentReason" in hit.holder:
            found = found._replace(value=None, standing=Standing.UNCERTAIN, note="it has no result")
        yield found


def conclusions(sought: SoughtReport, seen: DatedChart) -> Iterator[Evidence]:
    """Find the reports that conclude with a sought code.

    They are hints: a report is no diagnosis.
    """
    for report in seen.chart.of("DiagnosticReport"):
        status = report.get("status")
        if status not in _FINAL and status not in _UNDER_WAY:
            continue
        for coding in [coding for concept in items(report.get("conclusionCode")) for coding in codings(concept)]:
            if sought.codes in seen.chart.terminology.holding(coding.system, coding.code):
                when = first_days(report, "effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")
                said = own_reference(report)
                yield Evidence(True, when, said, standing=Standing.UNCERTAIN, note="a report concludes it", shown=coding.text)
