"""The SMART app as people use it: with and without scripts, on a phone, in a frame of the EHR; nothing that axe-core finds wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FrameLocator, Page, expect
from werkzeug.serving import make_server

from tests.browser.conftest import listened
from tests.browser.site import Quiet
from tests.smart.launched import Launching, chart, launching

Serving = Callable[..., Launching]
ADVERSE = "Not necessary as documented"


@contextmanager
def served_app(folder: Path, **entry: Any) -> Iterator[Launching]:
    """Serves the app at a port of its own, with an EHR that may launch it."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True, request_handler=Quiet)
    public = f"http://localhost:{server.server_port}"
    with launching(folder, chart(), public, **entry) as launched:
        server.app = launched.app
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield launched
        finally:
            server.shutdown()
            thread.join(5)
            server.server_close()


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """Serves apps until the test ends."""
    with ExitStack() as stack:
        yield lambda **entry: stack.enter_context(served_app(tmp_path, **entry))


@contextmanager
def window(browser: Browser, **more: Any) -> Iterator[Page]:
    """A window of a browser of its own, in which nothing may fail."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light", **more)
    page = context.new_page()
    told = listened(page)
    yield page
    context.close()
    assert told == []


def launch(launched: Launching, **context: Any) -> str:
    """The address that the EHR opens."""
    return f"{launched.ehr.client.redirect.replace('/callback', '/launch')}?iss={launched.ehr.iss}&launch={launched.ehr.launch(**context)}"


def test_an_answer_is_judged_as_it_is_given(browser: Browser, serving: Serving) -> None:
    """Typing the weeks changes the outcome without a button, keeps the place, and says so to who does not see it."""
    launched = serving()
    with window(browser) as page:
        page.goto(launch(launched, fhirContext=["ServiceRequest/o1"]))
        expect(page.locator(".verdict h2")).to_have_text("Not yet documented")
        page.get_by_label("weeks").fill("12")
        page.keyboard.press("Tab")
        expect(page.locator(".verdict h2")).to_have_text("Necessary")
        expect(page.get_by_label("days")).to_be_focused()
        expect(page.locator("#said")).to_have_text("Outcome: Necessary")
        page.get_by_label("weeks").fill("8")
        page.keyboard.press("Tab")
        expect(page.locator(".verdict h2")).to_have_text(ADVERSE)
        page.get_by_label("weeks").fill("eight")
        page.keyboard.press("Tab")
        expect(page.locator(".slip")).to_have_text("A number is meant.")
        assert launched.ehr.written == []


def test_a_phone_shows_the_outcome_where_the_answer_is_given(browser: Browser, serving: Serving) -> None:
    """However far down, the outcome stands at the foot of the screen, with what is not saved; what could not be judged is no outcome."""
    launched = serving()
    with window(browser) as page:
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(launch(launched, fhirContext=["ServiceRequest/o1"]))
        bar = page.locator(".bar")
        expect(bar).to_have_text("Not yet documented")
        page.get_by_label("weeks").fill("12")
        page.get_by_label("days").focus()
        expect(bar).to_have_text("Necessary not saved")
        expect(bar).to_be_in_viewport()
        page.route("**/smart/session/*", lambda route: route.abort())
        page.get_by_label("weeks").fill("8")
        page.get_by_label("days").focus()
        expect(bar).to_have_text("Not judged: the service did not answer. Use the button to judge again.")
        expect(page.locator("#trouble")).to_be_visible()
        assert page.locator(".verdict h2").evaluate("one => getComputedStyle(one).textDecorationLine") == "line-through"
        page.unroute("**/smart/session/*")
        page.get_by_label("weeks").fill("9")
        page.get_by_label("days").focus()
        expect(bar).to_have_text("Necessary not saved")
        expect(page.locator("#trouble")).to_be_hidden()
        expect(page.locator(".stale")).to_have_count(0)
        launched.ehr.tokens.clear()
        launched.clock.ahead = timedelta(hours=2)
        page.get_by_label("weeks").fill("8")
        page.get_by_label("days").focus()
        expect(bar).to_contain_text("Not judged: this session has ended.")
        expect(page.get_by_label("weeks")).to_have_value("8")


def test_it_works_without_scripts(browser: Browser, serving: Serving) -> None:
    """Without JavaScript an order is chosen, answered, saved and closed by buttons."""
    launched = serving()
    with window(browser, java_script_enabled=False) as page:
        page.goto(launch(launched))
        page.get_by_role("button", name="cfDNA aneuploidy panel").click()
        page.get_by_label("weeks").fill("12")
        page.get_by_role("button", name="Judge with these answers").click()
        expect(page.locator(".verdict h2")).to_have_text("Necessary")
        page.get_by_role("button", name="Save in Example EHR").click()
        expect(page.locator(".note")).to_contain_text("Saved in the EHR, read back, and judged once more")
        assert len(launched.ehr.written) == 1
        page.get_by_role("button", name="Close this session").click()
        expect(page.get_by_role("heading", name="Closed")).to_be_visible()
        page.goto(page.url)
        expect(page.get_by_role("heading", name="This session has ended")).to_be_visible()


def test_it_works_in_the_ehrs_frame_and_in_no_other(browser: Browser, serving: Serving) -> None:
    """In a frame of the EHR's site the whole way from launch to save goes; without the registry's word the frame stays empty."""
    launched = serving(frames="the EHR")
    with window(browser) as page:
        page.goto(f"{launched.ehr.origin}/window?app={launch(launched, fhirContext=['ServiceRequest/o1']).replace('&', '%26')}")
        app: FrameLocator = page.frame_locator("iframe")
        app.get_by_label("weeks").fill("12")
        app.get_by_role("button", name="Judge with these answers").click()
        expect(app.locator(".verdict h2")).to_have_text("Necessary")
        app.get_by_role("button", name="Save in Example EHR").click()
        expect(app.locator(".note")).to_contain_text("Saved in the EHR")
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{launched.ehr.origin.replace('127.0.0.1', 'localhost')}/window?app={launch(launched).replace('&', '%26')}")
    expect(page.frame_locator("iframe").locator("main")).to_have_count(0)
    context.close()


def test_two_tabs_with_two_patients_stay_apart(browser: Browser, serving: Serving) -> None:
    """Two launches in one browser show a patient each, and a reload shows the same one again."""
    launched = serving()
    with window(browser) as first:
        first.goto(launch(launched, fhirContext=["ServiceRequest/o1"]))
        second = first.context.new_page()
        second.goto(launch(launched, patient="p2", fhirContext=["ServiceRequest/o2"]))
        for _ in range(2):
            expect(first.locator(".patient")).to_contain_text("Ada Example")
            expect(second.locator(".patient")).to_contain_text("Bea Sample")
            first.reload()
            second.reload()


def test_the_pages_are_for_everyone(browser: Browser, serving: Serving, picture: Callable[..., None]) -> None:
    """axe-core finds nothing wrong in light and dark, and no page is wider than a phone: list, questions, slip, saved, refused, ended."""
    launched = serving()
    with window(browser) as page:
        page.goto(launch(launched))
        _seen(page, picture, "smart-orders")
        page.get_by_role("button", name="cfDNA aneuploidy panel").click()
        expect(page.get_by_label("weeks")).to_be_visible()
        _seen(page, picture, "smart-questions")
        page.get_by_label("weeks").fill("500")
        page.get_by_role("button", name="Judge with these answers").click()
        expect(page.locator(".slip")).to_be_visible()
        _seen(page, picture, "smart-slip")
        page.get_by_label("weeks").fill("12")
        page.keyboard.press("Tab")
        expect(page.locator(".verdict h2")).to_have_text("Necessary")
        launched.ehr.ways.write = 403
        page.get_by_role("button", name="Save in Example EHR").click()
        expect(page.locator(".note")).to_be_visible()
        _seen(page, picture, "smart-refused")
        launched.ehr.ways.write = 201
        page.get_by_role("button", name="Save in Example EHR").click()
        expect(page.locator(".note.good")).to_be_visible()
        _seen(page, picture, "smart-saved")
        page.get_by_role("button", name="Close this session").click()
        expect(page.get_by_role("heading", name="Closed")).to_be_visible()
        _seen(page, picture, "smart-closed")


def test_large_forms_are_for_everyone(browser: Browser, tmp_path: Path, picture: Callable[..., None]) -> None:
    """A policy with many questions of all kinds is no wider than a phone and without a finding of axe-core."""
    pump = chart()[2] | {"id": "o3", "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "62362"}]}}
    with served_app(tmp_path) as launched, window(browser) as page:
        launched.ehr.chart.append(pump)
        page.goto(launch(launched, fhirContext=["ServiceRequest/o3"]))
        assert page.locator(".question").count() > 10
        _seen(page, picture, "smart-pump")


def _seen(page: Page, picture: Callable[..., None], name: str) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        picture(page, f"{name}-{scheme}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    picture(page, f"{name}-phone", whole=True)
    page.set_viewport_size({"width": 1280, "height": 900})
