"""Migrations, seen tokens and retention."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text, update
from typer.testing import CliRunner, Result

from cds_service.cli import app
from cds_service.store import migrations, seen_tokens
from cds_service.store.address import WrongAddress, address, shown
from cds_service.store.database import engine_for, insert_new, make_file
from cds_service.store.failures import StoreFailed
from cds_service.store.store import Store
from cds_service.store.tables import DecisionRow, FeedbackRow, SeenToken, Table
from cds_service.store.upgrade import REVISIONS, migrate, newest, revision_of, upgrade
from tests.store.service import Service, accepted, rows

LATER = datetime(2030, 1, 1, tzinfo=UTC)


def said(*arguments: str) -> Result:
    """Runs a command in this process."""
    return CliRunner().invoke(app, ["store", *arguments], env={"CDS_SERVICE_STORE": None})


def test_the_migrations_make_the_tables_that_the_code_reads(empty: str) -> None:
    """From empty, the migrations lead to what the classes say, and nothing differs; their revisions are those that are known."""
    engine = engine_for(empty)
    make_file(engine)
    with engine.begin() as connection:
        migrate(connection)
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []
    assert revision_of(engine) == newest()
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == REVISIONS
    engine.dispose()


def test_a_new_store_has_the_tables_that_the_code_reads(url: str) -> None:
    """What an upgrade makes of an empty database is what the classes say, at the newest revision."""
    engine = engine_for(url)
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []
    assert revision_of(engine) == newest()
    engine.dispose()


def test_an_empty_store_gets_the_tables_that_migrations_make(tmp_path: Path) -> None:
    """Tables made at once, and tables migrated to, have the same columns, indexes, keys and defaults; the order may differ."""
    made, migrated = (engine_for(f"sqlite:///{tmp_path}/{name}.sqlite") for name in ("made", "migrated"))
    upgrade(made)
    make_file(migrated)
    with migrated.begin() as connection:
        migrate(connection)
    assert described(made) == described(migrated)
    for engine in (made, migrated):
        engine.dispose()


def described(engine: Engine) -> dict[str, object]:
    """What a database says of its tables, without the order of their columns."""
    seen = inspect(engine)
    return {
        name: (
            sorted(map(str, seen.get_columns(name))),
            sorted(map(str, seen.get_indexes(name))),
            seen.get_unique_constraints(name),
            seen.get_pk_constraint(name),
        )
        for name in seen.get_table_names()
    }


def test_an_older_store_is_migrated(empty: str) -> None:
    """A store that an earlier version made keeps its rows, and gets the columns that came since."""
    engine = engine_for(empty)
    make_file(engine)
    with engine.begin() as connection:
        migrate(connection, REVISIONS[0])
        connection.execute(text("INSERT INTO seen_token VALUES ('i', 't', '2030-01-01 00:00:00')"))
    assert upgrade(engine) == (REVISIONS[0], newest())
    with engine.begin() as connection:
        assert connection.execute(text("SELECT jti FROM seen_token")).scalar_one() == "t"
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []
    engine.dispose()


def test_a_start_reads_no_migrations(tmp_path: Path) -> None:
    """Neither the first start with a file nor a later one loads alembic: its workers would carry it."""
    script = "import sys\nfrom cds_service.cli.store import ready_store\nready_store(None)\nsys.exit('alembic' in sys.modules)"
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"XDG_DATA_HOME": str(tmp_path)}, capture_output=True, check=False
        )
        assert run.returncode == 0, run.stderr
    assert list(tmp_path.rglob("store.sqlite"))


def test_upgrades_at_once_do_not_meet(empty: str) -> None:
    """Several processes that start together on an empty database make its tables once."""

    def upgraded(_: int) -> tuple[str, str]:
        engine = engine_for(empty)
        try:
            return upgrade(engine)
        finally:
            engine.dispose()

    with ThreadPoolExecutor(6) as pool:
        steps = list(pool.map(upgraded, range(6)))
    assert sorted(steps) == sorted([("", newest())] + [(newest(), newest())] * 5)


def test_the_commands_upgrade_and_expire(empty: str, serving: Callable[..., Service]) -> None:
    """``upgrade`` makes the tables and may be repeated; ``expire`` deletes what is older than it says, and no more."""
    assert "run: cds-service store upgrade" in said("expire", "--older-than", "1", "--store", empty).stderr
    assert said("upgrade", "--store", empty).stdout.endswith(f"upgraded from empty to revision {newest()}\n")
    assert said("upgrade", "--store", empty).stdout.endswith(f"is at revision {newest()} already\n")
    service = serving(empty)
    service.report(accepted(service.card()), accepted())
    assert "2 " not in said("expire", "--older-than", "30", "--store", empty).stdout
    old = datetime.now(UTC) - timedelta(days=31)
    with service.store.engine.begin() as connection:
        connection.execute(update(DecisionRow).values(decided_at=old))
        connection.execute(update(FeedbackRow).where(FeedbackRow.policy.is_(None)).values(received_at=old))
    service.store.first_use("new", "i", LATER)
    with service.store.engine.begin() as connection:
        insert_new(connection, SeenToken, [{"issuer": "i", "jti": "old", "expires": old}])
    result = said("expire", "--older-than", "30", "--store", empty)
    assert "deleted 1 decisions, 1 feedback, 1 tokens, 0 contexts, 0 sessions" in result.stdout
    assert [row.jti for row in rows(service.store, SeenToken)] == ["new"]
    shown_counts = said("feedback", "--store", empty, "--json")
    assert '"criterion": "higher-order-gestation"' in shown_counts.stdout
    assert "higher-order-gestation" in said("feedback", "--store", empty).stdout


def test_a_store_of_a_later_version_is_left_alone(url: str) -> None:
    """An older service neither upgrades nor expires tables that a later one made; it says which to use."""
    engine = engine_for(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for command in (("upgrade",), ("expire", "--older-than", "1"), ("feedback",)):
        result = said(*command, "--store", url)
        assert (result.exit_code, "a later version" in result.stderr) == (1, True)


def test_a_token_is_used_first_once(service: Service) -> None:
    """Only the first use is the first; another issuer's token of the same name is another token."""
    uses = [service.store.first_use("t1", issuer, LATER) for issuer in ("a", "a", "b", "b")]
    assert uses == [True, False, True, False]


def test_tokens_that_are_over_go_as_others_come(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A use takes away some that expired an hour ago, so that their number stays bounded though nobody runs a command."""
    monkeypatch.setattr(seen_tokens, "AT_ONCE", 2)
    monkeypatch.setattr(seen_tokens, "ONE_IN", 1)
    now = datetime.now(UTC)
    ends = {"over 1": now - timedelta(hours=2), "over 2": now - timedelta(hours=2), "over 3": now - timedelta(hours=2)}
    just, good = now - timedelta(minutes=50), now + timedelta(minutes=5)
    with service.store.engine.begin() as connection:
        insert_new(connection, SeenToken, [{"issuer": "i", "jti": jti, "expires": one} for jti, one in ends.items()])
    left = []
    for jti, one in (("a", good), ("b", just), ("c", good)):
        assert service.store.first_use(jti, "i", one)
        left.append(len(rows(service.store, SeenToken)))
    assert left == [2, 2, 3]
    assert {row.jti for row in rows(service.store, SeenToken)} == {"a", "b", "c"}
    assert not service.store.first_use("a", "i", good)


def test_tokens_with_long_names_are_told_apart(service: Service) -> None:
    """Names longer than a column, with NUL, or that look like a digest are still each their own."""
    long = "x" * 3000
    names = [long, long + "y", "a\0b", "ab", "sha256:" + "0" * 64]
    assert [service.store.first_use(name, "i", LATER) for name in names] == [True] * 5
    assert [service.store.first_use(name, "i", LATER) for name in names] == [False] * 5


def test_one_of_many_threads_uses_a_token_first(url: str) -> None:
    """Of uses at the same time, one is the first."""
    stores = [Store(url) for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        uses = list(pool.map(lambda n: stores[n % 4].first_use("t", "i", LATER), range(64)))
    assert uses.count(True) == 1
    for store in stores:
        store.close()


def test_a_store_that_fails_vouches_for_no_token(tmp_path: Path) -> None:
    """The use of a token is unknown when the database fails, and says so."""
    store = Store(f"sqlite:///{tmp_path}/no/folder.sqlite")
    with pytest.raises(StoreFailed, match="SQLITE_CANTOPEN"):
        store.first_use("t", "i", LATER)
    store.close()


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """A SQLite store, its folder and its write-ahead log are readable to the user of the service only."""
    store = Store(f"sqlite:///{tmp_path}/folder/store.sqlite")
    upgrade(store.engine)
    store.first_use("t", "i", LATER)
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "folder", *(tmp_path / "folder").iterdir())}
    assert modes == {0}
    assert (tmp_path / "folder" / "store.sqlite-wal").exists()
    store.close()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("/var/store.sqlite", "not a URL"),
        ("sqlite://", "names none"),
        ("sqlite:///:memory:", "names none"),
        ("mysql://host/name", "not in mysql"),
        ("", "not a URL"),
    ],
)
def test_a_url_that_cannot_be_a_store_is_refused(url: str, why: str) -> None:
    """The message says what is meant."""
    with pytest.raises(WrongAddress, match=why):
        address(url)
    if url:
        assert why in said("upgrade", "--store", url).stderr


def test_a_password_is_not_shown() -> None:
    """Commands and logs name a store without its password."""
    assert shown("postgresql://user:secret@host/name") == "postgresql+psycopg://user:***@host/name"
    assert "secret" not in said("upgrade", "--store", "postgresql://user:secret@127.0.0.1:9/name").stderr
