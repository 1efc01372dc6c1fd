"""Facts about a spinal drug pump that are computed: what is ordered, for which drug, the pain's origin, the trial, what forbids it.

Each rule takes named facts and the date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from cds_service.policy.model import Evidence, Fact, Standing
from cds_service.policy.values import Code, Days, Interval, Value

INJECTIONS: Final = "pump-injections"
PERMANENT: Final = "pump-permanent-orders"
NOT_A_TRIAL_DRUG: Final = frozenset({"steroid", "local anaesthetic"})
SCALES: Final[tuple[str, ...]] = ("verbal", "reported", "analogue", "faces")
SCORES: Final[frozenset[str]] = frozenset({*SCALES, "began", "ended"})
HIGHEST: Final = {"verbal": 10.0, "reported": 10.0, "analogue": 100.0, "faces": 10.0}
"""The worst pain on each scale; scores are compared on a scale from 0 to 10."""

Inputs = Mapping[str, Fact]


def order_kind(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether a trial or a permanent pump is ordered. A code that serves both is a trial's where the order says trial."""
    for e in facts["code"].evidence:
        if isinstance(e.value, Code):
            sets = e.value.sets
            says_trial = any(t.value == "trial" for t in _usable(facts["trial"]))
            trial = PERMANENT not in sets and (INJECTIONS in sets or says_trial)
            return [_but(e, "trial" if trial else "permanent")]
    return []


def opioid_trial(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether an injection order is an opioid trial: an opioid goes with it, or it says trial or pump and does not name only
    a steroid or a local anaesthetic. One of baclofen is a trial too, and another policy's. Silence is no trial: these are
    everyday injections."""
    drugs = {str(e.value): e for e in _usable(facts["drugs"])}
    says = _usable(facts["trial"])
    if "opioid" in drugs:
        return [_but(drugs["opioid"], True)]
    if "baclofen" in drugs and not NOT_A_TRIAL_DRUG & set(drugs):
        return [_but(drugs["baclofen"], True)]
    ordinary = bool(drugs) and set(drugs) <= NOT_A_TRIAL_DRUG
    if says and not ordinary:
        return [_but(says[0], True)]
    named = next(iter(drugs.values()), None)
    return [_but(named, False)] if named else [Evidence(False, Days.on(as_of), kind="assumed")]


def opioid_drug(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether the drug is an opioid, alone or in combination. Another pain drug alone leaves it open."""
    drugs = _usable(facts["drugs"])
    opioids = [_but(e, True) for e in (*drugs, *_usable(facts["in_use"])) if e.value == "opioid"]
    if opioids:
        return opioids
    return [_doubtful(e, f"only {e.value} is named", True) for e in drugs]


def only_drug(facts: Inputs, as_of: date) -> list[Evidence]:
    """The drug of another policy that is named without an opioid: baclofen, or insulin or chemotherapy."""
    drugs = _usable(facts["drugs"])
    if any(e.value == "opioid" for e in drugs):
        return []
    return [e for e in drugs if e.value in ("baclofen", "insulin or chemotherapy")]


def pain_origin(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether the pain is of malignant origin. The order's own reason beats the chart; both in the chart leave it open.

    A bare diagnosis of chronic pain says nonmalignant, but not in a patient with an active cancer.
    """
    cancer = any(e.value is True and e.standing is not Standing.DISCOUNTED for e in facts["cancer"].evidence)
    bare = [
        _doubtful(e, "chronic pain beside an active cancer", e.value) if cancer and e.standing is Standing.USABLE else e
        for e in facts["chronic_pain"].evidence
    ]
    found = [*facts["recorded"].evidence, *bare]
    usable = [e for e in found if e.standing is Standing.USABLE and (e.when is None or e.when.first <= as_of)]
    others = [e for e in found if e.standing is not Standing.USABLE]
    stated = [e for e in usable if e.resource.split("/")[0].endswith("Request")]
    if len({e.value for e in stated}) == 1:
        return stated + others
    if len({e.value for e in usable}) > 1:
        return [_doubtful(e, "pain of both origins is documented", e.value) for e in usable] + others
    return usable + others


def life_expectancy(facts: Inputs, as_of: date) -> list[Evidence]:
    """Life expectancy as stated. Hospice, palliative care or a terminal illness does not say how long, and makes what was stated
    before it doubtful; an answer to the question itself stands beside it."""
    limited = [e for e in facts["limited"].evidence if e.value is True and e.standing is not Standing.DISCOUNTED]
    since = max((e.when.last for e in limited if e.when and e.when.first <= as_of), default=None)
    stated = [
        _doubtful(e, "hospice, palliative care or a terminal illness is documented since", e.value)
        if since and e.standing is Standing.USABLE and e.when and e.when.last < since
        else e
        for e in facts["stated"].evidence
    ]
    return [*stated, *(_doubtful(e, "it does not say how long the patient is expected to live") for e in limited)]


def pain_before_trial(facts: Inputs, as_of: date) -> list[Evidence]:
    """The last pain score before the latest trial began, or before the date of service when there was none; 0 to 10."""
    trial = _trial(facts, as_of)
    known = [
        (e, scale)
        for scale in SCALES
        for e in facts[scale].evidence
        if e.when and (e.when.last < trial[0] if trial else e.when.last <= as_of)
    ]
    usable = [
        _but(e, _of_ten(e.value, scale), _named(scale))
        for e, scale in known
        if e.standing is Standing.USABLE and isinstance(e.value, Interval)
    ]
    return _latest_day(usable) or [e for e, _ in known if e.standing is Standing.UNCERTAIN]


def pain_reduction(facts: Inputs, as_of: date) -> list[Evidence]:
    """By how many percent pain fell in the latest trial: from the last score before it began to the best score during it.

    Both on one scale; the scale with the greatest fall counts. A score of the day the trial began may have come before it, so such
    a score proves a fall but never that there was none. Later scores say nothing.
    """
    trial = _trial(facts, as_of)
    if trial is None:
        return []
    found = [fall for scale in SCALES if (fall := _fall(facts[scale].evidence, scale, *trial)) is not None]
    if found:
        return [max(found, key=lambda e: e.value.high if isinstance(e.value, Interval) else 0)]
    near = [e for scale in SCALES for e in facts[scale].evidence if e.standing is Standing.UNCERTAIN]
    return [_doubtful(e, e.note) for e in near if e.when is None or e.when.first <= trial[1]]


def _trial(facts: Inputs, as_of: date) -> tuple[date, date] | None:
    """The first and last day of the latest trial that is documented."""
    began = [e for e in _usable(facts["began"]) if isinstance(e.value, Days) and e.value.last <= as_of]
    if not began:
        return None
    first = max(began, key=lambda e: e.value.last if isinstance(e.value, Days) else date.min)
    start = first.value.first if isinstance(first.value, Days) else as_of
    ends = [
        e.value.last
        for e in _usable(facts["ended"])
        if isinstance(e.value, Days) and start <= e.value.last <= as_of and (e.resource == first.resource or not first.resource)
    ]
    return start, max(ends, default=start)


def _fall(evidence: Iterable[Evidence], scale: str, start: date, end: date) -> Evidence | None:
    scores = [(e, e.value, e.when) for e in evidence if e.standing is Standing.USABLE and isinstance(e.value, Interval) and e.when]
    earlier = [(e, value, when) for e, value, when in scores if when.last < start]
    during = [(e, value, when) for e, value, when in scores if start <= when.first and when.last <= end]
    if not earlier or not during:
        return None
    last = max(when.last for _, _, when in earlier)
    before = [value for _, value, when in earlier if when.last == last]
    low, high = max(min(v.low for v in before), 0.0), min(max(v.high for v in before), HIGHEST[scale])
    best, value, when = min(during, key=lambda found: (found[1].high, found[1].low))
    if low <= 0 or high <= 0:
        return None
    fallen = max(100 * (1 - min(value.high, HIGHEST[scale]) / low), 0.0)
    most = 100.0 if all(day.first == start for _, _, day in during) else max(100 * (1 - max(value.low, 0.0) / high), 0.0)
    shown = f"{_named(scale)}, last before the trial on {last}, best during it on {when.text()}"
    return _but(best, Interval(round(fallen, 6), round(max(most, fallen), 6)), shown)


def substance_abuse(facts: Inputs, as_of: date) -> list[Evidence]:
    """Active abuse of or dependence on alcohol or a drug. A later code of remission of the same substance ends it.

    Opioid dependence in a patient on prescribed opioids is asked about: coders use it for physical dependence.
    """
    remissions = [e for e in _usable(facts["remission"]) if e.when is None or e.when.first <= as_of]
    prescribed = any(e.value is True and e.standing is Standing.USABLE for e in facts["prescribed"].evidence)
    recorded: list[Evidence] = []
    for e in (*facts["abuse"].evidence, *facts["opioid_dependence"].evidence):
        over = [r for r in remissions if r.value == e.value and (not r.when or not e.when or r.when.last >= e.when.last)]
        if e.standing is not Standing.USABLE:
            recorded.append(_doubtful(e, e.note, True) if e.standing is Standing.UNCERTAIN else e)
        elif over:
            continue
        elif e in facts["opioid_dependence"].evidence and prescribed:
            recorded.append(_doubtful(e, "opioid dependence in a patient on prescribed opioids", True))
        else:
            recorded.append(_but(e, True))
    open_ = [e for e in recorded if e.standing is not Standing.DISCOUNTED]
    hints = [e for e in facts["hints"].evidence if e.standing is not Standing.DISCOUNTED]
    return [*recorded, *hints] if open_ or hints else [*recorded, *(_but(e, False) for e in remissions)]


def drug_allergy(facts: Inputs, as_of: date) -> list[Evidence]:
    """An allergy to the pump's drug: the same drug named by both. While the drug is not named by itself, any leaves it open."""
    drugs = {str(e.value) for e in _usable(facts["drugs"])}
    found = [_doubtful(e, "the allergy does not say which drug", True) for e in facts["class_allergy"].evidence if e.value is True]
    for e in facts["allergies"].evidence:
        if e.standing is Standing.UNCERTAIN or not drugs:
            found.append(_doubtful(e, e.note or "the drug of the pump is not named", True))
        elif e.standing is Standing.USABLE and e.value in drugs:
            found.append(_but(e, True))
    return found


def _usable(fact: Fact) -> list[Evidence]:
    return [e for e in fact.evidence if e.standing is Standing.USABLE]


def _latest_day(usable: list[Evidence]) -> list[Evidence]:
    last = max((e.when.last for e in usable if e.when), default=None)
    return [e for e in usable if e.when and e.when.last == last]


def _of_ten(value: Interval, scale: str) -> Interval:
    tenth = 10 / HIGHEST[scale]
    low, high = max(value.low, 0.0) * tenth, min(value.high, HIGHEST[scale]) * tenth
    return Interval(low, max(low, high), value.low_open, value.high_open)


def _named(scale: str) -> str:
    return {"analogue": "visual analogue scale", "faces": "faces scale"}.get(scale, f"{scale} rating")


def _but(evidence: Evidence, value: Value, shown: str = "") -> Evidence:
    return Evidence(value, evidence.when, evidence.resource, evidence.kind, Standing.USABLE, "", shown or evidence.shown)


def _doubtful(evidence: Evidence, note: str, value: Value | None = None) -> Evidence:
    return Evidence(value, evidence.when, evidence.resource, evidence.kind, Standing.UNCERTAIN, note, evidence.shown)
