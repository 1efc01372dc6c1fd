"""The table of resource types: what it names is FHIR, and nothing is read that it does not name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
import pytest

from cds_service.content.content import Content
from cds_service.fhir.resource_types import READ, SUBJECTS, TYPES
from cds_service.fhir.validation import unusable_reason
from cds_service.hooks.answer import decide_request
from cds_service.hooks.received.faults import Unusable
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import read_vignettes
from tests.conftest import TODAY

OF_ANY = frozenset({"id", "resourceType", "contained"})
"""What is read of resources of every type."""


def elements(kind: str) -> frozenset[str]:
    """The elements that FHIR gives a type."""
    model: Any = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    return frozenset(info.alias or name for name, info in model.model_fields.items())


class Watched(dict[str, Any]):
    """A resource that notes which of its elements are asked for."""

    read: defaultdict[str, set[str]] = defaultdict(set)

    __class__ = dict  # type: ignore[assignment]  # readers tell plain objects by their class

    def get(self, key: str, default: Any = None) -> Any:
        """Notes an element that is asked for."""
        self.read[super().get("resourceType", "")].add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.read[super().get("resourceType", "")].add(key)
        return super().__getitem__(key)


def watched(node: Any) -> Any:
    """A JSON value in which every resource notes what is read of it."""
    if isinstance(node, list):
        return [watched(one) for one in node]
    if not isinstance(node, dict):
        return node
    held = {name: watched(value) for name, value in node.items()}
    return Watched(held) if isinstance(node.get("resourceType"), str) and node["resourceType"] != "Bundle" else held


def bodies(content: Content) -> Iterator[bytes]:
    """The requests of all vignettes, and those in the shapes that EHRs send."""
    for path in sorted(Path("tests/vignettes").rglob("*.yaml")):
        for vignette in read_vignettes(path, path.name, content):
            yield orjson.dumps(request_of(vignette, content))
    for path in sorted(Path("tests/requests").glob("*/request.json")):
        yield path.read_bytes()


@pytest.mark.slow
def test_what_is_read_stands_in_the_table(content: Content) -> None:
    """Over all vignettes, no element of a resource is read that the table does not name for its type."""
    Watched.read.clear()
    for body in bodies(content):
        with suppress(Unusable):
            request = parse_request(body, "2.2")
            if request.prefetch:
                request.prefetch.update(watched(request.prefetch))
            drafted = getattr(request.context, "draft_orders", None)
            if isinstance(drafted, dict):
                drafted.update(watched(drafted))
            decide_request(request, content, TODAY, Settings())
    assert len(Watched.read) > 15
    lags = [
        f"{kind}.{name}" for kind, names in Watched.read.items() for name in sorted(names - named(kind)) if is_element(kind, name)
    ]
    assert not lags, f"read, and named by TYPES neither as 'sound' nor as 'looked_at': {', '.join(lags)}"


def named(kind: str) -> frozenset[str]:
    """The elements that the table names for a type, those of all types included."""
    held = TYPES.get(kind)
    return held.sound | held.looked_at | OF_ANY if held else OF_ANY


def is_element(kind: str, name: str) -> bool:
    """Whether FHIR gives a type an element that the table would name so; ``value`` stands for each ``value[x]``."""
    return name in elements(kind) and not (name.startswith("value") and "value" in named(kind))


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_the_table_names_what_fhir_has(kind: str) -> None:
    """Every element and status of the table is one of FHIR R4, and stands there once."""
    held, known = TYPES[kind], elements(kind)
    named = {
        *held.sound,
        *held.looked_at,
        *[path.partition(".")[0] for path in held.coded],
        *([held.subject] if held.subject else []),
    }
    assert {name for name in named if name not in known} <= {"value"}
    assert not held.sound & held.looked_at
    assert {path.partition(".")[0] for path in held.coded if held.sound} <= held.sound
    for status in held.evidence:
        assert unusable_reason({"resourceType": kind, "status": status}) != "it is not valid FHIR: status"


def test_records_name_their_patient_in_one_of_three_elements() -> None:
    """A resource that is anybody's says so in subject, patient or beneficiary."""
    assert set(SUBJECTS) == {"subject", "patient", "beneficiary"}


@pytest.mark.parametrize(
    ("kind", "element", "value"),
    [
        ("Device", "status", ["active"]),
        ("Device", "manufactureDate", "some day"),
        ("Device", "type", [{"text": "a pump"}]),
        ("MedicationDispense", "whenHandedOver", "some day"),
        ("Condition", "abatementPeriod", "2025"),
    ],
)
def test_a_fault_in_what_decisions_rest_on_makes_a_record_unusable(kind: str, element: str, value: object) -> None:
    """A record that is sound documents something; with such a fault it does not, and the reason names the element."""
    least: dict[str, dict[str, Any]] = {
        "Device": {"patient": {"reference": "Patient/p1"}},
        "MedicationDispense": {"status": "completed", "medicationCodeableConcept": {"text": "a medicine"}},
        "Condition": {"subject": {"reference": "Patient/p1"}, "code": {"text": "a diagnosis"}},
    }
    sound = least[kind] | {"resourceType": kind, "id": "one"}
    assert unusable_reason(sound) is None
    assert element in (unusable_reason(sound | {element: value}) or "")
    assert element in READ[kind]
