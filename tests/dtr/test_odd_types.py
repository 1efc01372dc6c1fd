"""Something of another type in each place of a request that is good: the answer is the operation's own or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, Final

import pytest

from tests.dtr import talks
from tests.dtr.conftest import CONTEXT, COVERAGE, PUMP, Asking, named, ordered
from tests.dtr.test_next_question import FAVOURABLE, send, start, with_answers
from tests.exchange import Json

ODD: Final[tuple[Any, ...]] = (None, True, 7, 1e300, "", "x\0y", [], {}, [{}], {"x": []})
Place = tuple[str | int, ...]


def places(node: Any, at: Place = ()) -> Iterator[Place]:
    """Every place of a document, from the outside in."""
    if at:
        yield at
    for step, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(inner, (*at, step))


def put(document: Json, place: Place, value: Any) -> Json:
    """The document with another value in a place."""
    made: Json = deepcopy(document)
    holder: Any = made
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    return made


def _package(*parameters: Json) -> Json:
    return {"resourceType": "Parameters", "parameter": [{"name": "coverage", "resource": COVERAGE}, *parameters]}


def _rich() -> Json:
    """A Coverage with the elements that tell a payer in another way."""
    held = {"resourceType": "Organization", "id": "payer", "name": "A payer", "identifier": [{"system": "urn:x", "value": "1"}]}
    payor = {"reference": "#payer", "type": "Organization", "display": "A payer", "identifier": {"system": "urn:x", "value": "1"}}
    return COVERAGE | {"contained": [held], "payor": [*COVERAGE["payor"], payor], "period": {"start": "2020-01-01"}}


def _trouble() -> Json:
    said = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}
    form = {"resourceType": "Questionnaire", "url": "https://x.example", "version": "1"}
    more = [{"name": "operationOutcome", "resource": said}, {"name": "Questionnaire", "resource": form}]
    return {"resourceType": "Parameters", "parameter": [{"name": "questionnaire", "valueCanonical": "x"}, *more]}


def _talk(asking: Asking) -> Json:
    """A talk that has begun, with answers."""
    return with_answers(send(asking, start(asking)), FAVOURABLE)


SINCE: Final = {"name": "changedsince", "valueInstant": "2020-01-01T00:00:00Z"}
REQUESTS: Final[dict[str, tuple[str, Callable[[Asking], Json]]]] = {
    "a package by order": ("Questionnaire/$questionnaire-package", lambda asking: _package(ordered(PUMP), SINCE)),
    "a package by context": (
        "Questionnaire/$questionnaire-package",
        lambda asking: _package(CONTEXT(asking.context), ordered(PUMP)),
    ),
    "a package by name": ("Questionnaire/$questionnaire-package", lambda asking: _package(named(asking.canonical))),
    "a Coverage that says more": (
        "Questionnaire/$questionnaire-package",
        lambda asking: {"resourceType": "Parameters", "parameter": [{"name": "coverage", "resource": _rich()}, ordered(PUMP)]},
    ),
    "a talk": ("Questionnaire/$next-question", _talk),
    "a report of trouble": ("Questionnaire/$log-questionnaire-errors", lambda asking: _trouble()),
    "a value set": (
        "ValueSet/$expand",
        lambda asking: {"resourceType": "Parameters", "parameter": [{"name": "url", "valueUri": "urn:x"}]},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("said", REQUESTS)
def test_no_type_in_any_place_is_a_fault_of_ours(asking: Asking, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """Null, numbers, texts, lists and objects stand where they do not belong, one at a time: never a 500."""
    monkeypatch.setattr("cds_service.store.store.ELSEWHERE", 0)
    address, make = REQUESTS[said]
    good = make(asking)
    failed = []
    for place in places(good):
        for value in ODD:
            answered = asking.client.post(f"{talks.BASES['2.0.1']}/{address}", json=put(good, place, value))
            if answered.status_code >= 500:
                failed.append((place, value))
    assert failed == []
