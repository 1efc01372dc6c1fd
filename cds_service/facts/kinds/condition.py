"""Diagnoses as evidence.

They are Conditions, the reasons on the order itself, and the reasons of encounters.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from cds_service.case import Case
from cds_service.facts.fhir_value import partial_date
from cds_service.facts.found.diagnoses import SoughtDiagnosis, diagnoses
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import CODED, Declaration, ValueType, types_of
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.wording import SayingEntry
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Interval, LookBack
from cds_service.sitting import DatedChart


class ConditionEvidence(EvidenceKind):
    """A diagnosis with a code in ``codes``.

    It gives ``gives``, or what its code carries, or plain yes. A refuted diagnosis is evidence against; a provisional
    one decides nothing.

    - ``history``: whether a diagnosis that is over counts; with ``history: asks`` it ends the silence, and with ``asks_for`` only
      so long after it ended (else after its day).
    - ``remission``: a diagnosis in remission counts as one that stands, since it is still being treated. Where it names a value
      set, only one with a code in that set does; any other in remission ends the silence.
    - ``uncertain``: the codes only hint: they end the silence and decide nothing. What the order names as its reason hints
      at what is so on the day of the order, whenever it was recorded.
    - ``undated``: a diagnosis without any date counts as of the day it is read, while it is active; with ``undated: asks``, for
      what ages or is over at once, it decides nothing.
    - ``dated_by``: a diagnosis is dated by its record; an event with ``dated_by: onset`` by its onset where it names one (a
      history is written down long after); a state of one pregnancy with ``dated_by: onset of long before`` by an onset that lies
      further back than a pregnancy is long.
    - ``body_site``: a value set of sites, for codes wider than a site. They decide only for a diagnosis whose ``bodySite`` is in
      it, say nothing where it is elsewhere (a code that carries false), and end the silence where it is not stated or not read.
    - ``severity`` and ``stage``: value sets of what qualifies the diagnosis. Only one so qualified counts, and it gives what that
      code carries (false: not so severe, not so far), else what it gave without. A severity that is not read ends the silence.
    - ``concluded``: with ``concluded: asks``, the same code as the coded conclusion of a report or the coded value of an
      Observation ends the silence.
    - ``healing``: with ``healing: asks``, an injury or complication that ICD-10-CM codes as healing (its seventh character D)
      only ends the silence: what it left may be closed.
    - ``acute``: how long such an illness lasts at most. One whose onset lies further back from its record only ends the
      silence: it was written down long after.
    - ``refuted``: with ``refuted: says nothing``, a refuted diagnosis is no evidence against, since the fact may be so by
      another: it only leaves an earlier one of the same code open.
    - ``doubted``: what makes an entry with such a code one of another kind: another of its codes, or its words. It only ends the
      silence then. So does one that is also coded as ruled out, as of the family, or (where only a current one counts) as past.
    - ``ends``: what it says ends by its nature, at no time that is known: an answered "no" that is newer decides. Beside any other
      diagnosis that speaks always, is no event, neither ``acute`` nor asked when ``undated``, it is asked about while it stands.
    """

    declared: ClassVar = Declaration("condition", CODED)

    codes: str
    gives: bool | str | None = None
    history: bool | Literal["asks"] = False
    asks_for: str = ""
    remission: bool | str = False
    uncertain: bool = False
    undated: Literal["counts", "asks"] = "counts"
    dated_by: Literal["record", "onset", "onset of long before"] = "record"
    healing: Literal["counts", "asks"] = "counts"
    concluded: Literal["", "asks"] = ""
    acute: str = ""
    refuted: Literal["denies", "says nothing"] = "denies"
    body_site: str = ""
    severity: str = ""
    stage: str = ""
    doubted: SayingEntry | None = None
    ends: bool = False

    @model_validator(mode="after")
    def _asks_of_what_is_over(self) -> ConditionEvidence:
        if self.asks_for and self.history != "asks":
            raise ValueError("asks_for says how long what is over ends the silence; it goes with 'history: asks'")
        if self.asks_for:
            LookBack.parse(self.asks_for)
        return self

    @cached_property
    def asked_back(self) -> LookBack | None:
        """How long what is over ends the silence; None for no limit."""
        return LookBack.parse(self.asks_for) if self.asks_for else None

    @cached_property
    def lasts_at_most(self) -> LookBack | None:
        """How long such an illness lasts at most; None for no limit."""
        return LookBack.parse(self.acute) if self.acute else None

    @cached_property
    def sought(self) -> SoughtDiagnosis:
        """What the finder is given."""
        return SoughtDiagnosis(
            self.codes,
            self.gives,
            self.history,
            self.asked_back,
            self.remission is True,
            self.uncertain,
            self.undated,
            self.dated_by,
            self.healing,
            self.body_site,
            self.severity,
            self.stage,
            self.shelf_life is None,
            self.concluded == "asks",
            self.lasts_at_most,
            self.remission if isinstance(self.remission, str) else "",
            self.refuted == "denies",
            self.doubted.sought if self.doubted is not None else None,
        )

    @property
    def lasts(self) -> bool:
        ages = self.shelf_life is not None or self.undated == "asks" or self.dated_by != "record"
        return not (ages or self.uncertain or self.ends or self.acute or self.healing == "asks")

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> list[Evidence]:
        return diagnoses(self.sought, seen, wanted)

    def with_order(self, case: Case, wanted: Wanted, in_chart: list[Evidence]) -> list[Evidence]:
        own = case.own_reasons.get(self.codes)
        found = diagnoses(self.sought, case.seen, wanted, own) if own else in_chart
        return _as_reasons(found, case) if self.uncertain and found and case.named_reasons else found

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def can_give(self) -> frozenset[ValueType]:
        return self.declared.gives if self.gives is None else types_of(self.gives)

    def writes(self) -> tuple[bool | str, ...]:
        return () if self.gives is None else (self.gives,)

    def needs(self) -> tuple[Need, ...]:
        return (Need("Condition"), Need("Encounter"))

    def value_sets(self) -> tuple[str, ...]:
        named = (self.codes, self.body_site, self.severity, self.stage)
        return tuple(id_ for id_ in (*named, *self.qualifying(), *self._doubts()) if id_)

    def _doubts(self) -> tuple[str, ...]:
        return self.doubted.value_sets() if self.doubted is not None else ()

    def qualifying(self) -> tuple[str, ...]:
        return (self.remission,) if isinstance(self.remission, str) else ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        value = evidence.value
        if self.uncertain or value is None:
            raise CannotImagine("this diagnosis only hints")
        refuted = False
        if value is False and self.refuted != "denies":
            raise CannotImagine("to refute a diagnosis does not say it")
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


def _as_reasons(found: list[Evidence], case: Case) -> list[Evidence]:
    """Return hints, dated by the order where they are its reason.

    Whenever such a diagnosis was recorded, it is what the order is for.
    """
    on, named = case.reasoned_on, case.named_reasons
    return [one._replace(when=on) if one.resource in named and _is_before(one.when, on) else one for one in found]


def _is_before(when: Days | None, day: Days) -> bool:
    return when is None or when.last < day.first


def _saying(chart: ImaginedChart, value_set: str, yes: bool) -> dict[str, Any]:
    """Make a concept of a set of qualifiers, for yes or no.

    Raises CannotImagine where no code of the set says it.
    """
    concept = (chart.concept(value_set) or chart.concept(value_set, True)) if yes else chart.concept(value_set, False)
    if concept is None:
        raise CannotImagine(f"no code of {value_set} says {'yes' if yes else 'no'}")
    return concept


def _status(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}
