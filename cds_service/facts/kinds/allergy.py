"""Allergies and intolerances as evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from cds_service.case import UNCONFIRMED
from cds_service.facts.fhir_value import partial_date
from cds_service.facts.found.doubtful_medicines import possible_values
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import CODED, Declaration
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.wanted import Unreadable, carried_value
from cds_service.fhir.elements import Resource, codings, first_days, items, own_reference, status_code, text
from cds_service.policy.evidence import NAMED_ONLY, Evidence, Standing
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart

SIDE_EFFECTS = frozenset(
    {"itching", "pruritus", "nausea", "vomiting", "constipation", "drowsiness", "sedation", "somnolence", "dizziness", "headache"}
)
"""Words of reactions that are side effects.

A text of these alone names no allergy.
"""
_JOINING = frozenset({"and", "or", "n", "v", "mild", "moderate", "severe", "gi", "upset", "only"})


class AllergyEvidence(EvidenceKind):
    """An active AllergyIntolerance to something with a code in ``codes``.

    It gives yes, or what the code carries. Unconfirmed ones only end the silence. With ``side_effects``, a value set of
    reactions that are no allergy, so does what the record calls an intolerance, and one all of whose reactions are
    such.
    """

    declared: ClassVar = Declaration("allergy", CODED)

    codes: str
    uncertain: bool = False
    side_effects: str = ""

    @property
    def lasts(self) -> bool:
        return self.shelf_life is None and not self.uncertain

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        return [*self._found(seen, wanted), *(self._named_in_words(seen, wanted) if seen.chart.allergies_in_doubt else ())]

    def _named_in_words(self, seen: DatedChart, wanted: Wanted) -> Iterator[Evidence]:
        for resource, doubt in seen.chart.allergies_in_doubt:
            when = first_days(resource, "recordedDate", "onsetDateTime", "onsetPeriod", "lastOccurrence") or Days.on(seen.as_of)
            for value in possible_values(seen, self.codes, doubt, wanted):
                yield Evidence(value, when, own_reference(resource), "recorded", Standing.UNCERTAIN, NAMED_ONLY, doubt.name)

    def _found(self, seen: DatedChart, wanted: Wanted) -> Iterator[Evidence]:
        for hit in seen.chart.coded("AllergyIntolerance", self.codes):
            verified = status_code(hit.resource.get("verificationStatus"))
            course = status_code(hit.resource.get("clinicalStatus"))
            when = first_days(hit.resource, "recordedDate", "onsetDateTime", "onsetPeriod", "lastOccurrence") or Days.on(seen.as_of)
            said = own_reference(hit.resource)
            if verified == "entered-in-error":
                continue
            try:
                value = carried_value(hit.carried, wanted, True if wanted.type == "boolean" else None)
            except Unreadable as error:
                yield Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
                continue
            if verified == "refuted" and value is not True:
                yield Evidence(value, when, said, standing=Standing.DISCOUNTED, note="refuted", shown=hit.coding.text)
            elif verified == "refuted":
                yield Evidence(False, when, said, shown=f"{hit.coding.text}, refuted")
            elif course in ("inactive", "resolved"):
                note = f"the allergy is {course}"
                yield Evidence(value, when, said, standing=Standing.DISCOUNTED, note=note, shown=hit.coding.text)
            elif self.side_effects and (why := self._intolerance(hit.resource, seen)):
                yield Evidence(value, when, said, standing=Standing.UNCERTAIN, note=why, shown=hit.coding.text)
            elif self.uncertain or verified in UNCONFIRMED:
                note = "the allergy is not certain"
                yield Evidence(value, when, said, standing=Standing.UNCERTAIN, note=note, shown=hit.coding.text)
            else:
                yield Evidence(value, when, said, shown=hit.coding.text)

    def _intolerance(self, allergy: Resource, seen: DatedChart) -> str:
        """Say why a record may be of an intolerance, not an allergy.

        Returns the empty string where nothing says so.
        """
        if text(allergy.get("type")) == "intolerance":
            return "it is recorded as an intolerance"
        reactions = [one for one in items(allergy.get("reaction")) if isinstance(one, dict)]
        shown = [concept for reaction in reactions for concept in items(reaction.get("manifestation"))]
        holding = seen.chart.terminology.holding
        alone = bool(shown) and all(
            any(self.side_effects in holding(*coding) for coding in codings(concept)) or _is_side_effect(concept)
            for concept in shown
        )
        return "its reactions are side effects" if alone else ""

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("AllergyIntolerance"),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes, self.side_effects) if self.side_effects else (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if self.uncertain or evidence.value is None or (wanted.type == "boolean") != isinstance(evidence.value, bool):
            raise CannotImagine("no allergy says it")
        verified = "confirmed" if evidence.value else "refuted"
        concept = chart.any_concept(self.codes) if isinstance(evidence.value, bool) else chart.concept(self.codes, evidence.value)
        if concept is None:
            raise CannotImagine("no allergy says it")
        system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
        chart.add(
            "AllergyIntolerance",
            verificationStatus={"coding": [{"system": system, "code": verified}]},
            code=concept,
            recordedDate=partial_date(evidence.when) if evidence.when else None,
        )


def _is_side_effect(concept: Any) -> bool:
    """Tell whether the words of a reaction name only side effects.

    It is asked for reactions whose code is not read.
    """
    if not isinstance(concept, dict):
        return False
    shown = [coding.get("display") for coding in items(concept.get("coding")) if isinstance(coding, dict)]
    said = next((words for words in map(text, (concept.get("text"), *shown)) if words), "").lower()
    words = {word for word in re.split(r"[^a-z]+", said) if word}
    return bool(words & SIDE_EFFECTS) and words <= SIDE_EFFECTS | _JOINING
