"""The tables that rules look things up in, as ``facts/tables/*.yaml`` writes them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from cds_service.policy.grammar import Entry, Words

Risk = Literal["high", "intermediate", "low"]


class RegimenEntry(Entry):
    """A regimen: its drugs, the sites of cancer it is for (none: any), its risk, and what else must hold for the row to decide."""

    name: Words
    drugs: list[Words]
    may_add: list[Words] = []
    sites: list[Words] = []
    risk: Risk
    only_if: str = ""


class RegimenTable(Entry):
    """Regimens of chemotherapy with their risk of febrile neutropenia; ``status`` says what the table is worth, in every trace.

    ``supportive`` names drugs that are given beside any regimen, and tell it only where a row names them.
    """

    status: Words
    source: Words
    supportive: list[Words]
    regimens: list[RegimenEntry]


class MorphineFactors(BaseModel):
    """The table: whose it is, what is known of its checking, and the factor by which each drug's daily dose is multiplied."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    checked: str
    factors: dict[str, float]
