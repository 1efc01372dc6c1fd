"""An appendix for a proposal of a payment model.

It tells what the run can say to each of the ten criteria, in counts and rates only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from cds_service.content.content import Content
from cds_service.policy.criterion import AtLeast, Criterion, walk
from cds_service.proposal import proposal_policy

Data = dict[str, Any]
_CRITERIA: Final = "ten-criteria"
NOTHING: Final = "A replay says nothing about this criterion."


def appendix(data: Data, content: Content) -> list[Data]:
    """Return the ten criteria with the report's figures for each.

    Empty where the content holds no such policy.
    """
    policy = proposal_policy(content)
    ten = _ten(policy.necessary_when) if policy else None
    if ten is None:
        return []
    return [{"id": one.id, "says": one.says, "tells": list(_SAYS.get(one.id, _nothing)(data)) or [NOTHING]} for one in ten.parts]


def _ten(root: Criterion) -> AtLeast | None:
    return next((one for one in walk(root) if one.id == _CRITERIA and isinstance(one, AtLeast)), None)


def _nothing(_: Data) -> Iterator[str]:
    yield from ()


def _share(part: int | None, whole: int | None) -> str:
    return f"{100 * part / whole:.1f} %" if part is not None and whole else "a share that is not shown"


def _count(value: int | None) -> str:
    return "fewer than 11, or hidden beside such a count" if value is None else f"{value:,}"


def _value(data: Data) -> Iterator[str]:
    totals = data["totals"]
    supported = _share(totals["necessary"], totals["all"])
    yield f"Of {_count(totals['all'])} decisions, {supported} found the order necessary by published criteria."
    yield f"{_share(totals['not-necessary'], totals['all'])} found it not necessary: volume that those criteria do not support."


def _quality_and_cost(data: Data) -> Iterator[str]:
    totals = data["totals"]
    yield f"Documentation settled {_share(_settled(totals), totals['all'])} of the decisions; the others lacked it."
    for one in data["missing"]["cover"]:
        yield f"Documenting {len(one['facts'])} facts would settle {one['settles']} % of the open ones (greedy search)."
    prices = data["prices"]
    if prices:
        yield f"Amounts by outcome stand in section 5, as {prices['file']} states them. They are no savings and no cost of care."


def _settled(totals: Data) -> int | None:
    whole, open_ = totals["all"], totals["not-documented"]
    return None if whole is None or open_ is None else whole - open_


def _payment(data: Data) -> Iterator[str]:
    prices = data["prices"]
    if prices:
        known = [row for row in prices["rows"] if row["priced"] is not None]
        yield f"{sum(row['priced'] for row in known):,} decisions have a code with an amount in {prices['file']}."


def _scope(data: Data) -> Iterator[str]:
    counts, days = data["run"]["counts"], data["days"]
    people, orders, decided = (_count(counts[name]) for name in ("patients", "orders", "decided"))
    yield f"People: {people}. Orders: {orders}, of which under a policy that is held: {decided}."
    yield f"Dates of service from {days['from']} to {days['to']}; {len(data['policies'])} policies."


def _evaluability(data: Data) -> Iterator[str]:
    counts = data["run"]["counts"]
    yield f"Every line is accounted for: {counts['lines_left']:,} of {counts['lines']:,} are in the ledger, with a reason."
    yield "Every decision has its criteria, evidence and days, and the same source gives the same rows."
    yield f"Content {data['run']['terms']['revision']}: an evaluation can be repeated, and compared with another version."


def _technology(data: Data) -> Iterator[str]:
    facts = data["missing"]["facts"]
    coded = sum(bool(one["evidence"]) for one in facts)
    if facts:
        yield f"Of {len(facts)} facts that open orders ask for, {coded} can be documented by a record that systems exchange."


_SAYS: Final[dict[str, Callable[[Data], Iterator[str]]]] = {
    "value-over-volume": _value,
    "quality-and-cost": _quality_and_cost,
    "payment-methodology": _payment,
    "scope": _scope,
    "ability-to-be-evaluated": _evaluability,
    "health-information-technology": _technology,
}
