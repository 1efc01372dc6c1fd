"""Which client gets an adaptive form: one that wants it, and only where it can go on. All others get the one that asks everything."""

from __future__ import annotations

from copy import deepcopy

import pytest
from flask.testing import FlaskClient

from cds_service.fhir.coverage_information import URL
from cds_service.hooks.received.conversation import CONFIGURATION
from cds_service.hooks.settings import Settings
from cds_service.serving.app import create_app
from tests.conftest import TODAY, held_content
from tests.dtr import talks
from tests.dtr.conftest import CONTEXT, COVERAGE, PUMP, Asking, named, ordered
from tests.dtr.test_next_question import adaptive_name, give
from tests.exchange import ADDRESS, Json, order, request

verifies = pytest.mark.verifies


def form_named(client: FlaskClient, *, adaptive: bool) -> str:
    """The form that coverage-information names to a client that wants adaptive forms, or does not."""
    call = request(PUMP, chart=(COVERAGE,))
    call["extension"] = {CONFIGURATION: {"adaptive-forms": adaptive}}
    answered = client.post(ADDRESS, json=call).get_json()
    (extension,) = [one for one in answered["systemActions"][0]["resource"]["extension"] if one["url"] == URL]
    (canonical,) = talks.parts(extension)["questionnaire"]
    assert isinstance(canonical, str)
    return canonical


def without_store() -> FlaskClient:
    """A service that keeps nothing."""
    return create_app(held_content(), Settings(public_url=talks.PUBLIC), lambda: TODAY).test_client()


def warned(answered: Json) -> list[str]:
    """What a package warns of."""
    return [i["code"] for one in answered["parameter"] if one["name"] == "outcome" for i in one["resource"]["issue"]]


@verifies("dtr-adaptive-form")
@pytest.mark.parametrize("version", talks.BASES)
def test_a_client_that_wants_it_gets_an_adaptive_form(asking: Asking, version: str) -> None:
    """Named by coverage-information, packaged by it without a question, and talked through to the same assertion."""
    assert form_named(asking.client, adaptive=False) == asking.canonical
    canonical = form_named(asking.client, adaptive=True)
    assert canonical == adaptive_name(asking)
    ((form, draft),) = talks.bundles(asking.package(CONTEXT(asking.context), named(canonical), version=version))
    assert "item" not in form
    assert f"{form['url']}|{form['version']}" == canonical == draft["questionnaire"]
    assert any(
        one["url"].endswith("questionnaireAdaptive") and one["valueUrl"] == f"{talks.PUBLIC}/fhir" for one in form["extension"]
    )
    heard = talks.adaptive(asking.client, version, draft, canonical, give)
    (extension,) = [one for one in heard[-1]["extension"] if one["url"] == URL]
    assert talks.parts(extension)["coverage-assertion-id"] == [asking.context]


@verifies("dtr-adaptive-form")
def test_where_nothing_is_kept_no_form_is_adaptive(asking: Asking) -> None:
    """It could not go on: the form that asks everything is named and sent, and the server does not say that it talks."""
    client = without_store()
    assert form_named(client, adaptive=True) == asking.canonical
    coverage = {"name": "coverage", "resource": COVERAGE}
    answered = talks.package(client, "2.2", coverage, named(adaptive_name(asking)))
    ((form, _),) = talks.bundles(answered)
    assert form["item"]
    assert warned(answered) == ["not-supported"]
    assert "next-question" not in client.get("/fhir/metadata").get_data(as_text=True)
    assert "next-question" in asking.client.get("/fhir/metadata").get_data(as_text=True)


@verifies("dtr-adaptive-form")
def test_an_order_that_was_never_signed_has_no_adaptive_form(asking: Asking) -> None:
    """Nothing of it is kept, so its own form is sent, with a warning that says why."""
    unsigned = order("62362", "o9", on="2025-07-01")
    answered = asking.package(ordered(unsigned), named(adaptive_name(asking)))
    ((form, draft),) = talks.bundles(answered)
    assert [item["linkId"] for item in form["item"]]
    assert "ServiceRequest/o9" in str(draft["extension"])
    assert warned(answered) == ["not-supported"]
    ((form, _),) = talks.bundles(asking.package(ordered(deepcopy(PUMP)), named(adaptive_name(asking))))
    assert "item" not in form


def test_no_cache_keeps_what_is_said_of_a_patient(asking: Asking) -> None:
    """Packages and talks are for the client that asked."""
    body = {"resourceType": "Parameters", "parameter": [{"name": "coverage", "resource": COVERAGE}, CONTEXT(asking.context)]}
    answered = asking.client.post("/fhir/Questionnaire/$questionnaire-package", json=body)
    assert answered.headers["Cache-Control"] == "no-store"
