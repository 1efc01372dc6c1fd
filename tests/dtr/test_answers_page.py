"""The page of the answers says what the service does."""

from __future__ import annotations

import orjson

from cds_service.hooks.received.messages import EXTENSION
from tests.dtr.answers_page import ANSWERS, FIGURES, PAGE, recorded, rendered
from tests.dtr.talks import bundles


def test_the_recorded_conversation_is_the_one_that_is_had() -> None:
    """Signed: not documented, with the form named; four questions in it; signed again: necessary. The page shows just this."""
    told = recorded()
    first, package, last = (told[at][2] for at in (1, 3, 5))
    assert first["extension"][EXTENSION][0]["outcome"] == "not-documented"
    assert first["extension"][EXTENSION][0]["asks"] == list(ANSWERS)
    ((form, _),) = bundles(package)
    assert [item["linkId"] for item in form["item"]] == list(ANSWERS)
    assert last["extension"][EXTENSION][0]["outcome"] == "necessary"
    assert PAGE.read_text(encoding="utf-8") == rendered(told, orjson.loads(FIGURES.read_bytes()))
