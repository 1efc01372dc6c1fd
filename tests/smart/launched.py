"""The app as a test launches it: the registry, the service, and a browser that goes between it and the EHR."""

from __future__ import annotations

import html
import http.client
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.configuration.configuration import Configuration
from cds_service.hooks.settings import Settings
from cds_service.security.access import Access
from cds_service.security.outbound import Outbound
from cds_service.serving.app import create_app
from cds_service.smart.registry import read_registry
from cds_service.store.store import Store
from cds_service.store.upgrade import upgrade
from tests.conftest import TODAY, held_content
from tests.exchange import PATIENT, order
from tests.smart.ehr import Ehr, client_key, ehr

SECRET = "a secret of the tests, long enough to sign with"  # noqa: S105 - it guards nothing
PUBLIC = "http://localhost"
Json = dict[str, Any]
ON = "2026-11-20"


def chart(*more: Json) -> list[Json]:
    """A patient whose screen is ordered, and of whose pregnancy nothing is written."""
    patient: Json = {
        "resourceType": "Patient",
        "id": "p1",
        "name": [{"family": "Example", "given": ["Ada"]}],
        "birthDate": "1991-02-03",
        "gender": "female",
    }
    other: Json = patient | {"id": "p2", "name": [{"family": "Sample", "given": ["Bea"]}]}
    draft = order(on=ON)
    return [patient, other, draft, draft | {"id": "o2", "subject": {"reference": "Patient/p2"}}, *more]


@dataclass
class Clock:
    """What time it is for the app."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        """This moment, or one later."""
        return datetime.now(UTC) + self.ahead


@dataclass
class Launching:
    """An EHR, the service, and a browser's client of it."""

    ehr: Ehr
    app: Flask
    client: FlaskClient
    store: Store
    clock: Clock
    another: Callable[[], Flask]
    seen: list[str] = field(default_factory=list)

    def leave(self, patient: str = "p1", client: FlaskClient | None = None, **context: Any) -> TestResponse:
        """Opens the launch address as the EHR does; the answer sends the browser to the EHR."""
        launch = self.ehr.launch(patient, **context)
        return self.get(f"/smart/launch?iss={quote(self.ehr.iss, safe='')}&launch={launch}", client)

    def sign_in(self, left: TestResponse) -> str:
        """Goes where the browser is sent, and gives the address that the EHR sends it back to, as it stands in the browser."""
        assert left.status_code == 303, left.get_data(as_text=True)
        there = urlsplit(left.headers["Location"])
        self.seen.append(left.headers["Location"])
        connection = http.client.HTTPConnection(there.netloc, timeout=5)
        connection.request("GET", f"{there.path}?{there.query}")
        answer = connection.getresponse()
        back = answer.headers.get("Location", "")
        connection.close()
        assert answer.status == 302, answer.status
        self.seen.append(back)
        return back.removeprefix(PUBLIC)

    def launch(self, patient: str = "p1", client: FlaskClient | None = None, **context: Any) -> TestResponse:
        """A whole launch, up to where the callback answers."""
        return self.get(self.sign_in(self.leave(patient, client, **context)), client)

    def opened(self, patient: str = "p1", client: FlaskClient | None = None, **context: Any) -> str:
        """The path of the session's page after a launch that goes well."""
        back = self.launch(patient, client, **context)
        assert back.status_code == 303, text_of(back)
        self.seen.append(back.headers["Location"])
        return back.headers["Location"].removeprefix(PUBLIC)

    def get(self, address: str, client: FlaskClient | None = None) -> TestResponse:
        """Gets an address of the app."""
        return (client or self.client).get(address, headers={"Accept": "text/html"})

    def tokens(self) -> list[str]:
        """Every secret of the launches so far: tokens, codes, verifiers' challenges."""
        return [*self.ehr.tokens, *self.ehr.codes]


def text_of(page: TestResponse) -> str:
    """The text of a page, with entities read."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(page.get_data(as_text=True))).split())


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(address).query))


@contextmanager
def launching(folder: Path, held: list[Json], public: str = PUBLIC, **entry: Any) -> Iterator[Launching]:
    """Serves an EHR, and makes an app that is registered with it as ``entry`` says, until the block ends."""
    public = Configuration(public_url=public).public_url
    clock = Clock()
    store = Store(f"sqlite:///{folder}/store.sqlite")
    upgrade(store.engine)
    outbound = Outbound(development=True)
    (folder / "key.json").write_text(json.dumps(client_key().as_dict(private=True)))
    with ehr(held, f"{public}/smart/callback") as server:
        server.client.auth = entry.get("auth", "public")
        entry = {name: [server.origin] if value == "the EHR" else value for name, value in entry.items()}
        listed = {"iss": server.iss, "client_id": server.client.client_id, "name": "Example EHR"} | entry
        (folder / "smart.yaml").write_text(json.dumps({"issuers": [listed]}))
        registry = read_registry(folder / "smart.yaml", {"EHR_SECRET": server.client.secret}.__getitem__, development=True)
        settings = Settings(public_url=public, link_secret=SECRET)
        access = Access(outbound, None, public, (), clock.now)

        def worker() -> Flask:
            return create_app(held_content(), settings, lambda: TODAY, store, access, smart=registry)

        app = worker()
        try:
            yield Launching(server, app, app.test_client(), store, clock, worker)
        finally:
            outbound.close()
            store.close()


__all__ = ["PATIENT", "Launching", "chart", "launching", "query_of", "text_of"]
