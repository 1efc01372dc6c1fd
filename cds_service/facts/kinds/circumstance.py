"""A circumstance of a measurement, as the catalogue writes it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import Field

from cds_service.facts.found.circumstances import Circumstance
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.settled import SettledEntry
from cds_service.fhir.code_systems import UCUM
from cds_service.policy.entry import Number, Words


class CircumstanceEntry(SettledEntry):
    """A number that a component of a measurement states.

    Its code is in ``codes``, and it lies ``from`` one number ``to`` another, in ``unit``.
    """

    codes: Words
    unit: Words
    from_: Number = Field(alias="from")
    to: Number

    @cached_property
    def sought(self) -> Circumstance:
        """What the finder is given."""
        if self.from_ > self.to:
            raise ValueError("`from` is above `to`")
        return Circumstance(self.codes, self.unit, self.from_, self.to)

    def imagined(self, chart: ImaginedChart) -> dict[str, Any]:
        """Make up the component that states it."""
        number = (self.from_ + self.to) / 2
        return {
            "code": chart.any_concept(self.codes),
            "valueQuantity": {"value": number, "unit": self.unit, "system": UCUM, "code": self.unit},
        }
