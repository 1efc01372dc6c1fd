"""The page of a session.

The order judged on the chart as it is, its open questions as a form, and what becomes of the answers.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cds_service.case import Case
from cds_service.decision import Decision
from cds_service.fhir.elements import Resource, own_reference
from cds_service.hooks.gathered.client_server import ServerAccess
from cds_service.order import Order
from cds_service.policy.model import Policy
from cds_service.said.asked import way
from cds_service.smart.app import SmartApp
from cds_service.smart.chart_reading import Offered, access_to, name_of, person_named, read_patient, with_medicine
from cds_service.smart.judging import judge
from cds_service.smart.order_shown import ANOTHER as ANOTHER_ORDER
from cds_service.smart.order_shown import order_shown
from cds_service.smart.questions import EVERY, UNSAVED, QuestionField, answered, asked_of, corrigible, filled_in, typed_answers
from cds_service.smart.responses import GivenAnswer, canonical, response
from cds_service.smart.saving import Saved, may_save, save
from cds_service.smart.sessions import Session
from cds_service.web.finding_view import DecisionView, decision_view

SAVES: Final = "smart save"
"""The name under which forms that have saved are stored."""
NOTHING: Final = "There is nothing to save: no question has an answer yet."
SLIPS: Final = "Nothing was saved: an answer cannot be read. It is marked below."
NOT_CLOSED: Final = "Not closed: the answers below are not saved. Save them, or close without saving, at the end of the page."
AGAIN: Final = "These answers were sent already, and were not sent again. What you see is judged on the chart as it is now."
SAVED: Final = "Saved in the EHR, read back, and judged once more on the chart as it is now."
NOT_FOUND_YET: Final = (
    "Saved in the EHR and read back. Its search does not find the answers yet, so they are not judged below; the next signing reads"
    " them as soon as it does."
)


@dataclass(frozen=True, slots=True)
class Unsearched:
    """A resource type that was not searched, or not whole, and why."""

    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class SessionPage:
    """What a page shows.

    ``once`` is the name under which its form can be saved a single time. ``together`` says how the first questions go
    together, ``good`` that the note is good news, ``bad`` that it is bad. ``typed`` are answers whose order is not shown any
    more. ``leaving`` says that the person wants to close, and has answers that are not saved.
    """

    person: str
    order: str = ""
    order_name: str = ""
    day: str = ""
    views: tuple[DecisionView, ...] = ()
    presumed: tuple[tuple[str, str], ...] = ()
    unsearched: tuple[Unsearched, ...] = ()
    questions: tuple[QuestionField, ...] = ()
    offered: tuple[Offered, ...] = ()
    unread: tuple[str, ...] = ()
    note: str = ""
    together: str = ""
    good: bool = False
    bad: bool = False
    leaving: bool = False
    may_save: bool = False
    once: str = ""
    typed: tuple[tuple[str, str], ...] = ()

    @property
    def answers(self) -> bool:
        """Whether answers stand on the page that are not in the chart."""
        return any(one.filled for one in self.questions)

    @property
    def ways(self) -> tuple[tuple[QuestionField, ...], tuple[QuestionField, ...], tuple[QuestionField, ...]]:
        """The questions by where they stand.

        Those on the shortest way, those on others, and what is answered in the chart already.
        """
        return (
            tuple(one for one in self.questions if one.first and not one.before),
            tuple(one for one in self.questions if not one.first and not one.before),
            tuple(one for one in self.questions if one.before),
        )

    @property
    def counted(self) -> bool:
        """True where an answer on the page can be read."""
        return any(one.filled and not one.slip for one in self.questions)


class SessionWork:
    """What one request does for a session: it reads, judges, saves.

    It lives as long as the request.
    """

    def __init__(self, app: SmartApp, session: Session, sent: Mapping[str, str], shown: Iterable[str] = ()) -> None:
        """Take the form of a request.

        ``sent`` is the form as it came, empty where the page is opened; ``shown`` are the facts that it asked for, in order.
        """
        self._app, self._session, self._sent = app, session, sent
        self._shown = tuple(shown)
        self._access: ServerAccess = access_to(app, session)

    def page(self, *, saving: bool = False, leaving: bool = False) -> SessionPage:
        """Make the page, after saving where that is wanted.

        ``leaving`` says that a person wants to close the session with answers that are not saved.

        Raises Unusable for an order that cannot be judged.
        """
        granted = self._session.granted
        patient = read_patient(self._access, granted.patient)
        shown = order_shown(
            self._app,
            self._session,
            self._access,
            ANOTHER_ORDER if self._sent.get("do") == ANOTHER_ORDER else self._sent.get("order", ""),
        )
        person = person_named(patient) or f"Patient {granted.patient}"
        if shown.order is None:
            typed = tuple(typed_answers(self._sent, self._app.content))
            return SessionPage(person, offered=shown.offered, unread=shown.unread, note=shown.note, typed=typed)
        order = with_medicine(self._app, self._access, shown.order)
        filled, answers = self._answers(order)
        note, good = "", False
        saved = Saved()
        if saving:
            note, saved = self._saved(filled, answers)
            good = bool(saved.reference)
            if good or note == AGAIN:
                filled, answers = [], None
        unsaved = [answers | {"id": UNSAVED}] if answers else []
        decided = judge(self._app, self._session, shown.order, patient, unsaved)
        if good and not any(case.chart.get(saved.reference) for case, _ in decided):
            note = NOT_FOUND_YET
        made = self._made(person, order, decided, filled, NOT_CLOSED if leaving else note)
        return replace(made, good=good, bad=leaving or bool(note and not good and note != AGAIN), leaving=leaving)

    def answers(self) -> Resource | None:
        """Return what was filled in; None where nothing can be read."""
        shown = order_shown(self._app, self._session, self._access, self._sent.get("order", ""))
        return self._answers(with_medicine(self._app, self._access, shown.order))[1] if shown.order else None

    def _policies(self, order: Order) -> list[Policy]:
        selected = self._app.content.library.select(order.codings, order.date_of_service)
        return [one.policy for one in selected if one.policy]

    def _answers(self, order: Order) -> tuple[list[QuestionField], Resource | None]:
        """Read what was filled in.

        Returns the fields with their slips, and what could be read as a QuestionnaireResponse.
        """
        content, url = self._app.content, self._app.public_url
        policies = self._policies(order)
        read = list(answered(filled_in(self._sent, policies, content, url), content, url))
        filled = [one for one, _ in read]
        good = [GivenAnswer(one.fact, one.asked, answer) for one, answer in read if answer is not None]
        if not good:
            return filled, None
        form = canonical(good, policies, content, url)
        return filled, response(good, form, order.resource, self._session, self._app.now())

    def _saved(self, filled: list[QuestionField], answers: Resource | None) -> tuple[str, Saved]:
        """Save the answers, and say what is to be told of it.

        Nothing is sent where there is nothing to save, or this form has saved its answers already.
        """
        if any(one.slip for one in filled):
            return SLIPS, Saved()
        if answers is None:
            return NOTHING, Saved()
        once = self._sent.get("once", "")[:64]
        if not self._app.store.first_use(once, SAVES, self._session.granted.ends):
            return AGAIN, Saved()
        saved = save(answers, self._session, self._app.outbound, access_to(self._app, self._session))
        return SAVED if saved.reference else saved.why if saved.unsure else f"Not saved. {saved.why}", saved

    def _made(
        self, person: str, order: Order, decided: list[tuple[Case, Decision]], filled: list[QuestionField], note: str
    ) -> SessionPage:
        content = self._app.content
        decisions = [decision for _, decision in decided]
        asked = asked_of(decisions, content, self._app.public_url)
        asked += corrigible(decisions, content, self._app.public_url)
        views = tuple(decision_view(case, decision, content) for case, decision in decided)
        return SessionPage(
            person,
            own_reference(order.resource),
            name_of(order, content),
            order.date_of_service.isoformat(),
            views,
            _presumed(decided),
            _unsearched(decided),
            _in_order(filled, asked, self._shown),
            note=note,
            together=next((way(one, content, most=EVERY).together for one in decisions if one.asks), ""),
            may_save=may_save(self._session),
            once=secrets.token_urlsafe(24),
        )


def _in_order(filled: list[QuestionField], asked: list[QuestionField], shown: tuple[str, ...]) -> tuple[QuestionField, ...]:
    """Put what was filled in and what is open in order.

    Each question stays where it was before; what is asked anew comes behind.
    """
    found = {one.fact: one for one in asked}
    for one in filled:
        open_ = found.get(one.fact, one)
        found[one.fact] = replace(one, doubt=open_.doubt, before=open_.before)
    places = {fact: place for place, fact in enumerate(shown)}
    last = len(places)
    asked_at = {fact: place for place, fact in enumerate(found)}
    return tuple(sorted(found.values(), key=lambda one: (places.get(one.fact, last), asked_at[one.fact])))


def _presumed(decided: list[tuple[Case, Decision]]) -> tuple[tuple[str, str], ...]:
    """List what silence was taken to mean, with the reasons."""
    found: dict[tuple[str, str], None] = {}
    for _, decision in decided:
        for leaf in decision.presumed:
            presumption: Any = getattr(leaf.criterion, "presumption", None)
            if presumption:
                found[f"{leaf.criterion.says} {leaf.outcome.value.capitalize()}.", presumption.because] = None
    return tuple(found)


def _unsearched(decided: list[tuple[Case, Decision]]) -> tuple[Unsearched, ...]:
    """List what was not searched, or not whole, and why.

    The words of the hooks speak of clients; here the client is the EHR.
    """
    found: dict[str, str] = {}
    for case, decision in decided:
        why = {one.resource: one.why for one in case.chart.set_aside if one.resource in case.chart.unsearched}
        found |= why | {kind: why.get(kind, "it was not searched") for kind in decision.unsearched}
    return tuple(Unsearched(kind, why.replace("the client's", "the EHR's")) for kind, why in found.items())
