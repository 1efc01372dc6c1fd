"""Writes ``docs/answers.md``: one conversation from the signed order to the decided one, and how many questions orders are asked.

Run ``python -m tests.dtr.answers_page`` after a change; a test holds the conversation to what the service says. ``--count`` renews the
figures too, which takes minutes.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any, Final
from unittest.mock import patch

import orjson
from flask.testing import FlaskClient

from cds_service.dtr import routes
from cds_service.fhir.coverage_information import URL
from cds_service.fhir.resource_types import KEYS
from cds_service.hooks.discovery import service_id
from cds_service.hooks.settings import Settings
from cds_service.policy.values import Interval, Value
from cds_service.serving.app import create_app
from cds_service.store.store import Store
from cds_service.store.upgrade import upgrade
from cds_service.vignettes.read import Vignette
from tests.conftest import held_content
from tests.dtr import talks
from tests.exchange import CPT, Json

PAGE: Final = Path(__file__).parent.parent.parent / "docs" / "answers.md"
FIGURES: Final = Path(__file__).parent / "questions_asked.json"
DAY: Final = date(2026, 3, 2)
WHO: Final = {"reference": "Patient/example"}
COVERAGE: Final[Json] = {
    "resourceType": "Coverage",
    "id": "example-coverage",
    "status": "active",
    "beneficiary": WHO,
    "payor": [{"identifier": {"system": "urn:cds-service:payer", "value": "lhcc"}}],
}
ORDER: Final[Json] = {
    "resourceType": "ServiceRequest",
    "id": "example-order",
    "status": "draft",
    "intent": "order",
    "subject": WHO,
    "authoredOn": DAY.isoformat(),
    "code": {"coding": [{"system": CPT, "code": "62362"}]},
}
ANSWERS: Final[Mapping[str, Value]] = {
    "trial_pain_reduction": Interval.exactly(60),
    "trial_side_effects_minimal": True,
    "body_supports_pump": True,
    "opioid_drug": True,
}
"""What the person types. The rest the chart already says."""
CHART: Final[Mapping[str, Value]] = {
    "pain_origin": "malignant",
    "noninvasive_pain_control_failed": True,
    "life_expectancy": Interval.exactly(6),
    "spine_imaging_clear": True,
}
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


def earlier_response() -> Json:
    """An earlier response in the chart, which a person gave to no form of ours."""
    catalogue = held_content().catalogue
    made = []
    for fact, value in CHART.items():
        item = {"answerOption": [{"valueCoding": {"code": one, "display": one}} for one in catalogue[fact].entry.choices]}
        made.append({"linkId": fact, "answer": [talks.answer(catalogue[fact], value, item)]})
    kept = {"resourceType": "QuestionnaireResponse", "id": "example-earlier", "status": "completed", "subject": WHO}
    return kept | {"authored": DAY.isoformat(), "item": made}


def signing(*responses: Json) -> Json:
    """The order-sign request: what the EHR prefetches, in which it found no more than this."""
    empty: Json = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    prefetch: Json = {key: empty for key in KEYS if key != "encounter"}
    prefetch |= {
        "patient": {"resourceType": "Patient", "id": "example", "birthDate": "1961-04-05"},
        "coverage": talks.bundle(COVERAGE),
    }
    prefetch["questionnaireResponses"] = talks.bundle(earlier_response(), *responses)
    return {
        "hook": "order-sign",
        "hookInstance": "5f0f6d2c-3c55-4a39-8b37-2a4c8c1d0001",
        "context": {
            "userId": "Practitioner/example",
            "patientId": "example",
            "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": ORDER}]},
        },
        "prefetch": prefetch,
    }


def conversation(client: FlaskClient) -> list[tuple[str, str, Json]]:
    """Every request and response, each with its heading."""
    told: list[tuple[str, str, Json]] = []
    sign = f"/cds-services/{service_id('order-sign')}"

    def call(heading: str, address: str, body: Json) -> Json:
        answered = client.post(address, json=body)
        assert answered.status_code == 200, answered.get_data(as_text=True)
        found: Json = orjson.loads(_MOMENT.sub(f"{DAY}T15:00:00+00:00", answered.get_data(as_text=True)))
        told.append((heading, f"POST {address}", body))
        told.append((f"{heading}: the answer", "200", found))
        return found

    first = call("The order is signed", sign, signing())
    (extension,) = [one for one in first["systemActions"][0]["resource"]["extension"] if one["url"] == URL]
    context = talks.parts(extension)["coverage-assertion-id"][0]
    parameters = [{"name": "coverage", "resource": COVERAGE}, {"name": "context", "valueString": context}]
    package = call(
        "The client asks for the form",
        "/fhir/Questionnaire/$questionnaire-package",
        {"resourceType": "Parameters", "parameter": parameters},
    )
    ((form, draft),) = talks.bundles(package)
    response = talks.filled(draft, form, ANSWERS, held_content(), f"{DAY}T09:30:00-06:00") | {"id": "example-answers"}
    call("Four answers later the order is signed again", sign, signing(response))
    return told


def recorded() -> list[tuple[str, str, Json]]:
    """The conversation with a service of its own."""
    with tempfile.TemporaryDirectory() as folder, patch.object(routes, "_changed", lambda _: talks.LONG_AGO):
        store = Store(f"sqlite:///{folder}/store.sqlite")
        upgrade(store.engine)
        app = create_app(held_content(), Settings(public_url=talks.PUBLIC), lambda: DAY, store)
        told = conversation(app.test_client())
        store.close()
    return told


def counted() -> Json:
    """How many questions the orders of all open vignettes are asked: by the form, and as a talk that goes well."""
    content = held_content()
    by_form: dict[str, list[int]] = {}
    by_talk: dict[str, list[int]] = {}
    calls: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        client, store = talks.service(content, Path(folder))
        for vignette in talks.open_vignettes(content):
            answered = talks.sign(client, talks.insured(vignette, content))
            said = talks.assertion(answered, vignette)
            asked = talks.package(
                client,
                "2.2",
                {"name": "coverage", "resource": talks.coverage(vignette)},
                {"name": "context", "valueString": said["coverage-assertion-id"][0]},
            )
            name, version = said["questionnaire"][0].split("|")
            ((form, draft),) = [one for one in talks.bundles(asked) if one[0]["url"] == name]  # ids are those of every vignette
            canonical = f"{name.partition('.q')[0]}.adaptive|{version}"

            def give(fact: str, _: Json, vignette: Vignette = vignette) -> Value:
                return talks.ranked(vignette, fact, content)[0]

            heard = talks.adaptive(client, "2.2", draft, canonical, give)
            questions = [item for item in heard[-1]["contained"][0]["item"] if item["type"] != "display"]
            by_form.setdefault(vignette.policy.id, []).append(len(form["item"]))
            by_talk.setdefault(vignette.policy.id, []).append(len(questions))
            calls.append(len(heard))
        store.close()
    every = {"all": [n for found in by_form.values() for n in found]}, {"all": [n for found in by_talk.values() for n in found]}
    made: dict[str, Any] = {
        policy: {
            "orders": len(forms),
            "form": [median(forms), max(forms)],
            "talk": [median(held[policy]), max(held[policy])],
        }
        for forms_of, held in ((by_form, by_talk), every)
        for policy, forms in forms_of.items()
    }
    return made | {"calls": [median(calls), max(calls)]}


def rendered(told: list[tuple[str, str, Json]], figures: Json) -> str:
    """The page."""
    lines = [
        "<!-- Generated by `python -m tests.dtr.answers_page`; change that, not this file. -->",
        "",
        "# The answers come back",
        "",
        "Where a policy leaves an order open, coverage-information names a form that asks exactly what is missing (`doc-needed`,",
        "`questionnaire`). A client of [Da Vinci DTR](https://hl7.org/fhir/us/davinci-dtr/) fetches it, a person answers, the completed",
        "response is kept in the chart, and the next signing reads it from there. Nothing else passes between the two.",
        "",
        "| | |",
        "|---|---|",
        "| `POST /fhir/Questionnaire/$questionnaire-package` | the form, by context (the assertion id), by order, or by canonical; DTR 2.2 |",
        "| `POST /fhir/Questionnaire/$next-question` | the same as a talk: a few questions at a time, as long as answers leave something open |",
        "| `/fhir/2.0.1/…` | both in DTR 2.0.1 |",
        "",
        "A form asks for facts by their names ([facts](facts.md)), in the order of the decision: first those that alone could make the order",
        "necessary. Its canonical says which, so whoever has the canonical has the form. The adaptive form of a policy is its name with",
        "`.adaptive`, the standard form (all that the policy can ask) its bare name. A client that talks adaptively says so in the hook",
        "(`adaptive-forms` in `davinci-crd.configuration`), and coverage-information names that form; where nothing is kept of an order, so",
        "that a talk could not go on, the form that asks everything is named and sent instead.",
        "",
        "An answer counts for the order that it was given for, as of its date of service, when a person gave it. What a program filled in is no",
        "evidence: the chart speaks for itself. What cannot be read, answers another form, or was asked in other",
        "words than ours, is named in the decision and decides nothing.",
        "",
        "## How many questions",
        "",
        f"Vignettes that leave an order open, with what the chart says and favourable answers ({figures['all']['orders']} orders;",
        "`python -m tests.dtr.answers_page --count`). A talk took "
        f"{figures['calls'][0]:g} calls at the median, {figures['calls'][1]} at most.",
        "",
        "| policy | orders | form: median, most | talk: median, most |",
        "|---|---|---|---|",
    ]
    for policy, found in figures.items():
        if policy != "calls":
            form, talk = found["form"], found["talk"]
            lines.append(f"| {policy} | {found['orders']} | {form[0]:g}, {form[1]} | {talk[0]:g}, {talk[1]} |")
    lines += [
        "",
        "How long the calls take under load is measured by `python -m bench.talks --talks 100`; on 2026-11-29, two cores, 16 clients at once and",
        "one worker: nine in ten first calls within 0.12 s, nine in ten later ones within 0.16 s, all 600 in time (5 s and 1 s, DTR 2.2).",
        "",
        "## One conversation",
        "",
        "A pain pump (62362) for a plainly imaginary member. An earlier response in the chart says that the pain is malignant, and more; four",
        "questions are left. Recorded by a test; the moments are made equal.",
    ]
    for heading, what, body in told:
        text = orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
        lines += ["", f"### {heading}", "", f"`{what}`", "", "```json", *text.splitlines(), "```"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, and the figures where they are asked for."""
    if "--count" in sys.argv:
        FIGURES.write_bytes(orjson.dumps(counted(), option=orjson.OPT_INDENT_2) + b"\n")
    PAGE.write_text(rendered(recorded(), orjson.loads(FIGURES.read_bytes())), encoding="utf-8")


if __name__ == "__main__":
    main()
