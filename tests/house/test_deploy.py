"""What is handed to operators agrees with the code: the image's steps, the compose file, the alerts, the unit, the locked versions."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds_service.cli.listed import TOP as COMMANDS
from cds_service.cli.listed import command_of
from cds_service.configuration.configuration import Configuration
from cds_service.configuration.naming import variable
from cds_service.telemetry import Metrics

TOP = Path(__file__).parent.parent.parent
DEPLOY = TOP / "deploy"
VARIABLES = {variable(name) for name in Configuration.model_fields}
FLAGS = {flag for one in command_of("serve", COMMANDS["serve"]).params for flag in one.opts}


def read(name: str) -> Any:
    """A YAML file of the folder."""
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def test_every_variable_and_flag_of_the_files_is_one() -> None:
    """No file names a variable or a flag of ``serve`` that the service does not know."""
    for file in (TOP / "Containerfile", *DEPLOY.iterdir()):
        text = file.read_text(encoding="utf-8")
        assert set(re.findall(r"CDS_SERVICE_[A-Z_]+", text)) <= VARIABLES, file
        for command in re.findall(r"serve((?:[ \",]+(?:--)?[\w.-]+)*)", text):
            assert set(re.findall(r"--[a-z-]+", command)) <= FLAGS, file


def test_the_image_is_not_root_and_needs_no_writing() -> None:
    """The last stage has a user without rights and a health check, and the compose file mounts it to be read only."""
    last = (TOP / "Containerfile").read_text(encoding="utf-8").split("\nFROM ")[-1]
    assert re.search(r"^USER [1-9]\d+$", last, flags=re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert "gcc" not in last
    service = read("compose.yaml")["services"]["service"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["environment"]["CDS_SERVICE_STORE"].startswith("postgresql://"), "the merged block is written over"


def test_alerts_are_of_metrics_that_there_are() -> None:
    """Every number that an alert looks at is one that the service counts."""
    made = Metrics()
    counted = {sample.name for metric in made.registry.collect() for sample in metric.samples} | {
        f"{metric.name}_{end}" for metric in made.registry.collect() for end in ("total", "bucket")
    }
    rules = [rule for group in read("alerts.yaml")["groups"] for rule in group["rules"]]
    named = {name for rule in rules for name in re.findall(r"cds_[a-z_]+", rule["expr"])}
    assert named
    assert named <= counted
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] in ("page", "ticket") for rule in rules)


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed here, and the check of units is its own"
)
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """systemd finds nothing wrong with the unit but that the service is not installed in this machine's /opt."""
    unit = tmp_path / "cds-service.service"
    shutil.copy(DEPLOY / "cds-service.service", unit)
    run = subprocess.run([shutil.which("systemd-analyze") or "", "verify", str(unit)], capture_output=True, text=True, check=False)
    said = [line for line in run.stderr.splitlines() if "cds-service" in line and "is not executable" not in line]
    assert said == []


def test_the_locked_versions_are_those_that_the_tests_pass_with() -> None:
    """Each locked version is that of constraints.txt and has its hashes, and no address of a registry is written down."""
    held = dict(re.findall(r"^([\w.-]+)==(\S+)", (TOP / "constraints.txt").read_text(encoding="utf-8").lower(), flags=re.MULTILINE))
    text = (TOP / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 20
    for entry in entries:
        found = re.match(r"([\w.-]+)==([^\s;\\]+)", entry)
        assert found
        assert "--hash=sha256:" in entry, found[1]
        assert held.get(found[1].lower(), found[2]) == found[2], f"{found[1]}: make requirements.lock anew (CONTRIBUTING.md)"
    assert "://" not in text
