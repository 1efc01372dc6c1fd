"""A decision as data, for programs."""

from __future__ import annotations

from typing import Final

from cds_service.content.content import Content
from cds_service.decision import Decision
from cds_service.fhir.elements import NAMELESS
from cds_service.policy.criterion import Check
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.finding import Basis

MOST_EVIDENCE: Final = 25
"""The most pieces of evidence that a decision lists for one criterion.

The ones that decide come first.
"""


def as_data(decision: Decision, content: Content, values: bool = True) -> dict[str, object]:
    """Return the machine-readable decision.

    ``values=False`` leaves out what the evidence says, for logs.
    """
    data: dict[str, object] = {"order": decision.order}
    if decision.coding:
        system = {"system": decision.coding.system} if decision.coding.system else {}
        data["code"] = system | {"code": decision.coding.code}
    if decision.policy_id:
        data["policy"] = decision.policy_id
    if decision.policy:
        data["version"] = decision.policy.version.isoformat()
    data["outcome"] = decision.outcome.value
    data["because"] = list(decision.because_ids)
    data["asks"] = list(decision.asks)
    data["assumed"] = list(decision.assumed)
    data["evidence"] = _evidence_rows(decision, content, values)
    if decision.unsearched:  # the specification's name for it: the types whose data were *not* searched
        data["searched"] = list(decision.unsearched)
    return data


def _evidence_rows(decision: Decision, content: Content, values: bool) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    seen: set[tuple[str, str, str]] = set()
    for finding, leaves in decision.grounds:
        criterion = finding.criterion.id
        for leaf in leaves:
            if not leaf.evidence and leaf.basis is not Basis.PRESUMED:
                continue
            check = leaf.criterion
            if not isinstance(check, Check):
                continue
            if leaf.basis is Basis.PRESUMED:
                rows.append({"criterion": criterion, "fact": check.fact, "kind": "assumed"})
            for evidence in leaf.evidence[:MOST_EVIDENCE]:
                key = (criterion, check.fact, evidence.resource)
                if key not in seen:
                    seen.add(key)
                    rows.append(_row(criterion, check.fact, evidence, content, values))
    return rows


def _row(criterion: str, fact: str, evidence: Evidence, content: Content, values: bool) -> dict[str, object]:
    row: dict[str, object] = {"criterion": criterion, "fact": fact}
    if values and evidence.value is not None:
        row["value"] = content.catalogue[fact].show(evidence.value)
    if evidence.when and evidence.when.first.year > 1:
        row["date"] = evidence.when.text()
    if evidence.resource:
        row["resource"] = evidence.resource.partition(f"/{NAMELESS}")[0]
    row["kind"] = evidence.kind
    if evidence.standing is not Standing.USABLE:
        row["unusable"] = evidence.note or evidence.standing.value
    return row
