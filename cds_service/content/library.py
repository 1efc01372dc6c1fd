"""The policies in force for an order on its date of service.

There is one look-up by code, however many policies are held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from cds_service.fhir.codes import BILLED, Coding, is_known, key_of
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.fhir.value_sets import Terminology
from cds_service.fhir.vocabulary import phrase_words, speaks_of
from cds_service.order import Order
from cds_service.policy.model import Policy
from cds_service.policy.remembered import remembered_of


@dataclass(frozen=True, slots=True)
class Selected:
    """A policy that lists a code of the order.

    ``policy`` is the version in force; None when no held version covers the date.
    """

    policy_id: str
    coding: Coding
    policy: Policy | None


class _Named(NamedTuple):
    """What words name the orders of a policy.

    They are the ingredients of its medicines, and the phrases of its file.
    """

    policy: Policy
    ingredients: frozenset[str]
    phrases: tuple[tuple[str, ...], ...]


class Library:
    """The held policies, indexed by the value sets of their orders.

    Drafts are held and not in force.
    """

    def __init__(self, policies: Iterable[Policy], terminology: Terminology) -> None:
        self._terminology = terminology
        self._by_set: dict[str, list[Policy]] = {}
        self._named: list[_Named] = []
        self.versions: dict[str, list[Policy]] = {}
        for policy in policies:
            if policy.status == "draft":
                continue
            self.versions.setdefault(policy.id, []).append(policy)
            remembered_of(policy.necessary_when, policy.not_necessary_when)
            for id_ in policy.order_sets if policy.subject == "order" else ():
                self._by_set.setdefault(id_, []).append(policy)
            if policy.subject == "order":
                phrases = tuple([phrase_words(phrase) for phrase in policy.order_names])
                self._named.append(_Named(policy, self._ingredients(policy.order_sets), phrases))

    def select(self, codings: Iterable[Coding], on: date, speaks: Callable[[Policy], bool] = lambda _: True) -> list[Selected]:
        """Return the policies that govern an order on a date.

        ``codings`` are the order's codes. Each policy is returned once. ``speaks`` tells which policies speak of the
        member; by default all do, since no payer is recognised. A policy whose version in force no longer (or does not
        yet) list the code is left out; one without a version for the date is named without it.
        """
        found: dict[str, Selected] = {}
        listed: dict[str, Coding] = {}
        for coding in self._terminology.medicines.plainest(tuple(codings)):
            for id_ in self._terminology.holding(coding.system, coding.code):
                for policy in filter(speaks, self._by_set.get(id_, ())):
                    listed.setdefault(policy.id, coding)
                    if policy.covers(on) and policy.id not in found:
                        found[policy.id] = Selected(policy.id, coding, policy)
        for policy_id, coding in listed.items():
            if policy_id not in found and not any(policy.covers(on) for policy in self.versions[policy_id]):
                found[policy_id] = Selected(policy_id, coding, None)
        return sorted(found.values(), key=lambda selected: selected.policy_id)

    def unplaced(self, codings: Iterable[Coding], speaks: Callable[[Policy], bool] = lambda _: True) -> dict[str, Coding]:
        """Return the policies that may govern a code of unknown system.

        They would govern the order if the system of its code were one that is known. The keys are their ids. None is
        returned where another coding of the order is in a system in which orders are billed: that one says what is
        ordered.
        """
        found: dict[str, Coding] = {}
        written = list(codings)
        if any(key_of(coding.system, coding.code).space in BILLED for coding in written):
            return found
        for coding in written:
            for id_ in self._terminology.possible(coding.system, coding.code):
                for policy in filter(speaks, self._by_set.get(id_, ())):
                    found.setdefault(policy.id, coding)
        return dict(sorted(found.items()))

    def named(self, order: Order, on: date, speaks: Callable[[Policy], bool] = lambda _: True) -> list[str]:
        """Return the ids of policies that govern what an order's words name.

        They would govern the order where none of its codes is listed. Words judge nothing, and a code that is read says
        what is ordered: none is returned where the order has a CPT or HCPCS code, or the code of a medicine that is
        known.
        """
        if any(self._says_what_it_is(coding) for coding in order.codings):
            return []
        words = order.names()
        spoken = {ingredient for one in words for ingredient in self._terminology.medicines.named(one)}
        found = [
            named.policy.id
            for named in self._named
            if named.policy.covers(on)
            and speaks(named.policy)
            and (not named.ingredients.isdisjoint(spoken) or any(speaks_of(named.phrases, one) for one in words))
        ]
        return sorted(dict.fromkeys(found))

    def may_govern(self, order: Order, on: date) -> bool:
        """Tell whether any policy speaks of an order, whoever pays.

        It does so by a code, by one of an unknown system, or by its words.
        """
        return bool(self.select(order.codings, on) or self.unplaced(order.codings) or self.named(order, on))

    def tells(self, order: Order) -> bool:
        """Tell whether anything says what is ordered.

        Then an order that no policy lists is governed by none. A code of a known system tells; of a medicine, one
        whose ingredients are known. Kinds of orders without a code say it by what they are.
        """
        if not CODE_ELEMENTS.get(order.kind):
            return True
        if order.kind == "MedicationRequest":
            return any(self._says_what_it_is(coding) for coding in order.codings)
        return any(is_known(coding.system, coding.code) for coding in order.codings)

    def _says_what_it_is(self, coding: Coding) -> bool:
        return key_of(coding.system, coding.code).space == "procedure" or self._terminology.medicines.knows(
            coding.system, coding.code
        )

    def _ingredients(self, order_sets: Iterable[str]) -> frozenset[str]:
        held = [self._terminology.sets[id_] for id_ in order_sets if id_ in self._terminology.sets]
        codings = [(system, code) for one in held for system, codes in one.systems.items() for code in codes]
        return frozenset([found for coding in codings for found in self._terminology.medicines.ingredients(*coding)])

    def version(self, policy_id: str, version: str = "") -> Policy | None:
        """Return a held version of a policy by its date.

        It is the latest when ``version`` is empty. Returns None when there is none.
        """
        held = self.versions.get(policy_id, [])
        if not version:
            return max(held, key=lambda policy: policy.version, default=None)
        return next((policy for policy in held if policy.version.isoformat() == version), None)
