"""Other spellings and magnitudes of units, and numbers as strings."""

from __future__ import annotations

from collections.abc import Callable

from bench.recoding.places import Json, World, everything, quantities
from bench.recoding.rewrite import Rewrite
from cds_service.facts.units import UnknownUnit, convert
from cds_service.fhir.code_systems import UCUM

SPELLINGS = {
    "/uL": ("cells/uL", "/mm3", "/cumm", "cells/mcL"),
    "10*3/uL": ("K/uL", "x10E3/uL", "Thousand/uL", "k/mm3"),
    "mg/dL": ("MG/DL", "mg/dl", "mg/100 mL", "Mg/dL"),
    "g/dL": ("G/DL", "gm/dL", "g/dl", "gm/100 mL"),
    "U/L": ("IU/L", "units/L", "u/l", "U/l"),
    "Cel": ("°C", "degC", "deg C", "C"),
    "d": ("days", "day", "D", "days"),
    "wk": ("weeks", "wks", "w", "WEEKS"),
    "mo": ("months", "month", "mos", "Months"),
    "a": ("years", "yr", "yrs", "Years"),
    "kg/m2": ("kg/m^2", "kg/m²", "KG/M2", "kg/sq m"),
    "mm[Hg]": ("mmHg", "mm Hg", "MMHG", "mm(Hg)"),
    "mL/min": ("ml/min", "ML/MIN", "cc/min", "mL/minute"),
    "%": ("percent", "pct", "%", "Percent"),
    "mg": ("MG", "mgs", "milligram", "mg"),
    "ug/h": ("mcg/hr", "mcg/h", "ug/hr", "MCG/HR"),
    "ug": ("mcg", "MCG", "microgram", "ug"),
    "mm": ("MM", "millimeters", "mm", "millimetre"),
    "{score}": ("points", "score", "/10", "{points}"),
    "{fetuses}": ("fetuses", "{fetus}", "", "fetus"),
}
"""Customary names of the units of facts, four of each."""
MAGNITUDES = {
    "/uL": ("10*3/uL", "10*9/L"),
    "mg/dL": ("g/L", "mg/L"),
    "g/dL": ("g/L", "mg/dL"),
    "d": ("wk", "h"),
    "Cel": ("[degF]", "K"),
    "mg": ("g", "ug"),
    "mm": ("cm", "m"),
    "mL/min": ("L/min", "L/min"),
    "mm[Hg]": ("kPa", "cm[H2O]"),
    "ug/h": ("mg/d", "ug/d"),
    "a": ("mo", "d"),
}
"""Other units of the same kind."""


def _named(number: int, coded: bool) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in everything(request):
            for quantity in quantities(resource):
                unit = quantity.get("code") or quantity["unit"]
                if unit not in SPELLINGS:
                    continue
                quantity.pop("code", None)
                quantity.pop("system", None)
                quantity["unit"] = SPELLINGS[unit][number]
                if coded:
                    quantity |= {"code": quantity["unit"], "system": UCUM}
                changed = True
        return changed

    return apply


def _measured(number: int) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in everything(request):
            for quantity in quantities(resource):
                unit = quantity.get("code") or quantity["unit"]
                other = MAGNITUDES.get(unit, ())[number : number + 1]
                if not other or (other == ("h",) and resource["resourceType"] == "MedicationRequest"):
                    continue
                try:
                    value = convert(float(quantity["value"]), unit, other[0])
                except UnknownUnit:
                    continue
                quantity |= {"value": value, "unit": other[0], "code": other[0], "system": UCUM}
                changed = True
        return changed

    return apply


def _as_strings(request: Json, world: World) -> bool:
    changed = False
    for resource in everything(request):
        for quantity in quantities(resource):
            quantity["value"] = f"{quantity['value']:g}" if quantity["value"] < 1e5 else str(quantity["value"])
            changed = True
    return changed


NAMES_A_MEASURE = ("{weeks}", "{days}", "{Years}", "{PacksPerDay}")
"""Annotations without which a number says something else."""


def _as_words(thousands: bool) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in everything(request):
            for holder in (resource, *resource.get("component", ())):
                quantity = holder.get("valueQuantity")
                number = holder.get("valueInteger")
                if resource["resourceType"] != "Observation" or (quantity is None and number is None):
                    continue
                if quantity is not None and holder.get("referenceRange"):
                    continue
                value = number if quantity is None else quantity["value"]
                unit = "" if quantity is None else quantity.get("code") or quantity.get("unit") or ""
                counts = unit == "1" or (unit.startswith("{") and unit not in NAMES_A_MEASURE)
                unit = "" if counts else unit
                written = f"{value:,}" if thousands else f"{value}"
                said = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}.get((quantity or {}).get("comparator", ""), "")
                holder.pop("valueQuantity", None)
                holder.pop("valueInteger", None)
                holder["valueString"] = f"{said}{written} {unit}".strip()
                changed = True
        return changed

    return apply


NUMBERS = (
    *(Rewrite(f"units by a customary name {number + 1}", _named(number, coded=False)) for number in range(4)),
    *(Rewrite(f"units coded by a customary name {number + 1}", _named(number, coded=True)) for number in range(4)),
    *(Rewrite(f"another magnitude {number + 1}", _measured(number)) for number in range(2)),
    Rewrite("numbers as strings", _as_strings),
    Rewrite("values as strings", _as_words(thousands=False)),
    Rewrite("values as strings with thousands", _as_words(thousands=True)),
)
