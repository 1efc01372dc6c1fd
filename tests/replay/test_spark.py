"""Apache Spark gives the same rows as DuckDB: in local mode, on a standalone cluster, and in a session of one's own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow.parquet as pq
import pyspark
import pytest

from cds_service.replay.spark_content import packed_content
from tests.replay.direct import environment, tables

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark runs on Java 17, which is not on this machine"),
]
LOOPBACK = "127.0.0.1"
OWN_SESSION = """
import sys
from pathlib import Path
from pyspark.sql import SparkSession
from cds_service.replay.spark_engine import decisions
from cds_service.replay.terms import CannotReplay
people, content, key, out = sys.argv[1:]
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
lines = spark.read.text(people + "/*.ndjson").withColumnRenamed("value", "resource")
try:
    decisions(lines, content)
    raise SystemExit("ids went out without a key")
except CannotReplay:
    pass
replayed = decisions(lines, content, partitions=3, key=Path(key).read_bytes())
replayed.results.cache()
replayed.decisions.coalesce(1).write.parquet(out + "/decisions")
replayed.ledger.coalesce(1).write.parquet(out + "/ledger.parquet")
spark.stop()
"""
"""What somebody writes who has a session, and a DataFrame of resources."""


def replayed(people: Path, out: Path, key: Path, master: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A run with Spark from the command line."""
    command = [sys.executable, "-m", "cds_service", "replay", str(people), "--out", str(out), "--key", str(key), "--quiet"]
    spark = [*command, "--engine", "spark", "--master", master]
    return subprocess.run(spark, env=environment(SPARK_LOCAL_IP=LOOPBACK, **more), capture_output=True, text=True, check=False)


def test_local_spark_gives_the_rows_of_duckdb(people: Path, key: Path, whole: Path, tmp_path: Path) -> None:
    """On local[2] the decisions and the ledger are those of DuckDB, row by row."""
    said = replayed(people, tmp_path / "out", key, "local[2]")
    assert said.returncode == 0, said.stderr[-2000:]
    assert tables(tmp_path / "out") == tables(whole)


def test_a_data_frame_in_and_a_data_frame_out(people: Path, key: Path, whole: Path, content_root: Path, tmp_path: Path) -> None:
    """In a session of one's own a DataFrame of resources gives the same decisions, and a ledger without files."""
    script = [sys.executable, "-c", OWN_SESSION, str(people), str(content_root), str(key), str(tmp_path)]
    said = subprocess.run(script, env=environment(SPARK_LOCAL_IP=LOOPBACK), capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr[-2000:]
    (tmp_path / "ledger.parquet").rename(tmp_path / "ledger")
    (only,) = (tmp_path / "ledger").glob("*.parquet")
    only.rename(tmp_path / "ledger.parquet")
    decisions, expected = (
        sorted(str(row | {"evidence": sorted(map(str, row["evidence"]))}) for row in pq.read_table(out / "decisions").to_pylist())
        for out in (tmp_path, whole)
    )
    assert decisions == expected
    assert len(tables(tmp_path)[1]) == len(tables(whole)[1])


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A standalone cluster on this machine: a master, and two workers of one core each, all on the loopback address."""
    spark_class = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    url = f"spark://{LOOPBACK}:{port}"
    where = ["--host", LOOPBACK, "--webui-port", "0"]
    with ExitStack() as started:

        def start(name: str, *words: str) -> Path:
            log = tmp_path / f"{name}.log"
            home = environment(SPARK_LOCAL_IP=LOOPBACK, SPARK_HOME=str(Path(pyspark.__file__).parent))
            with log.open("wb") as file:
                process = subprocess.Popen([spark_class, *words, *where], env=home, stdout=file, stderr=subprocess.STDOUT)
            started.callback(process.wait, 30)
            started.callback(process.terminate)
            return log

        master = start("master", "org.apache.spark.deploy.master.Master", "--port", str(port))
        until(master, "I have been elected leader")
        for name in ("one", "two"):
            one = [
                "org.apache.spark.deploy.worker.Worker",
                url,
                "--cores",
                "1",
                "--memory",
                "1g",
                "--work-dir",
                str(tmp_path / name),
            ]
            until(start(name, *one), "Successfully registered with master")
        yield url


def until(log: Path, said: str) -> None:
    """Waits until a log says something, a minute at most."""
    ends = time.monotonic() + 90
    while said not in log.read_text(errors="replace"):
        assert time.monotonic() < ends, log.read_text(errors="replace")[-2000:]
        time.sleep(0.2)


def test_a_standalone_cluster_gives_the_same_rows(people: Path, key: Path, whole: Path, cluster: str, tmp_path: Path) -> None:
    """On a cluster of two worker processes the decisions and the ledger are those of DuckDB."""
    said = replayed(people, tmp_path / "out", key, cluster)
    assert said.returncode == 0, said.stderr[-2000:]
    assert tables(tmp_path / "out") == tables(whole)
    for name in ("one", "two"):
        assert list((tmp_path / name).glob("app-*")), "each worker ran an executor"


def test_own_lists_go_to_the_executors_however_they_are_written(content_root: Path, tmp_path: Path) -> None:
    """A plan's own lists go with the content, as a table as well as in JSON."""
    own = tmp_path / "own"
    own.mkdir()
    for name in ("csf-preferred-products.csv", "si-open-fusions.json", "notes.txt"):
        (own / name).write_text("", encoding="utf-8")
    packed_content(content_root, own, tmp_path / "content.zip")
    with zipfile.ZipFile(tmp_path / "content.zip") as packed:
        sent = {name for name in packed.namelist() if name.startswith("own_value_sets/")}
    assert sent == {"own_value_sets/csf-preferred-products.csv", "own_value_sets/si-open-fusions.json"}


def test_an_executor_with_another_content_stops_the_run(people: Path, key: Path, tmp_path: Path) -> None:
    """A content that reads otherwise on an executor than on the driver ends the run with both revisions; nothing looks whole."""
    broken = tmp_path / "sitecustomize.py"
    broken.write_text(
        "import cds_service.content.content as content\n"
        "import sys\n"
        "real = content.revision_of_files\n"
        "content.revision_of_files = lambda root, own: 'another' if 'cds-content-' in str(root) else real(root, own)\n"
    )
    path = f"{tmp_path}:{environment()['PYTHONPATH']}"
    said = replayed(people, tmp_path / "out", key, "local[2]", PYTHONPATH=path)
    assert said.returncode == 1
    assert "the content changed" in said.stderr
    assert "another" in said.stderr
    assert not (tmp_path / "out" / "decisions").exists()
