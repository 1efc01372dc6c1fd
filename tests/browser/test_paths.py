"""The ways that people take through the pages: find, read, try, paste, follow a card's link, look at the numbers."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from cds_service.content.content import read_content, shipped_content
from cds_service.fhir.value_set_files import read_written, value_set_paths
from tests.browser.conftest import listened
from tests.browser.site import Site, served
from tests.browser.test_looks import decision_link
from tests.exchange import order, request
from tests.store.service import TRIPLETS

EXAMPLE = "/try?policy=carelon/prenatal-cfdna-screening&example=Ten%20weeks%2C%20one%20fetus"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
MARKDOWN = "[press](javascript:alert(3)) ![x](x) <b onclick=alert(4)>b</b>"


def test_from_a_word_to_an_outcome(page: Page) -> None:
    """A code finds its policy, the policy leads to the playground, and one changed fact changes the outcome at once."""
    page.goto("/")
    page.get_by_role("searchbox").or_(page.locator("#q")).first.fill("81420")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Prenatal Screening using Cell-free DNA").first.click()
    expect(page.get_by_role("heading", name="Criteria", exact=True)).to_be_visible()
    page.get_by_role("link", name="Try it in the playground").click()
    page.get_by_text("or choose a policy, a version, an example").click()
    page.get_by_label("Example").select_option("Ten weeks, one fetus")
    verdict = page.locator("#answer .verdict h2")
    expect(verdict).to_have_text("Necessary")
    page.get_by_label("How many fetuses there are", exact=True).fill("3")
    expect(verdict).to_have_text("Not necessary as documented")
    expect(page.locator(".ehr-card.warning")).to_contain_text("three or more fetuses")
    expect(page.locator("#said")).to_contain_text("Not necessary as documented")
    page.get_by_label("How many fetuses there are", exact=True).fill("three")
    expect(page.locator(".problem")).to_contain_text("not a number")
    expect(page.get_by_label("How many fetuses there are", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("How many fetuses there are", exact=True).fill("2")
    expect(verdict).to_have_text("Necessary")


def test_a_member_has_coverage_information(page: Page) -> None:
    """For a member of a payer that is known, the playground shows what is asserted of coverage."""
    page.goto(EXAMPLE)
    page.get_by_text("More about the order").click()
    page.get_by_label("Member of").select_option("carelon")
    expect(page.locator("#answer dl.pairs")).to_contain_text("covered")


def test_copied_as_curl(browser: Browser, site: Site) -> None:
    """The command that is copied sends the request that the page shows, and the service answers it."""
    context = browser.new_context(base_url=site.address, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(EXAMPLE)
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    command = shlex.split(page.evaluate("navigator.clipboard.readText()"))
    context.close()
    assert command[0] == "curl"
    assert command[-1] == f"{site.address}/cds-services/medical-policy-order-sign"
    answered = site.client.post("/cds-services/medical-policy", data=command[command.index("-d") + 1])
    assert answered.get_json()["cards"] == []


def test_a_dropped_file_is_read(page: Page) -> None:
    """A file that is dropped on the field for one's own request is what is answered."""
    page.goto("/try")
    page.evaluate(
        """text => { const data = new DataTransfer(); data.items.add(new File([text], "request.json"));
        document.getElementById("request").dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})); }""",
        json.dumps(request(order(), chart=TRIPLETS)),
    )
    expect(page.locator("#request")).to_have_value(json.dumps(request(order(), chart=TRIPLETS)))
    page.get_by_role("button", name="Answer it").click()
    expect(page.locator(".verdict h2")).to_have_text("Not necessary as documented")


def test_from_a_card_to_its_decision(page: Page, site: Site) -> None:
    """The link of a card opens its decision: outcome, tree and references, and no value of the chart."""
    page.goto(decision_link(site))
    expect(page.locator(".verdict h2")).to_have_text("Not necessary as documented")
    expect(page.locator(".finding.settles").first).to_contain_text("three or more fetuses")
    expect(page.get_by_text("Observation/fetuses-2025-05-01")).to_be_visible()
    assert ": 3" not in page.locator("main").inner_text()


def test_the_numbers_of_a_range(page: Page) -> None:
    """The operations page draws each chart beside a table of it, and the range is chosen by days."""
    page.goto("/stats")
    expect(page.locator("svg[role=img]")).to_have_count(3)
    expect(page.locator(".sentence").first).to_contain_text("decisions in 30 days")
    for summary in page.get_by_text("As a table").all():
        summary.click()
    expect(page.get_by_role("table").first).to_be_visible()
    days = page.locator("table").first.locator("tbody tr")
    expect(days).to_have_count(30)
    page.get_by_role("link", name="7 days").click()
    page.get_by_text("As a table").first.click()
    expect(days).to_have_count(7)


def test_the_keyboard_is_enough(page: Page) -> None:
    """The first stop of the keyboard skips to the content, and an answer is reached and asked for by keys alone."""
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Neulasta")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Colony Stimulating Factors").first).to_be_visible()


def test_without_javascript(browser: Browser, site: Site, picture: Callable[..., None]) -> None:
    """Searching, reading, trying, pasting: everything but the live answer works without JavaScript, and slips lose nothing."""
    context = browser.new_context(base_url=site.address, java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto("/?q=sacroiliac")
    page.get_by_role("link", name="Sacroiliac Joint Fusion, Open").first.click()
    page.goto(EXAMPLE)
    page.get_by_label("How many fetuses there are", exact=True).fill("three")
    page.get_by_role("button", name="Sign the order").last.click()
    expect(page.locator(".problem")).to_contain_text("How many fetuses there are")
    expect(page.get_by_label("How many fetuses there are", exact=True)).to_have_value("three")
    expect(page.locator("[id=fact-gestational_age]")).to_have_value("10 wk")
    picture(page, "slip-without-javascript")
    page.get_by_label("How many fetuses there are", exact=True).fill("3")
    page.get_by_role("button", name="Sign the order").last.click()
    expect(page.locator(".verdict h2")).to_have_text("Not necessary as documented")
    page.get_by_role("button", name="Another piece of evidence: How many fetuses there are").click()
    expect(page.locator("input[name=fact][value=number_of_fetuses]")).to_have_count(2)
    page.get_by_label("Paste a request").fill("nothing of the kind")
    page.get_by_role("button", name="Answer it").click()
    expect(page.locator(".problem")).to_be_visible()
    context.close()


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A copy of the content whose texts try to be active HTML."""
    top = shipped_content()
    for name in ("policies", "facts", "value_sets"):
        shutil.copytree(top / name, tmp_path / name)
    policy = tmp_path / "policies/carelon/prenatal-cfdna-screening/2025-04-01.yaml"
    text = policy.read_text(encoding="utf-8")
    assert "title: Prenatal Screening using Cell-free DNA\n" in text
    text = text.replace("title: Prenatal Screening using Cell-free DNA\n", f"title: {json.dumps(HOSTILE + MARKDOWN)}\n")
    said = "There are three or more fetuses."
    assert f"says: {said}\n" in text
    policy.write_text(text.replace(f"says: {said}\n", f"says: {json.dumps(said + HOSTILE + MARKDOWN)}\n"), encoding="utf-8")
    for path in value_set_paths(tmp_path / "value_sets"):
        held = read_written(path, path.name).raw
        held["title"] = held["title"] + HOSTILE
        for part in held.get("compose", {}).get("include", []):
            for concept in part.get("concept", []):
                concept["display"] = HOSTILE
        path.unlink()
        path.with_suffix(".json").write_text(json.dumps(held), encoding="utf-8")
    return tmp_path


def test_no_text_is_active(browser: Browser, hostile: Path) -> None:
    """Titles, sentences, labels of codes, the words of orders and of pasted requests are shown as they stand; nothing of them runs."""
    (hostile / "data").mkdir()
    with served(read_content(hostile), hostile / "data") as site:
        context = browser.new_context(base_url=site.address)
        page = context.new_page()
        told = listened(page)
        policy = "carelon/prenatal-cfdna-screening"
        for address in (
            "/",
            f"/?q={HOSTILE}",
            f"/policies/{policy}/2025-04-01",
            "/value-sets/cfdna-aneuploidy-screens",
            f"/try?policy={policy}",
        ):
            page.goto(address)
            assert active(page) == [], address
        words = {"text": HOSTILE + MARKDOWN, "coding": order()["code"]["coding"]}
        made = request(order(orderDetail=[{"text": MARKDOWN}], note=[{"text": HOSTILE}]) | {"code": words}, chart=TRIPLETS)
        page.goto("/try")
        page.get_by_label("Paste a request").fill(json.dumps(made))
        page.get_by_role("button", name="Answer it").click()
        page.locator(".ehr-card").wait_for()
        assert active(page) == []
        page.get_by_label("Paste a request").fill(HOSTILE)
        page.get_by_role("button", name="Answer it").click()
        page.locator(".problem").wait_for()
        assert active(page) == []
        page.goto(_link(site.client, made))
        assert site.store.decisions.flush(10)
        page.reload()
        page.locator(".verdict").wait_for()
        assert active(page) == []
        context.close()
    assert told == []


def active(page: Page) -> list[str]:
    """Elements that no template of ours makes, and links that would run something."""
    found: list[str] = page.evaluate(
        """[...document.querySelectorAll("main *, title *")].filter(e => ["IMG", "SCRIPT", "B", "IFRAME", "STYLE"].includes(e.tagName)
        || [...e.attributes].some(a => a.name.startsWith("on")) || /^(javascript|data):/i.test(e.getAttribute("href") || ""))
        .map(e => e.outerHTML)"""
    )
    return found


def _link(client: FlaskClient, made: object) -> str:
    (card,) = client.post("/cds-services/medical-policy", json=made).get_json()["cards"]
    return str(card["links"][-1]["url"])
