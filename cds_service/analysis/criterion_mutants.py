"""The small mistakes that can be made in one criterion.

Examples are another comparison, a threshold off by one step, a part forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cds_service.facts.catalogue import Catalogue
from cds_service.facts.units import convert
from cds_service.policy.criterion import AtLeast, Check, Comparison, Criterion, NoneOf, Outcome, Test
from cds_service.policy.look_back import reopens
from cds_service.policy.model import Policy
from cds_service.policy.values import Interval, LookBack

BOUNDARY: dict[Comparison, Comparison] = {
    "is_at_least": "is_above",
    "is_above": "is_at_least",
    "is_at_most": "is_below",
    "is_below": "is_at_most",
}
OPPOSITE: dict[Comparison, Comparison] = {
    "is_at_least": "is_below",
    "is_above": "is_at_most",
    "is_at_most": "is_above",
    "is_below": "is_at_least",
}
WORDS: dict[Comparison, str] = {
    "is_at_least": "at least",
    "is_above": "above",
    "is_at_most": "at most",
    "is_below": "below",
    "is": "is",
    "in": "in",
    "documented": "documented",
}
IN_DAYS = {"week": "days", "weeks": "days", "wk": "days"}
"""Units whose thresholds are off by a smaller unit.

A threshold in weeks is off by a day, since pregnancies are dated in days.
"""


@dataclass(frozen=True, slots=True)
class CriterionChange:
    """One mistake in one criterion.

    It tells what the criterion was (``site``), what it became (``new``), and in words what was changed (``said``).
    """

    site: Criterion
    new: Criterion
    said: str

    @property
    def line(self) -> int:
        """The line of the criterion in its policy file."""
        return self.site.line


def changes_of(criterion: Criterion, policy: Policy, catalogue: Catalogue) -> Iterator[CriterionChange]:
    """Yield every small mistake in one criterion.

    Its parts stay as they are, except that one of them may be forgotten.
    """
    match criterion:
        case Check():
            for new, said in _of_check(criterion, policy, catalogue):
                yield CriterionChange(criterion, new, f"'{criterion.id}': {said}")
        case AtLeast():
            for made, said in _of_at_least(criterion):
                yield CriterionChange(criterion, made, f"'{criterion.id}': {said}")
        case NoneOf():
            for other, said in _of_none(criterion):
                yield CriterionChange(criterion, other, f"'{criterion.id}': {said}")


def _of_check(check: Check, policy: Policy, catalogue: Catalogue) -> Iterator[tuple[Check, str]]:
    for test, said in _tests(check, policy, catalogue):
        yield replace(check, test=test), said
    for longer in _beside(check.within) if check.within else ():
        yield replace(check, within=longer), f"the look-back is {longer} and not {check.within}"
    if check.times:
        for times, said in _of_times(check.times):
            yield replace(check, times=times), said
    if check.first:
        yield replace(check, first=False), "the latest decides, and not the first"
    if check.since or (check.within and (check.times or check.test.compare != "documented")):
        yield replace(check, within=None, since=None), f"the look-back ({check.since or check.within}) is dropped"
    if check.open_because:
        yield replace(check, open_because=""), "if_not_met is dropped"
    if reopens(check):
        yield replace(check, our_window=False), "what is older than the look-back of our own is not asked about"
    presumption = check.presumption
    if presumption:
        yield replace(check, presumption=None), "the presumption is dropped"
        opposite = Outcome.NOT_MET if presumption.treat_as is Outcome.MET else Outcome.MET
        flipped = replace(presumption, treat_as=opposite)
        if not check.times:  # what never happened is counted, and cannot be presumed to be enough
            yield replace(check, presumption=flipped), f"silence is presumed {opposite.value}, not {presumption.treat_as.value}"
        if not catalogue.needs((check.fact,)):
            return  # its evidence is the order itself, which is always searched
        said = "the presumption holds only after a search" if presumption.always else "the presumption holds without a search"
        yield replace(check, presumption=replace(presumption, always=not presumption.always)), said


def _beside(span: LookBack) -> list[LookBack]:
    """Return spans that may be written by mistake.

    They are twice as long, and one longer or shorter.
    """
    others = (span.count * 2, span.count + 1, span.count - 1)
    return [LookBack(count, span.unit) for count in dict.fromkeys(others) if count > 0 and count != span.count]


def _of_times(times: Test) -> Iterator[tuple[Test, str]]:
    """Yield mistakes in how often something is to have happened."""
    if not isinstance(times.value, Interval):
        return
    count = times.value.low
    others = dict.fromkeys(other[times.compare] for other in (BOUNDARY, OPPOSITE) if times.compare in other)
    made = [(other, count) for other in others] + [(times.compare, count + 1), (times.compare, count - 1)]
    for other, number in made:
        if number >= (1 if other in ("is_at_least", "is_below") else 0):
            said = f"on {WORDS[other]} {number:g} days and not on {WORDS[times.compare]} {count:g}"
            yield replace(times, compare=other, value=Interval.exactly(number)), said


def _of_ago(test: Test, ago: LookBack) -> Iterator[tuple[Test, str]]:
    """Yield mistakes in the test of how long ago a day is."""
    for others in (BOUNDARY, OPPOSITE):
        if test.compare in others:
            other = others[test.compare]
            yield replace(test, compare=other), f"{WORDS[other]} {test.written} and not {WORDS[test.compare]} {test.written}"
    for span in _beside(ago):
        yield replace(test, ago=span, written=f"{span} ago"), f"it is {span} ago and not {test.written}"


def _tests(check: Check, policy: Policy, catalogue: Catalogue) -> Iterator[tuple[Test, str]]:
    test = check.test
    if test.ago:
        yield from _of_ago(test, test.ago)
    match test.value:
        case bool():
            yield replace(test, value=not test.value), f"is {'no' if test.value else 'yes'} and not {'yes' if test.value else 'no'}"
        case str() if test.compare == "in":
            for other in _other_sets(test.value, policy):
                yield replace(test, value=other), f"the value set is '{other}' and not '{test.value}'"
        case str():
            for choice in catalogue[check.fact].entry.choices:
                if choice != test.value:
                    yield replace(test, value=choice, written=choice), f"is '{choice}' and not '{test.value}'"
        case Interval():
            yield from _thresholds(check, catalogue)


def _other_sets(id_: str, policy: Policy) -> list[str]:
    sets = [c.test.value for c in policy.criteria() if isinstance(c, Check) and c.test.compare == "in"]
    return [other for other in dict.fromkeys([*policy.order_sets, *sets]) if isinstance(other, str) and other != id_]


def _thresholds(check: Check, catalogue: Catalogue) -> Iterator[tuple[Test, str]]:
    test = check.test
    if not isinstance(test.value, Interval):
        return
    for others in (BOUNDARY, OPPOSITE):
        if test.compare in others:
            other = others[test.compare]
            yield replace(test, compare=other), f"{WORDS[other]} {test.written} and not {WORDS[test.compare]} {test.written}"
    step, unit = step_of(test, catalogue[check.fact].entry.unit)
    bounds = catalogue[check.fact].entry.range
    for sign, word in ((1, "more"), (-1, "less")):
        number = test.value.low + sign * step
        if bounds and not bounds.from_ <= number <= bounds.to:
            continue
        yield replace(test, value=Interval.exactly(number)), f"the threshold is {unit} {word} than {test.written}"


def step_of(test: Test, unit: str) -> tuple[float, str]:
    """Return the smallest sensible step of a threshold.

    The step comes in the fact's unit, and in words. It is one in the last digit written; a day where the threshold is
    in weeks.
    """
    number = test.written.strip().split(" ")[0].split("w")[0] or "0"
    decimals = len(number.partition(".")[2])
    small = IN_DAYS.get(test.unit)
    if small:
        return convert(1, "d", unit), "1 day"
    step = 10.0**-decimals
    return convert(step, test.unit or unit, unit), f"{step:g}{f' {test.unit}' if test.unit else ''}"


def _of_at_least(criterion: AtLeast) -> Iterator[tuple[Criterion, str]]:
    parts, count = criterion.parts, criterion.count
    counts = {count - 1: "one fewer is enough", count + 1: "one more is needed"}
    if len(parts) > 2 and count == len(parts):
        counts[1] = "any for all"
    if len(parts) > 2 and count == 1:
        counts[len(parts)] = "all for any"
    if len(parts) == 2:
        counts = {2: "all for any"} if count == 1 else {1: "any for all"}
    for other, said in counts.items():
        if 1 <= other <= len(parts):
            yield replace(criterion, count=other), f"{said} ({other} of {len(parts)} and not {count})"
    for index, part in enumerate(parts if len(parts) > 1 else ()):
        left = parts[:index] + parts[index + 1 :]
        fewer = len(left) if count == len(parts) else min(count, len(left))
        guarded = criterion.guarded and index > 0
        yield replace(criterion, parts=left, count=fewer, guarded=guarded), f"the part '{part.id}' is dropped"
    if criterion.as_one and len(parts) > 1:
        yield replace(criterion, as_one=False), "reported_as_one is dropped"
    if criterion.guarded:
        yield replace(criterion, guarded=False), "applies_when is one of the parts"


def _of_none(criterion: NoneOf) -> Iterator[tuple[Criterion, str]]:
    parts = criterion.parts
    shared = (criterion.id, criterion.says, criterion.cite)
    for index, part in enumerate(parts if len(parts) > 1 else ()):
        left = parts[:index] + parts[index + 1 :]
        yield replace(criterion, parts=left), f"the part '{part.id}' is dropped"
    yield AtLeast(*shared, 1, parts, criterion.as_one, criterion.remark, criterion.line), "any for none"
