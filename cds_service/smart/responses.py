"""Answers as a QuestionnaireResponse to one of our forms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from cds_service.content.content import Content
from cds_service.fhir.elements import Resource, own_reference
from cds_service.policy.model import Policy
from cds_service.questionnaires.draft import About, extensions_of
from cds_service.questionnaires.form import DTR
from cds_service.smart.sessions import Session

_BY_A_PERSON: Final = {"url": f"{DTR}information-origin", "extension": [{"url": "source", "valueCode": "manual"}]}


class GivenAnswer(NamedTuple):
    """One answer: its fact, the question, and what FHIR has."""

    fact: str
    asked: str
    answer: dict[str, Any]


def canonical(answers: Sequence[GivenAnswer], policies: Sequence[Policy], content: Content, our_url: str) -> str:
    """Return the canonical of the form that asks just these facts.

    Of several policies that govern the order it is that one's whose form asks the most of them.
    """
    facts = [one.fact for one in answers]
    forms = [form for policy in policies if (form := content.forms.get(policy.form))]
    form = max(forms, key=lambda one: len(one.asking(facts)))
    return form.canonical(our_url, form.asking(facts))


def response(answers: Sequence[GivenAnswer], form: str, order: Resource, session: Session, now: datetime) -> Resource:
    """Make the response to a form (its canonical), for an order."""
    granted = session.granted
    about = {"reference": own_reference(order)}
    patient = f"Patient/{granted.patient}"
    made: Resource = {
        "resourceType": "QuestionnaireResponse",
        "extension": extensions_of(About(patient, orders=(about["reference"],)), "2.2"),
        "questionnaire": form,
        "status": "completed",
        "subject": {"reference": patient},
        "authored": now.isoformat(timespec="milliseconds"),
        "item": [
            {"linkId": fact, "text": asked, "answer": [{"extension": [_BY_A_PERSON], **answer}]} for fact, asked, answer in answers
        ],
    }
    if order["resourceType"] == "ServiceRequest":  # of orders, R4 lets a response be based on these alone
        made["basedOn"] = [about]
    if granted.encounter:
        made["encounter"] = {"reference": f"Encounter/{granted.encounter}"}
    if session.user:
        made["author"] = {"reference": session.user}
    return made
