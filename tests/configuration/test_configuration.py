"""The configuration: flags before variables, everything wrong told at once, one page made of it, and one hand-over."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from cds_service.cli.listed import TOP as TOP_COMMANDS
from cds_service.cli.listed import command_of
from cds_service.configuration.configuration import Configuration
from cds_service.configuration.environment import Started, hand_over, handed_over, read_configuration, unknown_variables
from cds_service.configuration.naming import said_of, variable
from cds_service.configuration.page import PAGE, page
from tests.cli.test_command_line import said

pytestmark = pytest.mark.usefixtures("environment_of_its_own")
TOP = Path(__file__).parent.parent.parent


def test_the_page_lists_every_flag_and_variable() -> None:
    """The page is the one that the code makes; no flag of ``serve`` and no setting is missing in it."""
    text = (TOP / PAGE).read_text(encoding="utf-8")
    assert text == page(), "python -m cds_service.configuration.page > docs/configuration.md"
    flags = {flag for one in command_of("serve", TOP_COMMANDS["serve"]).params for flag in one.opts}
    assert {flag for flag in flags if f"`{flag}" not in text} == {"--help", "-h"} & flags
    assert all(f"`{variable(name)}`" in text for name in Configuration.model_fields)


def test_every_variable_that_a_page_or_the_code_names_is_a_setting() -> None:
    """A document or a module names no variable that nobody reads."""
    known = {variable(name) for name in Configuration.model_fields} | {
        "CDS_SERVICE_STARTED",
        "CDS_SERVICE_HOST",
        "CDS_SERVICE_PORT",
    }
    files = [*TOP.glob("*.md"), *TOP.glob("docs/*.md"), *TOP.glob("cds_service/**/*.py")]
    named = {
        (file.name, one) for file in files for one in re.findall(r"CDS_SERVICE_[A-Z_]*[A-Z]", file.read_text(encoding="utf-8"))
    }
    assert {(file, one) for file, one in named if one not in known and file != "CHANGELOG.md"} == set()


def test_only_the_configuration_reads_the_environment() -> None:
    """No other module asks the environment for a setting of ours."""
    reading = {
        file.relative_to(TOP).as_posix()
        for file in TOP.glob("cds_service/**/*.py")
        if re.search(r"[\"']CDS_SERVICE_", file.read_text(encoding="utf-8"))
    }
    assert {one for one in reading if not one.startswith("cds_service/configuration/")} == set()


NO_SETTINGS = {
    "cds_service/__main__.py",  # PYDANTIC_DISABLE_PLUGINS, which pydantic reads
    "cds_service/cli/terminal.py",  # COLUMNS, a terminal's width
    "cds_service/replay/spark_engine.py",  # PYSPARK_PYTHON, which Spark reads
    "cds_service/cli/serve.py",  # PROMETHEUS_MULTIPROC_DIR, which prometheus_client reads
    "cds_service/serving/worker.py",
    "cds_service/telemetry.py",
}
"""Modules that touch a variable of somebody else's; none of theirs decides anything."""


def test_no_other_module_touches_the_environment() -> None:
    """Beside the configuration there are those alone that are known here, each for a library's or a terminal's variable."""
    touching = {
        file.relative_to(TOP).as_posix()
        for file in TOP.glob("cds_service/**/*.py")
        if re.search(r"\bos\.(environ|getenv|putenv)|from os import", file.read_text(encoding="utf-8"))
    }
    assert {one for one in touching if not one.startswith("cds_service/configuration/")} == NO_SETTINGS


def test_a_flag_comes_before_its_variable_and_nothing_before_the_default() -> None:
    """A flag that is typed counts, else the variable, else the default; an empty variable says nothing."""
    os.environ |= {
        "CDS_SERVICE_WORKERS": "3",
        "CDS_SERVICE_FHIR_SERVERS": "https://a.example https://b.example",
        "CDS_SERVICE_STRICT": "",
    }
    assert read_configuration(workers=2).workers == 2
    read = read_configuration(workers=None)
    assert (read.workers, read.fhir_servers, read.strict, read.listen_port) == (
        3, ("https://a.example", "https://b.example"), False, 8080,
    )  # fmt: skip
    with pytest.raises(ValidationError, match="frozen"):
        read.workers = 4  # type: ignore[misc]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("HTTPS://Forms.Example:443/Cds/", "https://forms.example/Cds"),
        ("http://LOCALHOST:80", "http://localhost"),
        ("https://[::1]:0443/x", "https://[::1]/x"),
        ("https://x.example:8443/A/B", "https://x.example:8443/A/B"),
        ("https://U@X.example", "https://U@X.example"),
        ("http://[X", "http://[X"),
        ("", ""),
    ],
)
def test_the_public_url_is_read_as_browsers_write_it(written: str, read: str) -> None:
    """In lower case but for the path, without the port that is meant anyway; what is no URL is left for who refuses it."""
    assert read_configuration(public_url=written).public_url == read
    os.environ["CDS_SERVICE_PUBLIC_URL"] = written
    assert read_configuration().public_url == read


def test_everything_wrong_is_told_at_once_and_not_repeated() -> None:
    """Each setting that cannot be used has a line with its variable and what is meant; what was written is not in it."""
    os.environ |= {"CDS_SERVICE_CALL_SECONDS": "soon", "CDS_SERVICE_LISTEN_PORT": "0", "CDS_SERVICE_STRICT": "perhaps"}
    with pytest.raises(ValueError, match="is meant") as wrong:
        read_configuration()
    assert str(wrong.value).splitlines() == [
        "CDS_SERVICE_LISTEN_PORT (--port): a port from 1 to 65535 is meant",
        "CDS_SERVICE_STRICT: 1 or 0 is meant",
        "CDS_SERVICE_CALL_SECONDS: a whole number from 1 to 9999 is meant",
    ]
    result = said(
        "serve",
        "--allow-origin",
        "https://x.example/path",
        "--proxy",
        "me",
        CDS_SERVICE_LISTEN_PORT=None,
        CDS_SERVICE_CALL_SECONDS=None,
        CDS_SERVICE_STRICT=None,
    )
    assert result.exit_code == 1
    assert ["an origin has no path" in line or "no address" in line for line in result.stderr.splitlines()] == [True, True]


def test_secrets_are_in_no_text_of_the_configuration() -> None:
    """A configuration that is printed shows no token, no password and no secret."""
    secret = "s" * 40
    made = Configuration(
        metrics_token=secret, link_secret=secret, terminology_authorization=secret, store=f"postgresql://u:{secret}@h/n"
    )
    assert secret not in repr(made)
    assert secret not in str(made)


def test_workers_are_told_all_in_one_piece() -> None:
    """What ``serve`` settled is what a worker has, whatever the environment says besides."""
    started = Started(configuration=Configuration(workers=2, content=Path("/content"), proxies=("10.0.0.1",)), pinned=True)
    hand_over(started)
    os.environ["CDS_SERVICE_WORKERS"] = "7"
    assert handed_over() == started


def test_a_slip_of_the_pen_is_noticed_and_what_kubernetes_sets_is_not() -> None:
    """A variable that begins as ours do and is unknown is told; those that Kubernetes makes for a service's name are not."""
    os.environ |= {"CDS_SERVICE_CLIENT": "x", "CDS_SERVICE_PORT": "tcp://10.0.0.1:80", "CDS_SERVICE_SERVICE_HOST": "10.0.0.1"}
    assert unknown_variables() == ["CDS_SERVICE_CLIENT"]


def test_help_loads_neither_the_reader_of_settings_nor_flask() -> None:
    """What only a start needs is not loaded for ``--help``."""
    script = "import sys, cds_service.cli; print(*[one for one in ('pydantic_settings', 'flask', 'joserfc') if one in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []


def test_every_setting_says_what_it_decides() -> None:
    """Each setting has a sentence, and what may be written."""
    for name in Configuration.model_fields:
        said_here = said_of(name)
        assert said_here.says.endswith("."), name
        assert said_here.meant, name
