"""Units of measure by UCUM, through pint and ucumvert; words that charts use for the commonest ones.

Both libraries are loaded at the first conversion that is not from a unit to itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

WORDS: Final = {
    "day": "d",
    "days": "d",
    "week": "wk",
    "weeks": "wk",
    "wks": "wk",
    "w": "wk",
    "month": "mo",
    "months": "mo",
    "year": "a",
    "years": "a",
    "yr": "a",
    "yrs": "a",
    "hour": "h",
    "hours": "h",
    "fetus": "{fetuses}",
    "fetuses": "{fetuses}",
    "points": "{score}",
    "mcg": "ug",
    "mcg/h": "ug/h",
    "mcg/hr": "ug/h",
    "beats/min": "/min",
    "bpm": "/min",
}
_SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "wk": 604_800}
"""The units of time that UCUM defines by one another: policies are read with these, and the libraries need not be loaded for it."""
LONGEST: Final = 40
"""Characters of the longest unit that is looked at: what is longer is no unit."""
_ANNOTATION: Final = re.compile(r"\{[^{}]*\}")


class UnknownUnit(ValueError):
    """The unit is not UCUM, or does not measure the same thing."""


def ucum(unit: str) -> str:
    """The UCUM code for a unit as policies and charts write it: words become codes, annotations fall away, none is ``1``."""
    written = WORDS.get(unit.strip().lower(), unit.strip())
    return "1" if not written or _ANNOTATION.fullmatch(written) else written


def scale(unit: str, wanted: str) -> tuple[float, float]:
    """Factor and offset that turn a number in ``unit`` into ``wanted``. Raises UnknownUnit when there are none."""
    found = _scale(unit, wanted) if len(unit) <= LONGEST else None
    if found is None:
        raise UnknownUnit(f"'{unit[:LONGEST]}' is not a unit that converts to {wanted}")
    return found


@lru_cache(maxsize=4096)
def _scale(unit: str, wanted: str) -> tuple[float, float] | None:
    source, target = ucum(unit), ucum(wanted)
    if source == target:
        return 1.0, 0.0
    if source in _SECONDS and target in _SECONDS:
        return _SECONDS[source] / _SECONDS[target], 0.0
    registry = _registry()
    try:
        zero, one = (
            registry.Quantity(number, registry.from_ucum(source)).to(registry.from_ucum(target)).magnitude for number in (0, 1)
        )
    except Exception:  # the parser and pint raise many kinds; to a chart they all mean one thing
        return None
    return float(one - zero), float(zero)


def convert(number: float, unit: str, wanted: str) -> float:
    """A number in ``unit`` as a number in ``wanted``, free of binary dust. Raises UnknownUnit."""
    factor, offset = scale(unit, wanted)
    return number if (factor, offset) == (1.0, 0.0) else round(number * factor + offset, 9)


@lru_cache(maxsize=1)
def _registry() -> Any:
    from ucumvert import PintUcumRegistry  # noqa: PLC0415 - half a second to load, seldom needed

    return PintUcumRegistry()
