"""How a measured or coded value is found among Observations."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from cds_service.facts.fhir_value import read_value
from cds_service.facts.found.body_places import stated_site
from cds_service.facts.found.circumstances import Circumstance, taken_under
from cds_service.facts.found.dated import day_made
from cds_service.facts.found.stages import is_advanced, stage_said
from cds_service.facts.found.upper_limits import of_upper_limit
from cds_service.facts.found.wording import Saying, matched
from cds_service.facts.wanted import Unreadable, Wanted, in_unit
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import Resource, codings, concept_words, items, own_reference, text
from cds_service.fhir.resource_types import TYPES
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Interval, Value
from cds_service.sitting import DatedChart

DAYS: Final = ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")
DONE: Final = frozenset(TYPES["Observation"].evidence)
_NO_CALL: Final = re.compile(
    r"\b(no[ -]?calls?|no[ -]?results?|qns|quantity not sufficient|test fail|assay fail|tnp|test not performed)\b", re.IGNORECASE
)
"""Words for a test without a result, whatever stands beside them."""
_OPEN: Final = re.compile(
    r"fail(ed|ure)|insufficient|low fetal fraction|unable to|not reportable|non[ -]?reportable|unreportable|inconclusive"
    r"|indeterminate|uninformative|non[ -]?informative|unsatisfactory|not suitable|could not be|not obtained|redraw|recollect"
    r"|specimen rejected|sample rejected",
    re.IGNORECASE,
)
"""Words for a test without a result, unless one stands beside them.

Reports use such words also to explain what they mean.
"""
_RESULT: Final = re.compile(
    r"\b(low|high|increased|decreased)[ -]?risk|\bnegative\b|\bpositive\b|no aneuploid|aneuploidy (not )?detected|not detected"
    r"|\bnormal\b|no evidence of",
    re.IGNORECASE,
)
_NORMAL: Final = frozenset(
    {"negative", "neg", "normal", "within normal limits", "wnl", "not elevated", "not detected", "low risk", "unremarkable"}
)
"""Values in words by which a result hints at nothing."""
SITED: Final = "it is of one part of the body"
"""Note on a measurement that says which part of the body it is of; which, is what it shows."""
_LONGEST: Final = 4000
"""How many characters of a result or report are read."""


@dataclass(frozen=True, slots=True)
class SoughtMeasurement:
    """The measurements that document a fact, as ``observation`` evidence writes them."""

    codes: str
    coded: str
    whole: str
    also_in: tuple[tuple[str, float], ...]
    of_upper_limit: bool
    stage: bool
    uncertain: bool = False
    beside: bool = False
    described: Saying | None = None
    unless_described: Saying | None = None
    without_unit: tuple[str, ...] = ()
    unless_negative: bool = False
    under: tuple[Circumstance, ...] = ()
    sited: bool = False


def measurements(sought: SoughtMeasurement, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
    """Find the Observations of a case with a code that is sought.

    Each comes as evidence with its value, or with the reason why it has none.
    """
    hits: Iterable[Hit] = seen.chart.coded("Observation", sought.codes)
    if sought.described or sought.unless_described:
        hits = [hit for hit in hits if _described_as_sought(sought, hit)]
    if sought.under:
        hits = [hit for hit in hits if taken_under(sought.under, hit.resource, seen.chart.terminology)]
    read = [_read(sought, hit, seen, wanted) for hit in hits]
    found = [evidence for evidence in read if evidence is not None]
    return [_hinting(evidence) for evidence in found] if sought.uncertain else found


def _described_as_sought(sought: SoughtMeasurement, hit: Hit) -> bool:
    """Tell whether a measurement's name and method say what is sought."""
    said = [words for concept in (hit.holder.get("code"), hit.resource.get("method")) for words in concept_words(concept)]
    if sought.described and not matched(sought.described, frozenset(), said):
        return False
    return not (sought.unless_described and matched(sought.unless_described, frozenset(), said))


def _hinting(evidence: Evidence) -> Evidence:
    """Return a measurement that nobody knows how it was taken."""
    if evidence.standing is not Standing.USABLE:
        return evidence
    return evidence._replace(standing=Standing.UNCERTAIN, note="nothing says how it was taken")


def _read(sought: SoughtMeasurement, hit: Hit, seen: DatedChart, wanted: Wanted) -> Evidence | None:
    observation = hit.resource
    status = text(observation.get("status"))
    said = own_reference(observation)
    when = day_made(observation, seen.as_of, *DAYS)
    if status == "entered-in-error":
        return None
    if status not in DONE:
        standing = Standing.DISCOUNTED if status in ("registered", "cancelled") else Standing.UNCERTAIN
        note = f"its status is {status}" if status in ("registered", "cancelled", "unknown") else "its status cannot be read"
        return Evidence(None, when, said, standing=standing, note=note)
    if "dataAbsentReason" in hit.holder:
        reason = next((coding.code for coding in codings(hit.holder["dataAbsentReason"])), "a reason that is not coded")
        return Evidence(None, when, said, standing=Standing.DISCOUNTED, note=f"no value: {reason}")
    try:
        value = value_of(sought, hit, wanted, seen)
    except Unreadable as error:
        if (hit.holder is observation and _is_a_panel(observation, seen)) or (sought.beside and _is_normal(hit.holder)):
            return None
        perhaps = without_unit(sought, hit, wanted, seen)
        return Evidence(perhaps, when, said, standing=Standing.UNCERTAIN, note=str(error), instant=_instant(observation))
    if when is None:
        return Evidence(value, None, said, standing=Standing.UNCERTAIN, note="it carries no date")
    shown = next((c.text for c in codings(hit.holder.get("valueCodeableConcept"))), "")
    if sought.sited and (site := stated_site(hit, seen)):
        return Evidence(value, when, said, standing=Standing.UNCERTAIN, note=SITED, shown=site, instant=_instant(observation))
    note = "preliminary" if status == "preliminary" else ""
    return Evidence(value, when, said, note=note, shown=shown, instant=_instant(observation))


def _is_normal(holder: Mapping[str, Any]) -> bool:
    """Tell whether a result without a number is called normal.

    Its value or its interpretation says so, and nothing else.
    """
    concept = holder.get("valueCodeableConcept")
    said = [text(holder.get("valueString")), *concept_words(concept)]
    if any(" ".join(words[:_LONGEST].lower().split()) in _NORMAL for words in said):
        return True
    called = [coding.code for one in items(holder.get("interpretation")) for coding in codings(one)]
    return bool(called) and all(code in ("N", "NEG", "ND") for code in called)


def _is_a_panel(observation: Resource, seen: DatedChart) -> bool:
    """Tell whether an Observation only holds parts that are read.

    It has no value of its own, and says nothing beside them.
    """
    parts = [one for one in items(observation.get("component")) if isinstance(one, dict)]
    if not parts or any(name.startswith("value") for name in observation):
        return False
    holding = seen.chart.terminology.holding
    return any(
        name.startswith("value") and any(holding(coding.system, coding.code) for coding in codings(part.get("code")))
        for part in parts
        for name in part
    )


def _instant(observation: Resource) -> str:
    """Return the moment of an Observation, as it is written.

    Returns the empty string where only a day is written.
    """
    for name in DAYS:
        written = observation.get(name)
        said = text(written.get("start") or written.get("end")) if isinstance(written, dict) else text(written)
        if said:
            return said if "T" in said else ""
    return ""


def value_of(sought: SoughtMeasurement, hit: Hit, wanted: Wanted, seen: DatedChart) -> Value:
    """Return the value of a measurement as it is sought.

    Raises Unreadable with the reason.
    """
    return _widened(sought, _value(sought, hit, wanted, seen))


def _value(sought: SoughtMeasurement, hit: Hit, wanted: Wanted, seen: DatedChart) -> Value:
    if sought.of_upper_limit:
        return of_upper_limit(hit, wanted, seen)
    if sought.stage and (stage := _stage(hit)) is not None:
        return stage
    try:
        return read_value(hit.holder, wanted, seen.chart.terminology, sought.coded)
    except Unreadable:
        for unit, number in sought.also_in:
            other = replace(wanted, unit=unit, low=wanted.low * number, high=wanted.high * number)
            with suppress(Unreadable):
                found = read_value(hit.holder, other, seen.chart.terminology, sought.coded)
                if isinstance(found, Interval):
                    return Interval(found.low / number, found.high / number, found.low_open, found.high_open)
        raise


def without_unit(sought: SoughtMeasurement, hit: Hit, wanted: Wanted, seen: DatedChart) -> Interval | None:
    """Return what a number without a unit may be.

    It is whatever it would be in the units that may be meant, where that is possible. Returns None where no unit is
    named for it, and where it is no bare number.
    """
    possible: list[Interval] = []
    with suppress(Unreadable):
        plain = replace(wanted, unit="1", low=-math.inf, high=math.inf)
        bare = read_value(hit.holder, plain, seen.chart.terminology) if sought.without_unit else None
        for unit in sought.without_unit:
            with suppress(Unreadable):
                possible += [in_unit(bare, unit, wanted)] if isinstance(bare, Interval) else []
    return Interval(min([one.low for one in possible]), max([one.high for one in possible])) if possible else None


def _stage(hit: Hit) -> bool | None:
    """Read the words of a stage, coded or plain."""
    stage = is_advanced(hit.holder.get("valueCodeableConcept"))
    return stage if stage is not None else stage_said(text(hit.holder.get("valueString")))


def _widened(sought: SoughtMeasurement, value: Value) -> Value:
    if sought.whole == "weeks" and isinstance(value, Interval) and value.low == value.high and value.low % 7 == 0:
        return Interval(value.low, value.low + 6)
    return value


def has_no_result(resource: Mapping[str, Any]) -> bool:
    """Tell whether a record says that a test gave no result.

    The test of the result or report was done, and gave none. It may say so in its value, its interpretation, the reason
    that a value is absent, or its conclusion, coded or in words. Such words only leave the question open; no text is
    read as a negative.
    """
    if "dataAbsentReason" in resource:
        return True
    concepts = [
        resource.get("valueCodeableConcept"),
        *items(resource.get("interpretation")),
        *items(resource.get("conclusionCode")),
    ]
    said = [text(resource.get("valueString")), text(resource.get("conclusion"))]
    for concept in concepts:
        if concept is not None:
            if any(coding.code in ("IND", "QNS") for coding in codings(concept)):
                return True
            said += concept_words(concept)
    return any(_gives_none(words[:_LONGEST]) for words in said if words)


def concluded(resource: Mapping[str, Any]) -> list[Any]:
    """Return the CodeableConcepts that say what came out.

    They are the value, the interpretation and the conclusion of a result or report.
    """
    value = resource.get("valueCodeableConcept")
    found = [*items(resource.get("interpretation")), *items(resource.get("conclusionCode"))]
    return [value, *found] if value is not None else found


def _gives_none(words: str) -> bool:
    return bool(_NO_CALL.search(words)) or bool(_OPEN.search(words) and not _RESULT.search(words))
