"""Payers: a recognised Coverage picks its payer's policies; without one every policy that lists the code is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.content.content import read_content
from cds_service.content_files.problems import ContentError
from cds_service.serving.app import create_app
from tests.conftest import TODAY
from tests.content.test_content import FACTS, POLICY, folder, value_set
from tests.exchange import ADDRESS, CPT, PATIENT, decisions, order, request, sign

__all__ = ["folder"]
Json = dict[str, Any]


def coverage(payor: Json, **more: Any) -> Json:
    """An active Coverage of the patient with one payor."""
    return {"resourceType": "Coverage", "id": "cov1", "status": "active", "beneficiary": PATIENT, "payor": [payor]} | more


def organization(**more: Any) -> Json:
    """A payer's Organization as it would be included with the Coverage."""
    return {"resourceType": "Organization", "id": "org1"} | more


CARELON = {"identifier": {"system": "urn:cds-service:payer", "value": "carelon"}}
REFERRED = {"reference": "Organization/org1"}


def with_coverage(*resources: Json) -> Json:
    """A request for a never-necessary test with these resources under the coverage key."""
    made = request(order("81422"))
    made["prefetch"]["coverage"] = {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}
    return made


@pytest.mark.parametrize(
    "resources",
    [
        (coverage(CARELON),),
        (coverage({"identifier": {"value": "CARELON"}}),),
        (coverage({"display": "carelon medical  benefits management"}),),
        (coverage(REFERRED), organization(name="Carelon Medical Benefits Management")),
        (coverage(REFERRED), organization(name="C", alias=["Carelon Medical Benefits Management"])),
        (coverage(REFERRED), organization(identifier=[{"system": "urn:cds-service:payer", "value": "carelon"}])),
        (coverage({"reference": "#o"}, contained=[organization(id="o", name="Carelon Medical Benefits Management")]),),
    ],
    ids=[
        "identifier",
        "identifier without system",
        "display",
        "included name",
        "included alias",
        "included identifier",
        "contained",
    ],
)
@pytest.mark.verifies("resp-4")
def test_a_payer_is_recognised(client: FlaskClient, resources: tuple[Json, ...]) -> None:
    """A payer is recognised by identifier or name of the payor, wherever the client put it, and the card speaks for it."""
    (card,) = client.post(ADDRESS, json=with_coverage(*resources)).get_json()["cards"]
    assert card["source"]["label"] == "Carelon Medical Benefits Management"
    assert "if the member's plan uses this policy" not in card["detail"]


@pytest.mark.parametrize(
    "name", ["Centers for Medicare and Medicaid Services", "CENTERS FOR MEDICARE & MEDICAID SERVICES", "Medicare Part B"]
)
def test_and_is_one_word_however_it_is_written(client: FlaskClient, name: str) -> None:
    """A name with an ampersand is the same as with the word, as the public samples of Da Vinci and Blue Button write it."""
    made = request(order("71271"))
    made["prefetch"]["coverage"] = {"resourceType": "Bundle", "entry": [{"resource": coverage({"display": name})}]}
    (card,) = client.post(ADDRESS, json=made).get_json()["cards"]
    assert card["source"]["label"] == "Medicare (traditional)"


@pytest.mark.verifies("other-patient")
@pytest.mark.parametrize(
    "resources",
    [
        (),
        (coverage({"display": "Some Other Plan"}),),
        (coverage({"identifier": {"system": "urn:other", "value": "carelon"}}),),
        (coverage(CARELON, status="cancelled"),),
        (coverage(CARELON, period={"end": "2020-01-01"}),),
        (coverage(CARELON, beneficiary={"reference": "Patient/other"}),),
        (coverage("nonsense"),),  # type: ignore[arg-type]
    ],
    ids=["none", "another plan", "another system", "cancelled", "ended", "another patient's", "malformed"],
)
def test_without_a_recognised_payer_the_card_says_if(client: FlaskClient, resources: tuple[Json, ...]) -> None:
    """With no Coverage, or an unrecognised one, the policy is judged and the card says: if the member's plan uses it."""
    (card,) = client.post(ADDRESS, json=with_coverage(*resources)).get_json()["cards"]
    assert "if the member's plan uses this policy" in card["detail"]


def add_payer(folder: Path, adopts: str = "") -> None:
    """Adds a second payer with a policy of its own for another code."""
    other = folder / "policies/harrier"
    (other / "oxygen-again").mkdir(parents=True)
    (other / "oxygen-again/2026-01-01.yaml").write_text(
        POLICY.replace("meadowlark/home-oxygen", "harrier/oxygen-again").replace("payer: meadowlark", "payer: harrier")
    )
    (folder / "policies/meadowlark/payer.yaml").write_text(
        "payer: meadowlark\nname: Meadowlark Health Plan\nidentifiers: [{value: M1}]\n"
        "lines_of_business: [{id: commercial, plan_classes: [gold]}, {id: medicare-advantage, plan_classes: [senior]}]\n"
    )
    (other / "payer.yaml").write_text(f"payer: harrier\nname: Harrier\nidentifiers: [{{value: H1}}]\n{adopts}")


def judged_by(folder: Path, *coverages: Json) -> list[str | None]:
    """The policies that judge an order when the member has these coverages."""
    made = request(order("99503", on="2026-02-03"))
    made["prefetch"]["coverage"] = {"resourceType": "Bundle", "entry": [{"resource": one} for one in coverages]}
    client = create_app(read_content(folder), today=lambda: TODAY).test_client()
    return [decision.get("policy") for decision in decisions(client.post(ADDRESS, json=made).get_json())]


def test_a_recognised_payer_picks_its_policies(folder: Path) -> None:
    """Of two payers that list a code, the recognised one's policy judges; with none recognised, both do."""
    add_payer(folder)
    harrier = coverage({"identifier": {"value": "H1"}})
    assert judged_by(folder, harrier) == ["harrier/oxygen-again"]
    assert judged_by(folder) == ["harrier/oxygen-again", "meadowlark/home-oxygen"]
    assert judged_by(folder, harrier, coverage({"identifier": {"value": "M1"}}, id="cov2")) == [
        "harrier/oxygen-again",
        "meadowlark/home-oxygen",
    ]


def test_a_plan_may_adopt_another_guideline(folder: Path) -> None:
    """A plan that adopts another's guideline is judged by it besides its own."""
    add_payer(folder, "adopts: [meadowlark/home-oxygen]\n")
    assert judged_by(folder, coverage({"identifier": {"value": "H1"}})) == ["harrier/oxygen-again", "meadowlark/home-oxygen"]


def test_a_line_of_business_narrows_where_it_is_known(folder: Path) -> None:
    """A policy for some lines of business does not judge a member of another; where the line cannot be told, it does."""
    add_payer(folder)
    path = folder / "policies/meadowlark/home-oxygen/2026-01-01.yaml"
    path.write_text(path.read_text().replace("payer: meadowlark,", "payer: meadowlark, lines_of_business: [commercial],"))
    member = {"identifier": {"value": "M1"}}
    assert judged_by(folder, coverage(member, **{"class": [{"value": "gold"}]})) == ["meadowlark/home-oxygen"]
    assert judged_by(folder, coverage(member, **{"class": [{"name": "Senior"}]})) == [None]
    assert judged_by(folder, coverage(member)) == ["meadowlark/home-oxygen"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("payer: other\nname: X\n", "so that is the payer's id"),
        ("payer: meadowlark\n", "'name' is missing"),
        ("payer: meadowlark\nname: X\nadopts: [a/b]\n", "no policy 'a/b' is held"),
    ],
)
def test_a_mistake_in_a_payer_file_is_told(folder: Path, text: str, said: str) -> None:
    """A payer file that does not hold together is told with its line."""
    (folder / "policies/meadowlark/payer.yaml").write_text(text)
    with pytest.raises(ContentError) as told:
        read_content(folder)
    assert any(
        str(problem).startswith("policies/meadowlark/payer.yaml:") and said in str(problem) for problem in told.value.problems
    )


def test_a_plan_sets_its_own_list_without_touching_a_policy(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A value set in the plan's own folder takes the place of the shipped one; the policy file stays as it is."""
    own = tmp_path_factory.mktemp("own")
    (own / "home-oxygen.json").write_text(value_set("home-oxygen", CPT, "94799"))
    client = create_app(read_content(folder, own), today=lambda: TODAY).test_client()
    for code, policy in (("94799", "meadowlark/home-oxygen"), ("99503", None)):
        (decision,) = decisions(sign(client, order(code, on="2026-02-03")))
        assert decision.get("policy") == policy
    assert FACTS


@pytest.mark.parametrize(
    ("unlisted", "answered"),
    [("nothing", []), ("{covered: covered, pa_needed: no-auth, reason: The plan covers what it does not list.}", ["covered"])],
)
def test_a_payer_says_what_holds_of_orders_that_no_policy_addresses(folder: Path, unlisted: str, answered: list[str]) -> None:
    """What a payer asserts of codes that none of its policies lists is its own to say: nothing, or an answer of its own."""
    file = folder / "policies/meadowlark/payer.yaml"
    file.write_text(f"payer: meadowlark\nname: Meadowlark Health Plan\nunlisted: {unlisted}\n")
    made = request(order("12345", on="2026-02-03"))
    made["prefetch"]["coverage"] = coverage({"display": "Meadowlark Health Plan"})
    actions = (
        create_app(read_content(folder), today=lambda: TODAY).test_client().post(ADDRESS, json=made).get_json()["systemActions"]
    )
    parts = [part for action in actions for one in action["resource"]["extension"] for part in one["extension"]]
    assert [part["valueCode"] for part in parts if part["url"] == "covered"] == answered


def test_a_payer_cannot_deny_what_nobody_judged(folder: Path) -> None:
    """Not covered, or an authorization satisfied, is refused for orders that no policy addresses."""
    file = folder / "policies/meadowlark/payer.yaml"
    file.write_text("payer: meadowlark\nname: Meadowlark Health Plan\nunlisted: {covered: not-covered, reason: No.}\n")
    with pytest.raises(ContentError) as told:
        read_content(folder)
    assert any("nothing was judged" in str(problem) for problem in told.value.problems)
