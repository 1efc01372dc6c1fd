"""What is told to be plain without the FHIR library is what the library finds no fault in."""

from __future__ import annotations

import copy
from functools import cache
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from bench.judge import chart_resources
from cds_service.content.content import read_content, shipped_content
from cds_service.fhir.fifth_release import as_fourth_release
from cds_service.fhir.plain import is_plain
from cds_service.fhir.resource_types import READ
from cds_service.fhir.validation import decisive, library_faults, model_of
from tests.hook_calls import drafts, vignettes

Json = dict[str, Any]
ODD: tuple[Any, ...] = (None, "", " ", "x", 7, -1, 0.5, True, [], {}, [None], ["x"], {"x": 1}, "2025-02-30", "2025-13", "2025-02-28T24:00:00Z", "2025-02",
       "2025-02-28T10:00:00", "2025-02-28T10:00:00.1234567Z", "0000", "a  b", " a", "a\n", "ü", "\u200b", 1e300, 2**40, [[]],
       {"coding": {}}, {"value": "1"}, {"reference": ""}, "#x", "http://a b", "id with space", "x" * 65)  # fmt: skip
"""Values that stand where something else is meant, or just at the edge of what FHIR allows."""
NAMES = ("onsetDateTime", "onsetString", "valueString", "valueQuantity", "valueInteger", "effectivePeriod", "effectiveDateTime", "_status",
         "extension", "contained", "note", "text", "meta", "identifier", "unknown", "fhir_comments", "resource_type", "component",
         "statusReason", "occurrencePeriod", "period", "language", "subject", "code", "status", "intent")  # fmt: skip


@cache
def resources() -> tuple[Json, ...]:
    """The orders and charts of every seventh vignette, and some laboratory values; none in the shape of R5."""
    content = read_content(shipped_content())
    found: list[Json] = list(chart_resources(40))
    for _, request in islice(vignettes(content), 0, None, 7):
        if "draftOrders" in request["context"]:
            found += drafts(request)
        for held in request["prefetch"].values():
            found += [e["resource"] for e in held["entry"]] if held and held["resourceType"] == "Bundle" else [held] if held else []
    kinds = [(one["resourceType"], one) for one in found]
    return tuple(one for kind, one in kinds if kind in READ and as_fourth_release(kind, one) is one)


def model_for(resource: Json) -> type[BaseModel]:
    """The model of a resource of a type that is validated."""
    model = model_of(resource)
    assert model is not None
    return model


@pytest.mark.slow
def test_the_resources_of_vignettes_are_plain() -> None:
    """What everyday charts and orders hold needs no second look, and the library agrees about all that gets none."""
    doubted = [one for one in resources() if not is_plain(one, model_for(one))]
    assert len(resources()) > 300
    assert len(doubted) < len(resources()) / 50, doubted[:3]
    assert [one for one in resources() if one not in doubted and library_faults(one, model_for(one))] == []


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every member and item below a value, as the thing that holds it and the key."""
    found: list[tuple[Any, Any]] = []
    for key, below in list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []:
        found += [(value, key), *places(below)]
    return found


@st.composite
def changed(draw: st.DrawFn) -> Json:
    """A resource of a vignette with one to three members changed, taken away, added or moved."""
    resource: Json = copy.deepcopy(draw(st.sampled_from(resources())))
    for _ in range(draw(st.integers(1, 3))):
        if not resource:
            break
        held, key = draw(st.sampled_from(places(resource)))
        match draw(st.sampled_from(["odd", "gone", "added", "borrowed", "listed"])):
            case "odd":
                held[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "gone":
                del held[key]
            case "added" if isinstance(held, dict):
                held[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "borrowed" if isinstance(held, dict):
                other = draw(st.sampled_from(resources()))
                name = draw(st.sampled_from(sorted(other)))
                held[name] = copy.deepcopy(other[name])
            case _:
                held[key] = [held[key]]
    return resource


@pytest.mark.slow
@given(changed())
def test_the_library_finds_no_fault_in_what_is_plain(resource: Json) -> None:
    """Whatever is done to a resource, it is told to be plain only where the library has nothing to say: of the whole resource, or
    of the elements that decisions read."""
    model = model_of(resource)
    if model is None:
        return
    found = library_faults(resource, model)
    if is_plain(resource, model):
        assert found == []
    if is_plain(resource, model, READ[resource["resourceType"]]):
        assert decisive(resource, found) == []


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("status", "no  code"),
        ("effectiveDateTime", "2025-02-30"),
        ("valueQuantity", {"value": "7"}),
        ("code", {"coding": [{"code": 7}]}),
        ("code", {"text": ""}),
        ("valueString", "a second value"),
        ("valueInteger", None),
    ],
)
def test_what_is_wrong_is_not_plain(element: str, value: object) -> None:
    """A fault in an element that decisions read leaves the resource to the library, in both ways of asking."""
    observation = chart_resources(10)[0] | {element: value}
    model = model_for(observation)
    assert not is_plain(observation, model)
    assert not is_plain(observation, model, READ["Observation"])
