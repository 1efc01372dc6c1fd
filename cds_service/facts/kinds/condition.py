"""Diagnoses as evidence: Conditions, the reasons on the order itself, and the reasons of encounters."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal

from pydantic import model_validator

from cds_service.chart import Case
from cds_service.facts.found.diagnoses import diagnoses
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Interval, LookBack


class ConditionEvidence(EvidenceKind):
    """A diagnosis with a code in ``codes``. It gives ``gives``, or what its code carries, or plain yes.

    A refuted diagnosis is evidence against; a provisional one decides nothing. One that is over counts only with ``history``,
    and ends the silence with ``history: asks``; with ``asks_for`` only so long after it ended (else after its day). With
    ``remission``, one in remission counts as one that stands: it is treated on.
    With ``uncertain``, the codes only hint: they end the silence and decide nothing. A diagnosis without any date speaks of the
    day it is read while it is active; with ``undated: asks``, for what ages or is over at once, it decides nothing. It is dated by
    its record; an event with ``dated_by: onset`` by its onset where it names one (a history is written down long after), a state of
    one pregnancy with ``dated_by: onset of long before`` by an onset that lies further back than a pregnancy is long.

    ``body_site`` names a value set of sites: codes wider than a site decide only for a diagnosis whose ``bodySite`` is in it, say
    nothing where it is elsewhere (a code that carries false), and end the silence where it is not stated or not read.
    ``severity`` and ``stage`` name value sets of what qualifies the diagnosis: only one so qualified counts, and it gives what that
    code carries (false: not so severe, not so far), else what it gave without. A severity that is not read ends the silence.
    """

    codes: str
    gives: bool | str | None = None
    history: bool | Literal["asks"] = False
    asks_for: str = ""
    remission: bool = False
    uncertain: bool = False
    undated: Literal["counts", "asks"] = "counts"
    dated_by: Literal["record", "onset", "onset of long before"] = "record"
    body_site: str = ""
    severity: str = ""
    stage: str = ""

    @model_validator(mode="after")
    def _asks_of_what_is_over(self) -> ConditionEvidence:
        if self.asks_for and self.history != "asks":
            raise ValueError("asks_for says how long what is over ends the silence; it goes with 'history: asks'")
        if self.asks_for:
            LookBack.parse(self.asks_for)
        return self

    @cached_property
    def asked_back(self) -> LookBack | None:
        """How long what is over ends the silence; None for as long as one likes."""
        return LookBack.parse(self.asks_for) if self.asks_for else None

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return diagnoses(self, case, wanted)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Condition"), Need("Encounter"))

    def value_sets(self) -> tuple[str, ...]:
        return tuple(id_ for id_ in (self.codes, self.body_site, self.severity, self.stage) if id_)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        value = evidence.value
        if self.uncertain or value is None:
            raise CannotImagine("this diagnosis only hints")
        refuted = False
        graded = self.severity or self.stage
        if graded and isinstance(value, bool) and self.gives is None:
            self._imagine_graded(evidence, graded, chart)
            return
        if self.gives is not None:
            refuted = value == (not self.gives) if isinstance(self.gives, bool) else False
            concept = chart.any_concept(self.codes) if refuted or value == self.gives else None
            if refuted and self.gives is False:
                concept = None
        elif wanted.type == "boolean":
            concept, refuted = chart.any_concept(self.codes), value is False
        else:
            concept = chart.nearest(self.codes, value) if isinstance(value, Interval) else chart.concept(self.codes, value)
        if concept is None or (refuted and evidence.standing is Standing.UNCERTAIN):
            raise CannotImagine("no diagnosis says this")
        verified = "refuted" if refuted else "provisional" if evidence.standing is Standing.UNCERTAIN else "confirmed"
        chart.add(
            "Condition",
            clinicalStatus=_status("condition-clinical", "active") if not refuted else None,
            verificationStatus=_status("condition-ver-status", verified),
            code=concept,
            bodySite=[_saying(chart, self.body_site, True)] if self.body_site and not refuted else None,
            recordedDate=partial_date(evidence.when) if evidence.when else None,
        )

    def _imagine_graded(self, evidence: Evidence, graded: str, chart: ImaginedChart) -> None:
        grade = _saying(chart, graded, evidence.value is True)
        verified = "provisional" if evidence.standing is Standing.UNCERTAIN else "confirmed"
        chart.add(
            "Condition",
            clinicalStatus=_status("condition-clinical", "active"),
            verificationStatus=_status("condition-ver-status", verified),
            code=chart.any_concept(self.codes),
            severity=grade if self.severity else None,
            stage=[{"summary": grade}] if self.stage else None,
            recordedDate=partial_date(evidence.when) if evidence.when else None,
        )


def _saying(chart: ImaginedChart, value_set: str, yes: bool) -> dict[str, Any]:
    """A concept of a set of qualifiers that says yes, or no."""
    concept = (chart.concept(value_set) or chart.concept(value_set, True)) if yes else chart.concept(value_set, False)
    if concept is None:
        raise CannotImagine(f"no code of {value_set} says {'yes' if yes else 'no'}")
    return concept


def _status(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}
