"""Febrile neutropenia now: coded, or measured as few neutrophils with a fever.

Each rule takes named facts and the date of service, and gives the evidence of one fact. The windows in days are our
choice, after the length of a cycle of chemotherapy; the policy names none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from cds_service.facts.computed.white_cells import is_of_white_cells
from cds_service.facts.evidence_days import (
    after,
    first,
    last,
    last_of_each_day,
    latest,
    recent,
    said,
    uncertain,
    usable,
    within_a_day,
)
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

NOW: Final = 7
"""Days for which a diagnosis of febrile neutropenia speaks of today."""
PERHAPS_NOW: Final = 30
"""Days after which a recorded episode is surely over."""
MEASURED: Final = 3
"""Days for which a count or a temperature speaks of today.

They are 72 hours. Values of the week before leave it open.
"""
SEVERE: Final = 500.0
"""Neutrophils per microlitre below which neutropenia is severe.

Fever makes it febrile.
"""
RECOVERED: Final = 1000.0
"""Neutrophils per microlitre from which neutropenia is not severe.

It is not about to be severe either.
"""
FEVER: Final = 38.3
"""Degrees Celsius from which a temperature is a fever."""
NO_FEVER: Final = 38.0
"""Degrees Celsius below which a temperature is no fever at all."""

Inputs = Mapping[str, Fact]


def perhaps_fevers(temperature: Fact, as_of: date, days: int) -> list[Evidence]:
    """Return the temperatures in doubt that may be a fever.

    They may be where nobody can read them, or where they are in the unit that may be meant.
    """
    return [e for e in uncertain(temperature, as_of, days) if not isinstance(e.value, Interval) or e.value.high >= FEVER]


def fevers_of(temperatures: list[Evidence]) -> list[Evidence]:
    """Return the temperatures that are a fever."""
    return [e for e in temperatures if isinstance(e.value, Interval) and e.value.low >= FEVER]


@rule("febrile neutropenia now", "coded", "neutropenia", "fever", "neutrophils", "temperature")
def febrile_neutropenia_now(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether there is febrile neutropenia now.

    It is documented by a diagnosis that stands, by neutropenia coded with its fever, or by a count and a temperature
    within 24 hours of each other and within the last 72 hours, with no later normal value of either.

    What is older than a week but not than a month, and one half of a pair alone, leave it open; a later recovered count
    says no.
    """
    pairs = coded_pairs(facts)
    stated = [*facts["coded"].evidence, *pairs]
    found = [*uncertain(facts["coded"], as_of, PERHAPS_NOW), *[e for e in pairs if e.standing is Standing.UNCERTAIN]]
    decides = [e for e in stated if e.standing is Standing.USABLE]
    now = recent(decides, as_of, NOW)
    older = [e for e in recent(decides, as_of, PERHAPS_NOW) if e not in now and e.value is True]
    found += [said(e, True, "it leaves open whether it is still so", Standing.UNCERTAIN) for e in older]
    yes = [e for e in now if e.value is True]
    return found + now + _measured(facts, as_of, yes) + _halves(facts, as_of, yes)


def _measured(facts: Inputs, as_of: date, stated: list[Evidence]) -> list[Evidence]:
    """Return what counts and temperatures say.

    ``stated`` are the diagnoses that say yes.
    """
    temperatures = recent(usable(facts["temperature"]), as_of, NOW)
    counts = recent(usable(facts["neutrophils"]), as_of, NOW)
    warm, unread_counts = uncertain(facts["temperature"], as_of, NOW), uncertain(facts["neutrophils"], as_of, NOW)
    unread = [e for e in [*warm, *unread_counts] if not is_of_white_cells(e)]
    fevers, few = fevers_of(temperatures), [e for e in counts if isinstance(e.value, Interval) and e.value.below(SEVERE)]
    cool = [e for e in temperatures if isinstance(e.value, Interval) and e.value.below(NO_FEVER)]
    enough = [e for e in counts if isinstance(e.value, Interval) and e.value.low >= SEVERE]
    found = _together(fevers, few, [*cool, *unread], [*enough, *unread], as_of - timedelta(MEASURED))
    feverish = bool(stated or fevers or [e for e in recent(usable(facts["fever"]), as_of, NOW) if e.value is True])
    perhaps = perhaps_fevers(facts["temperature"], as_of, NOW)
    later = [e for e in unread_counts if not isinstance(e.value, Interval) or e.value.low < SEVERE]
    for count in latest(enough):
        if any(last(e) >= first(count) for e in [*stated, *few]) or any(after(e, count) for e in later):
            continue
        if since := [e for e in [*fevers, *perhaps] if after(e, count) and within_a_day(e, count) is False]:
            found += [said(e, True, "no neutrophil count is on record beside that fever", Standing.UNCERTAIN) for e in since]
            continue
        if isinstance(count.value, Interval) and count.value.low >= RECOVERED:
            found.append(said(count, False, f"{_many(count)} neutrophils/uL"))
        elif feverish:
            note = f"{_many(count)} neutrophils/uL: neither severe nor recovered"
            found.append(said(count, None, note, Standing.UNCERTAIN))
    if not found and not stated:
        alone = [e for e in few if not any(within_a_day(t, e) for t in cool)]
        found += [said(e, True, f"{_many(e)} neutrophils/uL, and no fever on record beside it", Standing.UNCERTAIN) for e in alone]
        if not counts:
            found += [said(e, True, "fever, and no neutrophil count on record", Standing.UNCERTAIN) for e in [*fevers, *perhaps]]
        unseen = [e for e in unread_counts if not any(within_a_day(t, e) for t in cool) and _perhaps_severe(e, fevers)]
        unseen += [e for e in warm if any(within_a_day(e, count) is not False for count in [*few, *unread_counts])]
        found += [said(e, True, e.note, Standing.UNCERTAIN) for e in unseen]
    return found


def _perhaps_severe(count: Evidence, fevers: list[Evidence]) -> bool:
    """Tell whether a count that is in doubt may be severe neutropenia.

    Any may be beside a fever. Else it must be as low, or be unread; and white cells must be as few themselves.
    """
    if any(within_a_day(fever, count) is not False for fever in fevers):
        return True
    if is_of_white_cells(count):
        return isinstance(count.value, Interval) and count.value.below(SEVERE)
    return not isinstance(count.value, Interval) or count.value.low < SEVERE


def _together(
    fevers: list[Evidence], few: list[Evidence], cool: list[Evidence], enough: list[Evidence], since: date
) -> list[Evidence]:
    """Return fevers with a count that makes them febrile neutropenia.

    They are usable where both surely hold now, and uncertain where they perhaps do. ``cool`` are temperatures, and
    ``enough`` counts, that end a pair where they are later, or may be. A pair of before ``since`` may go on, unless it
    surely ended.
    """
    found: list[Evidence] = []
    cool, enough = last_of_each_day(cool), last_of_each_day(enough)
    distinct: dict[tuple[Days | None, str, str], Evidence] = {}
    for count in few:
        distinct.setdefault((count.when, count.instant, _many(count)), count)
    for count in distinct.values():
        for fever in fevers:
            near = within_a_day(fever, count)
            if near is False:
                continue
            ends = [*[after(e, fever) for e in cool], *[after(e, count) for e in enough]]
            now = min(first(fever), first(count)) >= since
            note = f"{_many(count)} neutrophils/uL with fever"
            if near and now and not any(end is not False for end in ends):
                found.append(said(fever, True, note))
                continue
            if True in ends:
                if not now:
                    continue
                why = "a normal value is later"
            elif None in ends:
                why = "a normal value may be later"
            else:
                why = "their days leave open whether both were within a day" if now else "more than three days ago"
            found.append(said(fever, True, f"{note}; {why}", Standing.UNCERTAIN))
    certain = [e for e in found if e.standing is Standing.USABLE]
    return certain or found


def _halves(facts: Inputs, as_of: date, stated: list[Evidence]) -> list[Evidence]:
    """Return diagnoses that are only half of a pair.

    The other half is missing, or only hints. Nothing is returned where a count of neutrophils of the day or later says
    more.
    """
    if stated:
        return []
    counted = max([last(e) for e in recent(usable(facts["neutrophils"]), as_of, NOW)], default=date.min)
    halves = [e for e in [*usable(facts["neutropenia"]), *usable(facts["fever"])] if first(e) > counted]
    note = "neutropenia and its fever are not both on record"
    return [said(e, True, note, Standing.UNCERTAIN) for e in recent(halves, as_of, NOW) if e.value is True]


def _many(evidence: Evidence) -> str:
    return f"{evidence.value.low:g}" if isinstance(evidence.value, Interval) and evidence.value.low > 0 else "very few"


def coded_pairs(facts: Inputs) -> list[Evidence]:
    """Return neutropenia with the code of its fever.

    Both were recorded within a week of each other. The pair is open where either only hints.
    """
    fevers = [e for e in facts["fever"].evidence if _says_so(e)]
    found: list[Evidence] = []
    for e in facts["neutropenia"].evidence:
        beside = [fever for fever in fevers if _says_so(e) and abs((first(e) - first(fever)).days) <= NOW]
        sure = [fever for fever in beside if fever.standing is Standing.USABLE]
        if sure and e.standing is Standing.USABLE:
            found.append(said(e, True, "with the code of its fever"))
        elif beside:
            found.append(said(e, True, "with a fever that may be of it", Standing.UNCERTAIN))
    return found


def _says_so(evidence: Evidence) -> bool:
    return evidence.value is True and evidence.when is not None and evidence.standing is not Standing.DISCOUNTED
