"""A small classification, and a content folder whose facts read a part of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cds_service.analysis.value_sets.classification import Classification
from cds_service.fhir.code_systems import ICD10CM
from tests.analysis.lint.home_oxygen import FACTS, lay_out

Json = dict[str, Any]
TITLES = {
    "A40": "Streptococcal sepsis",
    "A40.0": "Sepsis due to group A",
    "A40.1": "Sepsis due to group B",
    "A41": "Other sepsis",
    "A41.0": "Sepsis due to Staphylococcus aureus",
    "A41.01": "Sensitive",
    "A41.02": "Resistant",
    "A41.9": "Sepsis, unspecified organism",
    "S32": "Fracture of lumbar spine and pelvis",
    "S32.1": "Fracture of sacrum",
    "S32.1XXA": "initial",
    "S32.1XXS": "sequela",
    "S32.2": "Fracture of coccyx",
}
SMALL = Classification(["1", "A40-A41", *TITLES], TITLES.__getitem__, "a small release")
FACT = "facts/sepsis.yaml"
SEPSIS = """\
sepsis:
  means: There is sepsis.
  type: boolean
  ask: Is there sepsis?
  from:
    - condition: {codes: sepsis, speaks_for: 30 days}
"""


def family_set(id_: str, *families: str, codes: tuple[str, ...] = (), excluded: tuple[str, ...] = ()) -> Json:
    """A ValueSet of ICD-10-CM families and codes."""
    include: list[Json] = [{"system": ICD10CM, "filter": [_is_a(family)]} for family in families]
    include += [{"system": ICD10CM, "concept": [{"code": code} for code in codes]}] if codes else []
    compose = {"include": include} | (
        {"exclude": [{"system": ICD10CM, "filter": [_is_a(one)]} for one in excluded]} if excluded else {}
    )
    return {
        "resourceType": "ValueSet",
        "id": id_,
        "url": f"urn:cds-service:value-set:{id_}",
        "version": "2026-11-28",
        "title": id_,
        "status": "active",
        "date": "2026-11-28",
        "publisher": "cds_service",
        "compose": compose,
    }


def septic(folder: Path, *sets: Json, facts: str = SEPSIS) -> Path:
    """The sound content of lint with a fact of sepsis and its value sets."""
    lay_out(folder)
    (folder / FACT).write_text(facts, encoding="utf-8")
    for value_set in sets:
        keep(folder, value_set)
    assert (folder / FACTS).is_file()
    return folder


def keep(folder: Path, value_set: Json) -> None:
    """Writes a value set into a content folder."""
    (folder / f"value_sets/{value_set['id']}.json").write_text(json.dumps(value_set, indent=2), encoding="utf-8")


def _is_a(family: str) -> Json:
    return {"property": "concept", "op": "is-a", "value": family}
