"""Every page: nothing that axe-core finds wrong in light and dark, nothing wider than a phone, pictures of all three."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.site import Site
from tests.exchange import gestational_age, order, request
from tests.store.service import TRIPLETS

CFDNA = "/policies/carelon/prenatal-cfdna-screening/2025-04-01"
TALLEST = 20_000
"""Pixels of the longest page on a phone; what is folded is not counted, and the page that is opened whole is for paper."""
PAGES = {
    "library": "/",
    "found": "/?q=Neulasta",
    "nothing-found": "/?q=zzzz",
    "policy": CFDNA,
    "policy-largest": "/policies/bcbsm/colony-stimulating-factors/2024-04-11",
    "policy-of-a-questionnaire": "/policies/ptac/pfpm-proposal/2017-03-07",
    "value-set": "/value-sets/csf-products",
    "playground": "/try?policy=carelon/prenatal-cfdna-screening",
    "playground-example": "/try?policy=carelon/prenatal-cfdna-screening&example=Ten%20weeks%2C%20one%20fetus",
    "playground-largest": "/try?policy=bcbsm/colony-stimulating-factors",
    "playground-other": "/try?order=neulasta",
    "found-mistyped": "/?q=Neulsta",
    "policy-of-a-pump": "/policies/lhcc/implantable-intrathecal-epidural-pain-pump/2025-06-14",
    "policy-of-a-fusion": "/policies/medica-central/open-si-joint-fusion/2024-10-01",
    "numbers": "/stats",
    "numbers-of-a-policy": "/stats?policy=carelon/prenatal-cfdna-screening",
    "not-here": "/policies/nobody/nothing/2020-01-01",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everyone(page: Page, picture: Callable[..., None], name: str) -> None:
    """axe-core finds no violation in light and dark, and the page is not wider than a phone."""
    page.goto(PAGES[name])
    seen(page, picture, name)


def test_a_decision_is_for_everyone(page: Page, site: Site, picture: Callable[..., None]) -> None:
    """The decision page holds what the others hold."""
    page.goto(decision_link(site))
    assert page.get_by_role("heading", name="Not necessary as documented").is_visible()
    seen(page, picture, "decision")


def seen(page: Page, picture: Callable[..., None], name: str) -> None:
    """Looks at the page that is open in light, in dark and on a phone."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        only = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}  # colours alone differ
        found = Axe().run(page, options={"resultTypes": ["violations"]} | only)
        assert found.violations_count == 0, found.generate_report()
        picture(page, f"{name}-{scheme}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.scrollingElement.scrollHeight") <= TALLEST
    picture(page, f"{name}-phone")


def decision_link(site: Site) -> str:
    """Signs an order that is not necessary and gives the link of its card, once the decision is logged."""
    made = request(order(), chart=TRIPLETS)
    (card,) = site.client.post("/cds-services/medical-policy", json=made).get_json()["cards"]
    assert site.store.decisions.flush(10)
    return str(card["links"][-1]["url"])


def test_print_opens_what_is_folded(page: Page, picture: Callable[..., None]) -> None:
    """On paper every criterion is there with a box to tick, a second reader finds where to sign, and no navigation is there."""
    page.goto(CFDNA)
    inside = page.locator("#criteria .says").get_by_text("The fetus has two or more distinct anomalies.")
    assert not inside.is_visible()
    assert not page.get_by_text("Name and profession").is_visible()
    page.emulate_media(media="print")
    assert inside.is_visible()
    assert page.get_by_text("Name and profession").is_visible()
    assert not page.get_by_role("navigation", name="Pages").is_visible()
    picture(page, "policy-print", whole=True)


def test_a_refused_request_is_for_everyone(page: Page, picture: Callable[..., None]) -> None:
    """What is wrong with a pasted request is told in its own words, on a page that axe-core finds nothing wrong with."""
    page.goto("/try")
    page.get_by_label("Paste a request").fill('{"hook": "order-sign",')
    page.get_by_role("button", name="Answer it").click()
    problem = page.locator(".problem")
    problem.wait_for()
    assert "JSON" in problem.inner_text()
    seen(page, picture, "refused")


def test_the_warning_card(page: Page, picture: Callable[..., None]) -> None:
    """A pasted request is answered with the card that an EHR would render, its reason first."""
    page.goto("/try")
    made = request(order(), chart=(*TRIPLETS, gestational_age(80, "2025-05-01")))
    page.get_by_label("Paste a request").fill(json.dumps(made))
    page.get_by_role("button", name="Answer it").click()
    page.locator(".ehr-card.warning").wait_for()
    assert "three or more fetuses" in page.locator(".ehr-card h3").inner_text()
    picture(page, "pasted", whole=True)
