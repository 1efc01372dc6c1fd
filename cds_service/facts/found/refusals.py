"""How a procedure that was expressly not done is found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cds_service.facts.found.dated import dated
from cds_service.facts.wanted import Unreadable, Wanted, carried_value
from cds_service.fhir.elements import Resource, codings, first_days, own_reference
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart


@dataclass(frozen=True, slots=True)
class SoughtRefusal:
    """Procedures not done that document a fact.

    Written as ``not_done`` evidence writes them.
    """

    codes: str
    reasons: str


def not_done(sought: SoughtRefusal, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
    """Find the procedures that were expressly not done, with the reason."""
    return list(_found(sought, seen, wanted))


def _found(sought: SoughtRefusal, seen: DatedChart, wanted: Wanted) -> Iterator[Evidence]:
    for hit in seen.chart.coded("Procedure", sought.codes):
        procedure = hit.resource
        if procedure.get("status") != "not-done":
            continue
        when = first_days(procedure, "performedDateTime", "performedPeriod")
        yield _read(sought, procedure, when, seen, wanted)


def _read(sought: SoughtRefusal, procedure: Resource, when: Days | None, seen: DatedChart, wanted: Wanted) -> Evidence:
    said = own_reference(procedure)
    for coding in codings(procedure.get("statusReason")):
        held = seen.chart.terminology.holding(coding.system, coding.code)
        if sought.reasons in held:
            try:
                value = carried_value(held[sought.reasons], wanted)
            except Unreadable as error:
                return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
            return dated(value, when, said, f"not done, {coding.text}" if when else "")
    return Evidence(None, when, said, standing=Standing.UNCERTAIN, note="not done, and the reason does not say whether it could be")
