"""The cycle of a regimen is told by the days of the doses that were given, and by the timing of orders."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cds_service.facts.computed.chemotherapy import regimen_risk
from cds_service.facts.computed.cycles import CYCLED
from cds_service.facts.tables import RegimenTable
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

AS_OF = date(2026, 11, 28)
CHOP = RegimenTable.model_validate(
    {
        "status": "of a test",
        "source": "a test",
        "supportive": ["prednisone"],
        "regimens": [
            {"name": f"CHOP-{days}", "drugs": ["doxorubicin"], "risk": risk, "only_if": "so", "cycle": {"of": "doxorubicin", "days": days}}
            for days, risk in ((14, "high"), (21, "intermediate"))
        ],
    }
)  # fmt: skip


def interval(days: float | None, ago: int = 3) -> Evidence:
    """An order of doxorubicin that says how many days lie between doses, or does not."""
    value = None if days is None else Interval.exactly(days)
    standing = Standing.UNCERTAIN if days is None else Standing.USABLE
    return Evidence(value, Days.on(AS_OF - timedelta(ago)), f"MedicationRequest/{days}-{ago}", standing=standing)


def risk(*ago: int, orders: tuple[Evidence, ...] = (), doubt: int | None = None) -> set[str | None]:
    """The risk by doses given so many days ago, by what orders say, and beside an order in doubt."""
    given = [Evidence("doxorubicin", Days.on(AS_OF - timedelta(days)), f"MedicationAdministration/{days}") for days in ago]
    ordered = Evidence("doxorubicin", Days.on(AS_OF), "MedicationRequest/0")
    facts = {name: Fact(name) for name in ("percent", "level", "site", *CYCLED)} | {"given": Fact("given", tuple(given))}
    in_doubt = Evidence("doxorubicin", Days.on(AS_OF - timedelta(doubt or 0)), "MedicationRequest/9", standing=Standing.UNCERTAIN)
    medicines = (ordered,) if doubt is None else (ordered, in_doubt)
    facts |= {"ordered": Fact("ordered", medicines), "doxorubicin": Fact("doxorubicin", orders)}
    return {e.value if isinstance(e.value, str) else None for e in regimen_risk(facts, AS_OF, CHOP)}


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        ((1, 13), None),
        ((1, 14), "high"),
        ((1, 17), "high"),
        ((1, 18), None),
        ((1, 19), None),
        ((1, 20), "intermediate"),
        ((1, 26), "intermediate"),
        ((1, 27), None),
        ((1, 15, 29), "high"),
        ((1, 15, 36), None),
        ((1, 2, 22, 23), "intermediate"),
        ((1,), None),
        ((1, 15, 15), "high"),
    ],
)
def test_the_days_between_doses_tell_the_cycle(ago: tuple[int, ...], told: str | None) -> None:
    """Two weeks, give or take two days, are a cycle of 14 days; 19 to 25 days one of 21; records of one dose are one."""
    assert risk(*ago) == {told}


@pytest.mark.parametrize(
    ("ago", "orders", "told"),
    [
        pytest.param((), (interval(14),), "high", id="before the first dose"),
        pytest.param((1,), (interval(21),), "intermediate", id="before the second dose"),
        pytest.param((), (interval(28),), None, id="a cycle of no row"),
        pytest.param((), (interval(14), interval(14, 4)), "high", id="two orders that agree"),
        pytest.param((), (interval(14), interval(21, 4)), None, id="two orders that differ"),
        pytest.param((), (interval(14), interval(None, 4)), None, id="beside an order that does not say"),
        pytest.param((), (interval(14), interval(21, 200)), "high", id="beside an order of an earlier course"),
        pytest.param((1, 15), (interval(14),), "high", id="doses that agree"),
        pytest.param((1, 22), (interval(14),), None, id="doses that were given otherwise"),
        pytest.param((1, 12), (interval(14),), None, id="doses that tell no cycle"),
        pytest.param((1, 22), (interval(None),), "intermediate", id="doses, where the order does not say"),
    ],
)
def test_orders_tell_the_cycle_until_doses_do(ago: tuple[int, ...], orders: tuple[Evidence, ...], told: str | None) -> None:
    """Before the second dose the timing of the orders tells it; doses that were given otherwise leave it open."""
    assert risk(*ago, orders=orders) == {told}


@pytest.mark.parametrize(
    ("ago", "orders", "doubt", "told"),
    [
        ((), (interval(14),), 3, None),
        ((1, 22), (), 3, None),
        ((), (interval(14),), 200, "high"),
        ((1, 22), (), 200, "intermediate"),
    ],
)
def test_an_order_in_doubt_leaves_the_cycle_open(
    ago: tuple[int, ...], orders: tuple[Evidence, ...], doubt: int, told: str | None
) -> None:
    """It may say another cycle, unless it is of long ago."""
    assert risk(*ago, orders=orders, doubt=doubt) == {told}


def test_a_cycle_belongs_to_a_condition() -> None:
    """A row that decides anyway needs no cycle."""
    with pytest.raises(ValueError, match="only_if"):
        RegimenTable.model_validate(
            {"status": "s", "source": "s", "supportive": [], "regimens": [{"name": "A", "drugs": ["a"], "risk": "high", "at_least": "intermediate"}]}
        )  # fmt: skip
