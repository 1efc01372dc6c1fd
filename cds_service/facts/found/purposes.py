"""What a medicine or a service is given for.

A record says it by its reasons, or the order that it carries out does. The same medicine treats cancers and other
diseases. One that is plainly for another disease is no evidence of a treatment of cancer; where nobody can tell, it
decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import cached_property
from typing import Any, Final

from cds_service.chart import Chart
from cds_service.facts.found.of_medicines import has_route, medication_days
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import Resource, codings, concept_words, items, reference, status_code
from cds_service.fhir.resource_types import MEDICINES
from cds_service.fhir.vocabulary import LONGEST, Vocabulary
from cds_service.fhir.words_of_records import in_force
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days

_CARRIES_OUT: Final = ("request", "authorizingPrescription", "basedOn", "derivedFrom")
"""The elements by which a record names the order that it carries out."""
_TOGETHER: Final = timedelta(180)
"""How far apart two records of a medicine may be that belong together."""


class Purpose(Enum):
    """What something is given for, in words for its evidence.

    ``SOUGHT`` is a disease that is sought, or nothing that says otherwise; ``OTHER`` plainly another one; ``OPEN`` a
    reason that nobody has read; ``PERHAPS`` no reason, where it may be for another disease.
    """

    SOUGHT = ""
    OTHER = "it is given for another disease"
    OPEN = "the reason for it is none that is read here"
    PERHAPS = "nothing says what it is given for, and it may be another disease"


@dataclass(frozen=True, slots=True)
class SoughtPurpose:
    """What a medicine must be given for, as evidence writes it.

    ``diseases`` are value sets, of which one holds its reason; ``words`` speak of them. ``others`` are those of the
    diseases that the medicines are given for besides. Of the medicines in ``also`` nobody can tell by themselves,
    unless they go by one of the ``routes``.
    """

    diseases: frozenset[str]
    words: Vocabulary
    others: frozenset[str]
    other_words: Vocabulary
    also: str
    routes: str


class Purposes:
    """What the records of a chart are for.

    Of several purposes that a medicine must be given for, the one that speaks against it most counts.
    """

    def __init__(self, sought: Iterable[SoughtPurpose], codes: str, chart: Chart) -> None:
        self._each = [_OnePurpose(one, codes, chart) for one in sought]

    def of(self, hit: Hit) -> Purpose:
        """Tell what a record is for."""
        return _worst([one.of(hit) for one in self._each]) or Purpose.SOUGHT

    def stated_by(self, resource: Resource) -> Purpose | None:
        """Tell what a record's reasons say, or None where it states none."""
        return _worst([found for one in self._each if (found := one.stated_by(resource)) is not None])


def _worst(found: list[Purpose]) -> Purpose | None:
    return next((one for one in (Purpose.OTHER, Purpose.OPEN, Purpose.PERHAPS, Purpose.SOUGHT) if one in found), None)


class _OnePurpose:
    """What records are for, as to one purpose.

    They are the records that a value set holds; those of one medicine are weighed together.
    """

    def __init__(self, sought: SoughtPurpose, codes: str, chart: Chart) -> None:
        self._sought = sought
        self._codes = codes
        self._chart = chart

    def of(self, hit: Hit) -> Purpose:
        """Tell what a record is for."""
        found = self.stated_by(hit.resource)
        if found is not None:
            return found
        terminology, sought = self._chart.terminology, self._sought
        when = medication_days(hit.resource)
        ingredients = terminology.medicines.ingredients(*hit.coding)
        if any(ingredients == other and _near(when, day) for other, day in self._given_otherwise):
            return Purpose.PERHAPS
        doubtful = sought.also and sought.also in terminology.holding(*hit.coding)
        if not doubtful or not self._has_another:
            return Purpose.SOUGHT
        if sought.routes and has_route(hit.resource, sought.routes, terminology) is True:
            return Purpose.SOUGHT
        return Purpose.PERHAPS

    def stated_by(self, resource: Resource) -> Purpose | None:
        """Tell what a record's reasons say, or None where it states none.

        Then those of the order that it carries out count.
        """
        found = self._read(resource)
        if not found:
            orders = [self._chart.get(reference(one)) for name in _CARRIES_OUT for one in items(resource.get(name))]
            found = set[Purpose | None]().union(*[self._read(order) for order in orders if order is not None])
        if not found:
            return None
        if Purpose.OTHER in found:
            return Purpose.OTHER if len(found) == 1 else Purpose.OPEN
        return Purpose.OPEN if found == {Purpose.OPEN} else Purpose.SOUGHT

    def _read(self, resource: Resource) -> set[Purpose | None]:
        """Read the reasons of a record.

        None stands for words that speak of a disease sought.
        """
        found: set[Purpose | None] = set()
        for concept in _reasons(resource, self._chart):
            holding = self._chart.terminology.holding
            sets = [holding(coding.system, coding.code) for coding in codings(concept)]
            words = concept_words(concept)
            if any(not self._sought.diseases.isdisjoint(one) for one in sets):
                found.add(Purpose.SOUGHT)
            elif any(not self._sought.others.isdisjoint(one) for one in sets):
                found.add(Purpose.OTHER)
            elif any(self._sought.words.heard[said[:LONGEST]] for said in words):
                found.add(None)
            else:
                found.add(Purpose.OPEN)
        return found

    @cached_property
    def _has_another(self) -> bool:
        """Whether the chart holds one of the other diseases."""
        holding, diseases = self._chart.terminology.holding, self._sought.diseases
        heard = self._sought.other_words.heard
        if any(
            in_force(one, remission=True) and any(heard[said[:LONGEST]] for said in concept_words(one.get("code")))
            for one in self._chart.of("Condition")
        ):
            return True
        return any(
            in_force(hit.resource, remission=True) and diseases.isdisjoint(holding(*hit.coding))
            for value_set in self._sought.others
            for hit in self._chart.coded("Condition", value_set)
        )

    @cached_property
    def _given_otherwise(self) -> list[tuple[tuple[str, ...], Days | None]]:
        """What is plainly for another disease: its ingredients, and its day."""
        ingredients = self._chart.terminology.medicines.ingredients
        return [
            (held, medication_days(hit.resource))
            for kind in MEDICINES
            for hit in self._chart.coded(kind, self._codes)
            if self.stated_by(hit.resource) is Purpose.OTHER and (held := ingredients(*hit.coding))
        ]


def as_purposed(evidence: Evidence, purpose: Purpose) -> Evidence:
    """Weigh evidence by what its record is for."""
    if purpose is Purpose.SOUGHT or evidence.standing is Standing.DISCOUNTED:
        return evidence
    standing = Standing.DISCOUNTED if purpose is Purpose.OTHER else Standing.UNCERTAIN
    note = "; ".join([part for part in (evidence.note, purpose.value) if part])
    return evidence._replace(standing=standing, note=note)


def _near(one: Days | None, other: Days | None) -> bool:
    """Tell whether two days may lie close together."""
    return one is None or other is None or (one.first - other.last <= _TOGETHER and other.first - one.last <= _TOGETHER)


def _reasons(resource: Resource, chart: Chart) -> Iterator[Any]:
    """Yield the concepts of a record's reasons.

    What it refers to and is not here comes as the words beside the reference. A diagnosis that is not true is none.
    """
    stated = [one for one in items(resource.get("reason")) if isinstance(one, dict)]
    concepts = [*items(resource.get("reasonCode")), *[one["concept"] for one in stated if "concept" in one]]
    yield from [one for one in concepts if isinstance(one, dict) and (next(codings(one), None) or concept_words(one))]
    contained = {f"#{one.get('id')}": one for one in items(resource.get("contained")) if isinstance(one, dict)}
    for named in [*items(resource.get("reasonReference")), *[one.get("reference") for one in stated]]:
        if not isinstance(named, dict):
            continue
        diagnosis = contained.get(reference(named)) or chart.get(reference(named))
        if diagnosis is None or not chart.is_about(diagnosis):
            yield {"text": named.get("display")}
        elif status_code(diagnosis.get("verificationStatus")) not in ("refuted", "entered-in-error"):
            yield diagnosis.get("code") or {}
