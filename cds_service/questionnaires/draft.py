"""The draft QuestionnaireResponse that is handed out with a form.

It says whom and what it is for, and what is known already. What is filled in says that a program did it, so it never
comes back as evidence: the chart speaks for itself.

Source: Da Vinci DTR 2.2 and 2.0.1, profile of the response and its extensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from cds_service.content.content import Content
from cds_service.facts.fhir_value import write_value
from cds_service.facts.found.forms import form_base
from cds_service.fhir.coverage_information import TEMPORARY
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Code
from cds_service.questionnaires.form import DTR, Form
from cds_service.questionnaires.items import Item, coded

Json = dict[str, Any]
DtrVersion = Literal["2.0.1", "2.2"]
PURPOSES: Final = "http://hl7.org/fhir/us/davinci-crd/CodeSystem/coverage-information-codes"


class About(NamedTuple):
    """Whom and what a response is for.

    References ``Type/id`` to the patient, the Coverage and the orders, as far as there are any. ``purposes`` are codes
    of what the client does with the response (``retain-doc``, ``withpa``, …).
    """

    patient: str
    coverage: str = ""
    orders: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ("retain-doc",)


def draft_response(
    form: Form,
    about: About,
    authored: datetime,
    content: Content,
    our_url: str,
    known: Mapping[str, Evidence] | None = None,
    version: DtrVersion = "2.2",
) -> Json:
    """Make the draft response for a form.

    ``known`` are facts that the decision uses today, which are filled in; nothing else is. ``authored`` is the moment,
    with its zone.
    """
    items = [
        _item(item, (known or {}).get(item["linkId"]), content, our_url, version) for item in form.questionnaire.get("item", ())
    ]
    made: Json = {
        "resourceType": "QuestionnaireResponse",
        "meta": {"profile": [f"{DTR}dtr-questionnaireresponse"]},
        "extension": list(extensions_of(about, version)),
        "questionnaire": form.canonical,
        "status": "in-progress",
        "subject": {"reference": about.patient},
        "authored": authored.isoformat(timespec="seconds"),
    }
    return made | ({"item": items} if items else {})


def extensions_of(about: About, version: DtrVersion) -> list[Json]:
    """Return the extensions that name the Coverage, order and purposes.

    They are in the words of a version of DTR.
    """
    early = version == "2.0.1"
    made = [("qr-context" if early else "qr-coverage", about.coverage), *(("qr-context", order) for order in about.orders)]
    references: list[Json] = [{"url": DTR + url, "valueReference": {"reference": said}} for url, said in made if said]
    system = TEMPORARY if early else PURPOSES
    uses = [{"coding": [{"system": system, "code": purpose}]} for purpose in about.purposes]
    return [*references, *({"url": f"{DTR}intendedUse", "valueCodeableConcept": use} for use in uses)]


def _item(item: Item, known: Evidence | None, content: Content, our_url: str, version: DtrVersion) -> Item:
    made: Item = {"linkId": item["linkId"], "text": item["text"]}
    if known is None or known.value is None or isinstance(known.value, Code):
        return made
    definition = content.catalogue[item["linkId"]]
    if isinstance(known.value, str):
        answer = coded(definition, form_base(our_url), known.value)
    else:
        answer = write_value(known.value, definition.wanted)
        if "valueDateTime" in answer:
            answer = {"valueDate": answer["valueDateTime"]}
        if "valueRange" in answer:  # no item of a form takes a range
            return made
    source = {"url": "source", "valueCode": "auto" if version == "2.0.1" else "auto-server"}
    return made | {"answer": [{"extension": [{"url": f"{DTR}information-origin", "extension": [source]}], **answer}]}
