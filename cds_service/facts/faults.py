"""What is wrong with the resources that evidence rests on."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.case import Case
from cds_service.fhir.validation import unusable_reason
from cds_service.policy.evidence import Evidence, Standing


def faults_of(read: Iterable[Evidence], case: Case) -> dict[str, str]:
    """Return what is wrong with the resources that evidence rests on.

    The faults are by reference; what was discounted is not looked at.
    """
    resting = dict.fromkeys([evidence.resource for evidence in read if evidence.standing is not Standing.DISCOUNTED])
    return {one: fault for one in resting if (fault := _fault(one, case)) is not None}


def _fault(reference: str, case: Case) -> str | None:
    resource = case.chart.get(reference)
    return case.together.once(("fault", reference), lambda: unusable_reason(resource)) if resource is not None else None
