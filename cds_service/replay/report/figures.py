"""Every figure of the report, counted from the tables of a run.

Each comes with the people that it is of; it is noted which figures are sums of others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from cds_service.replay.report.small_cells import SMALLEST, Cell, Key, Sum

OUTCOMES: Final = ("necessary", "not-necessary", "not-documented", "referred", "not-addressed")
"""The outcomes in the order in which the report tells them."""
DIMENSIONS: Final = {"month": "strftime(day, '%Y-%m')", "code": "code", "payer": "payer"}
"""What a policy's outcomes are split by, as SQL expressions."""
_ALL: Final = "all"
_CHANGED: Final = "outcome <> other_outcome"
_BY: Final = """coalesce(list_filter(other_because, lambda one: NOT list_contains(coalesce(because, []), one))[1],
    other_because[1], because[1], '')"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts by name, and what else the report needs.

    That is which counts are sums, the sets of facts asked for, and examples of what changes.
    """

    cells: dict[Key, Cell]
    sums: tuple[Sum, ...]
    asked: dict[frozenset[str], Cell]
    days: tuple[Any, Any]
    amounts: dict[Key, int]
    examples: dict[Key, tuple[str, ...]]

    def of(self, kind: str) -> list[Key]:
        """Return the names of one kind, in order."""
        return sorted(key for key in self.cells if key[0] == kind)


def count(out: Path) -> Figures:
    """Count the decisions and the ledger of a run that is whole."""
    with duckdb.connect() as database:
        database.execute("SET enable_progress_bar = false")
        files = str(out / "decisions" / "*.parquet").replace("'", "''")
        database.execute(f"CREATE VIEW rows AS SELECT * FROM read_parquet('{files}')")  # noqa: S608 - quoted
        database.execute("CREATE VIEW ours AS SELECT * FROM rows WHERE outcome <> 'absent'")
        cells = _outcomes(database)
        cells |= _listed(database, "criterion", "because", "not-necessary")
        cells |= _listed(database, "presumption", "assumed", "necessary")
        cells |= _open(database)
        cells |= _changes(database)
        asked = {
            frozenset(facts): Cell(orders, people)
            for facts, orders, people in database.execute(
                "SELECT list_sort(asks), count(*), count(DISTINCT patient) FROM ours WHERE outcome = 'not-documented' GROUP BY ALL"
            ).fetchall()
        }
        cells |= _left(database, out)
        days = database.execute("SELECT min(day), max(day) FROM ours").fetchall()[0]
        amounts: dict[Key, int] = {
            (policy, code, outcome): orders
            for policy, code, outcome, orders in database.execute(
                "SELECT policy, coalesce(code, ''), outcome, count(*) FROM ours GROUP BY ALL"
            ).fetchall()
        }
        return Figures(cells, tuple(_sums(cells)), asked, days, amounts, _examples(database))


def _outcomes(database: duckdb.DuckDBPyConnection) -> dict[Key, Cell]:
    """Count outcomes by policy, and per policy by each dimension.

    The dimensions are month, code and payer; all totals are there.
    """
    cells: dict[Key, Cell] = {}
    query = """SELECT coalesce(policy, '{all}'), coalesce(outcome, '{all}'), count(*), count(DISTINCT patient)
        FROM ours GROUP BY GROUPING SETS ((policy, outcome), (policy), (outcome), ())"""
    for policy, outcome, orders, people in database.execute(query.format(all=_ALL)).fetchall():
        if orders:
            cells["policy", policy, outcome] = Cell(orders, people)
    for name, expression in DIMENSIONS.items():
        query = f"""WITH one AS (SELECT policy, outcome, patient, coalesce({expression}, '') AS value FROM ours)
            SELECT policy, value, coalesce(outcome, '{_ALL}'), count(*), count(DISTINCT patient)
            FROM one GROUP BY GROUPING SETS ((policy, value, outcome), (policy, value))"""  # noqa: S608 - names of our own
        for policy, value, outcome, orders, people in database.execute(query).fetchall():
            cells[name, policy, value, outcome] = Cell(orders, people)
    return cells


def _listed(database: duckdb.DuckDBPyConnection, name: str, column: str, outcome: str) -> dict[Key, Cell]:
    query = f"""SELECT policy, one, count(*), count(DISTINCT patient)
        FROM (SELECT policy, patient, unnest({column}) AS one FROM ours WHERE outcome = ?) GROUP BY ALL"""  # noqa: S608 - our own
    return {
        (name, policy, one): Cell(orders, people) for policy, one, orders, people in database.execute(query, [outcome]).fetchall()
    }


def _open(database: duckdb.DuckDBPyConnection) -> dict[Key, Cell]:
    """Count open orders by the facts that they ask for."""
    query = """SELECT fact, count(*), count(DISTINCT patient)
        FROM (SELECT patient, unnest(asks) AS fact FROM ours WHERE outcome = 'not-documented') GROUP BY ALL"""
    return {("fact", fact): Cell(orders, people) for fact, orders, people in database.execute(query).fetchall()}


def _changes(database: duckdb.DuckDBPyConnection) -> dict[Key, Cell]:
    """Count orders whose outcome another content changes.

    They are counted by the criterion that changes the outcome.
    """
    query = f"""SELECT policy, outcome, other_outcome, {_BY}, count(*), count(DISTINCT patient)
        FROM rows WHERE {_CHANGED} GROUP BY ALL"""  # noqa: S608 - our own
    found = database.execute(query).fetchall()
    cells = {("change", policy, was, then, by): Cell(orders, people) for policy, was, then, by, orders, people in found}
    orders, people = database.execute(f"SELECT count(*), count(DISTINCT patient) FROM rows WHERE {_CHANGED}").fetchall()[0]  # noqa: S608
    return cells | {("changed",): Cell(orders, people)}


def _left(database: duckdb.DuckDBPyConnection, out: Path) -> dict[Key, Cell]:
    """Count the ledger by reason.

    Lines that name no patient are of nobody, and are no count of people.
    """
    query = """SELECT what, coalesce(reason, 'all'), count(*), CASE WHEN count(patient) = 0 THEN ? ELSE count(DISTINCT patient) END
        FROM read_parquet(?) GROUP BY GROUPING SETS ((what, reason), (what))"""
    found = database.execute(query, [SMALLEST, str(out / "ledger.parquet")]).fetchall()
    return {("left", what, reason): Cell(orders, people) for what, reason, orders, people in found}


def _examples(database: duckdb.DuckDBPyConnection) -> dict[Key, tuple[str, ...]]:
    """Return two charts of each change, as vignettes."""
    query = f"""SELECT policy, outcome, other_outcome, {_BY} AS by, list(DISTINCT example ORDER BY example)[:2]
        FROM rows WHERE {_CHANGED} AND example <> '' GROUP BY ALL"""  # noqa: S608 - our own
    return {("change", *found[:4]): tuple(found[4]) for found in database.execute(query).fetchall()}


def _sums(cells: dict[Key, Cell]) -> list[Sum]:
    policies = sorted({key[1] for key in cells if key[0] == "policy"} - {_ALL})
    outcomes = (*OUTCOMES, _ALL)
    found = [Sum(("policy", _ALL, outcome), tuple(("policy", policy, outcome) for policy in policies)) for outcome in outcomes]
    found += [
        Sum(("policy", policy, _ALL), tuple(("policy", policy, outcome) for outcome in OUTCOMES)) for policy in (*policies, _ALL)
    ]
    for name in DIMENSIONS:
        for policy in policies:
            values = sorted({key[2] for key in cells if key[0] == name and key[1] == policy})
            found += [
                Sum((name, policy, value, _ALL), tuple((name, policy, value, outcome) for outcome in OUTCOMES)) for value in values
            ]
            found += [
                Sum(("policy", policy, outcome), tuple((name, policy, value, outcome) for value in values)) for outcome in outcomes
            ]
    for kind, outcome in (("criterion", "not-necessary"), ("presumption", "necessary")):
        for policy in policies:
            parts = tuple(key for key in sorted(cells) if key[0] == kind and key[1] == policy)
            found.append(Sum(("policy", policy, outcome), parts))
    found.append(Sum(("policy", _ALL, "not-documented"), tuple(key for key in sorted(cells) if key[0] == "fact")))
    for what in ("line", "order"):
        parts = tuple(key for key in sorted(cells) if key[:2] == ("left", what) and key[2] != _ALL)
        found.append(Sum(("left", what, _ALL), parts))
    found.append(Sum(("changed",), tuple(key for key in sorted(cells) if key[0] == "change")))
    return [line for line in found if line.parts]
