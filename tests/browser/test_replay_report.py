"""The report of a replay as it is read: on a screen, on a phone, and on paper for who has no screen in the meeting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page
from typer.testing import CliRunner

from cds_service.cli import app
from tests.browser.test_looks import seen

A4_WIDE = 673
"""CSS pixels of a line on A4, between margins of 16 mm."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the report that the demo writes."""
    out = tmp_path_factory.mktemp("demo")
    result = CliRunner().invoke(app, ["replay", "demo", "--patients", "400", "--out", str(out), "--no-open", "--quiet"])
    assert result.exit_code == 0, result.output
    (path,) = Path(out).glob("run-*/report.html")
    return path.as_uri()


def test_the_report_is_for_everyone(page: Page, picture: Callable[..., None], report: str) -> None:
    """axe-core finds nothing wrong with it in light and dark, and a phone shows it without scrolling to the side."""
    page.goto(report)
    seen(page, picture, "replay-report")


def test_nothing_of_the_report_is_cut_off_on_paper(page: Page, picture: Callable[..., None], report: str) -> None:
    """Each table fits the width of a page with all its columns, and what is folded on the screen is open."""
    page.set_viewport_size({"width": A4_WIDE, "height": 950})
    page.goto(report)
    folded = page.locator("details .table").first
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.is_visible()
    wide = page.locator("table").evaluate_all("all => all.map(one => one.getBoundingClientRect().right)")
    assert len(wide) > 10
    assert max(wide) <= A4_WIDE
    picture(page, "replay-report-print", whole=True)
