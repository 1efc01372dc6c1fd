"""The words that stand beside codes: the labels of the value sets."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from cds_service.fhir.codes import key_of
from cds_service.fhir.value_set_files import read_written, value_set_paths

Labels = dict[tuple[str, str], str]


@lru_cache(maxsize=2)
def labels(root: Path) -> Labels:
    """What the value sets call their codes, by the key of the code."""
    found: Labels = {}
    for path in value_set_paths(root / "value_sets"):
        for include in read_written(path, path.name).raw.get("compose", {}).get("include", ()):
            for concept in include.get("concept", ()):
                if concept.get("display"):
                    key = key_of(include.get("system", ""), concept["code"])
                    found.setdefault((key.space, key.code), concept["display"])
    return found


def label(root: Path, system: str, code: str) -> str:
    """What a code is called; empty where no value set says."""
    key = key_of(system, code)
    return labels(root).get((key.space, key.code), "")
