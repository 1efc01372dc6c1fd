"""The pages over HTTP: what they list, what the playground answers and forgets, and what guards them."""

from __future__ import annotations

import gzip
import html
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.content.content import Content
from cds_service.fhir.code_systems import NAMES
from cds_service.hooks.answer import decide_request
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.policy.criterion import Check
from cds_service.serving.app import create_app
from cds_service.store.store import Store
from cds_service.store.tables import DecisionRow
from cds_service.store.upgrade import upgrade
from cds_service.vignettes.run import with_own_lists
from cds_service.web.code_lists import CodeLists
from cds_service.web.code_meaning import sets_read
from cds_service.web.examples import vignettes_of
from cds_service.web.in_force import in_force
from cds_service.web.playground import LARGEST_FORM
from cds_service.web.pressed import pressed
from cds_service.web.search import PolicySearch
from cds_service.web.try_form import FactTyped, OrderTyped, TryForm, empty_form, example_form
from cds_service.web.try_request import Mistyped, request_for
from tests.conftest import TODAY, held_content
from tests.exchange import order, request
from tests.store.service import TRIPLETS, rows

CFDNA = "carelon/prenatal-cfdna-screening"
PAGE = {"Accept": "text/html,application/xhtml+xml"}
FORM = {"policy": CFDNA, "version": "2025-04-01", "code": "CPT 81420", "resource": "ServiceRequest", "as_of": "2025-05-01"}


def shown(client: FlaskClient, address: str, status: int = 200) -> str:
    """The text of a page, with entities read."""
    response = client.get(address, headers=PAGE)
    assert response.status_code == status
    assert response.mimetype == "text/html"
    return html.unescape(response.get_data(as_text=True))


def typed(*facts: tuple[str, str] | tuple[str, str, str], **more: Any) -> dict[str, Any]:
    """The playground's form as a browser sends it."""
    filled = [(*fact, "") if len(fact) == 2 else fact for fact in facts]
    names, values, hows = ([fact[n] for fact in filled] for n in range(3))
    return FORM | {"fact": names, "value": values, "on": ["" for _ in facts], "how": hows, "via": ["" for _ in facts]} | more


def outcome(page: str) -> list[str]:
    """The outcomes that a playground page shows."""
    return re.findall(r'class="verdict ([a-z-]+)"', page)


def test_the_library_lists_every_policy(client: FlaskClient, content: Content) -> None:
    """The first page names every policy, payer, version, line of business and status, and links each version."""
    page = shown(client, "/")
    for policy in content.policies:
        assert policy.title in page
        assert f"/policies/{policy.id}/{policy.version}" in page
        assert all(line in page for line in policy.lines_of_business)
    for payer in content.payers:
        if any(policy.payer == payer.id for policy in content.policies):
            assert payer.name in page
    assert "CPT 81420" in page
    largest = max(len({criterion.id for criterion in policy.criteria()}) for policy in content.policies)
    assert f"{largest} criteria" in page


@pytest.mark.parametrize(
    ("words", "policy"),
    [
        ("81422", CFDNA),
        ("cpt 81420", CFDNA),
        ("Neulasta", "bcbsm/colony-stimulating-factors"),
        ("pegfilgrastim", "bcbsm/colony-stimulating-factors"),
        ("RXNORM 338036", "bcbsm/colony-stimulating-factors"),
        ("michigan", "bcbsm/colony-stimulating-factors"),
        ("Medica", "medica-central/open-si-joint-fusion"),
        ("sacroiliac", "medica-central/open-si-joint-fusion"),
        ("three or more fetuses", CFDNA),
        ("pump epidural", "lhcc/implantable-intrathecal-epidural-pain-pump"),
    ],
)
def test_a_policy_is_found(client: FlaskClient, words: str, policy: str) -> None:
    """A code, a drug, a payer or a word finds its policy, first of all that are found."""
    page = client.get("/", query_string={"q": words}).get_data(as_text=True)
    found = page.split('class="hits"')[1]
    assert re.findall(r'href="/policies/([^"]+?)/\d', found)[0] == policy


def test_nothing_is_found_in_words(client: FlaskClient) -> None:
    """A search without a hit says so, and shows what was searched for as text."""
    page = client.get("/", query_string={"q": "<script>alert(1)</script>"}).get_data(as_text=True)
    assert "<script>alert" not in page
    assert "None of the 7 policies held here has it" in page


def addresses(content: Content) -> list[str]:
    """Every page that shows published content, and the largest that show what is typed."""
    policies = [f"/policies/{policy.id}/{policy.version}" for policy in content.policies]
    tried = [f"/try?policy={policy.id}" for policy in content.policies if policy.subject == "order"]
    return ["/", "/?q=81422", "/try", "/try?order=neulasta", "/value-sets/csf-products", *policies, *tried]


def test_every_page_is_sent_compressed_and_once(client: FlaskClient, content: Content) -> None:
    """A browser that takes gzip is sent at most 60 kB of any page, and nothing while it is the same; others get it as it is."""
    for path in addresses(content):
        plain = client.get(path, headers={"Accept-Encoding": "gzip;q=0, br"})
        packed = client.get(path, headers={"Accept-Encoding": "br, gzip"})
        assert "Content-Encoding" not in plain.headers, path
        assert packed.headers["Content-Encoding"] == "gzip", path
        assert gzip.decompress(packed.data) == plain.data, path
        assert len(packed.data) <= 60_000, path
        assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding", path
        assert packed.headers["Cache-Control"] == "no-cache", path
        again = client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), path


def test_what_is_typed_is_kept_by_no_cache(client: FlaskClient) -> None:
    """The answer to something typed, and a page that says what is wrong, are compressed and stored by nobody."""
    answered = client.post("/try", data=typed(("gestational_age", "10 wk")), headers={"Accept-Encoding": "gzip"})
    assert answered.headers["Content-Encoding"] == "gzip"
    assert answered.headers["Cache-Control"] == client.get("/nowhere", headers=PAGE).headers["Cache-Control"] == "no-store"
    assert "ETag" not in answered.headers


def test_the_style_sheet_is_kept_for_good(client: FlaskClient) -> None:
    """Assets have a digest in their address and are kept; at an address without it the browser asks again each time."""
    page = shown(client, "/try")
    named = re.findall(r'"(/static/[^"]+)"', page)
    assert len(named) == 3
    for address in named:
        asset = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert asset.headers["Content-Encoding"] == "gzip"
        assert client.get(address.partition("?")[0]).headers["Cache-Control"] == "no-cache"
    assert client.get("/static/other.css").status_code == 404


@pytest.mark.slow
def test_every_governed_or_read_code_is_found(content: Content) -> None:
    """A code of every list that a policy governs or reads charts by finds the policy, with what the code means to it."""
    lists = CodeLists(content)
    search = PolicySearch(content, lists)
    for policy in in_force(content, TODAY).values():
        for id_ in (*policy.order_sets, *sets_read(policy, content)):
            held = lists.of(id_)
            rows = [row for row in held.rows if row.system in NAMES] if held else []  # nobody searches by the address of a table
            for words in [words for row in rows[:1] for words in (row.written, row.code)]:
                found = {one.policy.id: one for one in search.find(words, TODAY).found}
                assert policy.id in found, (policy.id, id_, words)
                assert words.split()[-1] in found[policy.id].means, (policy.id, id_, words)


def test_a_policy_page_has_everything(client: FlaskClient, content: Content) -> None:
    """Each version's page has every criterion with its place and question, fact, presumption, passage not encoded, and vignette."""
    for policy in content.policies:
        page = shown(client, f"/policies/{policy.id}/{policy.version}")
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        assert {f"#{anchor}" for anchor in ids} >= set(re.findall(r'href="(#[^"]+)"', page)) - {"#main"}
        for criterion in policy.criteria():
            assert criterion.says in page
            assert criterion.cite.at in page
            if isinstance(criterion, Check) and criterion.presumption:
                assert criterion.presumption.because in page
        for name in content.catalogue.closure(policy.facts):
            assert f'id="f-{name}"' in page
            for source in content.catalogue[name].sources:
                assert all(f"/value-sets/{id_}" in page for id_ in source.value_sets() if id_ in content.terminology.sets)
        assert all(passage.because in page for passage in policy.not_encoded)
        assert all(vignette.name in page for vignette in vignettes_of(policy, content))
        assert all(source.url in page for source in policy.sources.values() if source.url)


def test_versions_tell_what_changed(client: FlaskClient) -> None:
    """The later version's page names the earlier one and the criteria that differ; the address without a version leads to it."""
    page = shown(client, f"/policies/{CFDNA}/2025-04-01")
    assert "What changed since 2024-11-17" in page
    assert "Codes that came: CPT 0536U (fetal RhD by PCR)." in page
    assert client.get(f"/policies/{CFDNA}/").headers["Location"].endswith("/2025-04-01")


def test_value_sets_are_browsable(client: FlaskClient, content: Content) -> None:
    """Every value set has a page with its title."""
    for id_, held in content.terminology.sets.items():
        assert held.title in shown(client, f"/value-sets/{id_}")
    assert "J2506" in shown(client, "/value-sets/csf-products")


@pytest.mark.parametrize(
    "address", ["/", "/?q=81420", f"/policies/{CFDNA}/2025-04-01", "/try", "/value-sets/csf-products", "/nowhere"]
)
def test_pages_take_nothing_from_elsewhere(client: FlaskClient, address: str) -> None:
    """Every page forbids all scripts and styles but its own, and names none from elsewhere; nothing stands inline."""
    response = client.get(address, headers=PAGE)
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    page = response.get_data(as_text=True)
    assert not re.search(r"<script(?! src=\"/static/)|<style|\sstyle=|\son[a-z]+=\"|(?:src|srcset)=\"https?:", page)


def test_addresses_without_a_page_say_so(client: FlaskClient) -> None:
    """A person gets a page for what is not there or not allowed; a client of the hooks gets an OperationOutcome as ever."""
    assert "nothing at this address" in shown(client, "/policies/nobody/nothing/2020-01-01", 404)
    assert "nothing at this address" in shown(client, "/value-sets/none", 404)
    assert "nothing at this address" in shown(client, "/try?policy=nobody/nothing", 404)
    assert client.delete("/try", headers=PAGE).mimetype == "text/html"
    assert client.get("/cds-services/none", headers=PAGE).mimetype == "application/fhir+json"
    assert client.get("/nowhere").mimetype == "application/fhir+json"


@pytest.mark.slow
def test_every_example_decides_as_its_vignette(content: Content) -> None:
    """Each vignette, put into the form and read again, makes a request with the outcome that the vignette expects."""
    for policy in content.policies:
        for vignette in vignettes_of(policy, content) if policy.subject == "order" else ():
            own = with_own_lists(content, vignette)
            made = request_for(example_form(vignette), own).request
            decided = decide_request(parse_request(_bytes(made), "2.2"), own, TODAY, Settings())
            found = [d.outcome for _, d in decided if d.order.endswith("order-1") and d.policy_id in (policy.id, "")]
            assert found[0] is vignette.outcome, vignette.name


def _bytes(made: Any) -> bytes:
    import orjson

    return orjson.dumps(made)


def test_an_example_is_shown_filled(client: FlaskClient) -> None:
    """An example fills the form, and the answer to it stands beside it."""
    page = shown(client, f"/try?policy={CFDNA}&example=Ten weeks, one fetus")
    assert 'value="10 wk"' in page
    assert outcome(page) == ["necessary"]


def test_a_form_is_answered(client: FlaskClient) -> None:
    """What is typed is answered; a script gets the answer alone."""
    sent = typed(("gestational_age", "10 wk"), ("number_of_fetuses", "3"))
    whole = client.post("/try", data=sent).get_data(as_text=True)
    alone = client.post("/try", data=sent, headers={"X-Fragment": "answer"}).get_data(as_text=True)
    assert outcome(whole) == outcome(alone) == ["not-necessary"]
    assert "<html" in whole
    assert "<html" not in alone


def test_a_pasted_order_or_bundle_is_a_call(client: FlaskClient) -> None:
    """An order alone, or a Bundle of orders with their chart, is answered as the call that it would be in, and the page says so."""
    alone = client.post("/try", data={"request": _bytes(order("81422")).decode()}).get_data(as_text=True)
    assert outcome(alone) == ["not-necessary"]
    assert "The ServiceRequest was wrapped in an order-sign call." in alone
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in (order(), *TRIPLETS)]}
    page = html.unescape(client.post("/try", data={"request": _bytes(bundle).decode()}).get_data(as_text=True))
    assert outcome(page) == ["not-necessary"]
    assert "Its Observation are taken for the chart" in page or "Its Observations are taken for the chart" in page


def test_another_order_takes_the_place_of_one(client: FlaskClient) -> None:
    """A card's button that orders something else puts its code into the form, which is answered again."""
    panel = {key: value for key, value in order("81420").items() if key != "id"}
    actions = [{"type": "delete", "resourceId": "ServiceRequest/o1"}, {"type": "create", "resource": panel}]
    said = {"uuid": "u", "label": "Order the panel instead", "actions": actions}
    made = request(order("81422"))
    press = pressed(made, {"cards": [{"uuid": "c", "suggestions": [said]}]}, "u", "")
    assert press
    assert press.request
    assert press.said == "“Order the panel instead” was pressed: the order is now 81420."
    (entry,) = press.request["context"]["draftOrders"]["entry"]
    assert entry["resource"]["code"]["coding"][0]["code"] == "81420"
    assert made["context"]["draftOrders"]["entry"][0]["resource"]["id"] == "o1"
    assert pressed(made, {"cards": []}, "u", "") is None


def test_slips_keep_what_was_typed(client: FlaskClient) -> None:
    """Fields that cannot be read are all named at once, and every field keeps what was typed."""
    sent = typed(("gestational_age", "ten weeks"), ("number_of_fetuses", "3"), as_of="2025-5-1", reason="O30.1", text="a screen")
    response = client.post("/try", data=sent)
    page = html.unescape(response.get_data(as_text=True))
    assert response.status_code == 200
    problem = page.split('class="problem"')[1].split("</div>")[0]
    assert problem.count("<li>") == 3
    assert "'ten weeks' is not a number with its unit" in problem
    for kept in ('value="ten weeks"', 'value="3"', 'value="2025-5-1"', 'value="O30.1"', 'value="a screen"'):
        assert kept in page
    assert page.count('aria-invalid="true"') == 3


def test_a_fact_that_no_chart_says_is_answered(content: Content) -> None:
    """A value for which there is no resource is said as the answer of a questionnaire, and the page tells that it was."""
    policy = next(p for p in content.policies if p.id == CFDNA and p.effective_until is None)
    form = TryForm(policy, OrderTyped("CPT 81420"), "2025-05-01", (FactTyped("number_of_fetuses", "above 1"),))
    imagined = request_for(form, content)
    assert imagined.answered or imagined.request["prefetch"]["observations"]["entry"]
    with pytest.raises(Mistyped):
        request_for(
            TryForm(policy, OrderTyped("CPT 81420"), "2025-05-01", (FactTyped("gestational_age", "9 wk", "", "provisional"),)),
            content,
        )


def test_one_fact_may_be_said_twice(client: FlaskClient) -> None:
    """A fact takes several pieces of evidence, each with a day."""
    sent = typed(("gestational_age", "10 wk"), ("number_of_fetuses", "3"), ("number_of_fetuses", "2"))
    sent["on"] = ["", "2025-04-01", "2025-04-20"]
    page = html.unescape(client.post("/try", data=sent).get_data(as_text=True))
    assert '"effectiveDateTime": "2025-04-01"' in page
    assert '"effectiveDateTime": "2025-04-20"' in page


def test_what_was_not_sent_is_told(client: FlaskClient) -> None:
    """Types that the EHR did not send are named as not searched."""
    page = client.post("/try", data=typed(unsent=["Observation"])).get_data(as_text=True)
    assert "Not searched, so silence there means nothing: Observation" in page


def test_another_version_governs(client: FlaskClient) -> None:
    """A date of service of which another version governs is answered by that version, and the page says so."""
    page = client.post("/try", data=typed(as_of="2025-03-01")).get_data(as_text=True)
    assert "version 2024-11-17 governs, and not 2025-04-01" in page


@pytest.mark.parametrize("pasted", ["", "{", "[]", '{"hook": "order-sign"}', "\x00", '{"hook":"order-sign","hookInstance":1}'])
def test_a_request_that_cannot_be_used_is_told(client: FlaskClient, pasted: str) -> None:
    """A pasted request is refused with the status and in the words of the service itself."""
    refused = client.post("/cds-services/medical-policy", data=pasted.strip().encode())
    response = client.post("/try", data={"request": pasted})
    page = html.unescape(response.get_data(as_text=True))
    assert response.status_code == refused.status_code
    page = re.sub(r"<[^>]+>", "", page)
    assert all(issue["details"]["text"] in page for issue in refused.get_json()["issue"])


def test_too_large_a_form_is_a_page(client: FlaskClient) -> None:
    """What is larger than the playground takes is refused with 413, in words, whole page and answer alike."""
    for headers in ({}, {"X-Fragment": "answer"}):
        response = client.post("/try", data={"request": "x" * (LARGEST_FORM + 1)}, headers=headers)
        assert response.status_code == 413
        assert response.mimetype == "text/html"
        assert "larger than the 2 MiB" in response.get_data(as_text=True)
    assert client.post("/try", data={"request": "x" * (LARGEST_FORM // 2)}).status_code == 400


def test_what_is_typed_is_forgotten(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a form nor a pasted request reaches the store or any line of the log."""
    store = Store(f"sqlite:///{tmp_path}/store.sqlite")
    upgrade(store.engine)
    client = create_app(held_content(), Settings(log_values=True), lambda: TODAY, store).test_client()
    words = "Sentinel-4711"
    with caplog.at_level(logging.DEBUG):
        client.post("/try", data=typed(("gestational_age", "10 wk"), text=words))
        client.post("/try", data=typed(("gestational_age", words)))
        made = request(order(id_=words), chart=TRIPLETS) | {"hookInstance": words}
        assert outcome(client.post("/try", data={"request": _bytes(made).decode()}).get_data(as_text=True)) == ["not-necessary"]
        client.post("/try", data={"request": f'{{"hook": "{words}"}}'})
    assert store.decisions.flush(10)
    assert rows(store, DecisionRow) == []
    assert not [record for record in caplog.records if words in str(record.__dict__) or record.getMessage() == "decided"]
    store.close()


def test_the_playground_is_empty_without_an_example(content: Content) -> None:
    """Without an example the form has the policy's first code, a day that its version covers, and no facts."""
    from cds_service.web.code_lists import CodeLists

    for policy in content.policies:
        if policy.subject == "order":
            form = empty_form(policy, CodeLists(content), TODAY)
            assert form.facts == ()
            assert policy.covers(TODAY) or form.as_of == str(policy.effective_until)


def test_a_secret_that_could_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret that signs links is long, or the service does not start."""
    monkeypatch.setenv("CDS_SERVICE_LINK_SECRET", "short")
    with pytest.raises(ValueError, match="at least 32 random characters"):
        create_app(held_content())
