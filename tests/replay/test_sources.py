"""A source with everything wrong with it: what can be read is decided, and the ledger names the rest by file, line and reason."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cds_service.fhir.elements import Resource
from cds_service.replay import ledger, tables
from cds_service.replay import lines as lines_read
from cds_service.replay.folder import Folder
from cds_service.replay.lines import lines_of
from cds_service.replay.source import read_source
from cds_service.replay.tables import write_lines
from cds_service.replay.terms import CannotReplay
from tests.replay.direct import Row, decided, export, lines, of, terms

CPT = "http://www.ama-assn.org/go/cpt"
SCREEN = {"coding": [{"system": CPT, "code": "81420"}]}
"""A code that a policy governs."""


def patient(id_: str = "a", **more: Any) -> Resource:
    """A patient."""
    return {"resourceType": "Patient", "id": id_, "birthDate": "1990-05-05"} | more


def order(id_: str = "o1", of_: str = "Patient/a", **more: Any) -> Resource:
    """An order that a policy governs."""
    whole = {"resourceType": "ServiceRequest", "id": id_, "status": "active", "intent": "order", "subject": {"reference": of_}}
    return whole | {"code": SCREEN, "authoredOn": "2025-06-02"} | more


def reasons(rows: list[Row]) -> dict[str, str]:
    """Why orders were not decided, by reference."""
    return {row["order"]: row["reason"] for row in of(rows, "order")}


@pytest.mark.parametrize(
    "written",
    [
        "Patient/a",
        "https://ehr.example/fhir/Patient/a",
        "https://ehr.example/Patient/a/_history/3",
        "Patient/a/_history/1",
        "urn:uuid:a",
    ],
)
def test_patients_are_joined_by_every_form_of_reference(tmp_path: Path, written: str) -> None:
    """A relative, absolute, versioned or urn:uuid reference names the same patient."""
    rows = decided(export(tmp_path, [patient(), order(of_=written)]), terms())
    assert [row["patient"] for row in of(rows, "decision")] == ["a"]


def test_the_ledger_names_every_line_that_is_not_used(tmp_path: Path) -> None:
    """Broken lines, foreign types and encodings, a resource of nobody and a doubled one each have a row with the reason."""
    broken = [
        patient(),
        order(),
        b'{"resourceType": "Observation", "id"',
        b'{"resourceType": "Condition", "note": "M\xfcller"}',
        b"[1, 2]",
        b'{"id": "x"}',
        {"resourceType": "Immunization", "id": "i", "patient": {"reference": "Patient/a"}},
        {"resourceType": "Observation", "id": "n", "subject": {"display": "somebody"}},
        order(),
        {"resourceType": "Condition", "id": "f", "subject": {"reference": "Patient/stranger"}},
        b"",
    ]
    rows = decided(export(tmp_path, broken), terms())
    assert {row["line"]: row["reason"] for row in of(rows, "line")} == {
        3: ledger.NOT_JSON,
        4: ledger.NOT_UTF8,
        5: ledger.NOT_A_RESOURCE,
        6: ledger.NOT_A_RESOURCE,
        7: ledger.NOT_READ,
        8: ledger.NO_PATIENT,
        9: ledger.DOUBLED,
        10: ledger.FOREIGN,
    }
    assert {row["file"] for row in of(rows, "line")} == {"all.ndjson"}
    assert len(of(rows, "decision")) == 1


def test_another_encoding_is_told_for_each_line(tmp_path: Path) -> None:
    """A file in UTF-16 gives rows of the ledger, and one that begins with UTF-8's mark is read."""
    export(tmp_path, [patient()])
    (tmp_path / "marked.ndjson").write_bytes(b"\xef\xbb\xbf" + orjson.dumps(order()) + b"\r\n")
    (tmp_path / "wide.ndjson").write_bytes(orjson.dumps(order("o2")).decode().encode("utf-16"))
    rows = decided(tmp_path, terms())
    assert len(of(rows, "decision")) == 1
    assert {row["reason"] for row in of(rows, "line")} <= {ledger.NOT_UTF8, ledger.NOT_JSON}
    assert {row["file"] for row in of(rows, "line")} == {"wide.ndjson"}


def test_gzipped_and_doubled_files(tmp_path: Path) -> None:
    """A gzipped copy beside a file adds no decision; a gzip that ends in the middle is told, and what came before is read."""
    export(tmp_path, [patient(), order()])
    whole = (tmp_path / "all.ndjson").read_bytes()
    (tmp_path / "copy.ndjson.gz").write_bytes(gzip.compress(whole))
    bulk = b"".join(
        orjson.dumps({"resourceType": "Condition", "id": f"c{n}", "subject": {"reference": "Patient/a"}}) + b"\n"
        for n in range(4000)
    )
    (tmp_path / "cut.ndjson.gz").write_bytes(gzip.compress(bulk)[:-900])
    rows = decided(tmp_path, terms())
    assert len(of(rows, "decision")) == 1
    told = [(row["file"], row["reason"]) for row in of(rows, "line")]
    assert told.count(("copy.ndjson.gz", ledger.DOUBLED)) == 2
    assert told.count(("cut.ndjson.gz", ledger.CUT_OFF)) == 1


def test_a_huge_chart_goes_to_the_ledger(tmp_path: Path) -> None:
    """A chart above the bound is not read: its lines and its orders are in the ledger, and its neighbour is decided."""
    note = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/a"}, "note": [{"text": "x" * 4000}]}
    long = {"resourceType": "Condition", "id": "l", "subject": {"reference": "Patient/b"}, "note": [{"text": "x" * 9000}]}
    many = [note | {"id": f"c{number}"} for number in range(3)]
    rows = decided(
        export(tmp_path, [patient(), order(), *many, patient("b"), order("o2", "Patient/b"), long]), terms(largest_chart=8192)
    )
    assert [row["patient"] for row in of(rows, "decision")] == ["b"]
    assert [row["reason"] for row in of(rows, "order")] == [ledger.TOO_LARGE]
    assert sorted(row["reason"] for row in of(rows, "line")) == sorted([ledger.TOO_LARGE] * 5 + [ledger.TOO_LONG])


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"status": "entered-in-error"}, ledger.IN_ERROR),
        ({"status": "revoked"}, ledger.WITHDRAWN),
        ({"status": "draft"}, ledger.DRAFT),
        ({"doNotPerform": True}, ledger.NOT_TO_DO),
        ({"intent": "proposal"}, ledger.INTENT),
        ({"authoredOn": None}, ledger.NO_DAY),
        ({"authoredOn": "next week"}, ledger.BAD_DAY),
        ({"authoredOn": "2024-01-01"}, ledger.OUTSIDE),
        ({"code": {"coding": [{"system": CPT, "code": "99213"}]}}, ledger.NOT_GOVERNED),
        ({"code": {"coding": [{"system": CPT, "code": "27280"}]}}, ledger.NOT_SELECTED),
        ({"code": [SCREEN, SCREEN]}, ledger.MALFORMED),
        ({"id": ""}, ledger.NO_ID),
    ],
)
def test_every_order_that_is_not_decided_has_a_reason(tmp_path: Path, more: dict[str, Any], reason: str) -> None:
    """What a hook would not judge either is in the ledger with the reason."""
    how = terms(since=date(2025, 1, 1), until=date(2025, 12, 31), policies=("carelon/prenatal-cfdna-screening",))
    rows = decided(export(tmp_path, [patient(), {name: value for name, value in order(**more).items() if value is not None}]), how)
    assert [row["reason"] for row in of(rows, "order")] == [reason]
    assert of(rows, "decision") == []
    assert {row["reason"] for row in rows if row["reason"]} <= ledger.REASONS


def test_of_two_lines_with_one_id_the_later_counts(tmp_path: Path) -> None:
    """``meta.lastUpdated`` tells which of two lines is the resource as it is."""
    old = order(status="active", meta={"lastUpdated": "2025-06-02T00:00:00Z"})
    new = order(status="revoked", meta={"lastUpdated": "2025-06-09T00:00:00Z"})
    for number, held in enumerate(([old, new], [new, old])):
        rows = decided(export(tmp_path / str(number), [patient(), *held]), terms())
        assert [row["reason"] for row in of(rows, "order")] == [ledger.WITHDRAWN]


def test_what_the_source_does_not_hold_was_not_searched(tmp_path: Path) -> None:
    """An export without Observations leaves open what they would tell; one that was asked for them does not."""
    export(tmp_path, [patient(), order()])
    (before,) = of(decided(tmp_path, terms()), "decision")
    assert "Observation" in before["unsearched"]
    (tmp_path / "manifest.json").write_text(
        '{"transactionTime": "2026", "request": "https://x.example/$export?_type=Observation,Condition", "output": []}'
    )
    assert set(read_source(tmp_path).asked_for) == {"Observation", "Condition"}
    (tmp_path / "other.json").write_text('{"transactionTime": "2026", "request": "http://[x", "output": [7, {"type": []}]}')
    assert set(read_source(tmp_path).asked_for) == {"Observation", "Condition"}
    (after,) = of(decided(tmp_path, terms(searched=read_source(tmp_path).asked_for)), "decision")
    assert "Observation" not in after["unsearched"]


def test_parquet_and_tables_of_duckdb_are_sources(tmp_path: Path) -> None:
    """The same resources as a Parquet file, or as a table, give the same decision as NDJSON."""
    held = [patient(), order()]
    written = [orjson.dumps(one).decode() for one in held]
    expected = of(decided(export(tmp_path / "lines", held), terms()), "decision")
    (tmp_path / "parquet").mkdir()
    pq.write_table(
        pa.table({"resource": written, "resourceType": ["Patient", "ServiceRequest"]}),
        tmp_path / "parquet" / "r.parquet",
        row_group_size=1,
    )
    assert of(decided(tmp_path / "parquet", terms()), "decision") == expected
    with duckdb.connect(str(tmp_path / "r.duckdb")) as database:
        database.execute("CREATE TABLE resources AS SELECT unnest(?) AS resource", [written])
    chunks = read_source(tmp_path / "r.duckdb", "resources").chunks
    assert [chunk.table for chunk in chunks] == ["resources"]
    with pytest.raises(CannotReplay, match="--table"):
        read_source(tmp_path / "r.duckdb")


def test_chunks_number_lines_as_the_file_does(tmp_path: Path) -> None:
    """However a file is cut, each line has its own number in it, once."""
    export(tmp_path, [{"resourceType": "Condition", "id": f"c{n}", "subject": {"reference": f"Patient/{n}"}} for n in range(997)])
    text = (tmp_path / "all.ndjson").read_bytes()
    (tmp_path / "all.ndjson").write_bytes(text * 60)
    cut = read_source(tmp_path, chunk=1)
    assert len(cut.chunks) > 1
    numbers = [
        number for chunk in cut.chunks for batch in lines_of(chunk, terms(), 4) for number in batch.column("line").to_pylist()
    ]
    assert numbers == list(range(1, 997 * 60 + 1))
    assert lines(tmp_path, terms()).num_rows == 997 * 60


def test_a_file_that_cannot_be_cut_is_written_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tables a gzipped file comes in, its lines are those of the file, each once."""
    monkeypatch.setattr(tables, "_TABLE", 1)
    monkeypatch.setattr(lines_read, "_BATCH", 100)
    bulk = b"".join(
        orjson.dumps({"resourceType": "Condition", "id": f"c{n}", "subject": {"reference": f"Patient/{n % 7}"}}) + b"\n"
        for n in range(950)
    )
    (tmp_path / "all.ndjson.gz").write_bytes(gzip.compress(bulk + b"broken\n"))
    (chunk,) = read_source(tmp_path).chunks
    folder = Folder(tmp_path / "out")
    said = write_lines(folder, 3, lines_of(chunk, terms(), 4))
    assert said == {"lines": 951, "shared": 0, "kinds": ["Condition"]}
    written = [row for path in sorted(folder.of("lines").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    assert len(list(folder.of("lines").glob("*.parquet"))) == 10
    assert sorted(row["line"] for row in written) == list(range(1, 951))


@pytest.mark.parametrize("name", ["nothing", "empty", "notes.txt", "no_resource.parquet"])
def test_what_is_no_export_is_refused_in_words(tmp_path: Path, name: str) -> None:
    """A source that is not there, or holds nothing to read, says what is meant."""
    if name == "empty":
        (tmp_path / name).mkdir()
    if name == "notes.txt":
        (tmp_path / name).write_text("hello")
    if name == "no_resource.parquet":
        pq.write_table(pa.table({"a": [1]}), tmp_path / name)
    with pytest.raises(CannotReplay, match=r"there is no such|it is no export|no column 'resource'"):
        read_source(tmp_path / name)
