"""A trial of a spinal opioid.

The facts say when it was, how strong the pain was before it, and by how much the pain fell in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from cds_service.facts.evidence_days import minute
from cds_service.facts.found.body_places import places_in
from cds_service.facts.found.measurements import SITED
from cds_service.facts.found.outcomes import UNSUCCESSFUL
from cds_service.facts.restated import but, doubtful, silenced, spoken, usable
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

SCALES: Final[tuple[str, ...]] = ("verbal", "reported", "analogue", "faces")
TRIAL: Final[frozenset[str]] = frozenset({"began", "ended", "given", "given_else"})
PAIN: Final[frozenset[str]] = frozenset({"place", "spread"})
"""What tells where the pain is that is treated."""
SCORES: Final[frozenset[str]] = TRIAL | PAIN | frozenset(SCALES)
HIGHEST: Final = {"verbal": 10.0, "reported": 10.0, "analogue": 100.0, "faces": 10.0}
"""The worst pain on each scale.

Scores are compared on a scale from 0 to 10.
"""
BEFORE: Final = timedelta(days=90)
"""How long a score before a trial speaks of its pain.

It is the pain that the trial was to treat. The number is ours.
"""

AFTERWARDS: Final = timedelta(days=2)
"""How long after a trial a side effect is still of it.

The number is ours.
"""

Inputs = Mapping[str, Fact]


class Trial(NamedTuple):
    """A trial with its first and last day.

    ``began`` is the record of its beginning, which may name the minute.
    """

    start: date
    end: date
    began: Evidence


def latest_trial(facts: Inputs, as_of: date) -> Trial | None:
    """Return the latest trial on record; None where there is none.

    It is a spinal injection that is described as a trial, or in which a spinal opioid was given. One in which another
    spinal drug was given, and no opioid, may be a trial of that one, and is none here.
    """
    ends = [(e.resource, e.value) for e in facts["ended"].evidence if isinstance(e.value, Days)]
    given = [e.when for e in usable(facts["given"]) if e.when is not None]
    others = [e.when for e in spoken(facts["given_else"])]
    found: list[Trial] = []
    for e in facts["began"].evidence:
        if not isinstance(e.value, Days) or e.value.last > as_of or e.standing is Standing.DISCOUNTED:
            continue
        start = e.value.first
        of_it = [value.last for said, value in ends if (said == e.resource or not e.resource) and start <= value.last <= as_of]
        one = Trial(start, max(of_it, default=start), e)
        of_another = any(day is None or (day.first <= one.end and one.start <= day.last) for day in others)
        described = e.standing is Standing.USABLE and not of_another
        if described or any(one.start <= day.first and day.last <= one.end for day in given):
            found.append(one)
    return max(found, key=lambda one: (one.start, one.end), default=None)


def _came_before(score: Evidence, trial: Trial) -> bool | None:
    """Tell whether a score was taken before a trial began.

    Returns None where only the day of both is known.
    """
    if score.when is None:
        return None
    at, began = minute(score), minute(trial.began)
    if at is not None and began is not None:
        return at < began
    if score.when.last < trial.start:
        return True
    return False if score.when.first > trial.start else None


def _unsuccessful(facts: Inputs, trial: Trial | None, as_of: date) -> list[Evidence]:
    """Return the unsuccessful trials not older than the latest other one."""
    failed = [e for e in facts["began"].evidence if UNSUCCESSFUL in e.note and isinstance(e.value, Days)]
    since = date.min if trial is None else trial.start
    return [e for e in failed if isinstance(e.value, Days) and since <= e.value.last <= as_of]


def _scored(facts: Inputs, scale: str) -> list[Evidence]:
    """Return the scores of a scale, with those in doubt.

    A score that says of which part it is decides only where the pain that is treated is known to be there.
    """
    treated = {str(e.value) for name in ("place", "spread") for e in usable(facts[name])}
    found: list[Evidence] = []
    for e in facts[scale].evidence:
        if e.note != SITED:
            found.append(e)
        elif treated & places_in(e.shown):
            found.append(e._replace(standing=Standing.USABLE, note=""))
        else:
            found.append(e._replace(note="it is of a part of the body where the pain that is treated is not known to be"))
    return found


@rule("pain before a trial", *SCORES)
def pain_before_trial(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute the highest pain score before a trial, from 0 to 10.

    Scores of the 90 days before the latest trial on record count. A score before no trial says nothing: nobody knows
    that it is of the pain that the trial was to treat.
    """
    trial = latest_trial(facts, as_of)
    scores = [(e, scale) for scale in SCALES for e in _scored(facts, scale) if e.standing is not Standing.DISCOUNTED]
    if trial is None:
        return [silenced(e, "no trial is on record that it came before") for e, _ in scores]
    since = trial.start - BEFORE
    near = [(e, scale) for e, scale in scores if e.when and since <= e.when.first and _came_before(e, trial)]
    known = [
        but(e, _of_ten(e.value, scale), _named(scale))
        for e, scale in near
        if e.standing is Standing.USABLE and isinstance(e.value, Interval)
    ]
    if known:
        return [max(known, key=lambda e: (e.value.low, e.value.high) if isinstance(e.value, Interval) else (0.0, 0.0))]
    return [doubtful(e, e.note) for e, _ in near]


@rule("pain reduction in a trial", *SCORES)
def pain_reduction(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute by how many percent pain fell in the latest trial.

    It is from the last score before it began to the best score during it, both on one scale; the scale with the
    greatest fall counts. A score of the day the trial began came before it where the minutes of both say so; else it
    proves a fall but never that there was none. Scores of one minute that differ are one score between them. Later scores
    say nothing, nor do scores of more than 90 days before. A trial that is recorded as unsuccessful leaves open what came
    before it, an earlier trial or an answer.
    """
    trial = latest_trial(facts, as_of)
    failed = _unsuccessful(facts, trial, as_of)
    if failed or trial is None:
        return [doubtful(e, UNSUCCESSFUL) for e in failed]
    found = [fall for scale in SCALES if (fall := _fall(_scored(facts, scale), scale, trial)) is not None]
    if found:
        most = max(found, key=lambda e: e.value.high if isinstance(e.value, Interval) else 0)
        partly = any(facts[scale].unsearched for scale in SCALES)
        return [doubtful(most, "not all scores were searched", most.value) if partly else most]
    near = [e for scale in SCALES for e in _scored(facts, scale) if e.standing is Standing.UNCERTAIN]
    return [doubtful(e, e.note) for e in near if e.when is None or trial.start - BEFORE <= e.when.last <= trial.end]


@rule("side effects of a trial", *TRIAL, "complications", "effects")
def side_effects(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether a trial's side effects may not have been minimal.

    It is the latest trial. A complication of it, and an effect of an opioid or a puncture that was diagnosed during it or
    in the two days after it, leave that open. Where no trial is recognised, a complication of any that may be one does.
    """
    trial = latest_trial(facts, as_of)
    found = [
        doubtful(e, e.note, False) for e in spoken(facts["complications"]) if trial is None or e.resource == trial.began.resource
    ]
    if trial is not None:
        until = trial.end + AFTERWARDS
        near = [e for e in spoken(facts["effects"]) if e.when and trial.start <= e.when.first <= until]
        found += [doubtful(e, "it began with the trial; how bad it was is not said", False) for e in near]
    return found


def _fall(evidence: Iterable[Evidence], scale: str, trial: Trial) -> Evidence | None:
    start, end = trial.start, trial.end
    scores = [(e, e.value, e.when) for e in evidence if e.standing is Standing.USABLE and isinstance(e.value, Interval) and e.when]
    earlier = [(e, value, when) for e, value, when in scores if start - BEFORE <= when.first and _came_before(e, trial)]
    during = [
        (e, value, when) for e, value, when in scores if start <= when.first and when.last <= end and not _came_before(e, trial)
    ]
    if not earlier or not during:
        return None
    last = max(when.last for _, _, when in earlier)
    before = [value for _, value, when in earlier if when.last == last]
    low, high = max(min(v.low for v in before), 0.0), min(max(v.high for v in before), HIGHEST[scale])
    best, value, when = min(
        ((e, _at_once(e, value, during), when) for e, value, when in during), key=lambda found: (found[1].high, found[1].low)
    )
    if low <= 0 or high <= 0:
        return None
    fallen = max(100 * (1 - min(value.high, HIGHEST[scale]) / low), 0.0)
    most = 100.0 if all(day.first == start for _, _, day in during) else max(100 * (1 - max(value.low, 0.0) / high), 0.0)
    shown = f"{_named(scale)}, last before the trial on {last}, best during it on {when.text()}"
    return but(best, Interval(round(fallen, 6), round(max(most, fallen), 6)), shown)


def _at_once(evidence: Evidence, value: Interval, scores: Iterable[tuple[Evidence, Interval, Days]]) -> Interval:
    """Return what the scores of the minute of one come to together."""
    at = _minute_of(evidence)
    at_once = [value, *(other for e, other, _ in scores if at is not None and _minute_of(e) == at)]
    return Interval(min(one.low for one in at_once), max(one.high for one in at_once))


def _minute_of(evidence: Evidence) -> datetime | None:
    stated = minute(evidence)
    return stated.replace(second=0, microsecond=0) if stated is not None else None


def _of_ten(value: Interval, scale: str) -> Interval:
    tenth = 10 / HIGHEST[scale]
    low, high = max(value.low, 0.0) * tenth, min(value.high, HIGHEST[scale]) * tenth
    return Interval(low, max(low, high), value.low_open, value.high_open)


def _named(scale: str) -> str:
    return {"analogue": "visual analogue scale", "faces": "faces scale"}.get(scale, f"{scale} rating")
