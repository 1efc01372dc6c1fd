"""Orders of vignettes that leave something open, asked about by a form or by an adaptive one, and answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice, product
from pathlib import Path
from typing import Any

import orjson
from flask.testing import FlaskClient

from cds_service.content.content import Content
from cds_service.decision import Decision, DecisionOutcome, shortest_way
from cds_service.facts.definition import Definition
from cds_service.facts.fhir_value import write_value
from cds_service.facts.imagined_chart import CannotImagine
from cds_service.fhir.coverage_information import URL
from cds_service.hooks.answer import decide_request
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.policy.criterion import Check, Criterion, NoneOf
from cds_service.policy.evidence import Evidence, Fact
from cds_service.policy.finding import MET, NOT_MET
from cds_service.policy.judge import judge
from cds_service.policy.values import Days, Interval, Value
from cds_service.serving.app import create_app
from cds_service.store.store import Store
from cds_service.store.upgrade import upgrade
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import PATIENT, Vignette, read_vignettes
from cds_service.vignettes.run import decide_as_facts
from tests.conftest import TODAY
from tests.exchange import ADDRESS, Json, decisions

PUBLIC = "https://cds.example"
DTR = "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/"
BASES = {"2.2": "/fhir", "2.0.1": "/fhir/2.0.1"}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
VIGNETTES = Path(__file__).parent.parent / "vignettes"


def service(content: Content, folder: Path) -> tuple[FlaskClient, Store]:
    """A service with a store of its own, under a public address."""
    store = Store(f"sqlite:///{folder}/store.sqlite")
    upgrade(store.engine)
    app = create_app(content, Settings(public_url=PUBLIC), lambda: TODAY, store)
    return app.test_client(), store


def open_vignettes(content: Content) -> Iterator[Vignette]:
    """The vignettes of orders that leave something open, whose charts FHIR can say."""
    for path in sorted(VIGNETTES.rglob("*.yaml")):
        for vignette in read_vignettes(path, path.name, content):
            if vignette.outcome is DecisionOutcome.NOT_DOCUMENTED and not vignette.own_lists:
                try:
                    request_of(vignette, content)
                except CannotImagine:
                    continue
                yield vignette


def insured(vignette: Vignette, content: Content, *responses: Json) -> Json:
    """The order-sign request of a vignette, for a member of the policy's own payer, with responses in the chart."""
    made = request_of(vignette, content)
    made["prefetch"]["coverage"] = bundle(coverage(vignette))
    if responses:
        made["prefetch"]["questionnaireResponses"] = bundle(*_held(made, "questionnaireResponses"), *responses)
    return made


def _held(made: Json, key: str) -> list[Json]:
    return [entry["resource"] for entry in (made["prefetch"].get(key) or {}).get("entry", [])]


def bundle(*resources: Json) -> Json:
    """A searchset."""
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


def coverage(vignette: Vignette) -> Json:
    """The member's Coverage."""
    identifier = {"system": "urn:cds-service:payer", "value": vignette.policy.payer}
    who = {"reference": f"Patient/{PATIENT}"}
    return {"resourceType": "Coverage", "id": "c1", "status": "active", "beneficiary": who, "payor": [{"identifier": identifier}]}


def sign(client: FlaskClient, made: Json) -> Json:
    """The answer of order-sign, which must be 200."""
    answered = client.post(ADDRESS, json=made)
    assert answered.status_code == 200, answered.get_data(as_text=True)
    found: Json = answered.get_json()
    return found


def decided(answered: Json, vignette: Vignette) -> Json:
    """The decision on the vignette's order under its policy."""
    own = f"{vignette.order.resource}/order-1"
    found = [one for one in decisions(answered) if one["order"] == own and one.get("policy") == vignette.policy.id]
    return found[0]


def assertion(answered: Json, vignette: Vignette) -> Mapping[str, list[Any]]:
    """What coverage-information says of the vignette's order: values by part."""
    for action in answered["systemActions"]:
        if action["resource"]["id"] == "order-1":
            found = [parts(one) for one in action["resource"]["extension"] if one["url"] == URL]
            return next(one for one in found if one.get("coverage") == [{"reference": "Coverage/c1"}])
    return {}


def parts(extension: Json) -> Mapping[str, list[Any]]:
    """The values of an extension's parts, by their names."""
    found: dict[str, list[Any]] = {}
    for part in extension["extension"]:
        found.setdefault(part["url"], []).append(next((value for name, value in part.items() if name != "url"), None))
    return found


def package(client: FlaskClient, version: str, *parameters: Json, status: int = 200) -> Json:
    """The answer of the operation."""
    made = {"resourceType": "Parameters", "parameter": list(parameters)}
    answered = client.post(f"{BASES[version]}/Questionnaire/$questionnaire-package", json=made)
    assert answered.status_code == status, answered.get_data(as_text=True)
    found: Json = answered.get_json()
    return found


def bundles(answered: Json) -> list[tuple[Json, Json]]:
    """The form and the draft of each Bundle of a package."""
    found = [one["resource"] for one in answered.get("parameter", []) if one["name"] in ("packagebundle", "PackageBundle")]
    return [(one["entry"][0]["resource"], one["entry"][1]["resource"]) for one in found]


def answer(definition: Definition, value: Value, item: Json) -> Json:
    """The answer that a person gives to an item, as a renderer writes it."""
    if isinstance(value, str):
        return next(option for option in item["answerOption"] if option["valueCoding"]["code"] == value)
    if isinstance(value, Days):
        return {"valueDate": value.first.isoformat()}
    return write_value(value, definition.wanted)


def filled(draft: Json, form: Json, answers: Mapping[str, Value], content: Content, on: str) -> Json:
    """The draft as a person completes it: each item that is in the form and has an answer."""
    made = {**draft, "id": "answers", "status": "completed", "authored": on}
    asked = {item["linkId"]: item for item in form["item"]}
    made["item"] = [
        {"linkId": link, "text": item["text"], "answer": [by_hand(answer(content.catalogue[link], answers[link], item))]}
        for link, item in asked.items()
        if link in answers
    ]
    return made


def by_hand(value: Json) -> Json:
    """An answer with its origin: a person gave it."""
    origin = {"url": f"{DTR}information-origin", "extension": [{"url": "source", "valueCode": "manual"}]}
    return {"extension": [origin], **value}


# What a person would answer ------------------------------------------------------------------------------------------------------


def _directed(criterion: Criterion, wanted: bool) -> Iterator[tuple[Check, bool]]:
    """The checks below a criterion, each with whether it helps when it is met."""
    if isinstance(criterion, Check):
        yield criterion, wanted
        return
    for part in criterion.parts:
        yield from _directed(part, not wanted if isinstance(criterion, NoneOf) else wanted)


def _candidates(definition: Definition, checks: list[tuple[Check, bool]], as_of: date) -> list[Value]:
    entry = definition.entry
    match entry.type:
        case "boolean":
            return [True, False]
        case "choice":
            return list(entry.choices)
        case "quantity":
            edges = {check.test.value.low for check, _ in checks if isinstance(check.test.value, Interval)}
            wanted = definition.wanted
            near = {edge + step for edge in edges for step in (-1, 0, 1)} | {wanted.low, wanted.high}
            return [Interval.exactly(one) for one in sorted(near) if wanted.low <= one <= wanted.high]
        case "date":
            return [Days.on(as_of - timedelta(days=back)) for back in (400, 5 * 366, 15 * 365 - 60, 0, 20 * 366)]
        case _:
            return []


def ranked(vignette: Vignette, fact: str, content: Content, favourable: bool = True) -> list[Value]:
    """Values of a fact, those first that help most of its criteria (or, unfavourable, least)."""
    policy = vignette.policy
    directed = [*_directed(policy.necessary_when, True)]
    if policy.not_necessary_when:
        directed += _directed(policy.not_necessary_when, False)
    checks = [(check, wanted) for check, wanted in directed if check.fact == fact]

    def helps(value: Value) -> int:
        said = Fact(fact, (Evidence(value, Days.on(vignette.as_of), "QuestionnaireResponse/1", "answered"),))
        began = Evidence(Days.on(vignette.as_of - timedelta(100)), Days.on(vignette.as_of - timedelta(100)))
        facts = {fact: said} | {check.since: Fact(check.since, (began,)) for check, _ in checks if check.since}
        outcomes = [(judge(check, facts, vignette.as_of).outcome, wanted) for check, wanted in checks]
        return sum(1 if outcome is (MET if wanted else NOT_MET) else 0 for outcome, wanted in outcomes)

    return sorted(_candidates(content.catalogue[fact], checks, vignette.as_of), key=helps, reverse=favourable)


def as_answered(vignette: Vignette, answers: Mapping[str, Value], content: Content) -> Decision:
    """The decision on the vignette's facts where its chart also documents these answers, without any FHIR."""
    given = {name: list(found) for name, found in vignette.given.items()}
    for name, value in answers.items():
        said = Evidence(value, Days.on(vignette.as_of), "QuestionnaireResponse/answers", "answered")
        given[name] = [*(one for one in given.get(name, ()) if one.kind != "answered"), said]
    return decide_as_facts(replace(vignette, given=given), content)


MOST_TRIED = 64


def favourable(vignette: Vignette, way: tuple[str, ...], content: Content) -> Mapping[str, Value]:
    """Answers along the shortest way that make the order necessary by the facts; those that help most where none of them do."""
    values = [ranked(vignette, fact, content)[:6] for fact in way]
    nearest = sorted(islice(product(*[range(len(one)) for one in values]), 20_000), key=sum)
    tried = [
        {fact: values[n][place] for n, (fact, place) in enumerate(zip(way, places, strict=True))} for places in nearest[:MOST_TRIED]
    ]
    good = (answers for answers in tried if as_answered(vignette, answers, content).outcome is DecisionOutcome.NECESSARY)
    return next(good, tried[0])


@lru_cache(maxsize=1)
def _now() -> str:
    return datetime(2026, 11, 23, 12, 0, tzinfo=UTC).isoformat()


def adaptive(
    client: FlaskClient, version: str, draft: Json, canonical: str, give: Callable[[str, Json], Value | None]
) -> list[Json]:
    """The whole talk: every response as it comes back, the last of which is completed. ``give`` answers a question, or leaves it."""
    form: Json = {
        "resourceType": "Questionnaire",
        "id": "q",
        "status": "active",
        "subjectType": ["Patient"],
        "derivedFrom": [canonical],
    }
    held = {**draft, "id": "talk", "contained": [form], "questionnaire": "#q", "authored": _now()}
    held.pop("item", None)
    heard: list[Json] = []
    content_of = client.application.extensions["cds_service.calls"].content
    while True:
        sent: Json = held
        if version == "2.2":
            sent = {"resourceType": "Parameters", "parameter": [{"name": "questionnaire-response", "resource": held}]}
        answered = client.post(f"{BASES[version]}/Questionnaire/$next-question", json=sent)
        assert answered.status_code == 200, answered.get_data(as_text=True)
        got = answered.get_json()
        held = got["parameter"][0]["resource"] if version == "2.2" else got
        heard.append(held)
        if held["status"] == "completed":
            return heard
        answered_before = {item["linkId"] for item in held.get("item", [])}
        items = list(held.get("item", []))
        for item in held["contained"][0]["item"]:
            link = item["linkId"]
            if item["type"] == "display" or link in answered_before:
                continue
            value = give(link, item)
            given = {"answer": [by_hand(answer(content_of.catalogue[link], value, item))]} if value is not None else {}
            items.append({"linkId": link, "text": item["text"], **given})
        held = {**held, "item": items}


def way_of(vignette: Vignette, content: Content) -> tuple[str, ...]:
    """The facts of the shortest way to *necessary*, by the chart that an EHR sends."""
    request = parse_request(orjson.dumps(insured(vignette, content)), "2.2")
    own = f"{vignette.order.resource}/order-1"
    for _, decision in decide_request(request, content, TODAY, Settings(public_url=PUBLIC)):
        if decision.order == own and decision.policy_id == vignette.policy.id:
            return shortest_way(decision)
    raise LookupError(vignette.name)
