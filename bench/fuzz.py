"""Sends requests that are nearly right, and some that are noise: ``python -m bench.fuzz --requests 10000``.

Whatever comes, the answer is JSON with CORS headers and never a 5xx; refusals are OperationOutcomes; and no refusal and no log line
repeats what stood in the request (every text put in holds a word that must not come back).
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import time
from collections import Counter
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from cds_service.cli.demo import examples_folder
from cds_service.content.content import Content, read_content, shipped_content
from cds_service.serving.app import create_app
from cds_service.serving.log_lines import LogLine

WORD = "Zanzibar7Q"
"""Stands for a patient's name in every text that a mutation puts in."""
ADDRESS = "/cds-services/medical-policy"
Json = dict[str, Any]
STRANGE: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 1e308, -1e-308, 0.1, "", " ", WORD, f"{WORD}\x00", f"{WORD}\u202e\U0001f9ec",
    "9999-12-31", "0001-01-01", "2025-02-30", "2025", "2025-13", "2025-05-01T25:00:00Z", "2025-05-01T00:00:00+14:00", "10000-01-01",
    f"Patient/{WORD}", f"#{WORD}", "#", f"urn:uuid:{WORD}", f"http://[{WORD}", "http://www.ama-assn.org/go/cpt", "81420", "O30.1",
    [], {}, [[]], [{}], [None], {"coding": None}, {"coding": [None]}, {"coding": [{"code": 7}]}, {"value": "x"}, {"value": 1e308},
    {"reference": WORD}, {"reference": 5}, {"start": "2025-05-01"}, {"end": "x"}, {"resourceType": "Bundle", "entry": [None]},
    {"resourceType": "OperationOutcome", "issue": [None]}, {"resourceType": WORD}, [WORD] * 50, {WORD: WORD},
    f"{WORD} K/uL", "10*999/uL", "10*99.10*99.10*99.10*99", "(" * 40, "{" * 40, "/" * 500, "1e400", "12w3d", "12 3/7 weeks",
    "1,400 cells/uL",
    {"value": "1e400", "unit": "10*99/uL"}, {"value": 1e308, "unit": "10*99/uL", "code": "10*99/uL"},
    {"value": 5e-324, "code": "ug/L"},
    {"value": "<" * 40, "unit": WORD}, {"value": "\u0663", "unit": "\u00b5" * 40}, {"coding": [{"code": "81420"}]},
    {"coding": [{"system": "ICD10", "code": " o30.1 "}]}, {"coding": [{"system": "x" * 300, "code": "9" * 300}]},
    {"coding": [{"system": WORD, "code": "27280-50-50-50-50-50"}]},
    {"coding": [{"system": "urn:oid:2.16.840.1.113883.6.69", "code": "0" * 40}]},
]  # fmt: skip

PAGE = "http://localhost:4200"
"""A page of this machine, whose scripts an open service lets in."""


def examples(content: Content) -> list[Json]:
    """The shipped example requests, each as a call of every hook."""
    made: list[Json] = []
    for file in sorted(examples_folder(content.root).glob("*.json")):
        request = json.loads(file.read_text(encoding="utf-8"))
        if request.get("hook"):
            made += hooks(request)
    return made


def hooks(signing: Json) -> list[Json]:
    """An order-sign request, and the same orders and chart in the calls of the other hooks."""
    context = signing["context"]
    drafts = [entry["resource"] for entry in context["draftOrders"]["entry"]]
    named = [f"{one['resourceType']}/{one['id']}" for one in drafts]
    patient = context["patientId"]
    held = [{"resource": one} for one in drafts if one["resourceType"] == "ServiceRequest"]
    found = {"orderedServices": {"resourceType": "Bundle", "type": "searchset", "entry": held}}
    fetched = {"prefetch": signing["prefetch"] | found}
    dispatched = {"patientId": patient, "dispatchedOrders": named, "performer": "Organization/laboratory"}
    appointment = {
        "resourceType": "Appointment",
        "id": "a1",
        "status": "proposed",
        "start": "2025-05-01T10:00:00Z",
        "basedOn": [{"reference": name} for name in named],
        "participant": [{"actor": {"reference": f"Patient/{patient}"}, "status": "needs-action"}],
    }
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": appointment}]}
    booked = {"patientId": patient, "userId": context["userId"], "appointments": bundle}
    return [
        signing,
        signing | {"hook": "order-select", "context": context | {"selections": named}},
        signing | fetched | {"hook": "order-dispatch", "context": dispatched},
        signing | fetched | {"hook": "appointment-book", "context": booked},
    ]


def again(value: Any) -> Any:
    """A copy of a JSON value, however deep."""
    return json.loads(json.dumps(value))


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON value: its container, and its name or index there."""
    found: list[tuple[Any, Any]] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        pairs = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        for key, value in pairs:
            found.append((one, key))
            waiting.append(value)
    return found


def deep(levels: int, chance: random.Random) -> Any:
    """A value nested that deeply, in lists, objects or extensions."""
    node: Any = WORD
    shape = chance.randrange(3)
    for _ in range(levels):
        node = [node] if shape == 0 else {"item": [node]} if shape == 1 else {"url": "http://x", "extension": [node]}
    return node


def mutate(request: Json, chance: random.Random) -> Json:
    """A request with one to four places dropped, replaced, wrapped, doubled, renamed or nested deeply."""
    made: Json = again(request)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
        container, key = chance.choice(places(made) or [({"": None}, "")])
        match chance.randrange(10):
            case 0 | 1:
                del container[key]
            case 2 | 3 | 4 | 5:
                container[key] = again(chance.choice(STRANGE))
            case 6:
                container[key] = [container[key]]
            case 7 if isinstance(container, list):
                container += [again(container[key])] * chance.choice((1, 2, 30))
            case 8 if isinstance(container, dict):
                container[f"{key}{chance.choice(('', '_', WORD))}"] = container.pop(key)
            case 9:
                container[key] = deep(chance.choice((5, 40, 60, 110, 260)), chance)
            case _:
                other, name = chance.choice(places(made))
                container[key] = again(other[name])
    return made


def broken(body: bytes, chance: random.Random) -> bytes:
    """A body with bytes flipped, cut out, put in or doubled."""
    made = bytearray(body)
    for _ in range(chance.choice((1, 2, 8))):
        at = chance.randrange(len(made) or 1)
        match chance.randrange(4):
            case 0:
                made[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del made[at : at + chance.randrange(1, 200)]
            case 2:
                noise = (b"NaN", b"9" * 400, b"1e999", b"\xff", b"\xef\xbb\xbf", b'"\\ud800"', b"[" * 2000, b"{")
                made[at:at] = chance.choice(noise)
            case _:
                made[at:at] = made[at : at + 100]
    return bytes(made)


def bodies(requests: list[Json], count: int, seed: int) -> list[bytes]:
    """That many bodies, the same for the same seed: four of five are mutated as JSON, the others as bytes."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    found = []
    for number in range(count):
        request = chance.choice(requests)
        if number % 5 == 4:
            found.append(broken(json.dumps(request).encode(), chance))
        else:
            found.append(json.dumps(mutate(request, chance), ensure_ascii=chance.random() < 0.5).encode("utf-8", "replace"))
    return found


def unlawful(client: FlaskClient, body: bytes, address: str = ADDRESS) -> tuple[int, str]:
    """The status of the answer to a body, and what is wrong with the answer; the empty string where nothing is."""
    response = client.post(address, data=body, headers={"Origin": PAGE})
    text = response.get_data(as_text=True)
    status = response.status_code
    try:
        answered = json.loads(text)
    except ValueError:
        return status, "it is not JSON"
    if status >= 500:
        return status, "it is a failure of ours"
    if response.headers.get("Access-Control-Allow-Origin") != PAGE:
        return status, "it has no CORS header"
    if status == 200:
        lawful = all(0 < len(card["summary"]) < 140 and card["source"]["label"] for card in answered["cards"])
        return status, "" if lawful and "systemActions" in answered else "it has an unlawful card"
    if answered.get("resourceType") != "OperationOutcome" or not answered.get("issue"):
        return status, "it is no OperationOutcome"
    return status, "it repeats the request" if WORD in text else ""


class Kept(logging.Handler):
    """Counts the log lines that repeat the request."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(LogLine())
        self.repeating: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Looks at one line as it would be written."""
        line = self.format(record)
        if WORD in line:
            self.repeating.append(line)


def fuzz(app: Flask, requests: list[Json], count: int, seed: int) -> tuple[Counter[int], list[tuple[str, bytes]]]:
    """Sends that many bodies; how many answers had each status, and what was wrong with which body."""
    logger, kept = logging.getLogger("cds_service"), Kept()
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    statuses: Counter[int] = Counter()
    wrong: list[tuple[str, bytes]] = []
    client = app.test_client()
    try:
        for body in bodies(requests, count, seed):
            kept.repeating.clear()
            status, why = unlawful(client, body)
            statuses[status] += 1
            if why or kept.repeating:
                wrong.append((why or f"the log repeats the request: {kept.repeating[0]}", body))
    finally:
        logger.removeHandler(kept)
    return statuses, wrong


def main() -> None:
    """Runs the command; its status is 1 when an answer was unlawful."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--requests", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    content = read_content(shipped_content())
    logging.getLogger("cds_service").propagate = False
    began = time.perf_counter()
    statuses, wrong = fuzz(create_app(content), examples(content), options.requests, options.seed)
    print(f"{options.requests} requests, seed {options.seed}, {time.perf_counter() - began:.0f} s; statuses {dict(statuses)}")
    for why, count in Counter(why for why, _ in wrong).most_common(20):
        print(f"{count} times: {why}")
    for why, body in wrong[:5]:
        print(why, body[:3000])
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
