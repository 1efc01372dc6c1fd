"""What may speak against a spinal pump, and is computed.

It is other devices, a bleeding tendency, and an allergy to the pump's drug.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from cds_service.facts.restated import but, doubtful, latest_day, spoken, usable
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

HIGH_INR, LOW_PLATELETS = 1.5, 50.0
"""The bounds beyond which a bleeding tendency is asked about.

It is asked about above the INR, and below the platelets in thousands a microlitre. The numbers are ours.
"""
AROUND: Final = timedelta(days=7)
"""How long before and after a trial a drug is still one that was tried.

The number is ours.
"""
NAMES: Final = {
    "morphine": ("morphine", "duramorph", "infumorph", "mitigo", "ms contin"),
    "hydromorphone": ("hydromorphone", "dilaudid"),
    "fentanyl": ("fentanyl", "duragesic", "sublimaze"),
    "sufentanil": ("sufentanil",),
    "ziconotide": ("ziconotide", "prialt"),
    "clonidine": ("clonidine", "catapres"),
    "bupivacaine": ("bupivacaine", "marcaine", "sensorcaine"),
}
"""How allergies in words name the drugs of a pump."""
CLASSES: Final = ("analog", "derivative", "related", "class", "opioid", "opiate", "narcotic", "alkaloid")
"""What in an allergy's words names a class of drugs, whichever drug it is named by."""
AKIN: Final = frozenset({"morphine", "hydromorphone"})
"""Drugs of a pump that are akin to codeine and oxycodone."""

Inputs = Mapping[str, Fact]


@rule("other programmable device", "recorded", "perhaps", "removed", "baclofen", "began", "ended")
def other_device(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether there is another implanted programmable device.

    One that was there before a removal or revision may be gone; one that is no longer in use, or of which only a
    removal is on record, may be there still. Where procedures were not searched, removals are unknown, and a device may
    be gone too. Baclofen given into the spine may come from a pump; what was given with a trial on record does not.
    """
    removed = [e for e in spoken(facts["removed"]) if e.when is None or e.when.first <= as_of]
    unseen = "Procedure" in facts["removed"].unsearched
    found: list[Evidence] = []
    for e in facts["recorded"].evidence:
        if e.standing is Standing.USABLE and e.value is True:
            if any(r.when is None or e.when is None or r.when.last >= e.when.first for r in removed):
                found.append(doubtful(e, "a removal or revision is on record since, or it is not in use", True))
                continue
            if unseen:
                found.append(doubtful(e, "whether it was removed was not searched", True))
                continue
        found.append(e)
    found += [
        doubtful(e, "whether a device was implanted, and is there still, is not said", True) for e in spoken(facts["perhaps"])
    ]
    found += [doubtful(e, "a pump may give it", True) for e in spoken(facts["baclofen"]) if not _was_tried(e, facts)]
    alone = [] if found else [doubtful(e, "it was removed or revised: whether one is left is not said", True) for e in removed]
    return found + alone


def _was_tried(given: Evidence, facts: Inputs) -> bool:
    """Tell whether a drug was given with a trial on record.

    Where its day is not known, it may have been.
    """
    trials = [e.value for name in ("began", "ended") for e in facts[name].evidence if isinstance(e.value, Days)]
    if given.when is None:
        return bool(trials)
    return any(day.first - AROUND <= given.when.last and given.when.first <= day.last + AROUND for day in trials)


@rule("bleeding tendency", "recorded", "hinted", "inr", "platelets")
def coagulopathy(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute a bleeding disorder as recorded.

    A high INR or few platelets lately decide nothing and end the silence.
    """
    found = [*facts["recorded"].evidence, *facts["hinted"].evidence]
    for name, note in (("inr", "the last INR is above 1.5"), ("platelets", "the last platelet count is below 50 thousand")):
        for e in latest_day([e for e in facts[name].evidence if e.standing is not Standing.DISCOUNTED]):
            if e.standing is Standing.UNCERTAIN:
                found.append(doubtful(e, "a test of coagulation cannot be read", True))
            elif isinstance(e.value, Interval) and (e.value.high > HIGH_INR if name == "inr" else e.value.low < LOW_PLATELETS):
                found.append(doubtful(e, note, True))
    return found


@rule("allergy to the drug", "allergies", "class_allergy", "relatives", "drugs")
def drug_allergy(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether there is an allergy to the pump's drug.

    There is where both name the same drug. While the drug is not named by itself, any allergy to one leaves it open. So
    does an allergy to an opioid akin to morphine where the drug is morphine or hydromorphone.
    """
    drugs = {str(e.value) for e in usable(facts["drugs"])}
    found = [doubtful(e, "the allergy does not say which drug", True) for e in spoken(facts["class_allergy"])]
    if not drugs or drugs & AKIN:
        found += [doubtful(e, "the allergy is to an opioid akin to the drug", True) for e in spoken(facts["relatives"])]
    for e in facts["allergies"].evidence:
        if e.standing is Standing.DISCOUNTED:
            continue
        named = {str(e.value)} if e.value is not None else _named_in(e.shown)
        if drugs and named and not named & drugs:
            continue
        if e.standing is Standing.UNCERTAIN or not drugs:
            found.append(doubtful(e, e.note or "the drug of the pump is not named", True))
        else:
            found.append(but(e, True))
    return found


def _named_in(words: str) -> set[str]:
    """Return the drugs of a pump that words name.

    Returns none where the words name only a class of drugs.
    """
    said = words.lower()
    if any(one in said for one in CLASSES):
        return set()
    return {drug for drug, names in NAMES.items() if any(name in said for name in names)}
