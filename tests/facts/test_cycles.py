"""The cycle of a regimen is told by the days of the doses that were given."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cds_service.facts.computed.chemotherapy import regimen_risk
from cds_service.facts.tables import RegimenTable
from cds_service.policy.evidence import Evidence, Fact
from cds_service.policy.values import Days

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


def risk(*ago: int) -> set[str | None]:
    """The risk by doses that were given so many days ago."""
    given = [Evidence("doxorubicin", Days.on(AS_OF - timedelta(days)), f"MedicationAdministration/{days}") for days in ago]
    facts = {name: Fact(name) for name in ("percent", "level", "site", "ordered")} | {"given": Fact("given", tuple(given))}
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


def test_a_cycle_belongs_to_a_condition() -> None:
    """A row that decides anyway needs no cycle."""
    with pytest.raises(ValueError, match="only_if"):
        RegimenTable.model_validate(
            {"status": "s", "source": "s", "supportive": [], "regimens": [{"name": "A", "drugs": ["a"], "risk": "high", "at_least": "intermediate"}]}
        )  # fmt: skip
