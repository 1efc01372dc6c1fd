"""Which policies are in force for an order on a date of service; one look-up by code, however many policies are held."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from cds_service.fhir.codes import BILLED, Coding, key_of
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Selected:
    """A policy that lists a code of the order: the coding, and the version in force (None when no held version covers the date)."""

    policy_id: str
    coding: Coding
    policy: Policy | None


class Library:
    """The held policies, indexed by the value sets of the orders that they govern. Drafts are held and not in force."""

    def __init__(self, policies: Iterable[Policy], terminology: Terminology) -> None:
        self._terminology = terminology
        self._by_set: dict[str, list[Policy]] = {}
        self.versions: dict[str, list[Policy]] = {}
        for policy in policies:
            if policy.status == "draft":
                continue
            self.versions.setdefault(policy.id, []).append(policy)
            for id_ in policy.order_sets if policy.subject == "order" else ():
                self._by_set.setdefault(id_, []).append(policy)

    def select(self, codings: Iterable[Coding], on: date, speaks: Callable[[Policy], bool] = lambda _: True) -> list[Selected]:
        """The policies that govern an order with these codings on a date, each once.

        ``speaks`` tells which policies speak of the member; by default all do, since no payer is recognised.
        A policy whose version in force no longer (or does not yet) list the code is left out; one without a version
        for the date is named without it.
        """
        found: dict[str, Selected] = {}
        listed: dict[str, Coding] = {}
        for coding in codings:
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
        """The policies that would govern an order if the system of its code, which is not known, were one that is; by their ids.

        None where another coding of the order is in a system in which orders are billed: that one says what is ordered.
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

    def version(self, policy_id: str, version: str = "") -> Policy | None:
        """A held version of a policy by its date, the latest when none is named; None when there is none."""
        held = self.versions.get(policy_id, [])
        if not version:
            return max(held, key=lambda policy: policy.version, default=None)
        return next((policy for policy in held if policy.version.isoformat() == version), None)
