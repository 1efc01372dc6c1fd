"""The page of a decision: who gets a link to it, what it shows, and what it says where there is nothing to show."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from cds_service.content.content import Content
from cds_service.hooks.answer import decide_request
from cds_service.hooks.answered.decision_links import LASTS, decision_page, linked
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.policy.criterion import Outcome
from cds_service.policy.finding import Finding
from cds_service.serving.app import create_app
from cds_service.store.outcomes import LoggedCriterion, read_outcomes, written_outcomes
from cds_service.store.store import Store
from cds_service.store.tables import DecisionRow
from tests.conftest import TODAY, held_content
from tests.content.test_payers import CARELON, coverage
from tests.exchange import ADDRESS, Json, gestational_age, order, request
from tests.hook_calls import vignettes
from tests.store.service import TRIPLETS

URL = "https://cds.example/payer"
SECRET = "a secret of the tests, long enough to sign with"  # noqa: S105 - it guards nothing
HOW_DECIDED = "How this was decided"
PAGE = {"Accept": "text/html"}


@dataclass(frozen=True, slots=True)
class Linking:
    """A client of a service whose cards link decisions, and its store."""

    client: FlaskClient
    store: Store

    def cards(self, *chart: Json) -> list[Json]:
        """The cards of an order for a screen, once its decision is logged."""
        found: list[Json] = self.client.post(ADDRESS, json=request(order(), chart=chart)).get_json()["cards"]
        assert self.store.decisions.flush(10)
        return found

    def page(self, link: str, status: int = 200) -> str:
        """The text of the page behind a link."""
        response = self.client.get(link.removeprefix(URL), headers=PAGE)
        assert response.status_code == status
        assert response.mimetype == "text/html"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cache-Control"] == "no-store"
        return html.unescape(response.get_data(as_text=True))


@pytest.fixture
def linking() -> Iterator[Callable[..., Linking]]:
    """Makes services whose cards link their decisions."""
    made: list[Store] = []

    def make(url: str, **settings: Any) -> Linking:
        store = Store(url)
        made.append(store)
        chosen = Settings(**({"public_url": URL, "link_secret": SECRET} | settings))
        return Linking(create_app(held_content(), chosen, lambda: TODAY, store).test_client(), store)

    yield make
    for store in made:
        store.close()


@pytest.fixture
def service(sqlite_file: Path, linking: Callable[..., Linking]) -> Linking:
    """A service that links decisions, with a SQLite store."""
    return linking(f"sqlite:///{sqlite_file}")


def link_of(card: Json) -> str:
    """The address of a card's decision, empty where it links none."""
    return next((link["url"] for link in card.get("links", ()) if link["label"] == HOW_DECIDED), "")


def test_advisory_cards_link_their_decision(service: Linking) -> None:
    """For a member whose payer is not known, every card links its decision, absolutely."""
    for chart in (TRIPLETS, ()):
        (card,) = service.cards(*chart)
        assert link_of(card).startswith(f"{URL}/decisions/")
        assert card["links"][-1]["type"] == "absolute"


def test_instructions_hold_no_links(service: Linking) -> None:
    """For a recognised member, the External Reference card links its decision, and the Instructions card holds no link at all."""
    member = coverage(CARELON)
    assert link_of(service.cards(*TRIPLETS, member)[0])
    (asking,) = service.cards(member)
    assert "links" not in asking


@pytest.mark.parametrize("missing", [{"public_url": ""}, {"link_secret": ""}])
def test_no_link_without_address_or_secret(sqlite_file: Path, linking: Callable[..., Linking], missing: dict[str, str]) -> None:
    """Without a public address, or without a secret, no card links a decision and no link opens one."""
    service = linking(f"sqlite:///{sqlite_file}", **missing)
    (card,) = service.cards(*TRIPLETS)
    assert link_of(card) == ""
    if not missing.get("link_secret", "x"):
        token = decision_page(URL, SECRET, datetime.now(UTC))(card["uuid"])
        service.page(token, 404)


def test_no_link_without_a_store() -> None:
    """Where nothing is logged, no card links a decision."""
    client = create_app(held_content(), Settings(public_url=URL, link_secret=SECRET), lambda: TODAY).test_client()
    (card,) = client.post(ADDRESS, json=request(order(), chart=TRIPLETS)).get_json()["cards"]
    assert link_of(card) == ""
    assert client.get("/decisions/x", headers=PAGE).status_code == 404


def test_the_page_of_a_decision(url: str, linking: Callable[..., Linking]) -> None:
    """It shows outcome, reasons, tree, version, questions and references, and no value of the chart."""
    service = linking(url)
    (card,) = service.cards(*TRIPLETS)
    page = service.page(link_of(card))
    assert "Not necessary as documented" in page
    assert "There are three or more fetuses. [Not Medically Necessary, clinical scenarios, 1]" in page
    assert "/policies/carelon/prenatal-cfdna-screening/2025-04-01" in page
    assert "Observation/fetuses-2025-05-01" in page
    assert "ServiceRequest/o1" in page
    assert "Necessary when" in page
    assert "The pregnancy has lasted at least 9 weeks" in page
    assert "11 wk" not in page
    assert "11 w 0 d" not in page
    (asking,) = service.cards()
    asked = service.page(link_of(asking))
    assert "How far along is the pregnancy" in asked
    assert "Not yet documented" in asked


def test_values_only_where_they_are_kept(sqlite_file: Path, linking: Callable[..., Linking]) -> None:
    """Where the operator keeps values, the page has a table of them; once that is turned off, they are no longer shown."""
    keeping = linking(f"sqlite:///{sqlite_file}", log_values=True)
    (card,) = keeping.cards(*TRIPLETS)
    assert "<td>3</td>" in keeping.page(link_of(card))
    later = linking(f"sqlite:///{sqlite_file}")
    assert "<td>3</td>" not in later.page(link_of(card))


def test_a_wrong_link_opens_nothing(service: Linking) -> None:
    """A link that was changed, made with another secret, or is older than it is good for, is a plain page with 404."""
    (card,) = service.cards(*TRIPLETS)
    good = link_of(card)
    old = decision_page(URL, SECRET, datetime.now(UTC) - LASTS - timedelta(minutes=1))(card["uuid"])
    forged = decision_page(URL, SECRET + "!", datetime.now(UTC))(card["uuid"])
    signed, _, signature = good.rpartition(".")
    for link in (
        f"{signed}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",  # its last letter holds bits that say nothing
        good.replace("/decisions/", "/decisions/x"),
        old,
        forged,
        f"{URL}/decisions/{card['uuid']}",
    ):
        assert "The link is wrong, or older" in service.page(link, 404)


def test_links_expire() -> None:
    """A link is good for thirty days by the clock, and not before it was made."""
    made = datetime(2026, 1, 1, tzinfo=UTC)
    card = str(uuid4())
    token = decision_page(URL, SECRET, made)(card).rsplit("/", 1)[1]
    for after, good in ((timedelta(0), True), (LASTS - timedelta(seconds=1), True), (LASTS, False), (timedelta(minutes=-5), False)):
        found = linked(token, SECRET, made + after)
        assert (found.card if found else None) == (card if good else None)


def test_a_decision_on_its_way(service: Linking) -> None:
    """A decision that is not in the log yet is promised and may be looked for again; one that never came is no longer kept."""
    promised = decision_page(URL, SECRET, datetime.now(UTC))(str(uuid4()))
    page = service.page(promised)
    assert "on the way to the log" in page
    assert "Look again" in page
    gone = decision_page(URL, SECRET, datetime.now(UTC) - timedelta(hours=1))(str(uuid4()))
    assert "no longer kept" in service.page(gone, 404)


def test_each_call_has_its_own_decision(service: Linking) -> None:
    """A call that is repeated later on another chart has the same cards; each link still opens the decision of its own call."""
    (first,) = service.cards(*TRIPLETS)
    called = datetime.now(UTC) - timedelta(hours=2)
    with service.store.engine.begin() as connection:
        connection.execute(update(DecisionRow).values(decided_at=called + timedelta(milliseconds=2)))
    earlier = decision_page(URL, SECRET, called)(first["uuid"])
    (second,) = service.cards(gestational_age(30, "2025-05-01"))
    assert second["uuid"] == first["uuid"]
    assert "three or more fetuses" in service.page(earlier).split("</section>")[0]
    assert "three or more fetuses" not in service.page(link_of(second)).split("</section>")[0]


def test_decisions_logged_before_have_no_tree(service: Linking) -> None:
    """A row from before the outcomes were logged shows what it has, and so does one whose policy was edited since."""
    (card,) = service.cards(*TRIPLETS)
    for outcomes, said in ((None, "logged without the outcomes"), ("00000000:+-", "have been edited since")):
        with service.store.engine.begin() as connection:
            connection.execute(update(DecisionRow).values(outcomes=outcomes))
        page = service.page(link_of(card))
        assert "There are three or more fetuses." in page
        assert said in page
    with service.store.engine.begin() as connection:
        connection.execute(update(DecisionRow).values(version="1999-01-01"))
    assert "which is no longer held" in service.page(link_of(card))


def test_a_store_out_of_reach(service: Linking, sqlite_file: Path) -> None:
    """Where the store does not answer, the page says so with 503, and orders are answered meanwhile."""
    (card,) = service.cards(*TRIPLETS)
    service.store.engine.dispose()
    for path in sqlite_file.parent.glob("store.sqlite*"):
        path.unlink()
    assert "cannot be read at the moment" in service.page(link_of(card), 503)


@pytest.mark.slow
def test_outcomes_are_read_as_they_were_written(content: Content) -> None:
    """The trees of every vignette's decision come back from the log with every outcome that was found."""
    for _, made in vignettes(content):
        for _, decision in decide_request(parse_request(orjson.dumps(made), "2.2"), content, TODAY, Settings()):
            written = written_outcomes(decision)
            assert (written is None) == (decision.policy is None)
            if decision.policy:
                trees = read_outcomes(written, decision.policy, list(decision.because_ids))
                found = decision.because if decision.settled_by else [t for t in (decision.necessary, decision.exclusions) if t]
                assert [*map(_judged, trees)] == [*map(_found, found)]
                assert re.fullmatch(r"[0-9a-f]{8}:[-+?.]+", written or "")


Tree = tuple[str, Outcome | None, list[Any]]


def _judged(judged: LoggedCriterion) -> Tree:
    return judged.criterion.id, judged.outcome, [_judged(part) for part in judged.parts if part.outcome is not None]


def _found(finding: Finding) -> Tree:
    return finding.criterion.id, finding.outcome, [_found(part) for part in finding.parts]
