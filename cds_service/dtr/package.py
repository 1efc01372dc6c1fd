"""``$questionnaire-package``: forms, each in a Bundle with its draft response.

They are the forms of an order, a context or a canonical. What is refused and what is only warned of follows the
operation.

Sources: Da Vinci DTR 2.2 and 2.0.1, operation questionnaire-package.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from cds_service.content.forms import NamedForm, NotHeld, named_form
from cds_service.content.payers import Member
from cds_service.decision import DecisionOutcome
from cds_service.dtr.opened import Opened, Openers, beneficiary
from cds_service.dtr.parameters import PackageAsked, asked_in, refused, where
from cds_service.dtr.versions import Spoken
from cds_service.fhir.elements import Resource, own_reference, patient_of
from cds_service.hooks.received.faults import RequestIssue, operation_outcome
from cds_service.policy.evidence import Evidence, Standing
from cds_service.questionnaires.draft import About, draft_response
from cds_service.questionnaires.form import form_named, open_form
from cds_service.store.tables import ContextRow

Json = dict[str, Any]
UNKNOWN: Final = "no decision is held for this context; send the order instead"


@dataclass(slots=True)
class _Package:
    """The forms that go out, and what is told besides.

    Each form comes with whom it is for.
    """

    forms: dict[str, tuple[NamedForm, About, Opened | None]] = field(default_factory=dict)
    warnings: list[RequestIssue] = field(default_factory=list)
    told: list[RequestIssue] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Packages:
    """The operation that makes packages.

    ``content_changed`` is when the content that forms are made of last changed.
    """

    openers: Openers
    content_changed: datetime

    def package(self, body: bytes, spoken: Spoken, today: date, now: datetime, issuer: str) -> Json:
        """Return the answer to a client's call.

        Raises Unusable for a call that cannot be answered, StoreFailed where contexts cannot be read.
        """
        asked = asked_in(body, spoken)
        members = self.openers.members(asked.coverages, today)
        if not members:
            raise refused(
                404, where("coverage"), "no policies of this coverage's payer are held, or it is not in force", "not-found"
            )
        made = _Package(warnings=list(asked.not_understood))
        named = self._named(asked.canonicals, members, made)
        opened = self._opened(asked, members, today, now, issuer, made)
        if asked.orders or asked.context:
            self._add_opened(opened, named, asked, made)
        else:
            about = About(beneficiary(asked.coverages[0]), own_reference(asked.coverages[0]))
            for one in named:
                made.forms.setdefault(one.of.canonical("", one.facts, adaptive=one.adaptive), (one, about, None))
        return self._written(made, asked, spoken, now)

    def _named(self, canonicals: Iterable[str], members: tuple[Member, ...], made: _Package) -> list[NamedForm]:
        """Return the forms that a call names.

        One that is not held, or of another payer's policy, is a warning.
        """
        found: list[NamedForm] = []
        for canonical in canonicals:
            try:
                one = named_form(canonical, self.openers.content.forms, self.openers.our_url)
            except NotHeld as error:
                made.warnings.append(RequestIssue(where("questionnaire"), f"a form is not held: {error}", "not-found"))
                continue
            if any(member.has(one.of.policy) for member in members):
                found.append(one if self.openers.store or not one.adaptive else _standard(one, made))
            else:
                made.warnings.append(RequestIssue(where("questionnaire"), "a form is not of this coverage's payer", "not-found"))
        return found

    def _opened(
        self, asked: PackageAsked, members: tuple[Member, ...], today: date, now: datetime, issuer: str, made: _Package
    ) -> list[Opened]:
        """Return the orders that the call is about, as they stand now."""
        if asked.context:
            return self._by_context(asked, members, today, now, issuer, made)
        found: list[Opened] = []
        kept = self.openers.rows_of_orders(issuer, asked.orders, members, now)
        for at, resource in enumerate(asked.orders):
            about = patient_of(resource)
            if about and all(about != beneficiary(coverage) for coverage in asked.coverages):
                raise refused(422, where("order"), "the order is for another patient than the Coverage", "business-rule")
            rows = [row for row in kept[at] if self.openers.selects(row, resource, today)]
            known = [one for row in rows if (one := self.openers.of_row(row)) is not None]
            self._tell_decided(rows, made)
            if not rows:
                known = self.openers.of_order(resource, asked.coverages, today)
                if not known:
                    made.warnings.append(
                        RequestIssue(where("order"), "no policy of this coverage's payer speaks of an order", "not-found")
                    )
            found += known
        return found

    def _by_context(
        self, asked: PackageAsked, members: tuple[Member, ...], today: date, now: datetime, issuer: str, made: _Package
    ) -> list[Opened]:
        patients = {beneficiary(coverage) for coverage in asked.coverages}
        mine = {(member.payer.id, member.coverage) for member in members}
        rows = [
            row
            for row in self.openers.rows(issuer, asked.context, now)
            if row.patient in patients and (row.payer, row.coverage) in mine
        ]
        if not rows:
            raise refused(404, where("context"), UNKNOWN, "not-found")
        if asked.orders:
            orders = [one for one in asked.orders if own_reference(one) == rows[0].order_reference]
            if not orders:
                raise refused(422, where("order"), "the order is not the one of the context", "business-rule")
            rows = [row for row in rows if self.openers.selects(row, orders[0], today)]
            if not rows:
                raise refused(422, where("order"), "the order is of another service or day than at its context", "business-rule")
        self._tell_decided(rows, made)
        return [one for row in rows if (one := self.openers.of_row(row)) is not None]

    def _tell_decided(self, rows: Iterable[ContextRow], made: _Package) -> None:
        for row in rows:
            if row.facts is None:
                said = "the chart documents by now what was asked for; nothing more is needed here"
                made.told.append(RequestIssue(where("context"), said, "informational"))
            elif self.openers.content.library.version(row.policy, row.version) is None:
                made.warnings.append(
                    RequestIssue(where("context"), "its policy version is no more held; sign the order again", "not-found")
                )

    def _add_opened(self, opened: Iterable[Opened], named: list[NamedForm], asked: PackageAsked, made: _Package) -> None:
        """Add the forms of orders to the package.

        Where the call names forms, only those are added.
        """
        wanted = list(named)
        for one in opened:
            own = open_form(one.decision, self.openers.content)
            if own is None:
                if one.decision.outcome is not DecisionOutcome.NOT_DOCUMENTED:
                    said = "no documentation is needed: the order is decided, or no criteria hold for it"
                    made.told.append(RequestIssue("", said, "informational"))
                continue
            chosen = [form for form in named if form.of is own.of] if asked.canonicals else [own]
            if one.kept_at is None and any(form.adaptive for form in chosen):
                chosen = [_standard(form, made, own) if form.adaptive else form for form in chosen]
            wanted = [form for form in wanted if form.of is not own.of]
            for form in chosen:
                key = form.of.canonical("", form.facts, adaptive=form.adaptive)
                held = made.forms.get(key)
                orders = (*(held[1].orders if held else ()), one.decision.order)
                made.forms[key] = (form, About(one.case.chart.patient, one.member.coverage, orders), held[2] if held else one)
        made.warnings += [
            RequestIssue(where("questionnaire"), "a form does not ask for anything that is open", "not-found") for _ in wanted
        ]

    def _written(self, made: _Package, asked: PackageAsked, spoken: Spoken, now: datetime) -> Json:
        parameters: list[Json] = []
        for form, about, opened in made.forms.values():
            changed = max(self.content_changed, opened.kept_at or now) if opened else self.content_changed
            if asked.changed_since is None or changed > asked.changed_since:
                parameters.append({"name": spoken.bundle, "resource": self._bundle(form, about, opened, spoken, now)})
        told = operation_outcome(made.told, "information")["issue"] if made.told and not parameters else []
        warned = operation_outcome(made.warnings, "warning")["issue"] if made.warnings else []
        if told or warned:
            parameters.append({"name": spoken.outcome, "resource": {"resourceType": "OperationOutcome", "issue": [*warned, *told]}})
        return {"resourceType": "Parameters"} | ({"parameter": parameters} if parameters else {})

    def _bundle(self, named: NamedForm, about: About, opened: Opened | None, spoken: Spoken, now: datetime) -> Json:
        content, our_url = self.openers.content, self.openers.our_url
        form = form_named(named, content, our_url)
        known = used(opened, named.facts) if opened else {}
        draft = draft_response(form, about, now, content, our_url, known, spoken.version)
        resources: list[Resource] = [form.questionnaire, draft]
        return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def _standard(form: NamedForm, made: _Package, own: NamedForm | None = None) -> NamedForm:
    """Return the form sent in the place of an adaptive one.

    It is the order's ``own``, else all that the policy asks: an adaptive form goes on from what is kept of its order.
    """
    said = "nothing is kept from which an adaptive form could go on; the one that asks everything at once is sent instead"
    made.warnings.append(RequestIssue(where("questionnaire"), said, "not-supported"))
    return own or NamedForm(form.of, form.of.facts)


def used(opened: Opened, facts: Iterable[str]) -> dict[str, Evidence]:
    """Return the evidence of some facts that the decision uses today.

    It is the latest usable evidence of each fact; where two of one day differ, none.
    """
    found: dict[str, Evidence] = {}
    as_of = opened.case.as_of
    open_ = set(opened.decision.asks)
    for fact in facts:
        usable = [
            one for one in opened.facts[fact].evidence if one.standing is Standing.USABLE and one.when and one.when.last <= as_of
        ]
        if fact in open_ or not usable:
            continue
        latest = max(usable, key=lambda one: one.when.last if one.when else date.min)
        if all(one.value == latest.value for one in usable if one.when == latest.when):
            found[fact] = latest
    return found
