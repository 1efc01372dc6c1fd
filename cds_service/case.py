"""The case of one order.

It holds the order's chart, its date of service, and everything signed together with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

from cds_service.chart import Chart
from cds_service.fhir.codes import Coding, is_known
from cds_service.fhir.elements import Resource, days, items, reference, status_code, text
from cds_service.fhir.medication import Doubt
from cds_service.fhir.vocabulary import ORDER, Vocabulary
from cds_service.fhir.words_of_records import Heard, Unplaced, in_force, listen
from cds_service.order import Order, replaced_by
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart, Reason, Sitting, StatedReason, by_value_set


@dataclass(frozen=True)
class Case:
    """One order of one patient on its date of service.

    ``signing`` is everything signed together with it. ``coding`` is the one by which a policy selected the order: what
    holds for another coding is not said of this one. ``our_url`` is what stands before the service's addresses, and so
    before the canonical URLs of its forms; it may be empty. ``form`` names the forms of the policy that judges it
    (``Policy.form``), where one does: answers to another's do not count. ``sitting`` is what all cases of a call read
    together; without it, a case reads for itself alone.
    """

    chart: Chart
    order: Order
    signing: tuple[Order, ...]
    as_of: date
    coding: Coding | None = None
    our_url: str = ""
    sitting: Sitting | None = None
    form: str = ""

    @cached_property
    def together(self) -> Sitting:
        """The sitting: what is signed together, with the chart."""
        return self.sitting or Sitting(self.chart, self.signing)

    @cached_property
    def seen(self) -> DatedChart:
        """The chart as it is seen on the date of service.

        It is shared by every order of the call that replaces the same orders.
        """
        return self.together.seen(self.as_of, frozenset(replaced_by(self.order)), self.order.kind == "Appointment")

    def other_orders(self) -> Iterable[Order]:
        """Return the orders signed with this one that stand."""
        return (other for other in self.signing if other is not self.order and other.stands)

    @property
    def signed_after(self) -> frozenset[str]:
        """The orders that stand after this one in its signing.

        They are told by their references; where another has the same, or where there is no id, an order is left out.
        """
        names = Counter(other.reference for other in self.signing if "/" in other.reference)
        return frozenset(
            [one.reference for one in self.signing if one.position > self.order.position and names[one.reference] == 1]
        )

    @cached_property
    def own_reasons(self) -> Mapping[str, list[StatedReason]]:
        """Diagnoses that the order itself gives as reasons, by value set.

        The value sets are those that hold them.
        """
        order, on = self.order, self.reasoned_on
        stated: list[Reason] = [(concept, on, order.reference, False) for concept in items(order.resource.get("reasonCode"))]
        stated += [(concept, on, order.reference, unconfirmed) for concept, unconfirmed in self._contained_reasons()]
        return by_value_set(stated, self.chart.terminology) if stated else {}

    def _contained_reasons(self) -> Iterator[tuple[Any, bool]]:
        """Yield the codes of diagnoses that the order contains as its reason.

        Each comes with whether it is unconfirmed. What is about somebody else is none of its reasons.
        """
        for reason in items(self.order.resource.get("reasonReference")):
            held = self.contained(reason)
            if held is not None and self.chart.is_about(held):
                verified = status_code(held.get("verificationStatus"))
                if verified not in UNTRUE:
                    yield held.get("code"), verified in UNCONFIRMED

    @cached_property
    def named_reasons(self) -> Mapping[str, Resource]:
        """Diagnoses of the chart that the order names as its reason.

        What is over or refuted is none: it is not what the order is for now.
        """
        named = [reference(one) for one in items(self.order.resource.get("reasonReference"))]
        held = {name: self.chart.get(name) for name in named if name.startswith("Condition/")}
        return {name: one for name, one in held.items() if one is not None and in_force(one, history=False)}

    def contained(self, named: Any) -> Resource | None:
        """Return the resource that the order contains under this reference."""
        name = reference(named)
        held = [one for one in items(self.order.resource.get("contained")) if isinstance(one, dict)] if name[:1] == "#" else []
        return next((one for one in held if f"#{one.get('id')}" == name), None)

    def in_words(self, named: Any) -> str:
        """Return the words of a reference to no diagnosis at hand.

        The empty string where it has none, or where the diagnosis is in the chart or in the order.
        """
        name = reference(named)
        at_hand = self.contained(named) or (name.startswith("Condition/") and self.chart.get(name))
        return "" if at_hand or not isinstance(named, dict) else text(named.get("display"))

    @property
    def reasoned_on(self) -> Days:
        """The day that the order's reasons speak of.

        It is when the order was written, but not after the date of service.
        """
        written = days(self.order.resource.get("authoredOn"))
        return written if written and written.last <= self.as_of else Days.on(self.as_of)

    @property
    def own(self) -> frozenset[str]:
        """The orders that are no evidence for this one.

        They are those signed together, and those that it replaces or carries out.
        """
        return self.seen.own

    def heard(self, vocabulary: Vocabulary) -> Mapping[str, list[Heard]]:
        """Return what is said in words, by the fact it speaks of.

        Read are the chart, the order's reasons and its own words, and the other orders.
        """
        reasons = list(items(self.order.resource.get("reasonCode")))
        reasons += [code for code, _ in self._contained_reasons()]
        reasons += [diagnosis.get("code") for diagnosis in self.named_reasons.values()]
        reasons += [{"text": words} for one in items(self.order.resource.get("reasonReference")) if (words := self.in_words(one))]
        said: dict[str, list[Heard]] = {}
        if reasons:
            listen(vocabulary, "Condition", self.order.resource, reasons, self.chart.terminology, said)
        if ORDER in vocabulary.kinds:
            described = [{"text": one} for one in (*self.described[2], *self.beside_description["own names"])]
            listen(vocabulary, ORDER, self.order.resource, described, self.chart.terminology, said)
        for other, by_fact in self.together.heard(vocabulary) if len(self.signing) > 1 else ():
            if other is not self.order:
                for fact, more in by_fact.items():
                    said.setdefault(fact, []).extend(more)
        in_chart = self.seen.heard(vocabulary)
        return {**in_chart, **{fact: [*in_chart.get(fact, ()), *more] for fact, more in said.items()}} if said else in_chart

    @cached_property
    def unplaced(self) -> Mapping[tuple[str, str], list[Unplaced]]:
        """Records with codes of no known system.

        They are keyed by their type and the value sets that would hold their codes.
        """
        found: dict[tuple[str, str], list[Unplaced]] = {}
        for concept in items(self.order.resource.get("reasonCode")):
            listed = [one for one in items(concept.get("coding")) if isinstance(one, dict)] if isinstance(concept, dict) else []
            if any(is_known(text(one.get("system")), text(one.get("code"))) for one in listed):
                continue
            for one in listed:
                for id_ in self.chart.terminology.possible(text(one.get("system")), text(one.get("code"))):
                    found.setdefault(("Condition", id_), []).append(Unplaced(self.order.reference, self.reasoned_on))
        for other in self.other_orders() if len(self.signing) > 1 else ():
            for id_ in self._unplaced_of(other):
                found.setdefault((other.kind, id_), []).append(Unplaced(other.reference, Days.on(self.as_of)))
        held = self.seen.unplaced
        return {**held, **{place: [*held.get(place, ()), *more] for place, more in found.items()}} if found else held

    def _unplaced_of(self, other: Order) -> Iterator[str]:
        """Find the value sets that might hold another order's unknown codes.

        Of two orders that may be for the same, the first is none besides.
        """
        if other.kind != "ServiceRequest" or any(is_known(*coding) for coding in other.codings):
            return
        own = self.described[0] if other.position > self.order.position else frozenset[str]()
        for coding in other.codings:
            possible = self.chart.terminology.possible(coding.system, coding.code)
            if own.isdisjoint(possible):
                yield from possible

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The value sets that hold any code of the case.

        Codes are those of the chart, of the orders signed together, and of their reasons.
        """
        mentioned = self.together.mentioned
        in_doubt = [self.chart.sets_in_doubt(doubt) for _, doubt in self.drafted_doubts]
        return mentioned.union(self.own_reasons, *in_doubt) if self.own_reasons or in_doubt else mentioned

    @cached_property
    def drafted_doubts(self) -> tuple[tuple[Order, Doubt], ...]:
        """Medicines signed with the order that codes do not identify.

        They are named in words only, or could not be read.
        """
        if len(self.signing) == 1:
            return ()
        return tuple([(order, doubt) for order, doubt in self.together.doubts if order is not self.order])

    @cached_property
    def unsearched(self) -> frozenset[str]:
        """The resource types that were not searched.

        They are the chart's, and Condition when the order's reason refers to one that is not here.
        """
        named = [reference(reason) for reason in items(self.order.resource.get("reasonReference"))]
        unseen = any(name.startswith("Condition/") and self.chart.get(name) is None for name in named)
        return self.chart.unsearched | {"Condition"} if unseen else self.chart.unsearched

    @cached_property
    def described(self) -> tuple[frozenset[str], list[Coding], list[str]]:
        """What describes the order.

        That is the value sets of its codings, the codings, and the words.
        """
        found, words = self.order.descriptions()
        holding = self.chart.terminology.holding
        return frozenset(id_ for coding in found for id_ in holding(coding.system, coding.code)), found, words

    @cached_property
    def beside_description(self) -> Mapping[str, list[str]]:
        """Words on the order that do not describe it, by place.

        They are the names of codes of no known system (``own names``) and of the others (``displays``), ``notes`` and
        ``reasons``.
        """
        order = self.order
        own, known = order.displays(known=False), order.displays(known=True)
        return {"own names": own, "displays": known, "notes": order.remarks(), "reasons": order.reasons()}

    @cached_property
    def reason_words(self) -> tuple[str, ...]:
        """The words of the order's reasons.

        They are those of ``reasonCode``, and of the diagnoses that ``reasonReference`` names or contains.
        """
        order = self.order.resource
        held = [self.chart.get(reference(reason)) for reason in items(order.get("reasonReference"))]
        concepts = [*items(order.get("reasonCode")), *(resource.get("code") for resource in held if resource)]
        concepts += [code for code, _ in self._contained_reasons()]
        return tuple(said for concept in concepts if isinstance(concept, dict) and (said := text(concept.get("text"))))


UNCONFIRMED: Final = frozenset({"provisional", "differential", "unconfirmed"})
"""Verification statuses of a diagnosis that is no evidence either way."""
UNTRUE: Final = frozenset({"refuted", "entered-in-error"})
"""Verification statuses of a diagnosis that the patient does not have."""
