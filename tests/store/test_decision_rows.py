"""The row of a decision: what it says, and what it never says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime

import pytest

from tests.exchange import ADDRESS, condition, order, request, sign
from tests.store.service import TRIPLETS, Service


@pytest.mark.verifies("found-37")
def test_each_decision_is_one_row(service: Service) -> None:
    """A row tells the call, the order, the policy and its version, the content, the outcome and its criteria, and the card."""
    card = service.card()
    (found,) = service.decisions()
    assert (found.hook_instance, found.service) == (request()["hookInstance"], "medical-policy-order-sign")
    assert (found.order_reference, found.outcome, found.because) == (
        "ServiceRequest/o1",
        "not-necessary",
        ["higher-order-gestation"],
    )
    assert (found.policy, found.version) == ("carelon/prenatal-cfdna-screening", "2025-04-01")
    assert (found.resources, found.card, found.evidence) == (["Observation/fetuses-2025-05-01"], card, None)
    assert len(found.revision) >= 12
    assert abs((datetime.now(UTC) - found.decided_at).total_seconds()) < 60


def test_an_order_that_no_policy_lists_is_logged_without_one(service: Service) -> None:
    """An order of another field is a row without policy and card; a decision that asks tells the facts it asks for."""
    sign(service.client, order("99999", "o1"), order(id_="o2"))
    first, second = sorted(service.decisions(), key=lambda found: found.order_reference)
    assert (first.outcome, first.policy, first.version, first.card, first.because) == (
        "not-addressed",
        "",
        "",
        None,
        ["not-listed"],
    )
    assert second.outcome == "not-documented"
    assert second.asks
    assert second.card


@pytest.mark.verifies("sec-6")
@pytest.mark.parametrize("values", [False, True])
def test_what_the_chart_says_is_kept_only_where_the_operator_says_so(
    url: str, serving: Callable[..., Service], caplog: pytest.LogCaptureFixture, values: bool
) -> None:
    """By default neither the log nor any column has a value, a date or a name of the patient; ``log_values`` keeps the evidence."""
    service = serving(url, log_values=values)
    body = request(order(), chart=(*deepcopy(TRIPLETS), condition("O30.109", id_="c1")), patient="mrn-4711")
    for resource in (
        resource for bundle in body["prefetch"].values() for entry in bundle.get("entry", ()) for resource in [entry["resource"]]
    ):
        resource["subject"] = {"reference": "Patient/mrn-4711", "display": "Doe, Jane"}
    body["context"]["draftOrders"]["entry"][0]["resource"]["subject"] = {"reference": "Patient/mrn-4711"}
    body["prefetch"]["patient"] |= {"name": [{"family": "Doe"}], "birthDate": "1991-07-06"}
    with caplog.at_level(logging.DEBUG):
        assert service.client.post(ADDRESS, json=body).status_code == 200
    (found,) = service.decisions()
    kept = str({name: value for name, value in vars(found).items() if name not in ("decided_at", "version")})
    clocks = {"created", "msecs", "relativeCreated", "ms"}  # numbers of the clock, in which any digits may stand
    logged = "".join(str({name: told for name, told in vars(record).items() if name not in clocks}) for record in caplog.records)
    for said in ("Doe", "mrn-4711", "1991", "O30.109"):
        assert said not in kept + logged
    evidence = found.evidence or []
    assert [one.get("value") for one in evidence if "value" in one] == (["3"] if values else [])
    assert "'value'" not in logged


@pytest.mark.parametrize("strange", ["\0", "x" * 5000, "é" * 300, "'; DROP TABLE decision; --"])
def test_strange_names_of_a_client_are_kept_as_they_can_be(service: Service, strange: str) -> None:
    """A hook instance or an order id of any text is cut and cleaned so that every database keeps it."""
    body = request(order(id_=f"o{strange}"))
    body["hookInstance"] = f"h{strange}"
    status = service.client.post(ADDRESS, json=body).status_code
    assert status in (200, 400, 422)
    if status == 200:
        (found,) = service.decisions()
        assert found.hook_instance == f"h{strange}".replace("\0", "")[:255]
    assert service.store.lost == 0
