"""What is computed of a body's measures where nobody recorded it.

The body mass index follows from weight and height, the creatinine clearance by Cockcroft-Gault from creatinine, age, sex
and weight (Nephron 1976;16:31). Both are of the grown up alone. The windows in days are our choice. A measure that cannot
be read, and is newer than what can, leaves it uncomputed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from cds_service.facts.evidence_days import first, last, latest, recent, usable
from cds_service.facts.rule import rule
from cds_service.policy.evidence import ONLY_WORDS, Evidence, Fact, Standing
from cds_service.policy.values import Interval

ADULT: Final = 18.0
"""Years from which these are the measures of an adult."""
WEIGHT_SPEAKS: Final = 90
"""Days for which a weight speaks, as the criterion of the body mass index counts them."""
CREATININE_SPEAKS: Final = 30
"""Days for which a creatinine speaks, as the criterion of the clearance counts them."""
LIFE: Final = 130 * 366
ROUNDING: Final = 0.05
"""By how much a body mass index may be off, as records round it to one decimal."""
LEANEST: Final = 40.0
"""The least that a grown body weighs without its fat, in kilograms, where no height tells it."""
INCH: Final = 2.54
IDEAL: Final = {"male": 50.0, "female": 45.5}
"""Ideal weight at 60 inches of height, in kilograms (Devine); each further inch is 2.3 kg."""
OF_SEX: Final = {"male": 1.0, "female": 0.85}

Inputs = Mapping[str, Fact]


@rule("reckoned body mass index", "weight", "height", "age")
def body_mass_index(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute the body mass index of an adult.

    It is of the day of the weight; a height that was measured when the patient was grown up lasts.
    """
    if not facts["weight"].evidence or not facts["height"].evidence:
        return []
    weight, height = _newest(facts["weight"], as_of, WEIGHT_SPEAKS), _height(facts, as_of)
    if weight is None or height is None:
        return []
    (kilograms, weighed), (centimetres, _) = weight, height
    low = kilograms.low / (centimetres.high / 100) ** 2 - ROUNDING
    high = kilograms.high / (centimetres.low / 100) ** 2 + ROUNDING
    shown = f"computed from {kilograms.text()} kg and {centimetres.text()} cm"
    return [_reckoned(Interval(round(low, 2), round(high, 2)), weighed, (weighed, height[1]), shown)]


@rule("reckoned clearance", "creatinine", "weight", "height", "age", "sex")
def creatinine_clearance(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute the creatinine clearance of an adult by Cockcroft-Gault.

    It lies between that of the body without its fat and that of its whole weight, as the two are both customary. The lean
    weight is the ideal one, which height and sex tell, where it is lower. It is of the day of the creatinine.
    """
    if not facts["creatinine"].evidence or not facts["weight"].evidence:
        return []
    creatinine, weight = _newest(facts["creatinine"], as_of, CREATININE_SPEAKS), _newest(facts["weight"], as_of, WEIGHT_SPEAKS)
    ages = [e.value for e in usable(facts["age"]) if isinstance(e.value, Interval)]
    if creatinine is None or weight is None or not ages or ages[0].low < ADULT or creatinine[0].low <= 0:
        return []
    (milligrams, tested), (kilograms, weighed) = creatinine, weight
    sexes = [e.value for e in usable(facts["sex"]) if e.value in OF_SEX] or list(OF_SEX)
    lean = min(kilograms.low, _lean(sexes, _height(facts, as_of)))
    factors = [OF_SEX[str(sex)] for sex in sexes]
    low = max(140 - ages[0].high, 0) * lean / (72 * milligrams.high) * min(factors)
    high = max(140 - ages[0].low, 0) * kilograms.high / (72 * milligrams.low) * max(factors)
    shown = f"computed by Cockcroft-Gault from creatinine {milligrams.text()} mg/dL, age, sex and {kilograms.text()} kg"
    return [_reckoned(Interval(round(low, 1), round(high, 1)), tested, (tested, weighed), shown)]


def _reckoned(value: Interval, of: Evidence, read: tuple[Evidence, ...], shown: str) -> Evidence:
    """Return a computed number.

    It decides nothing where only words name what it is computed from.
    """
    doubtful = [e for e in read if e.standing is Standing.UNCERTAIN]
    standing, note = (Standing.UNCERTAIN, doubtful[0].note) if doubtful else (Standing.USABLE, "")
    return Evidence(value, of.when, of.resource, standing=standing, note=note, shown=shown)


def side_by_side(recorded: list[Evidence], reckoned: list[Evidence], bound: float, days: int, as_of: date) -> list[Evidence]:
    """Return a recorded number beside a computed one.

    What is recorded decides where both lie on one side of the bound, or where what is computed leaves that open. Where they
    lie on two sides, neither decides, nor does what was recorded before.
    """
    if not reckoned:
        return recorded
    sure = latest(recent([e for e in recorded if e.standing is Standing.USABLE], as_of, days))
    if not sure:
        sure = recent([e for e in recorded if _is_read(e)], as_of, days)
    if not sure:
        return [*recorded, *reckoned]
    sides = {_below(e, bound) for e in sure}
    if not {_below(e, bound) for e in reckoned} & {True, False} or sides & {_below(e, bound) for e in reckoned}:
        return recorded
    note = "what is recorded and what is computed lie on two sides of the bound"
    return [
        e._replace(standing=Standing.UNCERTAIN, note=note) if e.standing is Standing.USABLE else e for e in (*recorded, *reckoned)
    ]


def _below(evidence: Evidence, bound: float) -> bool | None:
    value = evidence.value
    if not isinstance(value, Interval):
        return None
    return True if value.below(bound) else False if value.low >= bound else None


def _newest(fact: Fact, as_of: date, days: int) -> tuple[Interval, Evidence] | None:
    """Return the newest number within so many days, with its evidence.

    Numbers of one day are taken together, also those that only words name; such a one makes it uncertain. There is none
    where a newer record cannot be read.
    """
    numbers = [e for e in fact.evidence if _is_read(e)]
    read = latest(recent(numbers, as_of, days))
    if not read:
        return None
    since = max(map(last, read))
    unread = [e for e in fact.evidence if e.standing is Standing.UNCERTAIN and e not in numbers]
    if any(e.when is None or since < first(e) <= as_of for e in unread):
        return None
    values = [e.value for e in read if isinstance(e.value, Interval)]
    whole = Interval(min(one.low for one in values), max(one.high for one in values))
    return whole, next((e for e in read if e.standing is Standing.UNCERTAIN), read[0])


def _is_read(evidence: Evidence) -> bool:
    """Tell whether it is a number, also of what only words name."""
    named = evidence.standing is Standing.USABLE or (evidence.standing is Standing.UNCERTAIN and ONLY_WORDS in evidence.note)
    return named and isinstance(evidence.value, Interval)


def _height(facts: Inputs, as_of: date) -> tuple[Interval, Evidence] | None:
    """Return the newest height of a patient who was grown up then."""
    height = _newest(facts["height"], as_of, LIFE)
    ages = [e.value for e in usable(facts["age"]) if isinstance(e.value, Interval)]
    if height is None or not ages:
        return None
    return height if ages[0].low - (as_of - first(height[1])).days / 365.25 >= ADULT else None


def _lean(sexes: Iterable[object], height: tuple[Interval, Evidence] | None) -> float:
    if height is None:
        return LEANEST
    return min(IDEAL[str(sex)] + 2.3 * (height[0].low / INCH - 60) for sex in sexes)
