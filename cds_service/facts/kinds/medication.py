"""Medicines as evidence: ordered, taken, given or stopped.

They are in the chart, or signed together with the order.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, Literal

from cds_service.case import Case
from cds_service.chart import UNREAD
from cds_service.facts.fhir_value import partial_date
from cds_service.facts.found.doubtful_medicines import RESOURCES
from cds_service.facts.found.medicines import SoughtMedicine, drafted, medicines
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import CODED, Declaration, ValueType, types_of
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.purpose import PurposeEntry
from cds_service.fhir.vocabulary import SpokenWords, Vocabulary
from cds_service.policy.evidence import NOT_RECOGNISED, NOT_SENT, Evidence, Standing
from cds_service.sitting import DatedChart

_BESIDE = ("MedicationDispense", "ServiceRequest", "Procedure")
State = Literal["draft", "active", "on-hold", "completed", "stopped"]


class MedicationEvidence(EvidenceKind):
    """A medicine with a code in ``codes`` and one of ``states``.

    It is in the chart or (``signed_with``) signed with this order. It gives ``gives``, else what its code carries, else
    yes.

    - ``because``: a value set of reasons: why it was stopped or given.
    - ``itself``: the order itself counts.
    - ``routes``: only what is given by a route in this value set counts; codes in ``routed`` say their route themselves.
    - ``not_routes``: what is given by routes in this value set alone does not count.
    - ``forms``: words for forms by which it is another medicine (``cream``). Where the record's words say one, it only
      ends the silence.
    - ``prevention``: what is one dose or lasts a day or two may be of prevention about an operation, and so may what is
      ordered with this order or on its day, without saying for how long. With ``asks`` it only ends the silence. With
      ``passed over`` the former does not count. Doses given on three days of a week are a treatment.
    - ``given_for``: what it must be given for, by every entry. Where all reasons of a record, or of the order that it
      carries out, are in one of the value sets ``others``, it does not count; another reason ends the silence, unless it is
      in one of the value sets ``diseases`` or its ``words`` speak of them. Without a reason, ``also`` says which ``medicines``
      only end the silence where the chart holds which other ``diseases`` (or ``words`` of them); but they count by a route
      in ``routes``, at a visit whose diagnoses are among those sought, and in the same week as a medicine in ``tied_by``
      that treats nothing else in the chart.
    - ``uncertain``: the medicine only hints at the fact: in the chart it ends the silence and decides nothing. One that
      could not be read is no hint, and a chart without medicines counts as searched all the same.

    Medicines that only words name, where they could be of ``codes``, those that could not be read, and those that are only
    proposed, or one of several options, are uncertain.
    Orders of services and procedures by a drug's code, and what was handed over, are read where they were sent: a chart
    without them counts as searched all the same.
    """

    declared: ClassVar = Declaration("medication", CODED)

    codes: str
    states: list[State]
    routes: str = ""
    not_routes: str = ""
    forms: list[str] = []
    routed: str = ""
    signed_with: bool = True
    itself: bool = False
    uncertain: bool = False
    because: str = ""
    given_for: list[PurposeEntry] = []
    prevention: Literal["", "asks", "passed over"] = ""
    gives: bool | str | None = None
    resources: list[
        Literal["MedicationRequest", "MedicationStatement", "MedicationAdministration", "MedicationDispense", "ServiceRequest"]
    ] = []

    @cached_property
    def sought(self) -> SoughtMedicine:
        """What the finder is given."""
        return SoughtMedicine(
            self.codes,
            tuple(self.states),
            self.routes,
            self.routed,
            self.signed_with,
            self.itself,
            self.because,
            self.gives,
            tuple(self.resources) or RESOURCES,
            tuple([purpose.sought for purpose in self.given_for]),
            self.not_routes,
            Vocabulary({"form": SpokenWords(tuple(self.forms), (), frozenset(), frozenset(), False)}) if self.forms else None,
            self.prevention,
        )

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> list[Evidence]:
        found = medicines(self.sought, seen, wanted)
        return [hint for e in found if (hint := _hint(e)) is not None] if self.uncertain else found

    def of_order(self, case: Case, wanted: Wanted) -> list[Evidence]:
        return [] if self.uncertain else drafted(self.sought, case, wanted)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes} if self.uncertain else {self.codes, UNREAD})

    def can_give(self) -> frozenset[ValueType]:
        return self.declared.gives if self.gives is None else types_of(self.gives)

    def writes(self) -> tuple[bool | str, ...]:
        return () if self.gives is None else (self.gives,)

    def needs(self) -> tuple[Need, ...]:
        types = self.sought.resources
        alone = all(kind in _BESIDE for kind in types)
        return tuple(Need(kind, beside=self.uncertain or (kind in _BESIDE and not alone)) for kind in types)

    def value_sets(self) -> tuple[str, ...]:
        return tuple(
            id_ for id_ in (self.codes, self.because, self.routes, self.not_routes, self.routed, *self.qualifying()) if id_
        )

    def qualifying(self) -> tuple[str, ...]:
        return tuple([id_ for purpose in self.given_for for id_ in purpose.value_sets()])

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if self.uncertain:
            raise CannotImagine("such a medicine only hints")
        wants = evidence.value if self.gives is None and evidence.value is not True else None
        concept = chart.concept(self.codes, wants) if wants is not None else chart.any_concept(self.codes)
        if concept is None or evidence.value is None or (self.gives is not None and evidence.value != self.gives):
            raise CannotImagine("no medicine says it")
        if evidence.value is False and self.gives is None:
            raise CannotImagine("no medicine says no")
        state = next((state for state in ("active", "completed", "stopped", "on-hold") if state in self.states), "draft")
        authored = partial_date(evidence.when) if evidence.when else None
        made: dict[str, Any] = {"status": state, "medicationCodeableConcept": concept}
        kind = self.resources[0] if self.resources else "MedicationRequest"
        if self.prevention and kind == "MedicationRequest":
            made["dispenseRequest"] = {"numberOfRepeatsAllowed": 1}
        if self.because:
            made["statusReason"] = chart.any_concept(self.because)
        given = {"route": chart.any_concept(self.routes)} if self.routes else {}
        if given:
            where = {"MedicationRequest": "dosageInstruction", "MedicationAdministration": "dosage"}
            made[where.get(kind, "dosage")] = given if kind == "MedicationAdministration" else [given]
        match kind:
            case "MedicationRequest":
                chart.add(kind, intent="order", authoredOn=authored, **made)
            case "MedicationStatement":
                made["statusReason"] = [made["statusReason"]] if self.because else None
                chart.add(kind, effectiveDateTime=authored, **made)
            case _:
                chart.add(kind, effectiveDateTime=authored, **{k: v for k, v in made.items() if k != "statusReason"})


def _hint(evidence: Evidence) -> Evidence | None:
    """Return a medicine as a hint.

    Returns None for one that could not be read.
    """
    if evidence.note in (NOT_RECOGNISED, NOT_SENT):
        return None
    if evidence.standing is not Standing.USABLE:
        return evidence
    return evidence._replace(standing=Standing.UNCERTAIN, note="the medicine only hints at it")
