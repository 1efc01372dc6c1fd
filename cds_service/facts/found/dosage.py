"""How a dosage is read: the dose a day of a medicine, or its rate, from amounts, numbers of tablets, and times a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, cast

from cds_service.facts.kinds.fhir_value import read_quantity
from cds_service.facts.units import UnknownUnit, convert
from cds_service.facts.wanted import Unreadable, Wanted, in_unit
from cds_service.fhir.elements import Resource, codings, days, items, text
from cds_service.fhir.medicines import Strength
from cds_service.policy.values import Days, Interval

COUNTED: Final = frozenset(
    {
        *(
            "1",
            "unit",
            "units",
            "each",
            "ea",
            "pill",
            "pills",
            "system",
            "film",
            "films",
            "lozenge",
            "lozenges",
            "troche",
            "troches",
        ),
        *(
            "tbl",
            "tab",
            "tabs",
            "tablet",
            "tablets",
            "tablet(s)",
            "cap",
            "caps",
            "capsule",
            "capsules",
            "capsule(s)",
            "caplet",
            "caplets",
        ),
        *("patch", "patches", "patch(es)", "ptch", "suppository", "suppositories", "supp"),
    }
)
"""How charts call one unit of a product."""
_VOLUMES: Final = {"ml": 1.0, "milliliter": 1.0, "milliliters": 1.0, "cc": 1.0, "l": 1000.0}
_A_DAY: Final = {
    **dict.fromkeys(("QD", "DAILY", "AM", "PM", "BED", "QHS", "HS", "QAM", "QPM", "Q24H"), 1.0),
    "BID": 2.0,
    "TID": 3.0,
    "QID": 4.0,
    "QOD": 0.5,
    "Q2H": 12.0,
    "Q3H": 8.0,
    "Q4H": 6.0,
    "Q6H": 4.0,
    "Q8H": 3.0,
    "Q12H": 2.0,
}
"""Times a day of the customary abbreviations."""


def daily_dose(resource: Resource, wanted: Wanted, product: Strength | None = None) -> Interval:
    """The dose a day of all dosage instructions together, or their rate, in the fact's unit. Raises Unreadable.

    A dose as needed runs from nothing to the most that may be taken. Tablets, millilitres and patches count by the ``product``.
    """
    written = [*items(resource.get("dosageInstruction")), *items(resource.get("dosage"))]
    dosages = [dosage for dosage in written if isinstance(dosage, dict)]
    if not dosages:
        raise Unreadable("it has no dosage that can be read")
    if len(dosages) > 1 and len({(str(dosage.get("sequence")), _bounds(dosage)) for dosage in dosages}) > 1:
        raise Unreadable("its doses follow one another")
    total = Interval.exactly(0)
    for dosage in dosages:
        one = _one(dosage, wanted, product)
        total = Interval(total.low + (0 if _as_needed(dosage) else one.low), total.high + one.high)
    return total


def last_day(resource: Resource) -> Days | None:
    """The last day for which a dosage was prescribed, where it says so."""
    for dosage in items(resource.get("dosageInstruction")):
        bounds = _repeat(dosage).get("boundsPeriod") if isinstance(dosage, dict) else None
        end = days(bounds.get("end")) if isinstance(bounds, dict) else None
        if end:
            return end if end.last < date.max else None
    return None


def _as_needed(dosage: Mapping[str, Any]) -> bool:
    return dosage.get("asNeededBoolean") is True or isinstance(dosage.get("asNeededCodeableConcept"), dict)


def _bounds(dosage: Mapping[str, Any]) -> str:
    bounds = _repeat(dosage).get("boundsPeriod")
    return str(sorted(bounds.items())) if isinstance(bounds, dict) and len(bounds) < 5 else ""


def _repeat(dosage: Mapping[str, Any]) -> Mapping[str, Any]:
    timing = dosage.get("timing")
    repeat = timing.get("repeat") if isinstance(timing, dict) else None
    return repeat if isinstance(repeat, dict) else {}


def _one(dosage: Mapping[str, Any], wanted: Wanted, product: Strength | None) -> Interval:
    given = next((one for one in items(dosage.get("doseAndRate")) if isinstance(one, dict)), None)
    if given is None:
        raise Unreadable("it has no dose")
    if isinstance(given.get("rateQuantity"), dict):
        return read_quantity(given["rateQuantity"], wanted)
    if not wanted.unit.endswith("/d"):
        if isinstance(given.get("doseQuantity"), dict):
            return _amount(given["doseQuantity"], wanted, product)
        raise Unreadable("it has no rate")
    each = Wanted(wanted.name, wanted.type, wanted.unit.removesuffix("/d"), wanted.low, wanted.high, ())
    times = _times_a_day(dosage)
    dose = _dose(given, each, product)
    return in_unit(Interval(dose.low * times.low, dose.high * times.high), wanted.unit, wanted)


def _dose(given: Mapping[str, Any], each: Wanted, product: Strength | None) -> Interval:
    quantity, spread = given.get("doseQuantity"), given.get("doseRange")
    if isinstance(quantity, dict):
        return _amount(quantity, each, product)
    if isinstance(spread, dict) and isinstance(spread.get("low"), dict) and isinstance(spread.get("high"), dict):
        low, high = _amount(spread["low"], each, product), _amount(spread["high"], each, product)
        if low.low <= high.high:
            return Interval(low.low, high.high)
    raise Unreadable("it has no dose")


def _amount(quantity: Mapping[str, Any], each: Wanted, product: Strength | None) -> Interval:
    """An amount of the drug, in the unit of ``each``: as written, or so many units of the product."""
    names = [name for part in ("code", "unit") if (name := text(quantity.get(part)).lower().strip("{}[]"))]
    counted = bool(names) and all(name in COUNTED for name in names)
    volume = next((_VOLUMES[name] for name in names if name in _VOLUMES), 0.0)
    if not counted and not volume:
        return read_quantity(quantity, each)
    of_product = product is not None and (product.per == "mL" if volume else product.per in ("1", "h"))
    if product is None or not of_product:
        raise Unreadable("its dose is a number of tablets, millilitres or the like, and how strong they are is not known")
    number = read_quantity({"value": quantity.get("value")}, Wanted(each.name, "quantity", "1", 0.0, 100_000.0, ()))
    by = product.amount * (volume or 1.0)
    unit = f"{product.unit}/h" if product.per == "h" else product.unit
    return in_unit(Interval(number.low * by, number.high * by), unit, each)


def _times_a_day(dosage: Mapping[str, Any]) -> Interval:
    repeat = _repeat(dosage)
    often, period = repeat.get("frequency", 1), repeat.get("period")
    if period is None:
        return _by_abbreviation(dosage, repeat)
    most, longest = repeat.get("frequencyMax", often), repeat.get("periodMax", period)
    numbers = (often, period, most, longest)
    if "dayOfWeek" in repeat or not all(isinstance(n, int | float) and not isinstance(n, bool) and n > 0 for n in numbers):
        raise Unreadable("it does not say how often a day")
    try:
        day = convert(1.0, text(repeat.get("periodUnit")) or "d", "d")
    except UnknownUnit:
        raise Unreadable("it does not say how often a day") from None
    low, high = cast("float", often) / (cast("float", longest) * day), cast("float", most) / (cast("float", period) * day)
    return Interval(round(min(low, high), 9), round(max(low, high), 9))


def _by_abbreviation(dosage: Mapping[str, Any], repeat: Mapping[str, Any]) -> Interval:
    timing = dosage.get("timing")
    concept = timing.get("code") if isinstance(timing, dict) else None
    named = [coding.code for coding in codings(concept)] + ([text(concept.get("text"))] if isinstance(concept, dict) else [])
    for name in named:
        times = _A_DAY.get(name.upper())
        if times is not None and "dayOfWeek" not in repeat:
            return Interval.exactly(times)
    raise Unreadable("it does not say how often a day")
