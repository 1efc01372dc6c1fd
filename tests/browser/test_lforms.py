"""A renderer that is not ours fills our forms: LForms of the National Library of Medicine, in Chromium, with no network but loopback."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from cds_service.content.forms import NamedForm
from cds_service.facts.found.forms import WHEN, every_item
from cds_service.questionnaires.form import form_named
from tests.conftest import held_content
from tests.dtr import talks
from tests.dtr.conftest import CONTEXT, Asking
from tests.dtr.conftest import asking as asking  # noqa: PLC0414 - a fixture
from tests.exchange import Json
from tests.security.server import Server
from tests.server_scripts import installed

verifies = pytest.mark.verifies
_PAGE = b"""<!doctype html><meta charset=utf-8><title>LForms</title>
<link rel=stylesheet href=/webcomponent/styles.css><link rel=icon href=data:,><body><div id=form></div>
<script src=/webcomponent/assets/lib/zone.min.js></script>
<script src=/webcomponent/lhc-forms.js></script>
<script src=/fhir/R4/lformsFHIR.min.js></script>"""


@dataclass(frozen=True, slots=True)
class Renderer:
    """A page with LForms in it, and the requests that left for anywhere else."""

    page: Page
    left: list[str]

    def show(self, questionnaire: Json) -> None:
        """Renders a form anew."""
        self.page.evaluate("q => LForms.Util.addFormToPage(q, 'form', {fhirVersion: 'R4'})", questionnaire)
        self.page.wait_for_selector(f"#form >> text={questionnaire['item'][0]['text']}")

    def response(self) -> Json:
        """What LForms makes of what was filled in."""
        found: Any = self.page.evaluate("() => LForms.Util.getFormFHIRData('QuestionnaireResponse', 'R4')")
        assert isinstance(found, dict)
        return found

    def yes(self, fact: str) -> None:
        """Clicks *Yes*."""
        self.page.locator(f"[id='{fact}/1|true']").click()

    def type(self, fact: str, text: str) -> None:
        """Types into a field, or what it offers to choose from."""
        field = self.page.locator(f"[id='{fact}/1']")
        field.click()
        field.press_sequentially(text)
        field.press("Tab")


@pytest.fixture(scope="module")
def renderer(browser: Browser) -> Iterator[Renderer]:
    """LForms on a page of this machine; skipped where it was not fetched, except in CI, which fetches it."""
    folder = Path(installed("lforms"))

    def answer(request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0].lstrip("/")
        file = (folder / path).resolve()
        held = path and file.is_file() and folder in file.parents
        body = file.read_bytes() if held else _PAGE if not path else b""
        request.send_response(200 if body else 404)
        request.send_header("Content-Type", (mimetypes.guess_type(path)[0] if path else "text/html") or "text/plain")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    server = Server(answer)
    address, left = f"http://127.0.0.1:{server.port}", list[str]()
    context = browser.new_context()

    def only_here(route: Route) -> None:
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            left.append(route.request.url)
            route.abort()

    context.route("**/*", only_here)
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("() => !!(window.LForms && LForms.Util && LForms.FHIR && LForms.FHIR.R4)")
    yield Renderer(page, left)
    context.close()
    server.close()


@verifies("dtr-survives-lforms")
@pytest.mark.parametrize("name", sorted(held_content().forms))
def test_the_forms_of_all_policies_survive(renderer: Renderer, name: str) -> None:
    """Each is shown with every question of ours, and comes back, left empty, as a response with nothing in it."""
    of = held_content().forms[name]
    form = form_named(NamedForm(of, of.facts), held_content(), talks.PUBLIC).questionnaire
    renderer.show(form)
    shown = renderer.page.locator("#form").inner_text()
    asked = [item for item in every_item(form) if item["type"] != "display" and not item["linkId"].endswith(WHEN)]
    assert [item["text"] for item in asked if item["text"] not in shown] == []
    assert all("answer" not in item for item in every_item(renderer.response()))
    assert renderer.left == []


@verifies("dtr-survives-lforms", "answers-read")
def test_a_form_that_is_filled_by_clicks_decides_the_order(renderer: Renderer, asking: Asking) -> None:
    """Signed: not documented. The package's form is filled in LForms, its response put into the next call: necessary."""
    ((form, draft),) = talks.bundles(asking.package(CONTEXT(asking.context)))
    renderer.show(form)
    renderer.type("pain_origin", "malignant")
    for fact in (
        "noninvasive_pain_control_failed",
        "spine_imaging_clear",
        "trial_side_effects_minimal",
        "body_supports_pump",
        "opioid_drug",
    ):
        renderer.yes(fact)
    renderer.type("life_expectancy", "6")
    renderer.type("trial_pain_reduction", "60")
    response = renderer.response()
    assert renderer.left == []
    completed = (
        response
        | {name: draft[name] for name in ("extension", "subject", "questionnaire")}
        | {"id": "lforms", "status": "completed"}
    )
    completed["authored"] = "2025-07-02T01:30:00Z"
    decision = asking.sign(completed)
    assert decision["outcome"] == "necessary", (decision, response)
