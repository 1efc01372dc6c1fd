"""The tables that rules look things up in.

Written as ``facts/tables/*.yaml`` writes them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from cds_service.policy.entry import Entry, Words

Risk = Literal["high", "intermediate", "low"]


class CycleEntry(Entry):
    """The days from one dose of a drug to the next."""

    of: Literal["docetaxel", "doxorubicin", "paclitaxel"]
    days: Literal[7, 14, 21]


class RegimenEntry(Entry):
    """A regimen of chemotherapy.

    It has its drugs, the sites of cancer it is for (none: any), its risk, and what else must hold for the row to decide
    (``only_if``). ``at_least`` says that the same drugs are of intermediate or high risk also where ``only_if`` does
    not hold. ``cycle`` is what ``only_if`` says in numbers, where the days of the doses can tell it. ``one_day`` tells
    whether all drugs are given on one day: true where that is what ``only_if`` says, false of drugs that follow each other.
    """

    name: Words
    drugs: list[Words]
    may_add: list[Words] = []
    sites: list[Words] = []
    risk: Risk
    only_if: str = ""
    cycle: CycleEntry | None = None
    one_day: bool | None = None
    at_least: Literal["intermediate"] | None = None

    @model_validator(mode="after")
    def _of_its_condition(self) -> RegimenEntry:
        if (self.cycle or self.at_least or self.one_day is not None) and not self.only_if:
            raise ValueError("cycle, one_day and at_least belong to a row with 'only_if'")
        return self


class RegimenTable(Entry):
    """Regimens of chemotherapy with their risk of febrile neutropenia.

    ``status`` says, in every trace, what the table is worth. ``supportive`` names drugs that are given beside any
    regimen, and identify it only where a row names them.
    """

    status: Words
    source: Words
    supportive: list[Words]
    regimens: list[RegimenEntry]


class MorphineFactors(BaseModel):
    """The factors by which each drug's daily dose is multiplied.

    ``source`` says whose table it is, ``checked`` what is known of its checking.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    checked: str
    factors: dict[str, float]
