"""The report of a run: what it counts, what it hides, what it says is missing, and what another content would change."""

from __future__ import annotations

import random
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.content.content import Content
from cds_service.content.layers import FOLDERS
from cds_service.replay.held import compare_revision, content_at
from cds_service.replay.population import population, write_export
from cds_service.replay.report.cover import CoverStep, greedy_cover
from cds_service.replay.report.prices import Prices, read_prices
from cds_service.replay.report.small_cells import SMALLEST, Cell, Key, Sum, hidden
from cds_service.replay.report.written import write_report
from cds_service.replay.run import Engine, replay
from cds_service.replay.terms import CannotReplay, Terms
from tests.conftest import held_content
from tests.replay.direct import KEY, terms
from tests.replay.test_rows_against_http import vignettes

pytestmark = pytest.mark.server

Data = dict[str, Any]
POLICY = "carelon/prenatal-cfdna-screening"


def stricter(folder: Path) -> Path:
    """The shipped content with one number of a policy changed: a screen from the twelfth week on in place of the ninth."""
    for name in FOLDERS:
        shutil.copytree(held_content().root / name, folder / name)
    path = folder / "policies" / POLICY / "2025-04-01.yaml"
    text = path.read_text(encoding="utf-8")
    assert "is_at_least: 9 weeks" in text
    path.write_text(text.replace("9 weeks\n", "12 weeks\n").replace("[9 weeks]", "[12 weeks]"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Terms, Data]:
    """A run over three hundred people of one policy, compared with a stricter content."""

    folder = tmp_path_factory.mktemp("report")
    content = held_content()
    chosen = [one for one in vignettes(content) if one.policy.id == POLICY and not one.not_searched and not one.own_lists]
    write_export(population(chosen, content, 300, random.Random(3), date(2026, 6, 30)), folder / "people")  # noqa: S311 - no secret
    (folder / "key").write_bytes(KEY)
    how = terms(keep_ids=False, values=True, compare=str(stricter(folder / "stricter")))
    how = terms(keep_ids=False, values=True, compare=how.compare, compare_revision=compare_revision(content, how))
    return folder / "out", how, replay(folder / "people", folder / "out", how, Engine(workers=1), key=folder / "key")


def report(
    compared: tuple[Path, Terms, Data], content: Content, exact: bool = False, prices: Prices | None = None
) -> tuple[Data, str]:
    """The report as data and as a page."""
    out, how, said = compared
    page = write_report(out, said, content, how, prices or Prices(), exact)
    return orjson.loads((out / "report.json").read_bytes()), page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_report_tells_outcomes_and_what_is_missing(compared: tuple[Path, Terms, Data], content: Content) -> None:
    """Outcomes add up where all are shown, open decisions name facts with what would document them, and a few facts settle most."""
    data, page = report(compared, content, exact=True)
    totals = data["totals"]
    assert totals["all"] == sum(value for name, value in totals.items() if name != "all") == compared[2]["counts"]["rows"]
    (policy,) = data["policies"]
    for rows in policy["by"].values():
        assert sum(row["all"] for row in rows) == totals["all"]
    missing = data["missing"]
    assert missing["facts"][0]["orders"] <= missing["open"]
    assert any(way["codes"] for one in missing["facts"] for way in one["evidence"])
    shares = [(one["target"], one["settles"], len(one["facts"])) for one in missing["cover"]]
    assert all(settles >= target for target, settles, _ in shares)
    assert [count for _, _, count in shares] == sorted(count for _, _, count in shares)
    assert policy["criteria"][0]["says"] in page
    assert policy["presumptions"]


def test_counts_of_few_people_are_hidden_everywhere(compared: tuple[Path, Terms, Data], content: Content) -> None:
    """No count of 1 to 10 stands in report.json or report.html, and what is hidden is null there and 'hidden' here."""
    exact, _ = report(compared, content, exact=True)
    data, page = report(compared, content)
    assert any(0 < count < SMALLEST for count in counts(exact))
    assert not [count for count in counts(data) if 0 < count < SMALLEST]
    assert re.findall(r'<td class="n">(?:[1-9]|10)</td>', page.partition('id="missing"')[0]) == []
    assert "hidden" in page


def counts(data: Any) -> list[int]:
    """All counts of decisions or orders in a report, wherever they stand."""
    found: list[int] = []
    match data:
        case dict():
            for name, value in data.items():
                counted = name in ("orders", "changed", "open", "count", "all", "priced") or name in data.get("outcomes", {})
                if counted and isinstance(value, int):
                    found.append(value)
                elif name not in ("run", "cover"):
                    found += counts(value)
        case list():
            for value in data:
                found += counts(value)
    return found


def test_the_page_asks_for_nothing_else(compared: tuple[Path, Terms, Data], content: Content) -> None:
    """One file: no address of another file or server, no script; it has a style for print and a table for each drawing."""
    _, page = report(compared, content)
    assert not re.findall(r"""(?:src|href)=["'](?!#)|url\(|@import|<script|https?://""", page)
    assert "@media print" in page
    assert page.count("<svg") <= page.count("<table")


def test_what_another_content_changes_is_told_with_example_charts(compared: tuple[Path, Terms, Data], content: Content) -> None:
    """A stricter number turns orders; each change names the criterion, and a chart as a vignette without an identifier."""
    data, page = report(compared, content, exact=True)
    changes = data["comparison"]["changes"]
    assert data["comparison"]["changed"] == sum(row["orders"] for row in changes) > 0
    assert {row["criterion"] for row in changes} <= {"nine-weeks", "before-nine-weeks"}  # both have the number
    examples = [example for row in changes for example in row["examples"]]
    assert examples
    assert all("chart:" in one and f"as_of: {date(2025, 4, 1)}" in one for one in examples)
    assert not re.search(r"Patient/|p\d+-|order-1", "".join(examples))
    assert "An example chart" in page


def test_a_version_of_a_policy_is_compared_with_the_one_in_force(content: Content, tmp_path: Path) -> None:
    """``policy@version`` decides every day by that version; a name that is neither is refused with what is held."""
    how = terms(compare=f"{POLICY}@2024-11-17")
    assert compare_revision(content, how)
    with pytest.raises(CannotReplay, match="neither a content folder nor a version"):
        compare_revision(content, terms(compare=f"{POLICY}@1999-01-01"))
    with pytest.raises(CannotReplay, match="the content cannot be used"):
        content_at(tmp_path, how)


def test_amounts_stand_beside_counts_as_the_files(compared: tuple[Path, Terms, Data], content: Content, tmp_path: Path) -> None:
    """Amounts are the file's, times the decisions; they are never called savings."""
    (tmp_path / "prices.csv").write_text("code,amount\n81420,100.50\n81507,10\n")
    data, page = report(compared, content, exact=True, prices=read_prices(tmp_path / "prices.csv"))
    rows = data["prices"]["rows"]
    codes = {one["value"]: one for one in data["policies"][0]["by"]["code"]}
    for row in rows:
        expected = 100.5 * codes["81420"][row["outcome"]] + 10 * codes.get("81507", {}).get(row["outcome"], 0)
        assert float(row["amount"]) == pytest.approx(expected)
    assert "They are no savings" in page
    assert "prices.csv" in page


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("price\n1\n", ":1: a header with the columns code and amount"),
        ("code,amount\n81420,much\n81507,nan\n", ":2: 'much' is no amount(.|\n)*:3: a code and an amount"),
        ("code,amount\n81420,1\n81420,2\n", ":3: the code 81420 stands twice"),
        ("code,amount\n81420,-1\n", ":2: a code and an amount of 0 or more"),
    ],
)
def test_prices_that_cannot_be_read_are_told_by_line(tmp_path: Path, written: str, said: str) -> None:
    """Every line that is wrong is named, all at once."""
    (tmp_path / "p.csv").write_text(written)
    with pytest.raises(CannotReplay, match=said):
        read_prices(tmp_path / "p.csv")
    with pytest.raises(CannotReplay, match="it cannot be read"):
        read_prices(tmp_path / "none.csv")


def test_the_appendix_follows_the_ten_criteria(compared: tuple[Path, Terms, Data], content: Content) -> None:
    """Each of the ten criteria of a payment model has what the run says to it, or that it says nothing; counts and rates only."""
    data, page = report(compared, content)
    assert len(data["appendix"]) == 10
    told = [said for one in data["appendix"] for said in one["tells"]]
    assert any("Of 3" in said or "decisions" in said for said in told)
    assert "A replay says nothing about this criterion." in told
    assert "It judges no proposal" in page


def test_a_greedy_cover_takes_what_settles_most_for_each_fact() -> None:
    """A fact that settles forty orders comes before two that settle fifty."""
    asked = {frozenset({"a"}): 40, frozenset({"b", "c"}): 50, frozenset({"a", "d"}): 5, frozenset[str](): 3}
    assert greedy_cover(asked) == [CoverStep(("a",), 40), CoverStep(("b", "c"), 90), CoverStep(("d",), 95)]


@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=1, max_size=5))
def test_no_small_count_can_be_worked_out_from_one_sum(table: list[list[int]]) -> None:
    """In every row and column with its total, hidden counts are at least two, and of eleven people beside a total that is shown."""
    cells: dict[Key, Cell] = {(str(r), str(c)): Cell(n, n) for r, row in enumerate(table) for c, n in enumerate(row)}
    rows, columns = [str(r) for r in range(len(table))], ["0", "1", "2"]
    for r in rows:
        cells[r, "all"] = Cell(sum(cells[r, c].orders for c in columns), sum(cells[r, c].people for c in columns))
    for c in (*columns, "all"):
        cells["all", c] = Cell(sum(cells[r, c].orders for r in rows), sum(cells[r, c].people for r in rows))
    sums = [Sum((r, "all"), tuple((r, c) for c in columns)) for r in (*rows, "all")]
    sums += [Sum(("all", c), tuple((r, c) for r in rows)) for c in (*columns, "all")]
    out = hidden(cells, sums)
    assert {key for key, cell in cells.items() if 0 < cell.people < SMALLEST} <= out
    for line in sums:
        parts = [key for key in line.parts if key in out]
        if parts and line.total not in out:
            alone = [key for key in line.parts if key not in out and cells[key].orders]
            assert len(parts) > 1
            assert sum(cells[key].people for key in parts) >= SMALLEST or not alone
        if line.total in out and cells[line.total].people > 0:
            assert parts
