"""A store of the first version, with data, is brought to the newest; and a copy that was kept is restored and brought up too."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, make_url, text

from cds_service.store.address import address
from cds_service.store.database import copy_file, engine_for, file_of, make_file
from cds_service.store.expire import expire
from cds_service.store.feedback import counts
from cds_service.store.statistics import statistics
from cds_service.store.tables import Table
from cds_service.store.upgrade import REVISIONS, migrate, newest, upgrade
from tests.cli.test_command_line import said

DECIDED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FIRST = (
    "INSERT INTO decision (id, decided_at, hook_instance, service, order_reference, policy, version, revision, outcome, because, asks,"
    " assumed, resources, evidence, card) VALUES ('d1', '2026-01-02 03:04:05+00:00', 'h1', 's', 'ServiceRequest/o1',"
    """ 'carelon/prenatal-cfdna-screening', '2025-04-01', 'r1', 'not-necessary', '["higher-order-gestation"]', '[]', '[]', '[]', NULL,"""
    " 'c1')",
    "INSERT INTO feedback (received_at, service, card, outcome, outcome_at, suggestions, reason_system, reason_code, comment, policy,"
    " version, because) VALUES ('2026-01-02 03:05:00+00:00', 's', 'c1', 'overridden', '2026-01-02 03:05:00+00:00', '[]', 'x',"
    """ 'patient-pays', NULL, 'carelon/prenatal-cfdna-screening', '2025-04-01', '["higher-order-gestation"]')""",
    "INSERT INTO seen_token VALUES ('i', 't', '2030-01-01 00:00:00+00:00')",
)
"""Rows as the first version wrote them."""


def of_the_first_version(url: str, card: str = "c1") -> Engine:
    """A store of the first version with a decision, a report on its card, and a token."""
    engine = engine_for(url)
    make_file(engine)
    with engine.begin() as connection:
        migrate(connection, REVISIONS[0])
        for row in FIRST:
            connection.exec_driver_sql(row.replace("'c1'", f"'{card}'"))
    return engine


def holds_what_was_kept(engine: Engine) -> None:
    """The newest tables, with every row of the first version in them, and what reads them reads them."""
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []
        assert connection.execute(text("SELECT outcome FROM decision")).scalars().all() == ["not-necessary"]
        assert connection.execute(text("SELECT jti FROM seen_token")).scalars().all() == ["t"]
    (one,) = counts(engine)
    assert (one.policy, one.criterion, one.outcome, one.times) == (
        "carelon/prenatal-cfdna-screening", "higher-order-gestation", "overridden", 1,
    )  # fmt: skip
    (decided,) = statistics(engine, DECIDED - timedelta(days=1)).decided
    assert (decided.day, decided.policy) == (DECIDED.date(), "carelon/prenatal-cfdna-screening")
    assert expire(engine, DECIDED - timedelta(days=1), DECIDED)["decisions"] == 0


def test_a_store_of_the_first_version_is_brought_to_the_newest(empty: str) -> None:
    """Every step keeps what was there, and the pages and commands of this version read it."""
    engine = of_the_first_version(empty)
    assert upgrade(engine) == (REVISIONS[0], newest())
    holds_what_was_kept(engine)
    assert upgrade(engine) == (newest(), newest())
    engine.dispose()


@pytest.mark.parametrize("version", REVISIONS)
def test_a_store_of_any_version_is_brought_to_the_newest(empty: str, version: str) -> None:
    """Whichever version an operator comes from, the rows of the first are kept."""
    engine = of_the_first_version(empty)
    with engine.begin() as connection:
        migrate(connection, version)
    upgrade(engine)
    holds_what_was_kept(engine)
    engine.dispose()


def test_a_copy_is_restored_and_brought_to_the_newest(empty: str, tmp_path: Path) -> None:
    """A copy that was made of the first version, beside open connections, is restored elsewhere and upgraded by the command."""
    engine = of_the_first_version(empty)
    held = file_of(engine)
    if held:
        restored = f"sqlite:///{tmp_path}/restored.sqlite"
        copy_file(held, tmp_path / "restored.sqlite")
        assert (tmp_path / "restored.sqlite").stat().st_mode & 0o077 == 0
    else:
        restored = _dumped_and_restored(empty, tmp_path)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM decision"))  # what happens afterwards is not in the copy
    engine.dispose()
    assert said("store", "upgrade", "--store", restored).stdout.endswith(f"upgraded from 0001 to revision {newest()}\n")
    engine = engine_for(restored)
    holds_what_was_kept(engine)
    engine.dispose()


def _dumped_and_restored(url: str, folder: Path) -> str:
    dump, restore = shutil.which("pg_dump"), shutil.which("pg_restore")
    if not dump or not restore:
        pytest.skip("pg_dump and pg_restore are not on the path here")
    file, name = folder / "dump", f"r{uuid4().hex}"
    subprocess.run([dump, "--format=custom", f"--file={file}", url], check=True, capture_output=True)
    administration = create_engine(address(url), isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    administration.dispose()
    restored = make_url(url).set(database=name).render_as_string(hide_password=False)
    subprocess.run([restore, f"--dbname={restored}", str(file)], check=True, capture_output=True)
    return restored


def test_a_backup_overwrites_nothing(tmp_path: Path, sqlite_file: Path) -> None:
    """The command copies a store that is there, to where nothing is; and says what copies the other database."""
    url = f"sqlite:///{sqlite_file}"
    copy = tmp_path / "copy.sqlite"
    assert said("store", "backup", str(copy), "--store", url).exit_code == 0
    again = said("store", "backup", str(copy), "--store", url)
    assert (again.exit_code, "something is there already" in again.stderr) == (1, True)
    elsewhere = said("store", "backup", str(tmp_path / "x"), "--store", "postgresql://u@127.0.0.1:9/x")
    assert (elsewhere.exit_code, "pg_dump" in elsewhere.stderr) == (1, True)
    missing = said("store", "backup", str(tmp_path / "y"), "--store", f"sqlite:///{tmp_path}/none.sqlite")
    assert (missing.exit_code, "no such file" in missing.stderr) == (1, True)
