"""Several orders under several policies in one signing: each is judged, none is lost."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient

from cds_service.content.content import Content
from cds_service.hooks.gathered.prefetch import templates
from tests.exchange import condition, decisions, fetuses, order, prescription, sign

HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
FOUR = {
    "ServiceRequest/screen": "carelon/prenatal-cfdna-screening",
    "MedicationRequest/growth-factor": "bcbsm/colony-stimulating-factors",
    "ServiceRequest/fusion": "medica-central/open-si-joint-fusion",
    "ServiceRequest/pump": "lhcc/implantable-intrathecal-epidural-pain-pump",
}
MEDICARE = ("cms/home-use-of-oxygen", "cms/lung-cancer-screening-ldct")


def four_orders() -> list[dict[str, Any]]:
    """One order for each clinical policy, dated so that each has a version in force."""
    growth_factor = prescription({"coding": [{"system": HCPCS, "code": "J2506"}]}, "growth-factor", "2025-07-01")
    return [
        order("81420", "screen", "2025-07-01"),
        growth_factor,
        order("27280", "fusion", "2025-07-01"),
        order("62362", "pump", "2025-07-01"),
    ]


def test_four_orders_under_four_policies(client: FlaskClient) -> None:
    """Four orders under four policies of four payers are answered in one response with four decisions, in their order."""
    answered = sign(client, *four_orders(), chart=(fetuses(3, "2025-06-20"), condition("C50.911", "2025-06-01")))
    found = decisions(answered)
    assert {decision["order"]: decision["policy"] for decision in found} == FOUR
    assert [decision["order"] for decision in found] == list(FOUR)
    assert found[0]["outcome"] == "not-necessary"
    assert all(decision["outcome"] == "not-documented" for decision in found[1:])
    cards = answered["cards"]
    assert len(cards) == 4
    assert [card["indicator"] for card in cards] == ["warning", "info", "info", "info"]
    assert {card["extension"]["davinci-crd.associated-resource"][0]["reference"] for card in cards} == set(FOUR)


def test_an_order_that_no_policy_lists_is_among_them(client: FlaskClient) -> None:
    """An order that no policy lists has its own entry, not addressed, beside those that are judged."""
    found = decisions(sign(client, order("99213", "visit"), order("81422", "test")))
    assert [(d["order"], d["outcome"], d["because"]) for d in found] == [
        ("ServiceRequest/visit", "not-addressed", ["not-listed"]),
        ("ServiceRequest/test", "not-necessary", ["not-necessary-test"]),
    ]


def test_every_active_policy_is_held_with_its_review(content: Content) -> None:
    """The seven documents are held; none claims a reader that it has not had."""
    held = {policy.id for policy in content.policies if policy.status == "active"}
    assert held == {*FOUR.values(), *MEDICARE, "ptac/pfpm-proposal"}
    assert {policy.second_reader for policy in content.policies} == {"none yet"}


def test_every_clinical_policy_lists_what_it_does_not_encode(content: Content) -> None:
    """Every passage is encoded or listed with a reason why it is not."""
    for policy in content.policies:
        assert policy.not_encoded, policy.id
        assert all(passage.because for passage in policy.not_encoded)


def test_the_prefetch_stays_short_enough_to_send(content: Content) -> None:
    """No template grows beyond what clients and servers take in an address (8 kB), with room for what stands before it."""
    assert max(len(quote(template, safe="/?&={}")) for template in templates(content).values()) < 4000
