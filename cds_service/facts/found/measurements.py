"""How a measured or coded value is found among the Observations of the chart."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cds_service.chart import Case, Hit
from cds_service.facts.found.stages import is_advanced, stage_said
from cds_service.facts.kinds.fhir_value import read_quantity, read_value
from cds_service.facts.wanted import Unreadable, Wanted, in_unit
from cds_service.fhir.elements import Resource, codings, first_days, items, own_reference, text
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Interval, Value

if TYPE_CHECKING:
    from cds_service.facts.kinds.observation import ObservationEvidence

DONE: Final = frozenset({"final", "amended", "corrected", "preliminary"})
_NO_CALL: Final = re.compile(
    r"\b(no[ -]?calls?|no[ -]?results?|qns|quantity not sufficient|test fail|assay fail|tnp|test not performed)\b", re.IGNORECASE
)
"""Words that say that a test gave no result, whatever stands beside them."""
_OPEN: Final = re.compile(
    r"fail(ed|ure)|insufficient|low fetal fraction|unable to|not reportable|non[ -]?reportable|unreportable|inconclusive"
    r"|indeterminate|uninformative|non[ -]?informative|unsatisfactory|not suitable|could not be|not obtained|redraw|recollect"
    r"|specimen rejected|sample rejected",
    re.IGNORECASE,
)
"""Words that say so unless a result stands beside them: reports explain what such words mean."""
_RESULT: Final = re.compile(
    r"\b(low|high|increased|decreased)[ -]?risk|\bnegative\b|\bpositive\b|no aneuploid|aneuploidy (not )?detected|not detected"
    r"|\bnormal\b|no evidence of",
    re.IGNORECASE,
)
_LONGEST: Final = 4000
"""Characters of a result's or a report's words that are read."""


def measurements(kind: ObservationEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """The Observations of a case with a code that its kind names, each with its value or why it has none."""
    read = [_read(kind, hit, case, wanted) for hit in case.chart.coded("Observation", kind.codes)]
    return [evidence for evidence in read if evidence is not None]


def _read(kind: ObservationEvidence, hit: Hit, case: Case, wanted: Wanted) -> Evidence | None:
    observation = hit.resource
    status = text(observation.get("status"))
    said = own_reference(observation)
    when = first_days(observation, "effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")
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
        value = _widened(kind, _value(kind, hit, wanted, case))
    except Unreadable as error:
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error), instant=_instant(observation))
    if when is None:
        return Evidence(value, None, said, standing=Standing.UNCERTAIN, note="it carries no date")
    shown = next((c.text for c in codings(hit.holder.get("valueCodeableConcept"))), "")
    note = "preliminary" if status == "preliminary" else ""
    return Evidence(value, when, said, note=note, shown=shown, instant=_instant(observation))


def _instant(observation: Resource) -> str:
    """The moment of an Observation as it is written, or the empty string where only a day is."""
    for name in ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued"):
        written = observation.get(name)
        said = text(written.get("start") or written.get("end")) if isinstance(written, dict) else text(written)
        if said:
            return said if "T" in said else ""
    return ""


def _value(kind: ObservationEvidence, hit: Hit, wanted: Wanted, case: Case) -> Value:
    if kind.of_upper_limit:
        return _of_upper_limit(hit, wanted)
    if kind.stage and (stage := _stage(hit)) is not None:
        return stage
    try:
        return read_value(hit.holder, wanted, case.chart.terminology, kind.coded)
    except Unreadable:
        for unit, number in kind.also_in.items():
            other = replace(wanted, unit=unit, low=wanted.low * number, high=wanted.high * number)
            with suppress(Unreadable):
                found = read_value(hit.holder, other, case.chart.terminology, kind.coded)
                if isinstance(found, Interval):
                    return Interval(found.low / number, found.high / number, found.low_open, found.high_open)
        raise


def _stage(hit: Hit) -> bool | None:
    """What the words of a stage say, coded or plain."""
    stage = is_advanced(hit.holder.get("valueCodeableConcept"))
    return stage if stage is not None else stage_said(text(hit.holder.get("valueString")))


def _widened(kind: ObservationEvidence, value: Value) -> Value:
    if kind.whole == "weeks" and isinstance(value, Interval) and value.low == value.high and value.low % 7 == 0:
        return Interval(value.low, value.low + 6)
    return value


def _of_upper_limit(hit: Hit, wanted: Wanted) -> Interval:
    """The value in upper limits of normal. Raises Unreadable without one plain upper limit in a unit that fits."""
    quantity = hit.holder.get("valueQuantity")
    if not isinstance(quantity, dict):
        raise Unreadable("its value is not a number")
    unit = text(quantity.get("code")) or text(quantity.get("unit")) or wanted.unit
    measured = replace(wanted, unit=unit, low=-math.inf, high=math.inf)
    ranges = [limit for limit in items(hit.holder.get("referenceRange")) if isinstance(limit, dict) and _is_normal(limit)]
    highest = [limit["high"] if isinstance(limit.get("high"), dict) else _high_in_words(limit) for limit in ranges]
    limits = [read_quantity({"unit": unit, **high}, measured) for high in highest if high]
    if len(limits) != 1 or limits[0].low <= 0 or limits[0].low != limits[0].high:
        raise Unreadable("it carries no upper limit of its own reference range")
    value, limit = read_quantity(quantity, measured), limits[0].low
    return in_unit(Interval(value.low / limit, value.high / limit, value.low_open, value.high_open), wanted.unit, wanted)


_RANGE: Final = re.compile(
    r"\(?\s*(?:\d{1,5}(?:\.\d{1,3})?\s*(?:-|\u2013|to)|<=?|\u2264)\s*(\d{1,5}(?:\.\d{1,3})?)\s*\)?\s*([A-Za-z/]{0,12})",
    re.IGNORECASE,
)
"""A reference range that is written out: ``0 - 40 U/L``, ``<= 44``."""


def _high_in_words(limits: dict[str, Any]) -> dict[str, Any]:
    """The upper limit of a range in words alone, with its unit where they give one; empty where they say anything else."""
    found = None if "low" in limits else _RANGE.fullmatch(text(limits.get("text")).strip())
    if found is None:
        return {}
    return {"value": float(found[1])} | ({"unit": found[2]} if found[2] else {})


def _is_normal(limits: dict[str, Any]) -> bool:
    """Whether a reference range is that of healthy people: one that says nothing of its kind is."""
    kinds = {coding.code for coding in codings(limits.get("type"))}
    return not kinds or "normal" in kinds


def has_no_result(resource: Mapping[str, Any]) -> bool:
    """Whether a result or report says that the test was done and gave none: in its value, its interpretation, as the reason that
    there is none, or as its conclusion, coded or in words.

    Such words only leave the question open; no text is read as a negative.
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
    """The CodeableConcepts in which a result or report says what came out: value, interpretation, conclusion."""
    value = resource.get("valueCodeableConcept")
    found = [*items(resource.get("interpretation")), *items(resource.get("conclusionCode"))]
    return [value, *found] if value is not None else found


def _gives_none(words: str) -> bool:
    return bool(_NO_CALL.search(words)) or bool(_OPEN.search(words) and not _RESULT.search(words))


def concept_words(concept: Any) -> list[str]:
    """The words of a CodeableConcept: its text, and the displays of its codings."""
    if not isinstance(concept, dict):
        return []
    displays = [text(coding.get("display")) for coding in items(concept.get("coding")) if isinstance(coding, dict)]
    return [words for words in (text(concept.get("text")), *displays) if words]
