"""The report of a run as files: ``report.json`` and ``report.html``.

The page is one file that loads nothing else.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, StrictUndefined, Template

from cds_service.content.content import Content
from cds_service.replay.folder import whole
from cds_service.replay.report.bars import stacked
from cds_service.replay.report.figures import DIMENSIONS, OUTCOMES, count
from cds_service.replay.report.prices import Prices
from cds_service.replay.report.view import View
from cds_service.replay.terms import CannotReplay, Terms


def write_report(out: Path, said: dict[str, Any], content: Content, terms: Terms, prices: Prices, exact: bool) -> Path:
    """Write the report of a finished run, and return the page's path.

    Raises CannotReplay where it cannot be written.
    """
    data = View(count(out), content, terms, prices, exact).data(said)
    page = out / "report.html"
    try:
        with whole(out / "report.json") as file:
            file.write(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        with whole(page) as file:
            file.write(_template().render(data | _words(), bars=_bars(data)).encode())
    except OSError as error:
        raise CannotReplay(f"{page}: it could not be written ({error.strerror or type(error).__name__})") from None
    return page


@cache
def _template() -> Template:
    text = files("cds_service.replay.report").joinpath("report.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    return environment.from_string(text)


def number(value: int | None) -> str:
    """Write a count for people to read, or that it is hidden."""
    return "hidden" if value is None else f"{value:,}"


def _words() -> dict[str, Any]:
    return {
        "outcomes": OUTCOMES,
        "dimensions": [*DIMENSIONS],
        "said": {outcome: outcome.replace("-", " ") for outcome in (*OUTCOMES, "absent")},
    }


def _bars(data: dict[str, Any]) -> dict[str, Any]:
    """Return the drawings: all policies, and the months of each."""
    named = [{"name": one["id"].partition("/")[2] or one["id"], **one["outcomes"]} for one in data["policies"]]
    months = {
        one["id"]: stacked([{"name": row["value"], **row} for row in one["by"]["month"]], f"Outcomes of {one['title']} by month")
        for one in data["policies"]
    }
    return {"policies": stacked(named, "Outcomes by policy"), "months": months}
