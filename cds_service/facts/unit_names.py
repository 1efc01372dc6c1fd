"""The units that are known, and their customary names.

They are UCUM's, with what they measure; laboratories and clinics call them by many names.
"""

from __future__ import annotations

from typing import Final

Dimensions = tuple[tuple[str, int], ...]
"""The powers of the base units, by their names in order.

Empty for a bare number.
"""
Measure = tuple[float, Dimensions]
"""How many of the base units a unit is, and of which."""

_LENGTH, _VOLUME, _MASS, _TIME = (("m", 1),), (("m", 3),), (("g", 1),), (("s", 1),)
_PRESSURE, _ENERGY = (("g", 1), ("m", -1), ("s", -2)), (("g", 1), ("m", 2), ("s", -2))
_DAY: Final = 86_400.0
METRIC: Final[dict[str, Measure]] = {
    "m": (1.0, _LENGTH),
    "g": (1.0, _MASS),
    "s": (1.0, _TIME),
    "L": (0.001, _VOLUME),
    "l": (0.001, _VOLUME),
    "mol": (1.0, (("mol", 1),)),
    "eq": (1.0, (("mol", 1),)),
    "osm": (1.0, (("mol", 1),)),
    "U": (1.0, (("unit", 1),)),
    "[iU]": (1.0, (("unit", 1),)),
    "[IU]": (1.0, (("unit", 1),)),
    "Pa": (1000.0, _PRESSURE),
    "J": (1000.0, _ENERGY),
    "cal": (4184.0, _ENERGY),
    "Hz": (1.0, (("s", -1),)),
    "Gy": (1.0, (("m", 2), ("s", -2))),
}
"""UCUM's units that take prefixes.

A unit of a biological assay counts as an international unit, as laboratories write both.
"""

PREFIXES: Final = {"": 1.0, "k": 1e3, "d": 0.1, "c": 0.01, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
"""UCUM's prefixes that medicine uses.

None is in capitals, since ``MG/DL`` are milligrams.
"""

ATOMS: Final[dict[str, Measure]] = {
    "min": (60.0, _TIME),
    "h": (3600.0, _TIME),
    "d": (_DAY, _TIME),
    "wk": (7 * _DAY, _TIME),
    "mo": (365.25 * _DAY / 12, _TIME),
    "a": (365.25 * _DAY, _TIME),
    "%": (0.01, ()),
    "[ppth]": (1e-3, ()),
    "[ppm]": (1e-6, ()),
    "[bsa]": (1.0, (("bsa", 1),)),
    "[HPF]": (1.0, (("hpf", 1),)),
    "[LPF]": (1.0, (("lpf", 1),)),
    "[CFU]": (1.0, ()),
    "[drp]": (5e-8, _VOLUME),
    "mm[Hg]": (133_322.387415, _PRESSURE),
    "cm[H2O]": (98_066.5, _PRESSURE),
    "bar": (1e8, _PRESSURE),
    "[lb_av]": (453.59237, _MASS),
    "[oz_av]": (28.349523125, _MASS),
    "[gr]": (0.06479891, _MASS),
    "[in_i]": (0.0254, _LENGTH),
    "[ft_i]": (0.3048, _LENGTH),
    "[foz_us]": (2.95735295625e-5, _VOLUME),
    "[tsp_us]": (4.92892159375e-6, _VOLUME),
    "[tbs_us]": (1.478676478125e-5, _VOLUME),
}
"""UCUM's units that take no prefix.

A month is a twelfth of a Julian year, as UCUM defines it; ``[bsa]`` is 1.73 m2 of body surface, so that a clearance for
that surface is not taken for one of the patient.
"""

OFFSETS: Final = {"K": (1.0, 0.0), "Cel": (1.0, 273.15), "[degF]": (5 / 9, 459.67 * 5 / 9)}
"""Temperatures: how many kelvin a degree is, and its zero in kelvin."""

AS_A_WHOLE: Final = {
    **dict.fromkeys(("c", "°c", "℃", "degc", "deg.c", "degreec", "degreesc", "celsius", "degcelsius", "degreescelsius"), "Cel"),
    **dict.fromkeys(("degreecelsius", "centigrade", "cel", "c°", "oc"), "Cel"),
    **dict.fromkeys(
        ("f", "°f", "℉", "degf", "deg.f", "degreef", "degreesf", "fahrenheit", "degfahrenheit", "f°", "[degf]"), "[degF]"
    ),
    **dict.fromkeys(("degreefahrenheit", "degreesfahrenheit", "deg-f", "[degf", "of"), "[degF]"),
    **dict.fromkeys(("mmhg", "mm(hg)", "mmofhg", "torr", "millimetersofmercury", "mm[hg]"), "mm[Hg]"),
    **dict.fromkeys(("cmh2o", "cm(h2o)", "cmofwater"), "cm[H2O]"),
    **dict.fromkeys(("percent", "pct", "percentage"), "%"),
    **dict.fromkeys(("bpm", "beats/min", "beats/minute", "/minute", "perminute", "beatsperminute"), "/min"),
    **dict.fromkeys(("mg%", "mgs%"), "mg/dL"),
    **dict.fromkeys(("g%", "gm%"), "g/dL"),
    **dict.fromkeys(("giga/l", "gpt/l"), "10*9/L"),
    **dict.fromkeys(("mme", "mmes", "mme/day", "mme/d", "mmes/day", "mgmme", "mgmme/day", "mgmme/d", "mme/24h"), "mg/d"),
    **dict.fromkeys(("ome", "ome/day", "ome/d", "mgome/day", "medd", "med/day", "med/d"), "mg/d"),
    **dict.fromkeys(("hpf", "/hpf", "perhpf"), "/[HPF]"),
    **dict.fromkeys(("pack-year", "pack-years", "packyear", "packyears", "pack-yr", "pack-yrs", "packyr", "packyrs", "py"), "1"),
    **dict.fromkeys(("pk-yr", "pk-yrs", "pkyr", "pkyrs", "pky", "pack.a", "{pack}.a", "{packs}.a"), "1"),
    **dict.fromkeys(("pack/yr", "packs/yr", "pack/year", "packs/year", "packs/a", "{pack}/a", "{packs}/a", "packperyear"), "1"),
    **dict.fromkeys(
        ("pack/day", "packs/day", "pack(s)/day", "packs/d", "pack/d", "packsperday", "packperday", "pks/day", "ppd"), "/d"
    ),
    **dict.fromkeys(
        ("drink/day", "drinks/day", "drinks/d", "drinksperday", "drinksaday", "standarddrinks/day", "{drinks}/day", "perday"), "/d"
    ),
    **dict.fromkeys(
        (
            "/10",
            "points/10",
            "{points}/10",
            "{score}/10",
            "pts/10",
            "score/10",
            "outof10",
            "of10",
            "0-10",
            "(0-10)",
            "scale",
            "nrs",
            "vas",
            "[score]",
            "n/a",
            "na",
        ),
        "1",
    ),
}
"""Names that are not made of parts, with their UCUM codes.

They stand in lower case and without blanks.
"""

CUSTOMARY: Final = {
    **dict.fromkeys(("second", "seconds", "sec", "secs"), "s"),
    **dict.fromkeys(("minute", "minutes", "mins", "mn"), "min"),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), "h"),
    **dict.fromkeys(("day", "days", "dy"), "d"),
    **dict.fromkeys(("week", "weeks", "wks", "w"), "wk"),
    **dict.fromkeys(("month", "months", "mos", "mon", "mth", "mths"), "mo"),
    **dict.fromkeys(("year", "years", "yr", "yrs", "y"), "a"),
    **dict.fromkeys(("mcg", "mcgs", "microgram", "micrograms", "ugm", "mcgm"), "ug"),
    **dict.fromkeys(("mgs", "mgm", "milligram", "milligrams"), "mg"),
    **dict.fromkeys(("gm", "gms", "gram", "grams", "grm"), "g"),
    **dict.fromkeys(("kgs", "kilo", "kilos", "kilogram", "kilograms"), "kg"),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds"), "[lb_av]"),
    **dict.fromkeys(("oz", "ounce", "ounces"), "[oz_av]"),
    **dict.fromkeys(("in", "inch", "inches"), "[in_i]"),
    **dict.fromkeys(("ft", "foot", "feet"), "[ft_i]"),
    **dict.fromkeys(("mls", "milliliter", "milliliters", "millilitre", "cc"), "mL"),
    **dict.fromkeys(("liter", "liters", "litre", "litres", "ltr"), "L"),
    **dict.fromkeys(("mcl", "microl", "microliter", "microliters", "microlitre"), "uL"),
    **dict.fromkeys(("deciliter", "decilitre"), "dL"),
    **dict.fromkeys(("cumm", "cmm", "mmcubed"), "mm3"),
    **dict.fromkeys(("sqm", "msq", "msquared"), "m2"),
    **dict.fromkeys(("millimeter", "millimeters", "millimetre", "millimetres", "mms"), "mm"),
    **dict.fromkeys(("centimeter", "centimeters", "centimetre", "cms"), "cm"),
    **dict.fromkeys(("meter", "meters", "metre", "metres"), "m"),
    **dict.fromkeys(("micromol", "mcmol", "micromole", "micromoles", "umols"), "umol"),
    **dict.fromkeys(("u", "unit", "units", "iu", "[iu]", "intlunits", "eu"), "U"),
    **dict.fromkeys(("k", "thou", "thous", "thousand", "thousands", "ths", "th", "tsd", "1000s"), "10*3"),
    **dict.fromkeys(("mil", "mill", "million", "millions", "mio"), "10*6"),
    **dict.fromkeys(("bil", "billion", "billions"), "10*9"),
    **dict.fromkeys(("cell", "cells", "wbc", "wbcs", "#", "count", "counts", "cnt", "ct", "each", "ea", "no", "number"), "1"),
    **dict.fromkeys(("point", "points", "pts", "pt", "score", "scores", "fetus", "fetuses", "foetus", "foetuses"), "1"),
    **dict.fromkeys(("tablet", "tablets", "tab", "tabs", "capsule", "capsules", "cap", "caps", "patch", "patches"), "1"),
    **dict.fromkeys(("gestation", "gestational", "gest", "ga", "ega", "completed", "old"), "1"),
    **dict.fromkeys(("dose", "doses", "index", "ratio", "none", "nos"), "1"),
}
"""Names of units and of what is counted, with their UCUM codes.

Thousands and millions of a count are among them.
"""

UNITS_IN_NAMES: Final = {
    "49051-6": "wk",
    "49052-4": "d",
    "74013-4": "/d",
    "11287-0": "/d",
}
"""LOINC codes whose own names state the unit.

A value of such a code needs none.
"""
