"""One browser and one served service for all browser tests; a page fails its test where the console tells of an error."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, sync_playwright

from tests.browser.site import Site, fill, served
from tests.conftest import held_content
from tests.server_scripts import installed

SCREENSHOTS = Path(os.environ.get("SCREENSHOTS") or Path(__file__).parent.parent.parent / "build" / "screenshots")
"""Where the pictures go: the folder that the environment names, else one that git ignores."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; tests are skipped where it is not installed, except in CI, which installs it."""
    path = installed("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service over the shipped content, with a month of decisions."""
    with served(held_content(), tmp_path_factory.mktemp("site")) as site:
        fill(site, held_content())
        yield site


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page at a desk, in which nothing may fail and nothing may be blocked by the Content-Security-Policy."""
    context = browser.new_context(base_url=site.address, viewport={"width": 1280, "height": 900}, color_scheme="light")
    page = context.new_page()
    told = listened(page)
    yield page
    context.close()
    assert told == []


def listened(page: Page) -> list[str]:
    """What goes wrong in a page from now on. That a request was refused is not wrong; the page says so itself."""
    told: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            told.append(message.text)

    def dismissed(dialog: Dialog) -> None:
        told.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", heard)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("dialog", dismissed)
    return told


@pytest.fixture(scope="package")
def picture() -> Callable[..., None]:
    """Keeps a picture of a page under a name, the whole of it or what is seen first."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str, *, whole: bool = False) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)

    return take
