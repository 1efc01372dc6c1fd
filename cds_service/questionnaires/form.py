"""Forms as FHIR R4 Questionnaires.

A form asks a decision's open questions, or all that a policy can ask, or is adaptive and without questions yet.

Sources: Da Vinci DTR 2.2 and 2.0.1, profiles of questionnaires; SDC adaptive questionnaires.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from cds_service.content.content import Content
from cds_service.content.forms import NamedForm, named_form
from cds_service.decision import Decision, DecisionOutcome
from cds_service.facts.found.forms import form_base
from cds_service.questionnaires.items import Item, item_of

Json = dict[str, Any]
DTR: Final = "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/"
ADAPTS: Final = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-questionnaireAdaptive"
_SECONDS: Final = {"boolean": 5, "choice": 5, "quantity": 15, "date": 15}
"""Seconds that a question takes to answer, by its type.

For lists it is DTR's own measure; numbers and days take longer because they have to be looked up.
"""
_TIMES: Final = ((60, "under-1min"), (180, "under-3min"), (300, "under-5min"))


@dataclass(frozen=True, slots=True)
class Form:
    """One form: its canonical, the facts it asks for, and the Questionnaire.

    The ``canonical`` is ``url|version``; the facts are in their order. ``named`` is what its canonical says, from which
    the form is made again.
    """

    canonical: str
    facts: tuple[str, ...]
    questionnaire: Json
    named: NamedForm


def form_of(decision: Decision, content: Content, our_url: str) -> Form | None:
    """Return the form for exactly the open questions of a decision.

    The shortest way comes first; None where nothing can be asked. ``our_url`` is the service's public address, which
    its canonicals begin with; where it is empty they are names of ours. The answers come back under the facts' names:
    ``facts.found.answers`` reads them for every order that is judged.
    """
    named = open_form(decision, content)
    return form_named(named, content, our_url) if named else None


def open_form(decision: Decision, content: Content) -> NamedForm | None:
    """Name the form for the open questions of a decision.

    None where nothing can be asked. Cheap: no form is made.
    """
    policy = decision.policy
    if policy is None or decision.outcome is not DecisionOutcome.NOT_DOCUMENTED:
        return None
    of = content.forms.get(policy.form)
    facts = of.asking(decision.asks) if of else ()
    return NamedForm(of, facts) if of and facts else None


def canonical_of_form(named: NamedForm, our_url: str) -> str:
    """Return the canonical (``url|version``) of a form."""
    return named.of.canonical(our_url, named.facts, adaptive=named.adaptive)


def form_by_canonical(canonical: str, content: Content, our_url: str) -> Form:
    """Return the form of a canonical.

    Raises NotHeld with the reason where there is none.
    """
    return form_named(named_form(canonical, content.forms, our_url), content, our_url)


def form_named(named: NamedForm, content: Content, our_url: str) -> Form:
    """Return the form that a name stands for."""
    canonical = canonical_of_form(named, our_url)
    return Form(canonical, named.facts, _questionnaire(named, canonical, content, our_url), named)


def questions_of(named: NamedForm, facts: Iterable[str], content: Content, our_url: str) -> list[Item]:
    """Return the items for some facts of a policy's form."""
    base, of = form_base(our_url), named.of
    return [item_of(content.catalogue[fact], base, of.helps[fact], dated=fact in of.dated) for fact in facts]


def _questionnaire(named: NamedForm, canonical: str, content: Content, our_url: str) -> Json:
    policy = named.of.policy
    url, _, version = canonical.partition("|")
    title = f"{policy.title}: what is not documented"
    period = {"start": policy.effective_from.isoformat()}
    if policy.effective_until:
        period["end"] = policy.effective_until.isoformat()
    profile = "dtr-questionnaire-adapt-search" if named.adaptive else "dtr-std-questionnaire"
    made: Json = {
        "resourceType": "Questionnaire",
        "meta": {"profile": [DTR + profile]},
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{escape(title)}</div>'},
        "extension": _extensions(named, content, our_url),
        "url": url,
        "version": version,
        "name": "".join(word.capitalize() for word in named.of.name.split("-")),
        "title": title,
        "status": "active",
        "experimental": False,
        "subjectType": ["Patient"],
        "publisher": "cds_service",
        "effectivePeriod": period,
    }
    if not named.adaptive:
        made["item"] = questions_of(named, named.facts, content, our_url)
    return made


def _extensions(named: NamedForm, content: Content, our_url: str) -> list[Json]:
    of = named.of
    asked = of.facts if named.adaptive else named.facts
    time = _time(sum(_SECONDS[content.catalogue[fact].entry.type] for fact in asked))
    times = [{"url": part, "valueCode": time} for part in ("clinicalTime", "totalTime")]
    made: list[Json] = [{"url": ADAPTS, "valueUrl": form_base(our_url).rstrip("/")}] if named.adaptive else []
    return [
        *made,
        {"url": f"{DTR}questionnaireAudience", "valueCode": "clinical"},
        {"url": f"{DTR}estimated-completion-time", "extension": times},
        {"url": f"{DTR}request-specific", "valueBoolean": True},
    ]


def _time(seconds: int) -> str:
    return next((code for most, code in _TIMES if seconds < most), "over-5min")
