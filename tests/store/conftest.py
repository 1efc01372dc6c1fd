"""The databases that every test of the store runs on: a SQLite file each, and PostgreSQL where it is available."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from cds_service.hooks.settings import Settings
from cds_service.serving.app import create_app
from cds_service.store.address import address
from cds_service.store.database import engine_for
from cds_service.store.store import Store
from cds_service.store.upgrade import upgrade
from tests.conftest import TODAY, held_content
from tests.server_scripts import started
from tests.store.service import Service


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a throwaway PostgreSQL; what asks for it is skipped where none is installed, and fails in CI."""
    with started("postgresql") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/folder/store.sqlite"
        return
    server = request.getfixturevalue("postgresql")
    name = f"t{uuid4().hex}"
    administration = create_engine(address(server), isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with administration.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administration.dispose()


@pytest.fixture
def url(empty: str) -> str:
    """The URL of a database with the tables in it."""
    engine = engine_for(empty)
    upgrade(engine)
    engine.dispose()
    return empty


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """A SQLite store with its tables."""
    engine = engine_for(f"sqlite:///{tmp_path}/store.sqlite")
    upgrade(engine)
    engine.dispose()
    return tmp_path / "store.sqlite"


@pytest.fixture
def serving() -> Iterator[Callable[..., Service]]:
    """Makes services with a store; they are closed when the test ends."""
    made: list[Service] = []

    def serve(url: str, *, log_values: bool = False, keep_comments: bool = False) -> Service:
        store = Store(url)
        app = create_app(held_content(), Settings(log_values=log_values, keep_comments=keep_comments), lambda: TODAY, store)
        made.append(Service(app.test_client(), store))
        return made[-1]

    yield serve
    for service in made:
        service.store.close()


@pytest.fixture
def service(url: str, serving: Callable[..., Service]) -> Service:
    """A service with a store, as an operator has it by default."""
    return serving(url)


@pytest.fixture(autouse=True)
def _no_store_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the store of the user who runs it."""
    for name in [name for name in os.environ if name.startswith("CDS_SERVICE_")]:
        monkeypatch.delenv(name)
