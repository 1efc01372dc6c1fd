"""Which requests are answered on the event loop itself: only those that cannot wait for anything but the processor."""

from __future__ import annotations

import json

import pytest

from cds_service.cli.serve import processors
from cds_service.reception import SMALL, waits_without_clients

CALL = "/cds-services/medical-policy"
BODY = json.dumps({"hook": "order-sign", "prefetch": {"patient": {"name": "Müller"}}}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("path", "body", "waits"),
    [
        (CALL, BODY, False),
        (CALL, b"not JSON at all", False),
        (CALL, b"", False),
        (CALL, BODY.replace(b'"hook"', b'"fhirServer": "https://ehr.example/fhir", "hook"'), True),
        (CALL, BODY.replace(b'"hook"', rb'"\u0066hirServer": "https://ehr.example/fhir", "hook"'), True),
        (CALL, BODY.replace(b'"hook"', rb'"fhir\u0053erver": "https://ehr.example/fhir", "hook"'), True),
        (CALL, BODY + b" " * SMALL, True),
        (f"{CALL}/feedback", BODY, True),
        ("/cds-services", b"", True),
        ("/ready", b"", True),
        ("/", b"", True),
    ],
)
def test_only_calls_that_can_wait_for_nothing_do_without_a_thread(path: str, body: bytes, waits: bool) -> None:
    """A small call that names no FHIR server, in whatever spelling, waits for nothing; every other request gets a thread."""
    assert waits_without_clients(path, body) is waits


def test_there_is_at_least_one_processor() -> None:
    """``serve`` always has somebody to answer."""
    assert processors() >= 1
