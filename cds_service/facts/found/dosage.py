"""How a dosage is read: the dose a day, or the rate.

It is worked out from amounts, numbers of tablets, and times a day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from cds_service.facts.fhir_value import read_quantity
from cds_service.facts.found.times_a_day import repeat_of, times_a_day
from cds_service.facts.units import UnknownUnit, convert
from cds_service.facts.wanted import Unreadable, Wanted, in_unit
from cds_service.fhir.elements import Resource, days, items, text
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
"""Names that charts give to one unit of a product."""
_NEEDED: Final = re.compile(r"\b(?:prn|p\.r\.n|as needed|if needed|when needed)\b", re.ASCII)
_LONGEST: Final = 400
"""How much of a dosage's text is searched for "as needed".

In characters.
"""
_VOLUMES: Final = {"ml": 1.0, "milliliter": 1.0, "milliliters": 1.0, "cc": 1.0, "l": 1000.0}


def daily_dose(resource: Resource, wanted: Wanted, product: Strength | None = None) -> Interval:
    """Return the dose a day, or the rate, in the fact's unit.

    All dosage instructions count together. A dose as needed runs from nothing to the most that may be taken. Tablets,
    millilitres and patches count by the strength of the ``product``. Raises Unreadable.
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
    """Return the last day for which a dosage was prescribed, if stated."""
    for dosage in items(resource.get("dosageInstruction")):
        bounds = repeat_of(dosage).get("boundsPeriod") if isinstance(dosage, dict) else None
        end = days(bounds.get("end")) if isinstance(bounds, dict) else None
        if end:
            return end if end.last < date.max else None
    return None


def lasting(resource: Resource, start: Days) -> Days | None:
    """Return the day on which a dosage was to end.

    ``start`` is when it began. Returns None unless it was prescribed once, for so many days or weeks.
    """
    dispensed = resource.get("dispenseRequest")
    if isinstance(dispensed, dict) and dispensed.get("numberOfRepeatsAllowed") not in (None, 0):
        return None
    for dosage in items(resource.get("dosageInstruction")):
        bounds = repeat_of(dosage).get("boundsDuration") if isinstance(dosage, dict) else None
        amount = bounds.get("value") if isinstance(bounds, dict) else None
        if not isinstance(bounds, dict) or isinstance(amount, bool) or not isinstance(amount, int | float):
            continue
        try:
            for_days = convert(float(amount), text(bounds.get("code")) or text(bounds.get("unit")) or "d", "d")
        except UnknownUnit:
            return None
        if 0 < for_days <= 366 and start.last < date.max - timedelta(400):
            length = timedelta(round(for_days))
            return Days(start.first + length, start.last + length)
    return None


def _as_needed(dosage: Mapping[str, Any]) -> bool:
    if dosage.get("asNeededBoolean") is True or isinstance(dosage.get("asNeededCodeableConcept"), dict):
        return True
    timing = dosage.get("timing")
    concept = timing.get("code") if isinstance(timing, dict) else None
    said = (dosage.get("text"), dosage.get("patientInstruction"), concept.get("text") if isinstance(concept, dict) else "")
    return any(_NEEDED.search(text(words)[:_LONGEST].lower()) is not None for words in said)


def _bounds(dosage: Mapping[str, Any]) -> str:
    bounds = repeat_of(dosage).get("boundsPeriod")
    return str(sorted(bounds.items())) if isinstance(bounds, dict) and len(bounds) < 5 else ""


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
    times = times_a_day(dosage)
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
    """Read an amount of the drug, in the unit of ``each``.

    It is written as such, or as so many units of the product. Raises Unreadable where the product's strength is not
    known.
    """
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
