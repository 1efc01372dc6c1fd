"""A served copy of the service, with a store that has something to show."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.serving import WSGIRequestHandler, make_server

from cds_service.content.content import Content
from cds_service.hooks.settings import Settings
from cds_service.security.operators import OPERATORS
from cds_service.serving.app import create_app
from cds_service.store.store import Store
from cds_service.store.tables import DecisionRow
from cds_service.store.upgrade import upgrade
from cds_service.vignettes.as_request import request_of
from cds_service.web.examples import vignettes_of
from tests.conftest import TODAY
from tests.exchange import ADDRESS, Json
from tests.store.service import FEEDBACK, overridden

SECRET = "a secret of the tests, long enough to sign with"  # noqa: S105 - it guards nothing


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a service is served, a client of its application, and its store."""

    address: str
    client: FlaskClient
    store: Store


@contextmanager
def served(content: Content, folder: Path) -> Iterator[Site]:
    """Serves a content on loopback until the block ends."""
    store = Store(f"sqlite:///{folder}/store.sqlite")
    upgrade(store.engine)
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True, request_handler=Quiet)
    address = f"http://127.0.0.1:{server.server_port}"
    app = create_app(content, Settings(public_url=address, link_secret=SECRET), lambda: TODAY, store)
    server.app = lambda environ, start: app(environ | {OPERATORS: "1"}, start)  # so that /stats is shown
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Site(address, app.test_client(), store)
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
        store.close()


def fill(site: Site, content: Content) -> None:
    """Signs the orders of two policies' vignettes as over a month, and overrides some of their cards."""
    chance = random.Random(7)  # noqa: S311 - the same month each time
    filling = [
        v for p in content.policies if p.payer in ("carelon", "medica-central") for v in vignettes_of(p, content) if not v.own_lists
    ]
    for number, vignette in enumerate(filling[::2]):
        call: Json = request_of(vignette, content) | {"hookInstance": str(UUID(int=number + 1))}
        for card in site.client.post(ADDRESS, json=call).get_json()["cards"]:
            if chance.random() < 0.5:
                code = chance.choice(["patient-pays", "other-policy", "documented-elsewhere"])
                site.client.post(FEEDBACK, json={"feedback": [overridden(card["uuid"], code=code)]})
    assert site.store.decisions.flush(20)
    with Session(site.store.engine) as session, session.begin():
        for id_ in session.scalars(select(DecisionRow.id)).all():
            at = datetime.now(UTC) - timedelta(days=min(29, int(chance.expovariate(1 / 12))))
            session.execute(update(DecisionRow).where(DecisionRow.id == id_).values(decided_at=at))
