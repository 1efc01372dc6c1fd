"""The upper limit of normal that a result carries.

Laboratories give several ranges: of either sex, of ages, of therapy. Those of other people than this patient do not
count; where several are left, the value lies somewhere between its multiples of them.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any, Final

from cds_service.facts.fhir_value import read_quantity
from cds_service.facts.wanted import Unreadable, Wanted, in_unit
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import codings, concept_words, days, items, text
from cds_service.policy.values import Interval
from cds_service.sitting import DatedChart

_YEAR: Final = 365.25
"""Days of a year."""
_SEXES: Final = {
    **dict.fromkeys(("f", "female", "females", "woman", "women", "adult female", "248152002"), "female"),
    **dict.fromkeys(("m", "male", "males", "man", "men", "adult male", "248153007"), "male"),
}
"""The sex that a code or a word of a range's people means."""
_OTHER_TYPES: Final = re.compile(r"critical|panic|toxic|therap|treatment|recommend|desir|alert", re.IGNORECASE)
_RANGE: Final = re.compile(
    r"\(?\s*(?:\d{1,5}(?:\.\d{1,3})?\s*(?:-|\u2013|to)|<=?|\u2264)\s*(\d{1,5}(?:\.\d{1,3})?)\s*\)?\s*([A-Za-z/]{0,12})",
    re.IGNORECASE,
)
"""A reference range in words: ``0 - 40 U/L``, ``<= 44``."""


def of_upper_limit(hit: Hit, wanted: Wanted, seen: DatedChart) -> Interval:
    """Return the value in multiples of the upper limit of normal.

    Raises Unreadable where there is no plain upper limit for this patient in a unit that fits.
    """
    quantity = hit.holder.get("valueQuantity")
    if not isinstance(quantity, dict):
        raise Unreadable("its value is not a number")
    unit = text(quantity.get("code")) or text(quantity.get("unit")) or wanted.unit
    measured = replace(wanted, unit=unit, low=-math.inf, high=math.inf)
    ranges = [limit for limit in items(hit.holder.get("referenceRange")) if isinstance(limit, dict) and _is_normal(limit)]
    ranges = [limit for limit in ranges if _is_of(limit, seen)]
    highest = [limit["high"] if isinstance(limit.get("high"), dict) else _high_in_words(limit) for limit in ranges]
    limits = [read_quantity({"unit": unit, **high}, measured) for high in highest if high]
    if not limits or any(limit.low <= 0 or limit.low != limit.high for limit in limits):
        raise Unreadable("it carries no upper limit of its own reference range")
    value = read_quantity(quantity, measured)
    least, most = value.low / max(limit.low for limit in limits), value.high / min(limit.low for limit in limits)
    return in_unit(Interval(least, most, value.low_open, value.high_open), wanted.unit, wanted)


def _high_in_words(limits: dict[str, Any]) -> dict[str, Any]:
    """Return the upper limit of a range given in words alone.

    It comes with its unit where the words give one; empty where they say anything else.
    """
    found = None if "low" in limits else _RANGE.fullmatch(text(limits.get("text")).strip())
    if found is None:
        return {}
    return {"value": float(found[1])} | ({"unit": found[2]} if found[2] else {})


def _is_normal(limits: dict[str, Any]) -> bool:
    """Tell whether a reference range is that of healthy people.

    One that does not state its type is.
    """
    kinds = {coding.code for coding in codings(limits.get("type"))}
    if kinds:
        return "normal" in kinds
    return not any(_OTHER_TYPES.search(words) for words in concept_words(limits.get("type")))


def _is_of(limits: dict[str, Any], seen: DatedChart) -> bool:
    """Tell whether a range may be of people like the patient.

    It is not where it names the other sex, or ages that are surely not the patient's.
    """
    patient = next(iter(seen.chart.of("Patient")), None) or {}
    sexes = {
        sex
        for concept in items(limits.get("appliesTo"))
        for word in (*[coding.code for coding in codings(concept)], *concept_words(concept))
        if (sex := _SEXES.get(word.strip().lower()))
    }
    gender = text(patient.get("gender"))
    if gender in ("male", "female") and len(sexes) == 1 and gender not in sexes:
        return False
    born, ages = days(patient.get("birthDate")), limits.get("age")
    if born is None or not isinstance(ages, dict):
        return True
    oldest, youngest = (seen.as_of - born.first).days / _YEAR, (seen.as_of - born.last).days / _YEAR
    lowest, highest = _years(ages.get("low")), _years(ages.get("high"))
    return not (lowest is not None and oldest < lowest) and not (highest is not None and youngest > highest + 1)


def _years(age: Any) -> float | None:
    """Return an age in years, or None where it cannot be read."""
    if not isinstance(age, dict):
        return None
    try:
        return read_quantity(age, Wanted("", "quantity", "a", -math.inf, math.inf, (), "")).low
    except Unreadable:
        return None
