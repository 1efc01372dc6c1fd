"""The one function of every engine: decides some patients' lines.

Lines go in, and what was decided of them comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from cds_service.replay import ledger
from cds_service.replay.claims import claimed
from cds_service.replay.held import Shelf
from cds_service.replay.judged import judge_signing
from cds_service.replay.orders import orders_of, signings
from cds_service.replay.pool import LeftOut, NoLines, Place, pooled
from cds_service.replay.rows import COUNTS, RESULTS, batch

_ROWS = 2048
"""Rows per batch that is given out."""


def decide_part(patients: Iterator[pa.RecordBatch], shelf: Shelf) -> Iterator[pa.RecordBatch]:
    """Decide the orders of some patients.

    ``patients`` are batches of ``LINES`` in which the lines of a patient follow each other, across batches too. What
    comes out are batches of ``RESULTS``. A chart is one unit of memory; of one that is too large only the places of its
    lines are kept.
    """
    rows: list[dict[str, Any]] = []
    tally = dict.fromkeys(COUNTS, 0)
    for patient, lines, places in charts(patients, shelf.terms.largest_chart):
        rows += _decided(patient, lines, places, shelf, tally)
        if len(rows) >= _ROWS:
            yield batch([*rows, {"what": "tally", **tally}], RESULTS)
            rows, tally = [], dict.fromkeys(COUNTS, 0)
    if rows or any(tally.values()):
        yield batch([*rows, {"what": "tally", **tally}], RESULTS)


Lines = list[tuple[Place, bytes]]


def charts(batches: Iterable[pa.RecordBatch], largest: int) -> Iterator[tuple[str, Lines | None, list[tuple[Place, str]]]]:
    """Yield each patient with the lines, their places and types.

    The lines are None where they are too large together.
    """
    patient, size = "", 0
    lines: Lines = []
    places: list[tuple[Place, str]] = []
    for one in batches:
        columns = [one.column(name).to_pylist() for name in ("patient", "kind", "file", "line")]
        resources = one.column("resource")
        for at, (whose, kind, file, line) in enumerate(zip(*columns, strict=True)):
            if whose != patient:
                if places:
                    yield patient, lines if size <= largest else None, places
                patient, size, lines, places = whose, 0, [], []
            place = Place(file, line)
            places.append((place, kind))
            if size <= largest:
                written: bytes = resources[at].as_py()
                size += len(written)
                lines.append((place, written))
            if size > largest:
                lines.clear()
    if places:
        yield patient, lines if size <= largest else None, places


def _decided(
    patient: str, lines: Lines | None, places: list[tuple[Place, str]], shelf: Shelf, tally: dict[str, int]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one patient.

    ``tally`` counts what came of the lines and the orders.
    """
    terms = shelf.terms
    if lines is None or (shelf.with_patients and not any(kind == "Patient" for _, kind in places)):
        left = list(NoLines(tuple(places)).left(ledger.TOO_LARGE if lines is None else ledger.FOREIGN, terms.order_types))
        tally["orders"] += sum(bool(one.order) for one in left)
        yield from (_left(one, patient, shelf) for one in left)
        return
    pool = pooled(patient, lines, terms)
    tally["patients"] += 1
    tally["used"] += len(pool.held)
    yield from (_left(one, patient, shelf) for one in pool.left)
    held = pool.held
    if terms.orders == "claims":
        found, left, count, evidence = claimed(pool, terms)
        held += evidence
    else:
        found, left, count = orders_of(pool, terms)
    tally["orders"] += count
    yield from (_left(one, patient, shelf) for one in left)
    for signing in signings(found, terms):
        for one in judge_signing(held, signing, patient, shelf):
            tally["decided"] += bool(one.rows)
            tally["rows"] += len(one.rows)
            yield from one.rows
            if one.left:
                yield _left(one.left, patient, shelf)


def _left(one: LeftOut, patient: str, shelf: Shelf) -> dict[str, Any]:
    terms = shelf.terms
    row: dict[str, Any] = {"what": "order" if one.order else "line", "file": one.place.file, "line": one.place.line}
    row |= {"reason": one.reason, "detail": one.detail or None, "patient": terms.named(patient)}
    return row | ({"order": terms.named(patient, one.order) if "/" in one.order else one.order} if one.order else {})
