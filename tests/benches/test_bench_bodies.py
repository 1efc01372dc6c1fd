"""The bodies that the benchmarks send are what their names say, so that a figure is a figure of that."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from bench.bodies import BODIES, body_of
from cds_service.content.content import Content
from cds_service.fhir.coverage_information import URL
from tests.exchange import ADDRESS, decisions

Json = dict[str, Any]
ANSWERS = {
    "necessary": ("necessary", 0, 0),
    "small-policy": ("necessary", 0, 0),
    "not-documented": ("not-documented", 1, 0),
    "recognised-payer": ("not-documented", 1, 1),
}
"""The outcome of each body, its cards and its system actions."""


def answer(client: FlaskClient, body: bytes) -> Json:
    """The answer to a body, which must be 200."""
    response = client.post(ADDRESS, data=body, content_type="application/json")
    assert response.status_code == 200, response.get_data(as_text=True)
    answered: Json = response.get_json()
    return answered


@pytest.mark.parametrize("size", [6_000, 60_000])
@pytest.mark.parametrize("name", BODIES)
def test_a_body_has_its_size_and_its_answer(client: FlaskClient, content: Content, name: str, size: int) -> None:
    """Every named body is at most one resource larger than its size and is answered as its name says, at both sizes."""
    body = body_of(size, content, name)
    assert size <= len(body) < size + 500
    answered = answer(client, body)
    (decision,) = decisions(answered)
    assert (decision["outcome"], len(answered["cards"]), len(answered.get("systemActions", []))) == ANSWERS[name]
    assert f"{decision['policy']}/{decision['version']}" == BODIES[name].policy


def test_the_recognised_payer_is_told_on_the_order(client: FlaskClient, content: Content) -> None:
    """The body with a Coverage is answered with coverage-information on its order; without the Coverage it is the same request."""
    body = body_of(6_000, content, "recognised-payer")
    (action,) = answer(client, body)["systemActions"]
    assert [extension["url"] for extension in action["resource"]["extension"]] == [URL]
    covered, plain = orjson.loads(body), orjson.loads(body_of(6_000, content, "not-documented"))
    assert covered["context"] == plain["context"]
    assert [entry["resource"]["resourceType"] for entry in covered["prefetch"]["coverage"]["entry"]] == ["Coverage"]
    assert plain["prefetch"]["coverage"]["entry"] == []


@pytest.mark.slow
def test_a_larger_body_of_a_name_is_the_same_case(client: FlaskClient, content: Content) -> None:
    """What fills a body changes nothing of the decision but the list of what was looked through."""
    for name in BODIES:
        small, large = (decisions(answer(client, body_of(size, content, name)))[0] for size in (6_000, 60_000))
        assert [small[key] for key in ("outcome", "because", "asks")] == [large[key] for key in ("outcome", "because", "asks")]
