"""Facts of chemotherapy: its risk of febrile neutropenia.

The risk is read from a table of regimens. Each rule takes named facts and the date of service, and gives the evidence
of one fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from cds_service.facts.computed.assessed_risk import BETWEEN, assessed_risk
from cds_service.facts.computed.cycles import CYCLED, GIVEN, ORDERED, days_of_cycle, given_on_one_day
from cds_service.facts.evidence_days import first, last
from cds_service.facts.rule import rule
from cds_service.facts.tables import RegimenEntry, RegimenTable
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days

APART: Final = 7
"""Days within which two medicines are of one cycle."""
EITHER: Final = "it is intermediate or high in either case"
"""How the note ends on an open risk, not below intermediate."""
PREMEDICATION: Final = "dexamethasone"
"""A drug of some regimens that most others are given with.

There it is given against vomiting.
"""
_LONG_AGO: Final = Days.on(date.min)
"""The day of what the table says.

Whatever is stated of the risk, an answer too, comes after it.
"""
MEDICINES: Final = {"ordered": ORDERED, "given": GIVEN}
"""The facts that name the medicines of the regimen.

Each has the days for which it is of the present regimen.
"""
ORDERS: Final = ("MedicationRequest/", "ServiceRequest/", "DeviceRequest/")

Inputs = Mapping[str, Fact]


class _Regimen(NamedTuple):
    """The regimen as the chart documents it.

    - ``named``: its medicines.
    - ``unread``: medicines that may be of it.
    - ``fitting``: the rows of the table that its medicines fit.
    - ``sure``: the names of the rows whose condition the doses show to hold.
    - ``kept_open``: why no row can decide; empty where nothing keeps one from it.
    """

    named: list[Evidence]
    unread: list[Evidence]
    fitting: list[RegimenEntry]
    sure: frozenset[str]
    kept_open: str


@rule("regimen risk", "percent", "level", "ordered", "given", "site", *CYCLED, table=RegimenTable)
def regimen_risk(facts: Inputs, as_of: date, table: RegimenTable) -> list[Evidence]:
    """Compute the regimen's risk of febrile neutropenia.

    The risk is as assessed, else by the table; a regimen that is not in the table leaves it open. 20 % is high and 10 %
    intermediate.

    Rows of different risk that fit alike, and a row whose condition is not on record, decide nothing, and say so. No
    row decides beside an assessment or a medicine that cannot be read, nor where not all medicines were searched:
    another medicine makes another regimen.
    """
    supportive = set(table.supportive)
    named, _ = _drugs(facts, as_of, supportive)
    given_then = [e for name in MEDICINES for e in facts[name].evidence if e.value not in supportive]
    assessed = assessed_risk(facts["percent"], facts["level"], as_of, given_then, {str(e.value) for e in named} - supportive)
    if any(e.standing is Standing.USABLE for e in assessed):
        return assessed
    regimen = _regimen(facts, as_of, table, assessed)
    unread = [e._replace(value=None) for e in regimen.unread]
    if not regimen.named:
        return assessed + unread
    fitting, kept_open = regimen.fitting, regimen.kept_open
    sure = {row.risk for row in fitting}
    rows = _rows(fitting)
    note, standing, risk = f"the drugs ordered fit {rows}; table {table.status}", Standing.UNCERTAIN, None
    if not fitting:
        note = f"the drugs ordered fit no regimen of the table; table {table.status}"
    elif kept_open:
        note = f"{note}; {kept_open}"
    elif len(sure) == 1 and any(not row.only_if or row.name in regimen.sure for row in fitting):
        note, standing, risk = f"by the regimen {rows}; table {table.status}", Standing.USABLE, sure.pop()
    elif all(_at_least_intermediate(row) for row in fitting):
        note = f"{note}; {EITHER}"
    told = _telling(regimen, table)
    return assessed + unread + [Evidence(risk, _LONG_AGO, e.resource, e.kind, standing, note, str(e.value)) for e in told]


@rule("risk of either kind", "risk")
def risk_of_either_kind(facts: Inputs, as_of: date) -> list[Evidence]:
    """Tell whether an open risk is intermediate or high.

    Yes, where every row that fits is at least intermediate, whether its condition holds or not; which of the two it is
    stays open. No, where the risk is known. An assessment that spans two levels is asked about.
    """
    found = facts["risk"].evidence
    known = [e for e in found if e.standing is Standing.USABLE]
    if known:
        return [e._replace(value=False) for e in known]
    return [e._replace(value=True, standing=Standing.USABLE) for e in found if e.note.endswith(EITHER)]


def _regimen(facts: Inputs, as_of: date, table: RegimenTable, assessed: list[Evidence]) -> _Regimen:
    supportive = set(table.supportive)
    named, unread = _drugs(facts, as_of, supportive)
    drugs = {str(e.value) for e in named}
    sites = _sites(facts)
    earlier = _of_an_earlier_course(facts, as_of, drugs, supportive)
    fitting = _fitting(table, drugs, sites) if named else []
    unread = [e for e in unread if not _beside(e, fitting, table, drugs, sites)]
    days = {row.name: days_of_cycle(facts, as_of, row.cycle.of) for row in fitting if row.cycle}
    fitting = [row for row in fitting if row.cycle is None or days[row.name] in (0, row.cycle.days)]
    sure = frozenset([row.name for row in fitting if row.cycle and days[row.name] == row.cycle.days])
    together = {row.name for row in fitting if row.one_day is not None and given_on_one_day(facts, as_of, row.drugs)}
    fitting = [row for row in fitting if row.one_day is not False or row.name not in together]
    sure |= {row.name for row in fitting if row.one_day and row.name in together}
    kept_open = ""
    if unread or any(facts[name].unsearched for name in MEDICINES):
        kept_open = "other medicines may be of it, or could not all be read"
    elif earlier:
        kept_open = f"{', '.join(earlier)} may be of a course before it, with other medicines"
    elif any(e.standing is Standing.UNCERTAIN for e in assessed):
        kept_open = "the risk was assessed, and that cannot be read"
    return _Regimen(named, unread, fitting, sure, kept_open)


def _telling(regimen: _Regimen, table: RegimenTable) -> list[Evidence]:
    """Return the medicines that show which regimen it is.

    A medicine that is given beside any regimen shows it only where a row that fits names it.
    """
    beside = set(table.supportive).difference(*[{*row.drugs, *row.may_add} for row in regimen.fitting])
    return [e for e in regimen.named if e.value not in beside]


def _rows(fitting: list[RegimenEntry]) -> str:
    return "; ".join([f"{row.name} ({row.risk}{', if ' + row.only_if if row.only_if else ''})" for row in fitting])


def _at_least_intermediate(row: RegimenEntry) -> bool:
    """Tell whether a row is always of intermediate or high risk.

    It is so also where the row's condition does not hold.
    """
    return row.at_least == "intermediate" or (not row.only_if and row.risk != "low")


def _sites(facts: Inputs) -> set[str]:
    """Return the sites of the cancers on record.

    Where the order names cancers as its reason, only their sites are returned.
    """
    found = [e for e in facts["site"].evidence if e.standing is Standing.USABLE]
    reasons = [e for e in found if e.resource.startswith(ORDERS)]
    return {str(e.value) for e in reasons or found}


def _of_an_earlier_course(facts: Inputs, as_of: date, drugs: set[str], supportive: set[str]) -> list[str]:
    """Return the medicines that may be left from an earlier course.

    Their order goes on. They were last on record with a medicine whose order does not (AC, of which only C was not
    closed), or long before another of them (docetaxel before trastuzumab alone).
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


def _drugs(facts: Inputs, as_of: date, supportive: set[str]) -> tuple[list[Evidence], list[Evidence]]:
    """Return the medicines of the present regimen, and those that may be.

    The first were ordered or given, each once. The second cannot be read, or their order is old and nobody closed it.
    """
    found: dict[str, Evidence] = {}
    perhaps: list[Evidence] = []
    for name, back in MEDICINES.items():
        start = as_of - timedelta(back)
        for e in facts[name].evidence:
            recent = e.when is None or (last(e) >= start and first(e) <= as_of + timedelta(GIVEN))
            if e.standing is Standing.USABLE and e.when is not None and recent:
                found.setdefault(str(e.value), e)
            elif (recent and e.standing is Standing.UNCERTAIN) or _goes_on(e, name, start, supportive):
                perhaps.append(e)
    others = [e for e in perhaps if e.standing is Standing.UNCERTAIN or str(e.value) not in found]
    return list(found.values()), [e._replace(when=_LONG_AGO, standing=Standing.UNCERTAIN) for e in others]


def _goes_on(evidence: Evidence, name: str, start: date, supportive: set[str]) -> bool:
    """Tell whether an order of an antineoplastic is old and still active.

    It may be an order that only words name.
    """
    old = evidence.standing is not Standing.DISCOUNTED and name == "ordered" and last(evidence) < start
    return old and evidence.value is not None and evidence.value not in supportive


def _fitting(table: RegimenTable, drugs: set[str], sites: set[str]) -> list[RegimenEntry]:
    """Return the rows of the table that the drugs fit."""
    supportive = set(table.supportive)
    return [regimen for regimen in table.regimens if _fits(regimen, drugs, sites, supportive)]


def _beside(evidence: Evidence, fitting: list[RegimenEntry], table: RegimenTable, drugs: set[str], sites: set[str]) -> bool:
    """Tell whether a medicine that is not sure changes nothing.

    It is of the regimen anyway, or is given beside it, and makes no other regimen of it.
    """
    name = str(evidence.value) if evidence.value is not None else ""
    return (name in drugs or name in table.supportive) and _fitting(table, drugs | {name}, sites) == fitting


def _fits(regimen: RegimenEntry, drugs: set[str], sites: set[str], supportive: set[str]) -> bool:
    """Tell whether the drugs make a row of the table.

    A row with dexamethasone, which is given beside other drugs too, fits only cancers of its own sites.
    """
    needed = set(regimen.drugs)
    if not needed <= drugs or drugs - needed - set(regimen.may_add) - supportive:
        return False
    if PREMEDICATION in needed and not (sites and sites <= set(regimen.sites)):
        return False
    return not regimen.sites or not sites or bool(sites & set(regimen.sites))
