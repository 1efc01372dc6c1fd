"""Feedback on cards: what is refused and why, what is kept once, and what is not kept at all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from tempfile import mkdtemp
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from cds_service.hooks.feedback import MOST
from cds_service.hooks.settings import Settings
from cds_service.serving.app import create_app
from cds_service.store.feedback import counts
from cds_service.store.store import Store
from cds_service.store.upgrade import upgrade
from tests.conftest import TODAY, held_content
from tests.exchange import Json
from tests.store.service import CARD, FEEDBACK, SUGGESTION, Service, accepted, overridden

EMPTY: Json = {}
REFUSED: list[tuple[str, Any, list[str]]] = [
    ("no feedback", {}, ["feedback"]),
    ("feedback is null", {"feedback": None}, ["feedback"]),
    ("feedback is an object", {"feedback": {}}, ["feedback"]),
    ("a report is a text", {"feedback": ["x"]}, ["feedback[0]"]),
    ("an empty report", {"feedback": [{}]}, ["feedback[0].card", "feedback[0].outcome", "feedback[0].outcomeTimestamp"]),
    ("the card is a number", {"feedback": [accepted(card=7)]}, ["feedback[0].card"]),  # type: ignore[arg-type]
    ("the card is blank", {"feedback": [accepted(card=" ")]}, ["feedback[0].card"]),
    ("another outcome", {"feedback": [overridden(outcome="ignored")]}, ["feedback[0].outcome"]),
    ("accepted, without suggestions", {"feedback": [accepted(acceptedSuggestions=None)]}, ["feedback[0].acceptedSuggestions"]),
    ("accepted, with no suggestion", {"feedback": [accepted(acceptedSuggestions=[])]}, ["feedback[0].acceptedSuggestions"]),
    ("a suggestion without id", {"feedback": [accepted(acceptedSuggestions=[{}])]}, ["feedback[0].acceptedSuggestions[0].id"]),
    ("a suggestion is a text", {"feedback": [accepted(acceptedSuggestions=["x"])]}, ["feedback[0].acceptedSuggestions[0]"]),
    ("an empty override reason", {"feedback": [overridden(overrideReason={})]}, ["feedback[0].overrideReason"]),
    ("a blank comment alone", {"feedback": [overridden(overrideReason={"userComment": " "})]}, ["feedback[0].overrideReason"]),
    (
        "a comment is a list",
        {"feedback": [overridden(overrideReason={"userComment": []})]},
        ["feedback[0].overrideReason.userComment"],
    ),
    ("the reason is a text", {"feedback": [overridden(overrideReason={"reason": "x"})]}, ["feedback[0].overrideReason.reason"]),
    (
        "a reason without code",
        {"feedback": [overridden(overrideReason={"reason": {}})]},
        ["feedback[0].overrideReason.reason.code"],
    ),
    ("a story as a code", {"feedback": [overridden(code="long " * 20)]}, ["feedback[0].overrideReason.reason.code"]),
    (
        "the system is a number",
        {"feedback": [overridden(overrideReason={"reason": {"code": "x", "system": 1}})]},
        ["feedback[0].overrideReason.reason.system"],
    ),
    ("a day for a moment", {"feedback": [accepted(at="2026-03-26")]}, ["feedback[0].outcomeTimestamp"]),
    ("a moment without zone", {"feedback": [accepted(at="2026-03-26T10:05:31")]}, ["feedback[0].outcomeTimestamp"]),
    ("a day that is none", {"feedback": [accepted(at="2026-02-30T10:05:31Z")]}, ["feedback[0].outcomeTimestamp"]),
    ("before all time", {"feedback": [accepted(at="0001-01-01T00:00:00+14:00")]}, ["feedback[0].outcomeTimestamp"]),
    (
        "faults of two reports at once",
        {"feedback": [accepted(at="now", acceptedSuggestions=[]), accepted(), overridden(outcome="other")]},
        ["feedback[0].outcomeTimestamp", "feedback[0].acceptedSuggestions", "feedback[2].outcome"],
    ),
    ("more than one call takes", {"feedback": [accepted()] * (MOST + 1)}, ["feedback"]),
]


@pytest.mark.verifies("feedback-shape")
@pytest.mark.parametrize(("case", "body", "elements"), REFUSED, ids=[case for case, *_ in REFUSED])
def test_feedback_of_the_wrong_shape_is_refused_with_every_fault(
    client: FlaskClient, case: str, body: Json, elements: list[str]
) -> None:
    """400 with an OperationOutcome that names each element at fault."""
    response = client.post(FEEDBACK, json=body)
    assert response.status_code == 400, case
    issues = response.get_json()["issue"]
    assert [issue["expression"][0] for issue in issues] == elements


@pytest.mark.verifies("feedback-shape")
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"feedback": [NaN]}', b"\xff"])
def test_feedback_that_is_no_json_object_is_refused(client: FlaskClient, body: bytes) -> None:
    """400 with an OperationOutcome, whatever came."""
    response = client.post(FEEDBACK, data=body)
    assert response.status_code == 400
    assert response.get_json()["resourceType"] == "OperationOutcome"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["accepted", CARD, "2026-01-01T00:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "code", "system", "reason", "userComment"]) | st.text(), inner, max_size=4)
    ),
    max_leaves=8,
)
REPORT = st.fixed_dictionaries(
    {},
    optional={
        "card": JSON,
        "outcome": st.sampled_from(["accepted", "overridden"]) | JSON,
        "acceptedSuggestions": JSON,
        "overrideReason": JSON,
        "outcomeTimestamp": st.datetimes().map(lambda at: f"{at.isoformat()}Z") | JSON,
    },
)


@given(st.lists(REPORT | JSON, max_size=3))
def test_whatever_is_reported_is_kept_or_refused_in_words(reports: list[Any]) -> None:
    """Any JSON is 200, or 400 with an OperationOutcome; never a failure of the service."""
    response = kept_anyhow().client.post(FEEDBACK, json={"feedback": reports})
    assert response.status_code in (200, 400), response.get_data(as_text=True)
    if response.status_code == 400:
        assert response.get_json()["resourceType"] == "OperationOutcome"


@lru_cache(maxsize=1)
def kept_anyhow() -> Service:
    """A service with a SQLite store that keeps comments, for all examples of a property."""
    store = Store(f"sqlite:///{mkdtemp()}/store.sqlite")
    upgrade(store.engine)
    return Service(create_app(held_content(), Settings(keep_comments=True), lambda: TODAY, store).test_client(), store)


@pytest.mark.verifies("feedback-unknown-service")
def test_an_unknown_service_takes_no_feedback(client: FlaskClient) -> None:
    """404 with an OperationOutcome; other methods are 405."""
    assert client.post("/cds-services/other/feedback", json={"feedback": []}).status_code == 404
    assert client.get(FEEDBACK).status_code == 405


def test_without_a_store_feedback_is_acknowledged_and_let_go(client: FlaskClient) -> None:
    """An embedding without a store answers like any other, and its log says that nothing is kept."""
    assert client.post(FEEDBACK, json={"feedback": [accepted()]}).status_code == 200


@pytest.mark.verifies("feedback-again")
def test_empty_feedback_is_acknowledged(service: Service) -> None:
    """An empty array is 200, and nothing is kept."""
    assert service.report().status_code == 200
    assert service.feedback() == []


def test_feedback_is_kept_with_the_decision_of_its_card(service: Service) -> None:
    """An override's code is kept with the policy, version and criterion that the card showed; an acceptance with its suggestion."""
    card = service.card()
    assert service.report(overridden(card), accepted(card.upper())).status_code == 200
    first, second = sorted(service.feedback(), key=lambda row: row.outcome, reverse=True)
    assert (first.policy, first.version) == ("carelon/prenatal-cfdna-screening", "2025-04-01")
    assert first.because == ["higher-order-gestation"]
    assert (first.reason_code, first.outcome_at.isoformat()) == ("patient-pays", "2026-03-26T10:06:00+00:00")
    assert (second.card, second.suggestions, second.reason_code) == (card, [SUGGESTION], None)


def test_feedback_counts_by_criterion_and_reason(service: Service) -> None:
    """The counts say how often a criterion's cards were overridden, and why; cards that nobody knows count alone."""
    card = service.card()
    service.report(
        overridden(card), overridden(card, at="2026-03-27T10:06:00Z"), overridden(card, code="x", at="2026-03-28T00:00:00Z")
    )
    service.report(accepted())
    found = {tuple(count) for count in counts(service.store.engine)}
    policy = "carelon/prenatal-cfdna-screening"
    assert found == {
        (policy, "higher-order-gestation", "overridden", "patient-pays", 2),
        (policy, "higher-order-gestation", "overridden", "x", 1),
        ("", "", "accepted", "", 1),
    }


@pytest.mark.verifies("feedback-again")
def test_the_same_report_is_kept_once(service: Service) -> None:
    """A report sent again, in one call or in two or with its time written otherwise, is 200 and kept once."""
    again = accepted(at="2026-03-26T12:05:31.000+02:00")
    for _ in range(2):
        assert service.report(accepted(), accepted(), again).status_code == 200
    assert len(service.feedback()) == 1
    assert service.report(overridden(at="2026-03-26T10:05:31Z"), accepted(at="2026-03-26T10:05:32Z")).status_code == 200
    assert len(service.feedback()) == 3


@pytest.mark.verifies("feedback-again")
def test_feedback_on_an_unknown_card_is_acknowledged_and_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """It is kept without a policy; a card whose name is no UUID was never ours and is only counted."""
    with caplog.at_level(logging.INFO):
        assert service.report(accepted(), accepted(), accepted(card="anything")).status_code == 200
    (row,) = service.feedback()
    assert (row.card, row.policy, row.because) == (CARD, None, None)
    (line,) = [record.__dict__ for record in caplog.records if record.msg == "feedback"]
    assert (line["reports"], line["new"], line["unknown"], line["unknown_cards"]) == (3, 1, 2, [CARD])


@pytest.mark.parametrize("keep", [False, True])
def test_comments_are_kept_only_where_the_operator_says_so(
    url: str, serving: Callable[..., Service], caplog: pytest.LogCaptureFixture, keep: bool
) -> None:
    """A clinician's free text may speak of the patient: it is never logged, and kept with ``keep_comments`` alone."""
    service = serving(url, keep_comments=keep)
    with caplog.at_level(logging.DEBUG):
        reason = {"userComment": "She lost\0 one twin", "reason": {"code": "x", "display": "She lost"}}
        assert service.report(overridden(overrideReason=reason)).status_code == 200
    assert service.feedback()[0].comment == ("She lost one twin" if keep else None)
    assert "She lost" not in "".join(str(record.__dict__) for record in caplog.records)


@pytest.mark.verifies("feedback-kept")
def test_feedback_that_cannot_be_kept_is_not_acknowledged(empty: str, serving: Callable[..., Service]) -> None:
    """Without its tables (nobody ran the upgrade) the store fails: 503 with an OperationOutcome, so that the client tries again."""
    if empty.startswith("sqlite"):
        empty = empty.replace("/folder", "")
    response = serving(empty).report(accepted())
    assert response.status_code == 503
    assert response.get_json()["issue"][0]["code"] == "transient"


def test_many_reports_fit_in_one_call(service: Service) -> None:
    """A call may carry as many reports as are allowed; each is kept."""
    reports = [accepted(at=f"2026-03-26T10:{n // 60:02}:{n % 60:02}Z") for n in range(MOST)]
    assert service.report(*reports).status_code == 200
    assert len(service.feedback()) == MOST


def test_a_store_that_nobody_reaches_does_not_hold_an_answer(serving: Callable[..., Service]) -> None:
    """With PostgreSQL out of reach an order is answered at once, and feedback is 503."""
    service = serving("postgresql://nobody@127.0.0.1:9/none")
    assert isinstance(service.store, Store)
    assert service.report(accepted()).status_code == 503
