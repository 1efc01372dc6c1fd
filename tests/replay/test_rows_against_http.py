"""A row of a replay is what order-sign would have answered on that day with that chart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cds_service.content.content import Content
from cds_service.fhir.elements import Resource
from cds_service.replay.judged import evidence_row
from cds_service.replay.ledger import IN_ERROR, NOT_GOVERNED, NOT_TO_DO, WITHDRAWN
from cds_service.replay.population import as_patient, of_every_type
from cds_service.vignettes.over_http import decide_over_http
from cds_service.vignettes.read import Vignette, read_vignettes
from cds_service.vignettes.run import with_own_lists
from tests.conftest import app_over, held_content
from tests.replay.direct import Row, decided, export, of, terms

VIGNETTES = Path(__file__).parent.parent / "vignettes"
WRITTEN_LATER = {"A transplant ordered on a day to come"}
"""Vignettes in which a record that was written after the order was signed decides: nobody could have read it then."""


def vignettes(content: Content) -> list[Vignette]:
    """All vignettes of orders."""
    return [one for path in sorted(VIGNETTES.rglob("*.yaml")) for one in read_vignettes(path, path.name, content)]


def resources(held: Iterable[tuple[str, Vignette]], content: Content, unsearched: frozenset[str]) -> list[Resource]:
    """The population of vignettes with one that has every type that was searched."""
    found = [one for one in of_every_type() if one["resourceType"] not in unsearched or one["resourceType"] == "Patient"]
    for id_, vignette in held:
        found += as_patient(vignette, content, id_)
    return found


def differences(vignette: Vignette, row: Row | None, left: str, http: dict[str, Any]) -> list[str]:
    """What a row says otherwise than the answer over HTTP; nothing where they are equal."""
    if row is None:
        silent = http["outcome"] == "absent" or (http["outcome"] == "not-addressed" and "policy" not in http)
        return [] if silent and left in (NOT_GOVERNED, IN_ERROR, WITHDRAWN, NOT_TO_DO) else [f"no row: {left}, and {http}"]
    found = [
        f"{name}: {row[name]}, and {http.get(name)}"
        for name in ("outcome", "because", "asks", "assumed")
        if row[name] != http.get(name, [])
    ]
    if row["unsearched"] != http.get("searched", []):
        found.append("unsearched")
    day: date = row["day"]
    said = [evidence_row(one, day) for one in http.get("evidence", [])]
    then = [one for one in said if not (one["unusable"] or "").startswith("it is dated after the date of service")]
    if sorted(map(_text, then)) != sorted(map(_text, row["evidence"])):
        found.append(f"evidence: {row['evidence']}, and {then}")
    return found


def _text(row: dict[str, Any]) -> str:
    return str(sorted((name, str(value)) for name, value in row.items()))


def compare(chosen: list[Vignette], content: Content, folder: Path) -> list[str]:
    """Each vignette as a patient of a population, and over HTTP: what differs."""
    groups: dict[tuple[Any, ...], list[tuple[str, Vignette]]] = defaultdict(list)
    for number, one in enumerate(chosen):
        groups[one.not_searched, tuple(one.own_lists.items())].append((f"v{number}", one))
    found: list[str] = []
    for at, ((unsearched, lists), held) in enumerate(groups.items()):
        source = export(folder / str(at), resources(held, content, unsearched))
        with_lists = with_own_lists(content, held[0][1]) if lists else None
        rows = decided(source, terms(values=True), unsearched, with_lists)
        for id_, vignette in held:
            own = f"{vignette.order.resource}/{id_}-order-1"
            mine = [row for row in of(rows, "decision") if row["order"] == own and row["policy"] == vignette.policy.id]
            left = next((row["reason"] for row in of(rows, "order") if row["order"] == own), "")
            http = dict(decide_over_http(vignette, content, app_over))
            found += [f"{vignette.name}: {said}" for said in differences(vignette, mine[0] if mine else None, left, http)]
    return found


@pytest.mark.slow
def test_rows_are_the_answers_over_http(content: Content, tmp_path: Path) -> None:
    """Vignettes from all policies, each a patient of a population, are decided as over HTTP, evidence and all."""
    chosen = vignettes(content)
    special = [one for one in chosen if one.not_searched or one.own_lists][::4]
    assert compare([one for one in [*chosen[::24], *special] if one.name not in WRITTEN_LATER], content, tmp_path) == []


@pytest.mark.slow
def test_every_vignette_is_decided_as_over_http(content: Content, tmp_path: Path) -> None:
    """Every vignette as a patient of a population gives the decision that order-sign gives."""
    chosen = [one for one in vignettes(content) if one.name not in WRITTEN_LATER]
    assert len(chosen) > 1500
    assert compare(chosen, content, tmp_path) == []


def test_what_was_written_later_is_not_known(tmp_path: Path) -> None:
    """A record that was written after the order was signed is not in its chart, though order-sign would read it if it were sent."""
    content = held_content()
    chosen = [one for one in vignettes(content) if one.name in WRITTEN_LATER]
    assert len(chosen) == len(WRITTEN_LATER)
    assert all("outcome: not-necessary, and necessary" in said for said in compare(chosen, content, tmp_path)[:1])
