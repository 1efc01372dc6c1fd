"""What is wrong with a request, by the element at fault.

Here stands also the OperationOutcome that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final, NamedTuple

from fhir.resources.R4B.operationoutcome import OperationOutcome

from cds_service.order import Place

MOST_TOLD: Final = 500
"""The most faults of one request that its client is told.

Thousands of faults are one mistake made thousands of times, and cost seconds to write.
"""


class RequestIssue(NamedTuple):
    """One thing wrong with a request.

    It is made of the element, what is wrong, and FHIR's code for the kind of fault.
    """

    expression: str
    said: str
    code: str = "invalid"


class Unusable(Exception):
    """The error of a request that cannot be answered.

    ``status`` is the HTTP status. ``issues`` name the elements at fault, at most as many as a client is told.
    """

    def __init__(self, status: int, issues: Iterable[RequestIssue]) -> None:
        self.status = status
        told = tuple(islice(issues, MOST_TOLD + 1))
        more = (RequestIssue("", "there are more faults than are told", "too-long"),) if len(told) > MOST_TOLD else ()
        self.issues = told[:MOST_TOLD] + more
        super().__init__("; ".join(f"{issue.expression}: {issue.said}" for issue in self.issues))


def expression(location: Place) -> str:
    """Return a place in a request as a path.

    An example: ``context.draftOrders.entry[0].resource``.
    """
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path


def operation_outcome(issues: Iterable[RequestIssue], severity: str = "error") -> dict[str, Any]:
    """Make an R4 OperationOutcome with one issue for each fault.

    Each issue names its element in ``expression``.
    """
    made = []
    for issue in issues:
        entry: dict[str, Any] = {"severity": severity, "code": issue.code}
        entry["details"] = {"text": f"{issue.expression}: {issue.said}" if issue.expression else issue.said}
        if issue.expression:
            entry["expression"] = [issue.expression]
        made.append(entry)
    outcome = {"resourceType": "OperationOutcome", "issue": made}
    OperationOutcome.model_validate(outcome)
    return outcome
