"""A renderer that is not ours fills our forms: LForms of the National Library of Medicine, in Chromium, with no network but loopback."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from cds_service.content.forms import NamedForm
from cds_service.decision import DecisionOutcome
from cds_service.facts.found.forms import WHEN, every_item
from cds_service.policy.values import Value
from cds_service.questionnaires.form import form_named
from cds_service.vignettes.read import Vignette
from tests.conftest import held_content
from tests.dtr import talks
from tests.dtr.test_every_open_vignette import STILL_OPEN
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

    def answer(self, item: Json, given: Json) -> None:
        """Answers a question as a person does: a click on *Yes* or *No*, a choice or a number or a day that is typed."""
        field = f"{item['linkId']}/1"
        match given:
            case {"valueBoolean": bool(yes)}:
                self.page.locator(f"[id='{field}|{str(yes).lower()}']").click()
            case {"valueCoding": {"display": str(shown)}}:
                self.type(field, shown)
            case {"valueDate": str(day)}:
                self.type(field, date.fromisoformat(day).strftime("%m/%d/%Y"))
            case {"valueQuantity": {"value": number}} | {"valueDecimal": number} | {"valueInteger": number}:
                self.type(field, str(number))
            case _:
                raise LookupError(given)

    def type(self, field: str, text: str) -> None:
        """Types into the field of this id, or what it offers to choose from."""
        found = self.page.locator(f"[id='{field}']")
        found.click()
        found.press_sequentially(text)
        found.press("Tab")


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


def open_order(policy: str) -> tuple[Vignette, tuple[str, ...], Mapping[str, Value]]:
    """An order of a policy that a vignette leaves open, the way that settles it, and the answers along it: one of many questions."""
    content = held_content()
    found = []
    for vignette in talks.open_vignettes(content):
        if vignette.policy.id == policy and vignette.name not in STILL_OPEN:
            way = talks.way_of(vignette, content)
            if "gestational_age" in way:  # its field has a list of units, and our answers are in another than the first
                continue
            answers = talks.favourable(vignette, way, content)
            if talks.as_answered(vignette, answers, content).outcome is DecisionOutcome.NECESSARY:
                found.append((vignette, way, answers))
    return max(found[:40], key=lambda one: len(one[1]))


@verifies("dtr-survives-lforms", "answers-read")
@pytest.mark.parametrize("policy", sorted({one.id for one in held_content().policies if one.order_sets}))
def test_the_form_of_each_policy_filled_by_clicks_decides_its_order(renderer: Renderer, tmp_path: Path, policy: str) -> None:
    """Signed: not documented. The package's form is filled in LForms, its response put into the next call: necessary."""
    content = held_content()
    vignette, way, answers = open_order(policy)
    client, store = talks.service(content, tmp_path)
    (context,) = talks.assertion(talks.sign(client, talks.insured(vignette, content)), vignette)["coverage-assertion-id"]
    parameters = ({"name": "coverage", "resource": talks.coverage(vignette)}, {"name": "context", "valueString": context})
    ((form, draft),) = talks.bundles(talks.package(client, "2.2", *parameters))
    renderer.show(form)
    for item in form["item"]:
        if item["linkId"] in way:
            renderer.answer(item, talks.answer(content.catalogue[item["linkId"]], answers[item["linkId"]], item))
    response = renderer.response()
    assert renderer.left == []
    kept = {name: draft[name] for name in ("extension", "subject", "questionnaire")}
    completed = response | kept | {"id": "lforms", "status": "completed", "authored": vignette.as_of.isoformat()}
    decision = talks.decided(talks.sign(client, talks.insured(vignette, content, completed)), vignette)
    store.close()
    assert decision["outcome"] == "necessary", (vignette.name, decision, response)
