"""The order-select hook: the selected orders are judged, what is not necessary is told early, and nothing is asked."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.content.content import Content
from cds_service.fhir.coverage_invariants import violations
from tests.content.test_content import folder
from tests.exchange import Json, decisions, fetuses, gestational_age, order, request
from tests.hook_calls import changed, own, post, refused, selecting, vignettes
from tests.hooks.test_coverage_information import assertions, member_signs, oxygen, oxygen_signed, said, signed

__all__ = ["folder"]
verifies = pytest.mark.verifies
TRIPLETS = (gestational_age(77, "2025-05-01"), fetuses(3, "2025-05-01"))
GOOD = selecting(request(order()))
FAULTS: list[tuple[str, tuple[Any, ...], str]] = [
    ("context.userId", (), "context.userId"),
    ("context.patientId", (" ",), "context.patientId"),
    ("context.draftOrders", (), "context.draftOrders"),
    ("context.draftOrders.entry", ([],), "context.draftOrders.entry"),
    ("context.selections", (), "context.selections"),
    ("context.selections", ([],), "context.selections"),
    ("context.selections", ("ServiceRequest/o1",), "context.selections"),
    ("context.selections", ([7],), "context.selections[0]"),
    ("context.selections", (["ServiceRequest/o1", "ServiceRequest/other"],), "context.selections[1]"),
    ("hook", ("order-review",), "hook"),
]


@verifies("hook-14")
@pytest.mark.parametrize(("version", "status"), [("2.2", 400), ("2.0.1", 422)])
@pytest.mark.parametrize(("path", "value", "element"), FAULTS)
def test_a_fault_of_the_context_is_named(
    client: FlaskClient, path: str, value: tuple[Any, ...], element: str, version: str, status: int
) -> None:
    """Each fault has the status of its CRD version and names its element."""
    assert refused(client, signed(changed(GOOD, path, *value), version)) == (status, [element])


def test_only_the_selected_orders_are_judged(client: FlaskClient) -> None:
    """The other draft orders are there and nothing is said of them."""
    made = member_signs(order("81422"), order("81420", "o2"))
    answered = post(client, selecting(made, "ServiceRequest/o1"))
    assert {one["order"] for one in decisions(answered)} == {"ServiceRequest/o1"}
    assert [action["resource"]["id"] for action in answered["systemActions"]] == ["o1"]


def test_an_order_that_was_written_down_with_a_base_is_selected(client: FlaskClient) -> None:
    """A selection matches its order by Type/id, whatever the base."""
    made = selecting(request(order()), "https://ehr.example.org/fhir/ServiceRequest/o1")
    assert len(decisions(post(client, made))) == 1


def test_what_is_not_necessary_is_told_early_and_nothing_is_asked(client: FlaskClient) -> None:
    """What the chart settles warns as it will at signing; an order that is not documented makes no card yet."""
    (card,) = post(client, selecting(request(order(), chart=TRIPLETS)))["cards"]
    assert card["indicator"] == "warning"
    assert card["suggestions"]
    asking = post(client, selecting(request(order())))
    assert asking["cards"] == []
    assert decisions(asking)[0]["outcome"] == "not-documented"


@verifies("hook-19")
@pytest.mark.parametrize("version", ["2.0.1", "2.2"])
def test_coverage_information_flags_no_documentation(client: FlaskClient, version: Any) -> None:
    """What signing flags as documentation is not flagged here, and what is left is valid."""
    made = signed(member_signs(order()), version)
    (at_signing,) = (said(one) for action in post(client, made)["systemActions"] for one in assertions(action))
    (action,) = post(client, selecting(made))["systemActions"]
    (extension,) = assertions(action)
    found = said(extension)
    assert "doc-needed" in at_signing
    assert not {"doc-needed", "doc-purpose", "questionnaire"} & set(found)
    assert not any(reason["text"].startswith("Documentation") for reason in found["reason"])
    assert violations(extension, version) == []
    assert found["coverage-assertion-id"] == at_signing["coverage-assertion-id"]


def test_an_order_that_is_still_written_satisfies_no_authorization(folder: Any) -> None:
    """An authorization that signing calls satisfied is still needed while the order may change."""
    client = oxygen(folder, "answers: {necessary: {covered: covered, pa_needed: satisfied}}")
    made = oxygen_signed(86)
    (signing,) = (said(one) for action in post(client, made)["systemActions"] for one in assertions(action))
    (early,) = (said(one) for action in post(client, selecting(made))["systemActions"] for one in assertions(action))
    assert (signing["pa-needed"], early["pa-needed"]) == (["satisfied"], ["auth-needed"])
    assert "satisfied-pa-id" not in early


@pytest.mark.slow
def test_every_vignette_is_decided_as_at_signing(client: FlaskClient, content: Content) -> None:
    """Under every policy the selected order has the decision that it has when it is signed, orders beside it or not."""
    policies = set()
    for vignette, made in vignettes(content):
        kind = next(
            e["resource"]["resourceType"] for e in made["context"]["draftOrders"]["entry"] if e["resource"]["id"] == "order-1"
        )
        answered: Json = post(client, selecting(made, f"{kind}/order-1"))
        assert decisions(answered) == own(post(client, made)), vignette.name
        policies.add(vignette.policy.id)
    assert policies == {policy.id for policy in content.policies if policy.subject == "order"}
