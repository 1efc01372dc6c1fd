"""Bodies as they come over the wire: made smaller, dated in every way, from any browser's script; and what a refusal holds."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.content.content import Content
from cds_service.hooks.settings import Settings
from cds_service.serving.app import create_app
from tests.conftest import TODAY
from tests.exchange import ADDRESS, Json, decisions, fetuses, gestational_age, order, request
from tests.hook_calls import appointment, booking, dispatching, post, refused

TRIPLETS = (gestational_age(77, "2025-05-01"), fetuses(3, "2025-05-01"))
MADE = request(order(), chart=TRIPLETS)
BODY = json.dumps(MADE).encode()


def headless(body: bytes) -> bytes:
    """A body deflated without the header of zlib, as some clients do."""
    maker = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return maker.compress(body) + maker.flush()


SMALLER: dict[str, tuple[str, bytes]] = {
    "gzip": ("gzip", gzip.compress(BODY)),
    "x-gzip": ("X-Gzip", gzip.compress(BODY)),
    "gzip in two members": ("gzip", gzip.compress(BODY[:100]) + gzip.compress(BODY[100:])),
    "deflate": ("deflate", zlib.compress(BODY)),
    "deflate without a header": ("deflate", headless(BODY)),
    "both": ("deflate, gzip", gzip.compress(zlib.compress(BODY))),
    "identity": ("identity", BODY),
    "nothing": ("", BODY),
}


@pytest.mark.verifies("body-encoded")
@pytest.mark.parametrize(("encoding", "body"), SMALLER.values(), ids=SMALLER.keys())
def test_a_body_that_was_made_smaller_is_read(client: FlaskClient, encoding: str, body: bytes) -> None:
    """gzip and deflate, each as clients write it, say what the plain body says."""
    answered = client.post(ADDRESS, data=body, headers={"Content-Encoding": encoding})
    assert (answered.status_code, answered.get_json()) == (200, post(client, MADE))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_feedback_that_was_made_smaller_is_read(client: FlaskClient, encoding: str) -> None:
    """Feedback may come smaller too; what is wrong with it is told as ever."""
    body = b'{"feedback": [{"outcome": "seen"}]}'
    sent = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
    answered = client.post(f"{ADDRESS}/feedback", data=sent, headers={"Content-Encoding": encoding})
    assert answered.status_code == 400
    assert "feedback[0].outcome" in answered.get_json()["issue"][1]["expression"] + answered.get_json()["issue"][0]["expression"]


BOMB = gzip.compress(b" " * (16 * 1024 * 1024 + 1))
REFUSED: dict[str, tuple[str, bytes, int]] = {
    "brotli": ("br", BODY, 415),
    "zstandard": ("zstd", BODY, 415),
    "an encoding that is none": ("gzip;q=1", BODY, 415),
    "a tower of encodings": ("gzip, gzip, gzip", gzip.compress(gzip.compress(gzip.compress(BODY))), 415),
    "no gzip at all": ("gzip", BODY, 400),
    "no deflate at all": ("deflate", BODY, 400),
    "cut off": ("gzip", gzip.compress(BODY)[:-20], 400),
    "something behind it": ("gzip", gzip.compress(BODY) + b"more", 400),
    "small and huge": ("gzip", BOMB, 413),
    "smaller still and huge": ("gzip, gzip", gzip.compress(BOMB), 413),
    "small, huge, and in two members": ("gzip", gzip.compress(b" " * 9 * 1024 * 1024) * 2, 413),
}


@pytest.mark.verifies("body-encoded")
@pytest.mark.parametrize(("encoding", "body", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_body_that_cannot_be_read_is_refused(client: FlaskClient, encoding: str, body: bytes, status: int) -> None:
    """Other encodings are 415, bytes that are not of theirs 400, and what becomes larger than a body may be 413; each in words."""
    for address in (ADDRESS, f"{ADDRESS}/feedback"):
        answered = client.post(address, data=body, headers={"Content-Encoding": encoding})
        assert (answered.status_code, answered.get_json()["resourceType"]) == (status, "OperationOutcome")


# Days


SAYS_A_DAY = [
    "2025-05-01T10:00:00",
    "2025-05-01T10:00",
    "2025-05-01T10:00:00+0000",
    "2025-05-01T10:00:00-0600",
    "2025-05-01T10:00:00.123+0000",
    "2025-05-01T10:00:00+00",
    "2025-05-01 10:00:00",
    " 2025-05-01 ",
    "2025-05-01T10:00:00Z",
]
NO_DAY = ["yesterday", "2025-02-30", "20250501", "05/01/2025", 20250501, "2025-13"]
Made = tuple[str, Any]


def dated(hook: str, day: Any) -> Json:
    """A call of a hook for two orders, of which the first is dated so: by itself, by its appointment, or by a task."""
    two = request(order(on=day) if hook == "order-sign" else order(), order("81422", "o2"), chart=TRIPLETS)
    if hook == "order-dispatch":
        task = {"resourceType": "Task", "focus": {"reference": "ServiceRequest/o1"}, "executionPeriod": {"start": day}}
        return dispatching(two, fulfillmentTasks=[task])
    if hook == "appointment-book":
        starts = (day, "2025-05-01T09:00:00Z")
        booked = [
            appointment("p1", start, f"a{n}", basedOn=[{"reference": f"ServiceRequest/o{n}"}]) for n, start in enumerate(starts, 1)
        ]
        return booking(two, "", *booked)
    return two


HOOKS = ["order-sign", "order-dispatch", "appointment-book"]


@pytest.mark.verifies("dates-as-written")
@pytest.mark.parametrize("day", SAYS_A_DAY)
@pytest.mark.parametrize("hook", HOOKS)
def test_a_date_without_a_zone_is_the_day_it_says(client: FlaskClient, hook: str, day: str) -> None:
    """A moment without zone, in a zone that FHIR does not write so, or with blanks is of the day that it says."""
    assert [one["because"] for one in decisions(post(client, dated(hook, day)))] == [
        ["higher-order-gestation"],
        ["not-necessary-test"],
    ]


@pytest.mark.verifies("dates-as-written")
@pytest.mark.parametrize("day", NO_DAY)
@pytest.mark.parametrize("hook", HOOKS)
def test_only_the_order_whose_date_is_no_day_is_not_judged(client: FlaskClient, hook: str, day: Any) -> None:
    """An order whose date no calendar has is told on a card of its own; the other order of the call is judged."""
    answered = post(client, dated(hook, day))
    assert [one["because"] for one in decisions(answered)] == [["unreadable-date"], ["not-necessary-test"]]
    assert sum("date is no day" in card["summary"] for card in answered["cards"]) == 1


@pytest.mark.parametrize("hook", HOOKS)
def test_a_call_of_one_order_whose_date_is_no_day_names_the_element(client: FlaskClient, content: Content, hook: str) -> None:
    """Where nothing else is to be judged, or the service is strict, the call is refused and the date's element is named."""
    made = dated(hook, "yesterday")
    strict = create_app(content, Settings(strict=True), today=lambda: TODAY).test_client()
    named = {
        "order-sign": "context.draftOrders.entry[0].resource.authoredOn",
        "order-dispatch": "context.fulfillmentTasks[0].executionPeriod.start",
        "appointment-book": "context.appointments.entry[0].resource.start",
    }[hook]
    assert refused(strict, made) == (400, [named])
    if hook == "order-sign":
        del made["context"]["draftOrders"]["entry"][1]
    if hook == "order-dispatch":
        del made["context"]["dispatchedOrders"][1]
    if hook == "appointment-book":
        del made["context"]["appointments"]["entry"][1]
    assert refused(client, made) == (400, [named])


# Browsers


@pytest.mark.verifies("cors")
@pytest.mark.parametrize("asked", ["traceparent, x-request-id", "Authorization, Content-Type", "X-Of-Their-Own"])
@pytest.mark.parametrize("path", ["/cds-services", ADDRESS, f"{ADDRESS}/feedback"])
def test_a_browser_may_send_any_header_that_it_asks_for(client: FlaskClient, path: str, asked: str) -> None:
    """A preflight is allowed whatever request headers the browser's script means to send."""
    headers = {"Origin": "http://localhost", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked}
    answered = client.options(path, headers=headers)
    assert answered.status_code == 200
    allowed = {one.strip().lower() for one in answered.headers["Access-Control-Allow-Headers"].split(",")}
    assert {one.strip().lower() for one in asked.split(",")} <= allowed


@pytest.mark.verifies("body-encoded")
def test_gzip_of_very_many_members_is_refused(client: FlaskClient) -> None:
    """Members without content cost time and no size, so their number is bound; as many as writers of blocks make are read."""
    for members, status in ((300, 200), (100_000, 413)):
        body = gzip.compress(b"") * members + gzip.compress(BODY)
        answered = client.post(ADDRESS, data=body, headers={"Content-Encoding": "gzip"})
        assert answered.status_code == status
    assert answered.get_json()["issue"][0]["details"]["text"] == "the body is gzip of more than 1000 members"


@pytest.mark.parametrize(
    "body",
    [b"", gzip.compress(BODY)[:40_000], gzip.compress(BODY) + b"x", b"x"],
    ids=["nothing", "cut short", "more after it", "something else"],
)
def test_what_is_no_gzip_is_refused(client: FlaskClient, body: bytes) -> None:
    """A body that is cut off, that goes on after its end, or that is none, is 400."""
    body = body if len(body) != len(gzip.compress(BODY)) else body[:-4]
    assert client.post(ADDRESS, data=body, headers={"Content-Encoding": "gzip"}).status_code == 400


@pytest.mark.parametrize("element", ["reasonCode", "orderDetail", "note", "contained", "extension"])
def test_thousands_of_faults_are_told_in_part(client: FlaskClient, caplog: pytest.LogCaptureFixture, element: str) -> None:
    """An order that repeats one mistake thousands of times is answered or refused as any other; what is told and logged is bound."""
    wrong: Any = {"coding": [{"system": "http://loinc.org", "code": "x"}], "resourceType": "Condition", "id": "x", "no-such": 1}
    answered = client.post(ADDRESS, json=request(order() | {element: [wrong] * 3000}))
    assert answered.status_code in (200, 400)
    if answered.status_code == 400:
        issues = answered.get_json()["issue"]
        assert len(issues) == 501
        assert issues[-1]["details"]["text"] == "there are more faults than are told"
    assert len(caplog.records) < 50
