"""The orders that a call is about.

They are found again by their context, or judged from what the call itself brings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.content.content import Content
from cds_service.content.payers import Member, recognise
from cds_service.decision import Decision
from cds_service.facts.extract import Facts
from cds_service.fhir.codes import written
from cds_service.fhir.elements import Resource, items, own_reference, patient_of
from cds_service.fhir.resource_types import ASKED_FOR
from cds_service.judgement import decide, judge_policy
from cds_service.order import Order, read_order
from cds_service.questionnaires.remembered import RememberedFacts
from cds_service.store.contexts import ContextsWanted
from cds_service.store.store import Store
from cds_service.store.tables import ContextRow

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""The id of an assertion: a UUID made of names."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One order under one policy for one member, as it stands now.

    ``facts`` are those that it was judged on. ``kept_at`` is when the chart was read; None where it is not known at
    all. ``assertion`` is the id of the assertion that asked; empty where none did.
    """

    case: Case
    decision: Decision
    facts: Facts
    member: Member
    kept_at: datetime | None
    assertion: str = ""


@dataclass(frozen=True, slots=True)
class Openers:
    """Opener of orders over a content.

    ``our_url`` is the service's public address, ``store`` where contexts are kept, if anywhere.
    """

    content: Content
    our_url: str
    store: Store | None

    def rows(self, issuer: str, context: str, now: datetime) -> list[ContextRow]:
        """Return a client's contexts under an id; none where nothing is kept.

        A context that a client names may not be written yet, and is waited for. What is no id of an assertion of ours is
        not looked for. Raises StoreFailed.
        """
        return self.store.contexts(issuer, context, now) if self.store and _ID.fullmatch(context) else []

    def rows_of(self, issuer: str, wanted: ContextsWanted, now: datetime) -> list[ContextRow]:
        """Return a client's contexts of orders that hooks were called for.

        Raises StoreFailed.
        """
        return self.store.contexts_of(issuer, wanted, now) if self.store else []

    def of_row(self, row: ContextRow, responses: Iterable[Resource] = (), coverage: str = "") -> Opened | None:
        """Return the order of a context, judged with the answers of responses.

        None where its policy version or its payer is no longer held. An order that was decided meanwhile is opened with
        the decision's outcome alone: nothing of it is kept.
        """
        policy = self.content.library.version(row.policy, row.version)
        payer = next((one for one in self.content.payers if one.id == row.payer), None)
        if policy is None or payer is None or row.facts is None:
            return None
        kind, _, id_ = row.order_reference.partition("/")
        stub = {
            "resourceType": kind,
            "id": id_,
            "subject": {"reference": row.patient},
            "authoredOn": row.date_of_service.isoformat(),
        }
        order = read_order(stub, 0, row.date_of_service)
        chart = Chart(responses, self.content.terminology, row.patient.removeprefix("Patient/"), row.unsearched)
        coding = written(row.code) if row.code else None
        case = Case(chart, order, (order,), row.date_of_service, coding, self.our_url, None, policy.form)
        facts = RememberedFacts(case, self.content, row.facts)
        member = Member(payer, coverage or row.coverage)
        decision = judge_policy(policy, coding, row.order_reference, facts, case, (member,))
        return Opened(case, decision, facts, member, row.kept_at, row.id)

    def of_order(self, resource: Resource, coverages: tuple[Resource, ...], today: date) -> list[Opened]:
        """Open an order that no hook was called for, once per policy.

        It is judged from itself alone, with nothing searched.
        """
        patient = patient_of(resource).removeprefix("Patient/")
        order = read_order(resource, 0, today)
        chart = Chart((*coverages, *self._contained(coverages)), self.content.terminology, patient, ASKED_FOR)
        case = Case(chart, order, (order,), order.date_of_service, None, self.our_url)
        found = []
        for decision in decide(case, self.content):
            if decision.policy and decision.members:
                form = decision.policy.form
                own = Case(chart, order, (order,), case.as_of, decision.coding, self.our_url, None, form)
                found.append(Opened(own, decision, Facts(own, self.content.catalogue), decision.members[0], None))
        return found

    @staticmethod
    def _contained(coverages: Iterable[Resource]) -> Iterator[Resource]:
        for coverage in coverages:
            for one in items(coverage.get("contained")):
                if isinstance(one, dict) and one.get("resourceType") == "Organization":
                    yield one

    def members(self, coverages: tuple[Resource, ...], today: date) -> tuple[Member, ...]:
        """Return the recognised payers of some coverages.

        Each is of the person that the coverage is for, whoever that is.
        """
        found: list[Member] = []
        for coverage in coverages:
            patient = beneficiary(coverage).removeprefix("Patient/")
            chart = Chart((coverage, *self._contained((coverage,))), self.content.terminology, patient)
            found += recognise(chart, self.content.payers, today)
        return tuple(found)

    def rows_of_orders(
        self, issuer: str, orders: Iterable[Resource], members: Iterable[Member], now: datetime
    ) -> dict[int, list[ContextRow]]:
        """Return the contexts of a call's orders, by their places.

        They are those for the members that the call is about. Raises StoreFailed.
        """
        named = [(own_reference(resource), patient_of(resource)) for resource in orders]
        theirs = {(member.coverage, member.payer.id) for member in members}
        wanted = ContextsWanted({own for own, _ in named}, {coverage for coverage, _ in theirs}, {patient for _, patient in named})
        rows = [row for row in self.rows_of(issuer, wanted, now) if (row.coverage, row.payer) in theirs]
        return {at: [row for row in rows if (row.order_reference, row.patient) == order] for at, order in enumerate(named)}

    def selects(self, row: ContextRow, resource: Resource, today: date) -> bool:
        """Tell whether an order still falls under its context's policy version.

        The order is taken as it is now.
        """
        order: Order = read_order(resource, 0, today)
        chosen = self.content.library.select(order.codings, order.date_of_service)
        return any(one.policy and (one.policy.id, one.policy.version.isoformat()) == (row.policy, row.version) for one in chosen)


def beneficiary(coverage: Resource) -> str:
    """Return ``Patient/id`` of the person a Coverage is for."""
    return patient_of({"subject": coverage.get("beneficiary")}) if coverage.get("beneficiary") else ""
