"""The expansion of a value set: every code that is meant.

It is written out beside the set as a FHIR ValueSet. Families of ICD-10-CM become their billable codes with their
titles, which are in the public domain. Codes of other systems stand as they are listed, with our own labels: their
names belong to their publishers. The service never reads an expansion.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from cds_service.analysis.value_sets.classification import Classification
from cds_service.content.content import EXPANSIONS
from cds_service.fhir.code_systems import ICD10CM
from cds_service.fhir.codes import Key, key_of

Json = dict[str, Any]
FOLDER: Final = f"value_sets/{EXPANSIONS}"


class Expanded(NamedTuple):
    """One code of an expansion."""

    system: str
    code: str
    display: str = ""


def meant(value_set: Json, classification: Classification) -> list[Expanded]:
    """Return every code that a value set means, sorted, each once.

    Families are given by their billable codes.
    """
    compose = value_set.get("compose", {})
    out = {_key(one) for part in compose.get("exclude", []) for one in _codes(part, classification)}
    found = {_key(one): one for part in compose.get("include", []) for one in _codes(part, classification)}
    return _sorted(one for key, one in found.items() if key not in out)


def as_value_set(value_set: Json, codes: Iterable[Expanded], made_from: Iterable[str]) -> Json:
    """Return the ValueSet with its expansion.

    ``made_from`` says what the codes were taken from; the day is the set's own.
    """
    kept = ("resourceType", "id", "url", "version", "name", "title", "status", "date", "publisher", "copyright")
    contains = [{name: said for name, said in one._asdict().items() if said} for one in codes]
    expansion = {
        "identifier": f"{value_set['url']}|{value_set['version']}",
        "timestamp": value_set["date"],
        "total": len(contains),
        "parameter": [{"name": "version", "valueString": one} for one in made_from],
        "contains": contains,
    }
    return {name: value_set[name] for name in kept if name in value_set} | {"expansion": expansion}


def written(expanded: Json) -> str:
    """Write the text of an expansion's file.

    Each code is on a line of its own, so that a change is a line.
    """
    contains = expanded["expansion"]["contains"]
    bare = json.dumps(expanded | {"expansion": expanded["expansion"] | {"contains": []}}, indent=2, ensure_ascii=False)
    if not contains:
        return f"{bare}\n"
    lines = ",\n".join(f"      {json.dumps(one, ensure_ascii=False)}" for one in contains)
    return bare.replace('"contains": []', f'"contains": [\n{lines}\n    ]') + "\n"


def read_expansion(path: Path) -> list[Expanded] | None:
    """Read the codes of an expansion's file.

    Returns None when it is no expansion.
    """
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return contained(read)


def contained(value_set: Any) -> list[Expanded] | None:
    """Return the codes of the expansion in a ValueSet.

    Those below others are included. Returns None when there is no expansion.
    """
    expansion = value_set.get("expansion") if isinstance(value_set, dict) else None
    if not isinstance(expansion, dict) or not isinstance(expansion.get("contains", []), list):
        return None
    found: list[Expanded] = []
    pending = list(expansion.get("contains", []))
    while pending:
        one = pending.pop()
        if not isinstance(one, dict):
            return None
        system, code, display = one.get("system", ""), one.get("code", ""), one.get("display", "")
        if isinstance(system, str) and isinstance(code, str) and system and code and one.get("abstract") is not True:
            found.append(Expanded(system, code, display if isinstance(display, str) else ""))
        pending += one.get("contains", [])
    return _sorted(found)


def disagreements(value_set: Json, path: Path, classification: Classification) -> tuple[list[Expanded], list[Expanded]] | None:
    """Return what an expansion's file lacks, and what it has besides.

    Returns None when the file is no expansion.
    """
    held = read_expansion(path)
    if held is None:
        return None
    wanted = meant(value_set, classification)
    keys, wanted_keys = {_key(one) for one in held}, {_key(one) for one in wanted}
    return [one for one in wanted if _key(one) not in keys], [one for one in held if _key(one) not in wanted_keys]


def _codes(part: Json, classification: Classification) -> list[Expanded]:
    system = part.get("system", "")
    found = [Expanded(system, one["code"], one.get("display", "")) for one in part.get("concept", [])]
    if system == ICD10CM:
        found = [one._replace(display=classification.title(one.code)) if classification.knows(one.code) else one for one in found]
        for narrowing in part.get("filter", []):
            found += [Expanded(system, code, classification.title(code)) for code in classification.billable(narrowing["value"])]
    return found


def _key(one: Expanded) -> Key:
    return key_of(one.system, one.code)


def _sorted(codes: Iterable[Expanded]) -> list[Expanded]:
    return sorted(codes, key=lambda one: (one.system, one.code))
