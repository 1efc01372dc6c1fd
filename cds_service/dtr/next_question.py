"""``$next-question``: an adaptive form, a few questions at a time.

Each call judges what the chart said together with the answers so far, and asks the next questions. What the chart said
is found by what the response names: order, Coverage and patient. Nothing of the answers is kept.

Source: Da Vinci DTR 2.2 and 2.0.1, adaptive forms; SDC, operation next-question.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from cds_service.content.forms import NamedForm, NotHeld, named_form
from cds_service.decision import DecisionOutcome, shortest_way
from cds_service.dtr.answers_checked import refuse_unreadable
from cds_service.dtr.opened import Opened, Openers
from cds_service.dtr.package import UNKNOWN
from cds_service.dtr.parameters import MOST, references, refused, response_in
from cds_service.dtr.versions import Spoken
from cds_service.facts.found.forms import canonical_of, contained_form, every_item
from cds_service.fhir.elements import Resource, items, patient_of, text
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.fhir.validation import faults
from cds_service.hooks.answered.coverage_information import asserted
from cds_service.hooks.received.conversation import Conversation
from cds_service.hooks.received.faults import RequestIssue, Unusable
from cds_service.questionnaires.form import questions_of
from cds_service.questionnaires.items import Item
from cds_service.store.contexts import ContextsWanted

Json = dict[str, Any]
AT_ONCE: Final = 4
"""The most questions that one call asks.

With several there are fewer calls; with so few, an answer seldom makes another question of the same call needless.
"""
LAST: Final = "clinical-complete"
LAST_SAID: Final = "These are the last clinical questions; nothing more is asked after them."
COVERAGE_INFORMATION: Final = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"


@dataclass(frozen=True, slots=True)
class Talk:
    """The operation that continues adaptive forms."""

    openers: Openers

    def next(self, body: bytes, spoken: Spoken, today: date, now: datetime, issuer: str) -> Json:
        """Return a client's response with the next questions, or completed.

        Raises Unusable, and StoreFailed where contexts cannot be read.
        """
        response = response_in(body)
        named, form = self._form(response)
        refuse_malformed(response)
        every = questions_of(named, named.of.facts, self.openers.content, self.openers.our_url)
        asked = asked_so_far(form, every)
        refuse_unreadable(response, form, self.openers.content)
        opened = self._opened(response, named, now, issuer)
        made = deepcopy(response)
        contained = contained_form(made) or {}
        questions = self._next(opened, named, asked)
        if questions:
            more = [item for item in every if item["linkId"] in questions]
            more.sort(key=lambda item: questions.index(item["linkId"]))
            rest = [fact for fact in named.of.asking(opened.decision.asks) if fact not in asked and fact not in questions]
            if not rest and not any(item.get("linkId") == LAST for item in every_item(contained)):
                more.append({"linkId": LAST, "text": LAST_SAID, "type": "display"})
            contained["item"] = [*(contained.get("item") or []), *more]
            made["status"] = "in-progress"
        else:
            made["status"] = "completed"
            made["extension"] = [*_without_assertion(made), *self._assertion(opened, spoken, today)]
        if spoken.bare:
            return made
        return {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": made}]}

    def _form(self, response: Resource) -> tuple[NamedForm, Json]:
        """Return a response's adaptive form, and the form it contains."""
        form = contained_form(response)
        if form is None or form.get("resourceType") != "Questionnaire" or len(response["contained"]) != 1:
            raise refused(
                400, "QuestionnaireResponse.contained", "one adaptive Questionnaire, which 'questionnaire' names by '#id'"
            )
        try:
            named = named_form(canonical_of(response), self.openers.content.forms, self.openers.our_url)
        except NotHeld as error:
            where = "QuestionnaireResponse.contained[0].derivedFrom"
            raise refused(404, where, f"the form is not held: {error}", "not-found") from None
        return named, form

    def _opened(self, response: Resource, named: NamedForm, now: datetime, issuer: str) -> Opened:
        """Return the order that a response is for, judged with its answers."""
        patient = patient_of(response)
        contexts = references(response, "qr-context", "qr-coverage")
        if len(contexts) > MOST:
            said = f"at most {MOST} orders and coverages may be named at once"
            raise refused(400, "QuestionnaireResponse.extension", said, "too-costly")
        coverages = [one for one in contexts if one.startswith("Coverage/")]
        orders = [one for one in contexts if one.partition("/")[0] in CODE_ELEMENTS]
        if not patient or not coverages or not orders:
            raise refused(400, "QuestionnaireResponse.extension", "its patient, Coverage and order are needed", "required")
        answers = response | {"id": response.get("id") or "adaptive", "status": "completed"}
        answers.setdefault("authored", now.isoformat(timespec="seconds"))
        policy = named.of.policy
        payers = {payer.id for payer in self.openers.content.payers if payer.governs(policy)}
        for row in self.openers.rows_of(issuer, ContextsWanted(set(orders), set(coverages), {patient}), now):
            if row.payer not in payers or (row.policy, row.version) != (policy.id, policy.version.isoformat()):
                continue
            if (opened := self.openers.of_row(row, [answers])) is not None:
                return opened
        raise refused(404, "QuestionnaireResponse.extension", UNKNOWN, "not-found")

    def _next(self, opened: Opened, named: NamedForm, asked: frozenset[str]) -> list[str]:
        """Return the facts to ask for next.

        Those of the shortest way come first, and none is asked for twice.
        """
        decision = opened.decision
        if decision.outcome is not DecisionOutcome.NOT_DOCUMENTED:
            return []
        way = [fact for fact in named.of.asking(shortest_way(decision)) if fact not in asked]
        rest = [fact for fact in named.of.asking(decision.asks) if fact not in asked]
        return (way or rest)[:AT_ONCE]

    def _assertion(self, opened: Opened, spoken: Spoken, today: date) -> Iterable[Json]:
        """Return what is asserted of the order now.

        It is under the id of the assertion that asked. No authorization is given unasked.
        """
        conversation = Conversation(spoken.version, {"unsolicited-determ": False})
        extension = asserted(opened.case, opened.decision, self.openers.content, today, conversation, opened.assertion)
        return [extension] if extension else []


def _without_assertion(response: Resource) -> list[Json]:
    """Return a response's extensions but for an earlier assertion."""
    held = response.get("extension") or []
    return [one for one in held if not (isinstance(one, dict) and one.get("url") == COVERAGE_INFORMATION)]


def refuse_malformed(response: Resource) -> None:
    """Refuse a response that is not valid FHIR.

    Raises Unusable with the elements.
    """
    if response.get("status") not in ("in-progress", "completed", "amended"):
        raise refused(400, "QuestionnaireResponse.status", "a response that is being filled in is in-progress", "value")
    found = faults(response)
    if found:
        raise Unusable(
            400,
            [
                RequestIssue(f"QuestionnaireResponse.{one.element}" if one.known else "", one.said, "structure")
                for one in found[:20]
            ],
        )


def asked_so_far(form: Json, every: Iterable[Item]) -> frozenset[str]:
    """Return the facts that a contained form asks for.

    Raises Unusable where it does not ask as we do, or asks one thing twice.
    """
    ours = {item["linkId"]: item for item in every}
    asked: list[str] = []
    for item in form.get("item") or []:
        link = str(item.get("linkId")) if isinstance(item, dict) else ""
        if link == LAST:
            continue
        if not _as_asked(item, ours.get(link)):
            raise refused(400, "QuestionnaireResponse.contained[0].item", "a question is not as it was asked", "business-rule")
        asked.append(link)
    if len(set(asked)) < len(asked):
        raise refused(400, "QuestionnaireResponse.contained[0].item", "a question stands twice", "duplicate")
    return frozenset(asked)


def _as_asked(item: Any, ours: Item | None) -> bool:
    """Tell whether an item is as we asked it.

    What only explains it may be left out; an answer that stands there before anybody gave one may not.
    """
    if ours is None or not isinstance(item, dict) or item.get("initial"):
        return False
    below = {one["linkId"]: one for one in items(ours.get("item"))}
    same = all(item.get(part) == ours.get(part) for part in ("text", "type", "answerOption", "answerValueSet", "enableWhen"))
    held = [one if isinstance(one, dict) else {} for one in items(item.get("item"))]
    return same and all(_as_asked(one, below.get(text(one.get("linkId")))) for one in held)
