"""The tables of a replay: one schema for every engine.

They hold the lines as they are read, and what is decided of them.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

LINES: Final = pa.schema(
    [
        ("part", pa.int32()),
        ("patient", pa.string()),
        ("kind", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("resource", pa.binary()),
        ("reason", pa.string()),
    ]
)
"""A line of the source.

Whose it is, its type, where it stands and what it holds; with a ``reason``, why it goes to the ledger. A line of the
ledger has no ``patient``; what belongs to nobody and is referred to (Medication, Organization) has none either.
"""

EVIDENCE: Final = pa.struct(
    [
        ("criterion", pa.string()),
        ("fact", pa.string()),
        ("kind", pa.string()),
        ("age_days", pa.int32()),
        ("unusable", pa.string()),
        ("value", pa.string()),
    ]
)
_WORDS: Final = pa.list_(pa.string())
_DECISION: Final = [
    ("patient", pa.string()),
    ("order", pa.string()),
    ("day", pa.date32()),
    ("system", pa.string()),
    ("code", pa.string()),
    ("payer", pa.string()),
    ("policy", pa.string()),
    ("version", pa.date32()),
    ("outcome", pa.string()),
    ("because", _WORDS),
    ("asks", _WORDS),
    ("assumed", _WORDS),
    ("unsearched", _WORDS),
    ("evidence", pa.list_(EVIDENCE)),
]
_OTHER: Final = [
    ("other_version", pa.date32()),
    ("other_outcome", pa.string()),
    ("other_because", _WORDS),
    ("example", pa.string()),
]
DECISIONS: Final = pa.schema([*_DECISION, *_OTHER])
"""The columns of ``OUT/decisions``: a row for each order and policy.

The ``other_…`` columns are filled where contents are compared.

``evidence`` are the facts that the settling criteria rest on, with the kind of evidence and its age on the date of
service. ``unsearched`` are resource types that could have held evidence for what is open, and that the source does not
hold.
"""
LEDGER: Final = pa.schema(
    [
        ("what", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("patient", pa.string()),
        ("order", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
"""The columns of ``OUT/ledger.parquet``.

``what`` is ``line`` or ``order``; ``reason`` is one of ``cds_service.replay.ledger``.
"""
COUNTS: Final = ("patients", "used", "orders", "decided", "rows")
"""What parts count.

Patients, lines that went into a chart, orders found, orders decided, and rows of decisions.
"""
RESULTS: Final = pa.schema(
    [
        ("what", pa.string()),
        *_DECISION,
        *_OTHER,
        ("file", pa.string()),
        ("line", pa.int64()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        *[(name, pa.int64()) for name in COUNTS],
    ]
)
"""The columns of what ``decide_part`` gives.

``what`` of a row is *decision*, *line*, *order* or *tally*; engines sort the rows into their tables by it.
"""


def only(table: pa.Table, what: tuple[str, ...], schema: pa.Schema) -> pa.Table:
    """Return the rows of some kinds, with the columns of one table."""
    kept = table.filter(pa.array([one in what for one in table.column("what").to_pylist()], pa.bool_()))
    return kept.select(schema.names).cast(schema)


def counted(table: pa.Table) -> dict[str, int]:
    """Return the sums of the tallies."""
    return {name: sum(one or 0 for one in table.column(name).to_pylist()) for name in COUNTS}


def batch(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Return rows as a record batch.

    A column that a row does not have is null.
    """
    return pa.RecordBatch.from_pylist(rows, schema)
