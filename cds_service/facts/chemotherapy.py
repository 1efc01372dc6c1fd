"""Facts of chemotherapy that are computed: its risk of febrile neutropenia by a table of regimens, and what it treats.

Each rule takes named facts and the date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from cds_service.facts.evidence_days import first, last
from cds_service.facts.tables import RegimenEntry, RegimenTable
from cds_service.policy.model import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

ORDERED: Final = 180
"""Days for which an active order of a medicine speaks of the present regimen."""
GIVEN: Final = 28
"""Days for which a dose given, or planned, is of the present regimen."""
APART: Final = 7
"""Days within which two medicines are of one cycle."""
BETWEEN: Final = 43
"""Days that no two medicines of one regimen lie apart: twice the longest usual cycle, and one."""
PREMEDICATION: Final = "dexamethasone"
"""A drug of some regimens that most others are given with, against vomiting."""
ASSESSED: Final = 365
"""Days after which an assessment of risk is of an earlier regimen."""
STAGED: Final = 90
"""Days for which a stage below IV says that the cancer has not spread."""
_LONG_AGO: Final = Days.on(date.min)
"""The day of what the table says: whatever is stated of the risk, an answer too, comes after it."""
MEDICINES: Final = {"ordered": ORDERED, "given": GIVEN}
"""The facts that name the medicines of the regimen, each with the days for which it speaks of the present one."""
ORDERS: Final = ("MedicationRequest/", "ServiceRequest/", "DeviceRequest/")

Inputs = Mapping[str, Fact]


def regimen_risk(facts: Inputs, as_of: date, table: RegimenTable) -> list[Evidence]:
    """The risk of febrile neutropenia of the regimen: as assessed, else by the table; a regimen not in it leaves the risk open.

    20 % is high and 10 % intermediate. Rows of different risk that fit alike, and a row whose condition is not on record, decide
    nothing, and say so. No row decides beside an assessment or a medicine that cannot be read, nor where not all medicines were
    searched: another medicine makes another regimen.
    """
    assessed = [_category(e, as_of) for e in facts["percent"].evidence] + [_fresh(e, as_of) for e in facts["level"].evidence]
    if any(e.standing is Standing.USABLE for e in assessed):
        return assessed
    supportive = set(table.supportive)
    named, unread = _drugs(facts, as_of, supportive)
    if not named:
        return assessed + [e._replace(value=None) for e in unread]
    drugs = {str(e.value) for e in named}
    sites = _sites(facts)
    earlier = _of_an_earlier_course(facts, as_of, drugs, supportive)
    fitting = _fitting(table, drugs, sites)
    unread = [e for e in unread if not _beside(e, fitting, table, drugs, sites)]
    sure = {regimen.risk for regimen in fitting}
    rows = "; ".join(f"{r.name} ({r.risk}{', if ' + r.only_if if r.only_if else ''})" for r in fitting)
    note, standing, risk = f"the drugs ordered fit {rows}; table {table.status}", Standing.UNCERTAIN, None
    if not fitting:
        note = f"the drugs ordered fit no regimen of the table; table {table.status}"
    elif unread or any(facts[name].unsearched for name in MEDICINES):
        note = f"{note}; other medicines may be of it, or could not all be read"
    elif earlier:
        note = f"{note}; {', '.join(earlier)} may be of a course before it, with other medicines"
    elif any(e.standing is Standing.UNCERTAIN for e in assessed):
        note = f"{note}; the risk was assessed, and that cannot be read"
    elif len(sure) == 1 and any(not regimen.only_if for regimen in fitting):
        note, standing, risk = f"by the regimen {rows}; table {table.status}", Standing.USABLE, sure.pop()
    unread = [e._replace(value=None) for e in unread]
    return assessed + unread + [Evidence(risk, _LONG_AGO, e.resource, e.kind, standing, note, str(e.value)) for e in named]


def _sites(facts: Inputs) -> set[str]:
    """The sites of the cancers on record; where the order names one as its reason, of those alone."""
    found = [e for e in facts["site"].evidence if e.standing is Standing.USABLE]
    reasons = [e for e in found if e.resource.startswith(ORDERS)]
    return {str(e.value) for e in reasons or found}


def _of_an_earlier_course(facts: Inputs, as_of: date, drugs: set[str], supportive: set[str]) -> list[str]:
    """The medicines that go on by their order, and were last on record with one that does not (AC, of which only C was not closed),
    or long before another of them (docetaxel before trastuzumab alone).
    """
    latest: dict[str, date] = {}
    for name in MEDICINES:
        for e in facts[name].evidence:
            if e.standing is Standing.USABLE and e.when is not None and as_of - timedelta(ORDERED) <= last(e):
                drug, day = str(e.value), min(last(e), as_of)
                latest[drug] = max(day, latest.get(drug, day))
    present = {drug: day for drug, day in latest.items() if drug in drugs and drug not in supportive}
    past = [day for drug, day in latest.items() if drug not in drugs and drug not in supportive]
    ends = [day + timedelta(APART) for day in past] + [day - timedelta(BETWEEN) for day in present.values()]
    return sorted(drug for drug, day in present.items() if day <= max(ends))


def _category(evidence: Evidence, as_of: date) -> Evidence:
    """A probability as a level of risk; one that spans a threshold leaves it open."""
    fresh, value = _fresh(evidence, as_of), evidence.value
    if not isinstance(value, Interval):
        return fresh._replace(value=None)
    if value.low >= 20:
        return fresh._replace(value="high", shown=f"{value.low:g} %")
    if value.low >= 10 and (value.high < 20 or (value.high == 20 and value.high_open)):
        return fresh._replace(value="intermediate", shown=f"{value.low:g} %")
    if value.high < 10 or (value.high == 10 and value.high_open):
        return fresh._replace(value="low", shown=f"{value.high:g} %")
    note = f"{value.low:g} to {value.high:g} % spans two levels of risk"
    return fresh._replace(value=None, standing=Standing.UNCERTAIN, note=note)


def _fresh(evidence: Evidence, as_of: date) -> Evidence:
    if evidence.when and evidence.when.last < as_of - timedelta(ASSESSED):
        return evidence._replace(standing=Standing.DISCOUNTED, note="more than a year old: of an earlier regimen")
    return evidence


def _drugs(facts: Inputs, as_of: date, supportive: set[str]) -> tuple[list[Evidence], list[Evidence]]:
    """The medicines of the present regimen, ordered or given, each once; and those that may be of it: they cannot be read, or their
    order is old and nobody closed it.
    """
    found: dict[str, Evidence] = {}
    perhaps: list[Evidence] = []
    for name, back in MEDICINES.items():
        start = as_of - timedelta(back)
        for e in facts[name].evidence:
            recent = e.when is None or (last(e) >= start and first(e) <= as_of + timedelta(GIVEN))
            if e.standing is Standing.USABLE and e.when is not None and recent:
                found.setdefault(str(e.value), e)
            elif recent if e.standing is Standing.UNCERTAIN else _goes_on(e, name, start, supportive):
                perhaps.append(e)
    others = [e for e in perhaps if e.standing is Standing.UNCERTAIN or str(e.value) not in found]
    return list(found.values()), [e._replace(when=_LONG_AGO, standing=Standing.UNCERTAIN) for e in others]


def _goes_on(evidence: Evidence, name: str, start: date, supportive: set[str]) -> bool:
    """Whether an order of an antineoplastic is old, and still active."""
    old = evidence.standing is Standing.USABLE and name == "ordered" and last(evidence) < start
    return old and evidence.value not in supportive


def _fitting(table: RegimenTable, drugs: set[str], sites: set[str]) -> list[RegimenEntry]:
    """The rows of the table that drugs fit."""
    supportive = set(table.supportive)
    return [regimen for regimen in table.regimens if _fits(regimen, drugs, sites, supportive)]


def _beside(evidence: Evidence, fitting: list[RegimenEntry], table: RegimenTable, drugs: set[str], sites: set[str]) -> bool:
    """Whether a medicine that is not sure is of the regimen anyway, or is given beside it, and makes no other one of it."""
    name = str(evidence.value) if evidence.value is not None else ""
    return (name in drugs or name in table.supportive) and _fitting(table, drugs | {name}, sites) == fitting


def _fits(regimen: RegimenEntry, drugs: set[str], sites: set[str], supportive: set[str]) -> bool:
    """Whether the drugs make a row. One with dexamethasone, which is given beside other drugs too, is of its own sites alone."""
    needed = set(regimen.drugs)
    if not needed <= drugs or drugs - needed - set(regimen.may_add) - supportive:
        return False
    if PREMEDICATION in needed and not (sites and sites <= set(regimen.sites)):
        return False
    return not regimen.sites or not sites or bool(sites & set(regimen.sites))


def malignancy_lineage(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether the malignancy is non-myeloid or myeloid. With both on record, the one that the order gives as its reason.

    A cancer that is on record in words alone leaves it open; one that is no leukaemia by its words is no myeloid one either. A
    myeloid one is the only one where all diagnoses were searched.
    """
    found = [_by_its_words(e) for e in facts["recorded"].evidence]
    usable = [e for e in found if e.standing is Standing.USABLE]
    reasons = [e for e in usable if e.resource.startswith(ORDERS)]
    if len({e.value for e in reasons}) == 1:
        return reasons
    lineages = {e.value for e in usable}
    if len(lineages) < 2 and not (lineages == {"myeloid"} and facts["recorded"].unsearched):
        return found
    note = "there are a myeloid and a non-myeloid malignancy" if len(lineages) > 1 else "another may be among what was not searched"
    return [e._replace(standing=Standing.UNCERTAIN, note=note) if e in usable else e for e in found]


_MYELOID: Final = ("leuk", "aml", "mds", "dysplas", "myelopro", "myelofib", "myeloid", "polycyth", "thrombocyth", "mast cell")
"""Parts of words that a malignancy may be myeloid by."""


def _by_its_words(evidence: Evidence) -> Evidence:
    if evidence.value is not None or evidence.standing is not Standing.UNCERTAIN or not evidence.shown:
        return evidence
    words = evidence.shown.lower()
    return evidence if any(part in words for part in _MYELOID) else evidence._replace(value="non-myeloid")


def advanced_cancer(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether the cancer is metastatic or of stage IV: by a metastasis or a stage, whichever is newer.

    A stage below IV says no for a quarter of a year after it was set, and nothing beside a metastasis on record. Where diagnoses
    were not all searched there may be one.
    """
    found = list(facts["metastasis"].evidence)
    spread = any(e.standing is not Standing.DISCOUNTED and e.value is not False for e in found)
    for e in facts["stage"].evidence:
        if e.value is False and e.standing is Standing.USABLE and facts["metastasis"].unsearched:
            found.append(e._replace(standing=Standing.UNCERTAIN, note="a metastasis may be among what was not searched"))
            continue
        if e.value is False and e.standing is Standing.USABLE and (spread or last(e) < as_of - timedelta(STAGED)):
            note = "a metastasis is on record" if spread else "set too long ago to say that it has not spread since"
            found.append(e._replace(standing=Standing.DISCOUNTED, note=note))
        else:
            found.append(e)
    return found


def condition_count(facts: Inputs, as_of: date) -> list[Evidence]:
    """How many different conditions of a list are on record, at least: a problem list may lack some."""
    usable = [e for e in facts["recorded"].evidence if e.standing is Standing.USABLE and isinstance(e.value, str)]
    usable = [e for e in usable if e.when is None or e.when.first <= as_of]
    least = Interval(float(len({e.value for e in usable})), math.inf)
    return [Evidence(least, Days.on(as_of), e.resource, e.kind, shown=str(e.value)) for e in usable]
