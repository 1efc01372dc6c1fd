"""The sitting: what is signed together in one call, on one chart.

It is read once for all of its orders, and forgotten with the call. Cost is then orders plus chart, not orders times
chart: what rests on the chart and the day alone is found for the first order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar

from cds_service.chart import Chart
from cds_service.fhir.codes import Coding
from cds_service.fhir.conclusions import concludes, conclusions
from cds_service.fhir.elements import codings, first_days, items, own_reference
from cds_service.fhir.medication import Doubt, doubt_of
from cds_service.fhir.own_words import spoken_against
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.fhir.value_sets import Carried, Terminology
from cds_service.fhir.vocabulary import Vocabulary
from cds_service.fhir.words_of_records import Heard, Unplaced, listen
from cds_service.order import Order
from cds_service.policy.known import Known
from cds_service.policy.values import Days

T = TypeVar("T")


class StatedReason(NamedTuple):
    """A diagnosis given as a reason, by an order or encounter."""

    coding: Coding
    carried: Carried | None
    when: Days | None
    resource: str
    unconfirmed: bool
    concept: Any = None


Reason = tuple[Any, Days | None, str, bool]
"""A reason as it was written.

It is the concept, its day, the resource that states it, and whether the diagnosis is unconfirmed.
"""


def by_value_set(reasons: Iterable[Reason], terminology: Terminology) -> dict[str, list[StatedReason]]:
    """Group reasons by the value sets that hold them.

    Each counts once for a set.
    """
    found: dict[str, list[StatedReason]] = {}
    for concept, when, said, unconfirmed in reasons:
        seen: set[str] = set()
        doubted = unconfirmed or bool(spoken_against(concept))
        for coding in codings(concept):
            for id_, carried in terminology.holding(coding.system, coding.code).items():
                if id_ not in seen:
                    seen.add(id_)
                    found.setdefault(id_, []).append(StatedReason(coding, carried, when, said, doubted, concept))
    return found


class DatedChart:
    """A chart as it is seen on a day of service.

    It is the same whichever order of that day is judged. ``own`` are the orders that are no evidence: those signed
    together, and those that the order replaces or carries out. ``reasons`` are the diagnoses that encounters give as
    reasons, by the value sets that hold them, and ``concluded`` those that results and reports come to.
    ``for_appointment`` says that what is judged is an appointment, for which an order on file may have been made.
    """

    def __init__(
        self,
        chart: Chart,
        as_of: date,
        own: frozenset[str],
        reasons: Mapping[str, list[StatedReason]],
        concluded: Mapping[str, list[StatedReason]],
        for_appointment: bool,
        shared: bool,
    ) -> None:
        self.for_appointment: Final = for_appointment
        self.chart: Final = chart
        self.as_of: Final = as_of
        self.own: Final = own
        self.reasons: Final = reasons
        self.concluded: Final = concluded
        self._shared = shared
        self._heard: tuple[Vocabulary, Mapping[str, list[Heard]]] | None = None
        self._known: dict[frozenset[tuple[str, str]], Known] = {}
        self._once: dict[object, Any] = {}

    def heard(self, vocabulary: Vocabulary) -> Mapping[str, list[Heard]]:
        """Return what the chart says in words, by fact.

        The fact is the one that the words speak of.
        """
        if self._heard is None or self._heard[0] is not vocabulary:
            own = self.own
            found = {
                fact: kept
                for fact, said in self.chart.heard(vocabulary).items()
                if (kept := [one for one in said if one.resource not in own])
            }
            self._heard = (vocabulary, found)
        return self._heard[1]

    @cached_property
    def unplaced(self) -> Mapping[tuple[str, str], list[Unplaced]]:
        """Records with codes of no known system.

        They are keyed by their type and the value sets that would hold their codes.
        """
        own = self.own
        return {
            place: kept for place, held in self.chart.unplaced.items() if (kept := [one for one in held if one.resource not in own])
        }

    def once(self, key: object, make: Callable[[], T]) -> T:
        """Make something for the first that wants it, and keep it.

        It is made of the chart as it is seen on the day; ``key`` names what is made.
        """
        if key not in self._once:
            self._once[key] = make()
        made: T = self._once[key]
        return made

    def known(self, unusable: Mapping[str, str]) -> Known | None:
        """Return what earlier orders found, or None.

        The same resources were unusable for them. None means that no other order is judged.
        """
        if not self._shared:
            return None
        return self._known.setdefault(frozenset(unusable.items()), Known())


class Sitting:
    """The orders signed together, and their chart.

    ``shared`` says that several of them are judged, one after the other. ``encounter`` is the id of the encounter in
    which they are signed, where the call names one.
    """

    def __init__(self, chart: Chart, signing: tuple[Order, ...], shared: bool = False, encounter: str = "") -> None:
        self.encounter: Final = f"Encounter/{encounter.removeprefix('Encounter/')}" if encounter else ""
        self.chart: Final = chart
        self.signing: Final = signing
        self.shared: Final = shared
        self._references = frozenset([order.reference for order in signing])
        self._seen: dict[tuple[date, frozenset[str], bool], DatedChart] = {}
        self._once: dict[object, Any] = {}
        self._heard: tuple[Vocabulary, list[tuple[Order, dict[str, list[Heard]]]]] | None = None

    def seen(self, as_of: date, replaced: frozenset[str], for_appointment: bool) -> DatedChart:
        """Return the chart as it is seen on a day.

        It is seen for an order, or an appointment, that replaces or carries out the orders ``replaced``.
        """
        key = (as_of, replaced, for_appointment)
        found = self._seen.get(key)
        if found is None:
            own = self._references | replaced if replaced else self._references
            found = self._seen[key] = DatedChart(self.chart, as_of, own, self.reasons, self.concluded, for_appointment, self.shared)
        return found

    def once(self, key: object, make: Callable[[], T]) -> T:
        """Make something for the first order that wants it, and keep it.

        ``key`` names all that it depends on besides the chart.
        """
        if key not in self._once:
            self._once[key] = make()
        made: T = self._once[key]
        return made

    @cached_property
    def reasons(self) -> Mapping[str, list[StatedReason]]:
        """Diagnoses that encounters give as reasons, by value set.

        The value sets are those that hold them.
        """
        stated: list[Reason] = []
        for encounter in self.chart.of("Encounter"):
            if encounter.get("status") not in ("entered-in-error", "cancelled"):
                when, said = first_days(encounter, "period"), own_reference(encounter)
                stated += [(concept, when, said, False) for concept in items(encounter.get("reasonCode"))]
        return by_value_set(stated, self.chart.terminology)

    @cached_property
    def concluded(self) -> Mapping[str, list[StatedReason]]:
        """Diagnoses that results and reports come to, by value set.

        The value sets are those that hold them. Nobody has made them a diagnosis of the patient.
        """
        stated: list[Reason] = [
            (concept, when, said, True)
            for kind in ("DiagnosticReport", "Observation")
            for resource in self.chart.of(kind)
            if concludes(kind, resource)
            for concept, when, said in conclusions(kind, resource)
        ]
        return by_value_set(stated, self.chart.terminology) if stated else {}

    @cached_property
    def ordered(self) -> frozenset[str]:
        """The value sets that hold any code of the orders."""
        holding = self.chart.terminology.holding
        return frozenset([id_ for order in self.signing for coding in order.codings for id_ in holding(coding.system, coding.code)])

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The value sets that hold any code of the sitting.

        Codes are those of the chart, of its encounters' reasons, of what results and reports conclude, and of the orders.
        """
        return self.chart.mentioned.union(self.reasons, self.concluded, self.ordered)

    @cached_property
    def doubts(self) -> tuple[tuple[Order, Doubt], ...]:
        """Medicines among the orders that codes do not identify.

        They are named in words only, or could not be read.
        """
        drafts = [order for order in self.signing if order.kind == "MedicationRequest" and order.stands]
        found = [(order, doubt_of(order.said, self.chart.terminology)) for order in drafts]
        return tuple([(order, doubt) for order, doubt in found if doubt is not None])

    def heard(self, vocabulary: Vocabulary) -> list[tuple[Order, dict[str, list[Heard]]]]:
        """Return what each order that stands says in words.

        Orders that say nothing are left out; what the others say comes by the fact it speaks of.
        """
        if self._heard is None or self._heard[0] is not vocabulary:
            found: list[tuple[Order, dict[str, list[Heard]]]] = []
            for order in self.signing:
                said: dict[str, list[Heard]] = {}
                concepts = [one for name in CODE_ELEMENTS[order.kind] for one in items(order.resource.get(name))]
                if order.stands:
                    listen(vocabulary, order.kind, order.resource, concepts, self.chart.terminology, said)
                if said:
                    found.append((order, said))
            self._heard = (vocabulary, found)
        return self._heard[1]
