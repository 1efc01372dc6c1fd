"""What else the same medicines are given for.

Cyclophosphamide treats lymphoma and lupus. Where a chart holds another disease that a medicine commonly treats, and no
reason is stated, nobody can tell by the medicine alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cds_service.chart import Chart
from cds_service.facts.found.of_medicines import has_route, medication_days
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import Resource, concept_words, first_days
from cds_service.fhir.vocabulary import LONGEST, Vocabulary
from cds_service.fhir.words_of_records import in_force
from cds_service.policy.values import Days

_DATES: Final = ("performedDateTime", "performedPeriod", "occurrenceDateTime", "occurrencePeriod", "authoredOn")


@dataclass(frozen=True, slots=True)
class SecondUse:
    """Another use of medicines, of which nobody can tell by themselves.

    ``medicines`` is a value set; ``diseases`` are those of what they also treat, and ``words`` speak of it. By one of
    the ``routes`` they are not given for it. One of ``tied_by`` in the same week ties them to the purpose sought.
    """

    medicines: str
    diseases: frozenset[str]
    words: Vocabulary
    routes: str
    tied_by: str


class SecondUses:
    """The other uses of medicines that a chart gives a reason for.

    A diagnosis with a code in one of the value sets ``sought`` is none.
    """

    def __init__(self, also: tuple[SecondUse, ...], sought: frozenset[str], chart: Chart) -> None:
        self._also = also
        self._sought = sought
        self._chart = chart
        self._held: dict[SecondUse, bool] = {}

    def of(self, hit: Hit) -> list[SecondUse]:
        """Return the other uses that a medicine has in this chart."""
        terminology = self._chart.terminology
        holding = terminology.holding(*hit.coding)
        return [
            use
            for use in self._also
            if use.medicines in holding
            and self._holds(use)
            and not (use.routes and has_route(hit.resource, use.routes, terminology) is True)
        ]

    def _holds(self, use: SecondUse) -> bool:
        """Tell whether the chart holds a disease of another use."""
        if use not in self._held:
            self._held[use] = self._finds(use)
        return self._held[use]

    def _finds(self, use: SecondUse) -> bool:
        holding, sought, heard = self._chart.terminology.holding, self._sought, use.words.heard
        if any(
            in_force(hit.resource, remission=True) and sought.isdisjoint(holding(*hit.coding))
            for value_set in use.diseases
            for hit in self._chart.coded("Condition", value_set)
        ):
            return True
        return any(
            in_force(one, remission=True) and any(heard[said[:LONGEST]] for said in concept_words(one.get("code")))
            for one in self._chart.of("Condition")
        )


def near(one: Days | None, other: Days | None, apart: timedelta, undated: bool = True) -> bool:
    """Tell whether two days may lie close together.

    ``undated`` is what holds where one of them is not known.
    """
    if one is None or other is None:
        return undated or one is other
    return one.first - other.last <= apart and other.first - one.last <= apart


def day_of(resource: Resource) -> Days | None:
    """Return the day of a medicine or an infusion."""
    return medication_days(resource) or first_days(resource, *_DATES)
