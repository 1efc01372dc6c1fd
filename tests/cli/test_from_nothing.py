"""From nothing to a served, proven policy in a folder of one's own: what an author types, and no Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cds_service.cli import app
from cds_service.content.content import read_content
from cds_service.serving.app import create_app
from tests.exchange import decisions, order, sign

NEW = ["policy", "new", "meadowlark/knee-brace", "--from", "2026-01-01", "--title", "Knee braces", "--code", "HCPCS L1833"]
CODES = """\
# title: Osteoarthritis of the knee, and injuries of its ligaments
# version: 2026-01-01
system,code,label
ICD-10-CM,M17*,osteoarthritis of the knee
ICD-10-CM,M22*,disorder of the kneecap
ICD-10-CM,M23*,derangement of the knee
ICD-10-CM,S83*,injury of the ligaments of the knee
SNOMED,239873007,osteoarthritis of the knee
SNOMED,30989003,pain of the knee
""" + "".join(f"ICD-10-CM,M2{number}.{site}*,joint {number}.{site}\n" for number in (4, 5) for site in range(9))
FACTS = """\
knee_trouble:
  means: The knee is worn or injured.
  type: boolean
  ask: Is the knee worn, or are its ligaments injured?
  from: [{condition: {codes: knee-trouble, speaks_for: 2 years, older: says nothing}}]

last_knee_brace:
  means: The day on which the patient got a brace for the knee.
  type: date
  ask: When did the patient last get a brace for the knee?
  from: [{answer: {}}]
"""
CRITERIA = """\
necessary_when:
  id: necessary
  says: A knee brace is necessary when every criterion is met.
  cite: {source: document, at: I}
  all:
    - id: grown-up
      says: The patient is 18 or older.
      cite: {source: document, at: I.A, gives: [18 years]}
      fact: patient_age
      is_at_least: 18 years
    - id: knee-trouble
      says: The knee is worn, or its ligaments are injured.
      cite: {source: document, at: I.B}
      fact: knee_trouble
      is: true
    - id: no-brace-lately
      says: The last brace was more than 3 years ago.
      cite: {source: document, at: I.C, gives: [3 years]}
      fact: last_knee_brace
      is_above: 3 years ago
"""
VIGNETTES = """\
policy: meadowlark/knee-brace
version: 2026-01-01
as_of: 2026-06-15
order: HCPCS L1833

vignettes:
  - name: All is met
    story: Eighteen, a worn knee of two years, the last brace three years and a day ago.
    chart: {patient_age: 18, knee_trouble: yes on 2024-06-15, last_knee_brace: 2023-06-14}
    expect: {outcome: necessary}
  - name: Too young
    story: Seventeen.
    chart: {patient_age: 17, knee_trouble: yes, last_knee_brace: 2020-01-01}
    expect: {outcome: not necessary, because: [grown-up]}
  - name: No trouble
    story: The diagnosis was refuted.
    chart: {patient_age: 30, knee_trouble: no, last_knee_brace: 2020-01-01}
    expect: {outcome: not necessary, because: [knee-trouble]}
  - name: A brace three years ago to the day
    story: A day too early.
    chart: {patient_age: 30, knee_trouble: yes, last_knee_brace: 2023-06-15}
    expect: {outcome: not necessary, because: [no-brace-lately]}
  - name: A brace three years and five months ago
    story: Between three years and four.
    chart: {patient_age: 30, knee_trouble: yes, last_knee_brace: 2023-01-01}
    expect: {outcome: necessary}
  - name: Nothing is known
    story: The chart was searched.
    expect: {outcome: not documented, asks: [knee_trouble, last_knee_brace, patient_age]}
  - name: Trouble of more than two years ago
    story: The diagnosis is older than it speaks.
    chart: {patient_age: 30, knee_trouble: yes on 2024-06-14, last_knee_brace: 2020-01-01}
    expect: {outcome: not documented, because: [knee-trouble]}
  - name: The first day
    story: The version takes effect.
    as_of: 2026-01-01
    expect: {outcome: not documented}
  - name: The day before
    story: No version is held for it.
    as_of: 2025-12-31
    expect: {outcome: not addressed}
"""


def typed(*words: str, folder: Path) -> str:
    """Runs a command on the folder, which must end well, and returns what it printed."""
    done = CliRunner().invoke(app, [*words, "--content", str(folder)])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
def test_a_policy_is_served_and_proven_from_an_empty_folder(tmp_path: Path) -> None:
    """Eight files, six of them begun by one command, and the service answers an order by the policy in them."""
    folder = tmp_path / "mine"
    assert "policies/meadowlark/payer.yaml is written." in typed(*NEW, folder=folder)
    policy = folder / "policies/meadowlark/knee-brace/2026-01-01.yaml"
    head = policy.read_text(encoding="utf-8").partition("necessary_when:")[0]
    head = re.sub(r"# TODO: .*|TODO: ", "", head).replace("status: draft ", "status: active").replace('"place"', "II")
    policy.write_text(head + CRITERIA, encoding="utf-8")
    payer = folder / "policies/meadowlark/payer.yaml"
    payer.write_text(
        payer.read_text(encoding="utf-8").replace("TODO: the payer's name", "Meadowlark Health Plan"), encoding="utf-8"
    )
    (folder / "facts").mkdir()
    (folder / "facts/knee.yaml").write_text(FACTS, encoding="utf-8")
    (folder / "value_sets/knee-trouble.csv").write_text(CODES, encoding="utf-8")
    (folder / "vignettes/meadowlark/knee-brace/2026-01-01.yaml").write_text(VIGNETTES, encoding="utf-8")
    assert len(CODES.splitlines()) - 3 == 24
    assert len(CODES.splitlines()) <= 30
    assert "All content holds together" in typed("policy", "check", folder=folder)
    assert "18 as expected, 0 otherwise" in typed("policy", "test", folder=folder)
    assert "each seen in every way" in typed("policy", "check", "meadowlark/knee-brace", "--mutants", folder=folder)
    typed("policy", "hooks", "--write", folder=folder)
    client = create_app(read_content(folder)).test_client()
    coded = {"coding": [{"system": "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "code": "L1833"}]}
    said = decisions(sign(client, order(on="2026-06-15") | {"code": coded}))
    assert [(one["policy"], one["outcome"]) for one in said] == [("meadowlark/knee-brace", "not-documented")]
