"""What a medicine or a service is given for.

A record says it by its reasons, or the order that it carries out does. The same medicine treats cancers and other
diseases. One that is plainly for another disease is no evidence of a treatment of cancer; where nobody can tell, it
decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from functools import cached_property
from typing import Any, Final

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.facts.found.of_medicines import medication_days, states_of
from cds_service.facts.found.second_uses import SecondUse, SecondUses, day_of, near
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import Resource, codings, concept_words, contained, items, reference, status_code, text
from cds_service.fhir.resource_types import MEDICINES
from cds_service.fhir.vocabulary import LONGEST, Vocabulary
from cds_service.fhir.words_of_records import in_force
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days

_CARRIES_OUT: Final = ("request", "authorizingPrescription", "basedOn", "derivedFrom")
"""The elements by which a record names the order that it carries out."""
_TOGETHER: Final = timedelta(180)
"""How far apart two records of a medicine may be that belong together."""
_ONE_CYCLE: Final = timedelta(7)
"""How far apart two medicines of one cycle of a regimen are given at most."""
_TREATED_BY: Final = (*MEDICINES, "ServiceRequest", "Procedure")
"""The resource types in which the medicines of a regimen stand."""


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
    diseases that the medicines are given for besides, and ``also`` which medicine is given for which of them.
    """

    diseases: frozenset[str]
    words: Vocabulary
    others: frozenset[str]
    also: tuple[SecondUse, ...]


class Purposes:
    """What the records of a chart are for.

    Of several purposes that a medicine must be given for, the one that speaks against it most counts.
    """

    def __init__(self, sought: Iterable[SoughtPurpose], codes: str, chart: Chart, as_of: date, drafts: Iterable[Hit] = ()) -> None:
        self._each = [_OnePurpose(one, codes, chart, as_of, tuple(drafts)) for one in sought]

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

    def __init__(self, sought: SoughtPurpose, codes: str, chart: Chart, as_of: date, drafts: tuple[Hit, ...]) -> None:
        self._sought = sought
        self._codes = codes
        self._chart = chart
        self._as_of = as_of
        self._drafts = drafts
        self._uses = SecondUses(sought.also, sought.diseases, chart)

    def of(self, hit: Hit) -> Purpose:
        """Tell what a record is for."""
        found = self.stated_by(hit.resource)
        if found is not None:
            return found
        when = medication_days(hit.resource)
        ingredients = self._chart.terminology.medicines.ingredients(*hit.coding)
        if any(ingredients == other and near(when, day, _TOGETHER) for other, day in self._given_otherwise):
            return Purpose.PERHAPS
        uses = self._uses.of(hit)
        if not uses or self._at_a_visit_for_it(hit.resource):
            return Purpose.SOUGHT
        return Purpose.SOUGHT if all(use.tied_by and self._tied(hit, use.tied_by) for use in uses) else Purpose.PERHAPS

    def _at_a_visit_for_it(self, resource: Resource) -> bool:
        """Tell whether a record is of a visit for what is sought.

        The visit's reasons and diagnoses say so, and name no other disease.
        """
        visit = next((one for name in ("encounter", "context") if (one := reference(resource.get(name)))), "")
        if not visit:
            return False
        found = self._read(self._chart.get(visit) or {})
        for diagnosis in self._chart.of("Condition"):
            if reference(diagnosis.get("encounter")) == visit and in_force(diagnosis):
                found |= self._said_by(diagnosis.get("code") or {})
        return not found.isdisjoint({Purpose.SOUGHT, None}) and Purpose.OTHER not in found

    def _tied(self, hit: Hit, tied_by: str) -> bool:
        """Tell whether a medicine of the same week ties another.

        It is one that is given for nothing else in this chart. What is signed together is of one week.
        """
        chart = self._chart
        signed = any(one.resource is hit.resource for one in self._drafts)
        when = Days.on(self._as_of) if signed else day_of(hit.resource)
        if signed and any(self._is_of_a_regimen(one, hit) for one in self._drafts if self._is_of(one, tied_by)):
            return True
        return any(
            self._is_of_a_regimen(other, hit)
            for kind in _TREATED_BY
            for other in chart.coded(kind, tied_by)
            if states_of(other.resource, text(other.resource.get("status")), self._as_of)
            and near(when, day_of(other.resource), _ONE_CYCLE, undated=False)
        )

    def _is_of(self, hit: Hit, value_set: str) -> bool:
        return value_set in self._chart.terminology.holding(*hit.coding)

    def _is_of_a_regimen(self, other: Hit, hit: Hit) -> bool:
        """Tell whether another medicine is surely for what is sought."""
        ingredients = self._chart.terminology.medicines.ingredients
        if other.resource is hit.resource or ingredients(*other.coding) == ingredients(*hit.coding):
            return False
        stated = self.stated_by(other.resource)
        return stated is Purpose.SOUGHT or (stated is None and not self._uses.of(other))

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
            found |= self._said_by(concept)
        return found

    def _said_by(self, concept: Any) -> set[Purpose | None]:
        """Read one reason."""
        holding = self._chart.terminology.holding
        sets = [holding(coding.system, coding.code) for coding in codings(concept)]
        if any(not self._sought.diseases.isdisjoint(one) for one in sets):
            return {Purpose.SOUGHT}
        if any(not self._sought.others.isdisjoint(one) for one in sets):
            return {Purpose.OTHER}
        return {None if any(self._sought.words.heard[said[:LONGEST]] for said in concept_words(concept)) else Purpose.OPEN}

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


def signed_together(case: Case) -> list[Hit]:
    """Return the codes of the orders signed together with one."""
    return [Hit(one.resource, one.resource, coding, None) for one in case.other_orders() for coding in one.codings]


def as_purposed(evidence: Evidence, purpose: Purpose) -> Evidence:
    """Weigh evidence by what its record is for."""
    if purpose is Purpose.SOUGHT or evidence.standing is Standing.DISCOUNTED:
        return evidence
    standing = Standing.DISCOUNTED if purpose is Purpose.OTHER else Standing.UNCERTAIN
    note = "; ".join([part for part in (evidence.note, purpose.value) if part])
    return evidence._replace(standing=standing, note=note)


def _reasons(resource: Resource, chart: Chart) -> Iterator[Any]:
    """Yield the concepts of a record's reasons.

    What it refers to and is not here comes as the words beside the reference. A diagnosis that is not true is none.
    """
    stated = [one for one in items(resource.get("reason")) if isinstance(one, dict)]
    named_by_visit = [one.get("condition") for one in items(resource.get("diagnosis")) if isinstance(one, dict)]
    concepts = [*items(resource.get("reasonCode")), *[one["concept"] for one in stated if "concept" in one]]
    yield from [one for one in concepts if isinstance(one, dict) and (next(codings(one), None) or concept_words(one))]
    inside = contained(resource)
    for named in [*items(resource.get("reasonReference")), *[one.get("reference") for one in stated], *named_by_visit]:
        if not isinstance(named, dict):
            continue
        diagnosis = inside.get(reference(named)) or chart.get(reference(named))
        if diagnosis is None or not chart.is_about(diagnosis):
            yield {"text": named.get("display")}
        elif status_code(diagnosis.get("verificationStatus")) not in ("refuted", "entered-in-error"):
            yield diagnosis.get("code") or {}
