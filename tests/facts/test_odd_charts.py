"""Charts and orders as they really come: each of these once decided wrongly, or failed. The comment of a case is its story."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.exchange import ADDRESS, CPT, PATIENT, condition, decisions, fetuses, gestational_age, observation, order, request, sign

Json = dict[str, Any]
DATED = gestational_age(80, "2025-04-30")
NECESSARY, NOT_NECESSARY, OPEN = "necessary", "not-necessary", "not-documented"


def about(resource: Json, **changed: Any) -> Json:
    """A resource with some elements changed."""
    return resource | changed


CHARTS: list[tuple[str, tuple[Json, ...], str, list[str] | None]] = [
    ("twins on record twice", (DATED, condition("O30.001", id_="a"), condition("O30.001", id_="b")), NECESSARY, None),
    ("one fetus counted twice a day", (DATED, fetuses(1, "2025-04-20"), about(fetuses(1, "2025-04-20"), id="again")), NECESSARY, None),
    ("a demise recorded again after the date of service", (DATED, condition("O36.4XX0", "2025-04-20"), condition("O36.4XX0", "2025-05-10", id_="z")), NOT_NECESSARY, ["fetal-demise"]),
    ("a last period stated again after the date of service", (observation("l1", "8665-2", "2025-04-01", valueDateTime="2025-02-01"), observation("l2", "8665-2", "2025-05-10", valueDateTime="2025-02-01")), NECESSARY, None),
    ("a count of three whose status is unknown", (DATED, about(fetuses(3, "2025-04-20"), status="unknown")), OPEN, ["singleton-or-twin", "higher-order-gestation"]),
    ("a count of three without a status", (DATED, {k: v for k, v in fetuses(3, "2025-04-20").items() if k != "status"}), OPEN, None),
    ("a count of three entered in error", (DATED, about(fetuses(3, "2025-04-20"), status="entered-in-error")), NECESSARY, None),
    ("eleven of no unit is not eleven days", (observation("g", "18185-9", "2025-04-30", valueInteger=11),), OPEN, ["nine-weeks", "before-nine-weeks"]),
    ("a dating of the pregnancy that was delivered", (gestational_age(100, "2024-11-01"), condition("O80", "2025-02-01"), condition("Z34.91")), OPEN, ["nine-weeks", "before-nine-weeks"]),
    ("a dating of the pregnancy that was lost", (gestational_age(56, "2024-12-01"), condition("O03.9", "2024-12-15"), condition("Z34.91"), fetuses(1, "2025-04-20")), OPEN, None),
    ("triplets of somebody named by a string", (DATED, about(condition("O30.101"), subject="Patient/other")), OPEN, None),
    ("triplets of a group", (DATED, about(condition("O30.101"), subject={"reference": "Group/g"})), OPEN, None),
    ("triplets of another patient, with a slash", (DATED, about(condition("O30.101"), subject={"reference": "Patient/other/"})), NECESSARY, None),
    ("a dating whose contained resource is none", (about(DATED, contained=[{"resourceType": "JohnDoe"}]),), OPEN, None),
]  # fmt: skip


@pytest.mark.parametrize(("chart", "outcome", "because"), [case[1:] for case in CHARTS], ids=[case[0] for case in CHARTS])
def test_an_odd_chart(client: FlaskClient, chart: tuple[Json, ...], outcome: str, because: list[str] | None) -> None:
    """A chart with doubles, future records, unreadable values or other people's data is judged as a careful reader would."""
    (decision,) = decisions(sign(client, order(), chart=chart))
    assert decision["outcome"] == outcome
    assert because is None or decision["because"] == because


WORDS = [
    ("81420", "Microdeletions: No", NECESSARY),
    ("81420", "opt out of microdeletions", NECESSARY),
    ("81420", "Microdeletion panel not requested", NECESSARY),
    ("81420", "NIPT trisomy 21/18/13, no 22q11.2 microdeletion", NECESSARY),
    ("81420", "No microdeletions, single gene or zygosity", OPEN),
    ("81420", "mother RhD negative", OPEN),
    ("81420", "with 22q11.2 microdeletion", NOT_NECESSARY),
    ("81420", "fetal sex only", OPEN),
    ("81479", "NIPT 21/18/13; donor egg pregnancy", NECESSARY),
    ("81479", "NIPT T21, history of breast cancer", NECESSARY),
    ("81479", "cfDNA liquid biopsy, lung cancer", "not-addressed"),
    ("81479", "Donor-derived cell-free DNA, kidney transplant", "not-addressed"),
    ("81479", "NIPT trisomies plus fetal sex", NECESSARY),
    ("81479", "NIPT T21 T18 T13, sex chromosomes", NECESSARY),
    ("81479", "NIPT declined", "not-addressed"),
]


@pytest.mark.parametrize(("code", "words", "outcome"), WORDS, ids=[f"{code} {words}" for code, words, _ in WORDS])
def test_the_words_of_an_order(client: FlaskClient, code: str, words: str, outcome: str) -> None:
    """Words on the order make an unlisted code recognisable and name a target; words that may negate it leave it open."""
    (decision,) = decisions(sign(client, order(code, orderDetail=[{"text": words}]), chart=(DATED,)))
    assert decision["outcome"] == outcome


def test_an_answer_beats_the_words_of_the_order(client: FlaskClient) -> None:
    """Where the words of the order seem to name another target, a person's answer to the question settles it."""
    answer = {
        "resourceType": "QuestionnaireResponse",
        "id": "q",
        "status": "completed",
        "subject": PATIENT,
        "authored": "2025-04-30",
        "item": [{"linkId": "names_other_target", "answer": [{"valueBoolean": False}]}],
    }
    drafted = order(orderDetail=[{"text": "with 22q11.2 microdeletion"}])
    (decision,) = decisions(sign(client, drafted, chart=(DATED, answer)))
    assert decision["outcome"] == NECESSARY


PREFETCHED = [
    {"resourceType": "Bundle", "entry": "x"},
    {"resourceType": "Bundle", "entry": [5, None, "x"]},
    {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:x"}]},
    {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Bundle", "entry": []}}]},
    {"resourceType": "Bundle", "total": "3"},
    {"resourceType": "Bundle", "total": 3, "entry": []},
    {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]},
    "nonsense",
]


@pytest.mark.verifies("prefetch-failed", "prefetch-broken")
@pytest.mark.parametrize("value", PREFETCHED, ids=[str(value)[:60] for value in PREFETCHED])
def test_what_cannot_be_read_was_not_searched(client: FlaskClient, value: object) -> None:
    """A prefetch value that is broken or incomplete is no search: what is presumed on silence is asked instead."""
    made = request(order(), chart=(DATED,))
    made["prefetch"]["conditions"] = value
    (decision,) = decisions(client.post(ADDRESS, json=made).get_json())
    assert decision["outcome"] == OPEN
    assert "Condition" in decision["searched"]


def test_an_encounter_that_failed_was_not_searched(client: FlaskClient) -> None:
    """Diagnoses may stand on the encounter; where the client failed to supply it, nothing is presumed of them."""
    made = request(order(), chart=(DATED,))
    made["prefetch"]["encounter"] = PREFETCHED[6]
    (decision,) = decisions(client.post(ADDRESS, json=made).get_json())
    assert decision["outcome"] == OPEN


def test_a_period_that_only_ends_is_no_date_of_service(client: FlaskClient) -> None:
    """A period without a start does not say when the service begins; the order's own date picks the version."""
    drafted = order(on="2025-03-20", occurrencePeriod={"end": "2025-04-30"})
    (decision,) = decisions(sign(client, drafted))
    assert decision["version"] == "2024-11-17"


def test_a_reason_that_fails_is_not_told_as_true(client: FlaskClient) -> None:
    """Where a criterion is not met, the card says so and does not state it as if it held."""
    (card,) = sign(client, order(), chart=(DATED, condition("O03.9", "2025-04-30")))["cards"]
    assert "Not met: The pregnancy is viable." in card["summary"]
    assert "- Not met: The pregnancy is viable. [" in card["detail"]


def test_an_answer_stays_small(client: FlaskClient) -> None:
    """Neither long client strings nor many orders of one kind make a large answer."""
    unit = {"value": 10, "unit": "x" * 200_000}
    long = client.post(ADDRESS, json=request(order(), chart=(observation("g", "18185-9", "2025-04-30", valueQuantity=unit),)))
    many = client.post(ADDRESS, json=request(*(order(id_=f"o{n}") for n in range(100)), chart=(DATED,)))
    assert (long.status_code, many.status_code) == (200, 200)
    assert len(long.data) < 20_000
    assert len(many.data) < 100 * 20_000


def test_too_many_orders_are_refused(client: FlaskClient) -> None:
    """More orders than anybody signs in one sitting are refused, naming the element."""
    response = client.post(ADDRESS, json=request(*(order(id_=f"o{n}") for n in range(201))))
    assert response.status_code == 400
    assert response.get_json()["issue"][0]["expression"] == ["context.draftOrders.entry"]


@pytest.mark.verifies("requested-version")
@pytest.mark.parametrize("wanted", [["2.2"], {}, 2.2, "", None])
def test_an_odd_requested_version(client: FlaskClient, wanted: object) -> None:
    """A requested CRD version that is no known word is refused; null is as good as absent."""
    made = request(order()) | {"extension": {"davinci-crd.requestedVersion": wanted}}
    assert client.post(ADDRESS, json=made).status_code == (200 if wanted is None else 422)


@pytest.mark.verifies("nothing-of-the-patient")
def test_errors_and_notes_do_not_repeat_the_client(client: FlaskClient) -> None:
    """Names of unknown members and odd values do not come back in errors."""
    for odd in (order(subject={"resourceType": "John Doe"}), order() | {"code": {"John Doe": 1}}):
        assert "John" not in client.post(ADDRESS, json=request(odd)).get_data(as_text=True)


@pytest.mark.verifies("markup")
def test_links_of_a_client_stay_text(client: FlaskClient) -> None:
    """An address in a resource's id stands in a code span, where Markdown makes no link of it."""
    odd = about(gestational_age(50, "2025-05-01"), id="https://evil.example/a")
    (card,) = sign(client, order(), chart=(odd,))["cards"]
    assert card["detail"].replace("`Observation/https://evil.example/a`", "").count("evil.example") == 0


@pytest.mark.verifies("older-fhir")
def test_an_older_order_type_is_refused(client: FlaskClient) -> None:
    """An order type that FHIR had before R4 is refused by name."""
    old = {"resourceType": "ProcedureRequest", "id": "x", "code": {"coding": [{"system": CPT, "code": "81420"}]}}
    response = client.post(ADDRESS, json=request(old))
    assert response.status_code == 422
    assert response.get_json()["issue"][0]["expression"] == ["context.draftOrders.entry[0].resource.resourceType"]


def test_what_an_order_contains_as_its_information_is_in_the_chart(client: FlaskClient) -> None:
    """Findings that ``supportingInfo`` names among the contained are read; an order *not* to do something informs of nothing."""

    def told(*findings: Json, **more: Any) -> Json:
        named = [{"reference": f"#{one['id']}"} for one in findings]
        return order(supportingInfo=named, contained=list(findings), **more)

    assert decisions(sign(client, order()))[0]["asks"] == ["gestational_age"]
    assert decisions(sign(client, told(DATED)))[0]["outcome"] == NECESSARY
    assert decisions(sign(client, told(DATED, condition("O30.101"))))[0]["because"] == ["higher-order-gestation"]
    refused = told(condition("O30.101"), doNotPerform=True, id_="o2")
    assert decisions(sign(client, order(), refused, chart=(DATED,)))[0]["outcome"] == NECESSARY
