"""Facts of neutropenia that are computed: febrile neutropenia now and before, counts before treatment, fever in hospital.

Each rule takes named facts and the date of service, and gives the evidence of one fact. The windows in days are our choice, after
the length of a cycle of chemotherapy; the policy names none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from cds_service.policy.model import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

NOW: Final = 7
"""Days for which a statement of febrile neutropenia, a count or a temperature speaks of today."""
PERHAPS_NOW: Final = 30
"""Days after which an episode that was recorded is surely over."""
SEVERE: Final = 500.0
"""Neutrophils per microlitre below which neutropenia is severe, and fever makes it febrile."""
FEVER: Final = 38.3
"""Degrees Celsius from which a temperature is a fever."""
PLATELETS: Final = 20000.0
"""Platelets per microlitre below which aplastic anaemia is severe (Camitta)."""
NADIR: Final = 21
"""Days after a dose of chemotherapy in which a count is a nadir under it."""
CYCLE: Final = 28
"""Days before a complication in which a growth factor was prophylaxis against it."""
EPISODE: Final = 14
"""Days that lie between two episodes of infection at least."""

Inputs = Mapping[str, Fact]


def _usable(fact: Fact) -> list[Evidence]:
    return [e for e in fact.evidence if e.standing is Standing.USABLE and e.when is not None]


def _first(evidence: Evidence) -> date:
    return evidence.when.first if evidence.when else date.min


def _last(evidence: Evidence) -> date:
    return evidence.when.last if evidence.when else date.min


def _recent(evidence: Iterable[Evidence], as_of: date, days: int) -> list[Evidence]:
    start = as_of - timedelta(days)
    return [e for e in evidence if start <= _last(e) and _first(e) <= as_of]


def _latest(evidence: list[Evidence]) -> list[Evidence]:
    last = max((_last(e) for e in evidence), default=date.min)
    return [e for e in evidence if _last(e) == last]


def _said(evidence: Evidence, value: bool | None, note: str = "", standing: Standing = Standing.USABLE) -> Evidence:
    return evidence._replace(value=value, note=note, standing=standing)


def _count(evidence: Evidence) -> str:
    return f"{evidence.value.low:g}" if isinstance(evidence.value, Interval) and evidence.value.low > 0 else "very few"


def febrile_neutropenia_now(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether there is febrile neutropenia now: a diagnosis of it, neutropenia coded with its fever, or a count and a temperature.

    What is older than a week but not than a month, and one half of a pair alone, leave it open; a later recovered count says no.
    """
    stated = list(facts["coded"].evidence) + _pairs(facts)
    found = [e for e in stated if e.standing is not Standing.USABLE]
    usable = [e for e in stated if e.standing is Standing.USABLE]
    now = _recent(usable, as_of, NOW)
    found += now
    older = [e for e in _recent(usable, as_of, PERHAPS_NOW) if e not in now and e.value is True]
    found += [_said(e, True, "it leaves open whether it is still so", Standing.UNCERTAIN) for e in older]
    counts = _latest(_recent(_usable(facts["neutrophils"]), as_of, NOW))
    fevers = [
        e for e in _recent(_usable(facts["temperature"]), as_of, NOW) if isinstance(e.value, Interval) and e.value.low >= FEVER
    ]
    for count in counts:
        if not isinstance(count.value, Interval):
            continue
        if _below(count.value, SEVERE):
            note = f"{_count(count)} neutrophils/uL"
            found += [_said(e, True, f"{note} with fever") for e in fevers]
            if not fevers and not now:
                found.append(_said(count, True, f"{note}, and no temperature on record", Standing.UNCERTAIN))
        elif count.value.low >= SEVERE and not any(_last(e) >= _first(count) for e in now):
            found.append(_said(count, False, f"{_count(count)} neutrophils/uL"))
    if fevers and not counts and not now:
        found += [_said(e, True, "fever, and no neutrophil count on record", Standing.UNCERTAIN) for e in fevers]
    halves = [*_usable(facts["neutropenia"]), *_usable(facts["fever"])]
    if not now and not counts:
        note = "neutropenia and its fever are not both on record"
        found += [_said(e, True, note, Standing.UNCERTAIN) for e in _recent(halves, as_of, NOW) if e.value is True]
    return found


def _below(value: Interval, bound: float) -> bool:
    return value.high < bound or (value.high == bound and value.high_open)


def _pairs(facts: Inputs) -> list[Evidence]:
    """Neutropenia with the code of its fever, recorded within a week of each other."""
    fevers = [e for e in _usable(facts["fever"]) if e.value is True]
    return [
        _said(e, True, "with the code of its fever")
        for e in _usable(facts["neutropenia"])
        if e.value is True and any(abs((_first(e) - _first(fever)).days) <= NOW for fever in fevers)
    ]


def previous_febrile_neutropenia(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether there was an episode of febrile neutropenia before the present one, which a week or more lies behind."""
    week = as_of - timedelta(NOW)
    found = []
    for e in [*facts["coded"].evidence, *_pairs(facts)]:
        if e.standing is Standing.USABLE and e.value is True and _last(e) > week:
            found.append(_said(e, True, "it may be the present episode", Standing.UNCERTAIN))
        else:
            found.append(e)
    return found


def neutropenic_complication(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether there was a neutropenic complication of chemotherapy: febrile neutropenia, or neutropenia blamed on it."""
    return [*facts["coded"].evidence, *_pairs(facts), *facts["chemotherapy"].evidence]


def prophylaxis_before_complication(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether a growth factor was given in the cycle of a complication, before it."""
    complications = [e for e in _usable(facts["complication"]) if e.value is True]
    return [
        _said(e, True, "given in the cycle of the complication")
        for e in _usable(facts["given"])
        if any(timedelta(0) < _first(c) - _first(e) <= timedelta(CYCLE) for c in complications)
    ]


def neutrophils_before_treatment(facts: Inputs, as_of: date) -> list[Evidence]:
    """Counts that are no nadir: none was taken in the three weeks after a dose of chemotherapy."""
    doses = [_first(e) for e in _usable(facts["given"])]
    return [
        e._replace(standing=Standing.DISCOUNTED, note="taken under chemotherapy: it may be a nadir")
        if e.standing is Standing.USABLE and any(0 < (_first(e) - dose).days <= NADIR for dose in doses)
        else e
        for e in facts["neutrophils"].evidence
    ]


def fever_as_inpatient(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether the fever began in the present stay in hospital: first on record after the day of admission."""
    stays = _latest([e for e in _usable(facts["stay"]) if _first(e) <= as_of])
    if not stays or stays[0].value is not True:
        return []
    admitted = _first(stays[0])
    fevers = [e for e in _usable(facts["temperature"]) if isinstance(e.value, Interval) and e.value.low >= FEVER]
    fevers += [e for name in ("fever", "coded") for e in _usable(facts[name]) if e.value is True]
    fevers = [e for e in fevers if admitted - timedelta(NOW) <= _first(e) <= as_of]
    if not fevers:
        return []
    first = min(fevers, key=_first)
    if _first(first) > admitted:
        return [_said(first, True, f"after the admission of {admitted}")]
    if _last(first) < admitted:
        return [_said(first, False, f"before the admission of {admitted}")]
    return [_said(first, True, "on the day of admission", Standing.UNCERTAIN)]


def sepsis_syndrome(facts: Inputs, as_of: date) -> list[Evidence]:
    """Sepsis with hypotension or organ dysfunction: by its code, or beside sepsis; sepsis alone leaves it open."""
    found = list(facts["severe"].evidence)
    septic = [e for e in _usable(facts["sepsis"]) if e.value is True]
    low = [e for e in _usable(facts["systolic"]) if isinstance(e.value, Interval) and _below(e.value, 90.0)]
    organs = [*[e for e in _usable(facts["organ"]) if e.value is True], *low]
    for e in septic:
        beside = any(abs((_first(e) - _first(organ)).days) <= NOW for organ in organs)
        note = (
            "with hypotension or organ dysfunction"
            if beside
            else "whether there is hypotension or organ dysfunction is not on record"
        )
        found.append(_said(e, True, note, Standing.USABLE if beside else Standing.UNCERTAIN))
    return found


def recurrent_infection(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether infection recurs: two episodes or more, two weeks apart, within a year; one alone leaves it open."""
    year = sorted((e for e in _recent(_usable(facts["infection"]), as_of, 365) if e.value), key=_first)
    episodes: list[Evidence] = []
    for e in year:
        if not episodes or (_first(e) - _first(episodes[-1])).days >= EPISODE:
            episodes.append(e)
    if len(episodes) >= 2:
        return [_said(episodes[-1], True, f"{len(episodes)} episodes within a year")]
    return [_said(e, True, "one episode within a year", Standing.UNCERTAIN) for e in episodes]


def severe_aplasia(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether counts make aplastic anaemia severe: neutrophils below 500 and platelets below 20000 per microlitre."""
    neutrophils = _latest(_recent(_usable(facts["neutrophils"]), as_of, PERHAPS_NOW))
    platelets = _latest(_recent(_usable(facts["platelets"]), as_of, PERHAPS_NOW))
    few = [e for e in neutrophils if isinstance(e.value, Interval) and _below(e.value, SEVERE)]
    if few and any(isinstance(e.value, Interval) and _below(e.value, PLATELETS) for e in platelets):
        return [Evidence(True, Days(_first(few[0]), _last(few[0])), few[0].resource, note="by neutrophils and platelets")]
    return []
