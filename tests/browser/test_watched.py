"""An author's browser beside the editor: the playground loads itself again at a save."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from bench.served import free_port
from cds_service.content.content import read_content
from cds_service.serving.watched_pages import HOST, WatchedPages
from tests.analysis.lint.home_oxygen import lay_out
from tests.browser.conftest import listened
from tests.serving.test_watched_pages import AT, content_titled


def test_a_page_loads_itself_again_after_a_save(browser: Browser, tmp_path: Path) -> None:
    """What the author renamed stands on the open page without a key pressed, under the same address."""
    lay_out(tmp_path)
    pages = WatchedPages()
    pages.show(content_titled(tmp_path, "Oxygen at home"))
    pages.serve(port := free_port())
    context = browser.new_context(base_url=f"http://{HOST}:{port}")
    page = context.new_page()
    told = listened(page)
    page.goto(AT)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Oxygen at home")
    pages.show(content_titled(tmp_path, "Oxygen wherever one is"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Oxygen wherever one is")
    page.goto("/try?code=E1390")
    pages.show(read_content(tmp_path))
    expect(page.locator("script[data-seen='3']")).to_have_count(1)
    assert page.url.endswith("/try?code=E1390")
    context.close()
    assert told == []
