"""The command line as a shell user meets it: what it prints, on which stream, and with which exit code."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner, Result

from bench.served import free_port
from cds_service.cli import app
from cds_service.cli.demo import EXAMPLES, examples_folder
from cds_service.cli.serve import processors
from cds_service.content.content import Content, shipped_content
from cds_service.hooks.answer import decide_request
from cds_service.hooks.discovery import discovery
from cds_service.hooks.received.messages import EXTENSION, parse_request
from cds_service.hooks.settings import Settings
from cds_service.said.as_data import as_data
from tests.conftest import TODAY

POLICY = "carelon/prenatal-cfdna-screening"
ROOT = shipped_content()
FOLDER = examples_folder(ROOT)
TRIPLETS = str(FOLDER / "triplets.json")
LONGEST = 60
"""Seconds that a server may take to start or to end before a test fails."""


def said(*arguments: str, stdin: str | None = None, **environment: str | None) -> Result:
    """Runs a command in this process."""
    return CliRunner().invoke(app, list(arguments), input=stdin, env={"CDS_SERVICE_CONTENT": None} | environment)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the shipped content that a test may break."""
    for folder in ("policies", "facts", "value_sets"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "hooks.json", tmp_path)
    return tmp_path


def broken(folder: Path) -> Path:
    """Breaks two files of a content folder."""
    policy = folder / "policies" / POLICY / "2025-04-01.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("status: active", "status: aktiv"), encoding="utf-8")
    (folder / "value_sets" / "broken.json").write_text("{", encoding="utf-8")
    return folder


# check


@pytest.mark.parametrize(
    ("example", "outcome", "because"),
    [
        ("never-necessary", "not-necessary", "not-necessary-test"),
        ("triplets", "not-necessary", "higher-order-gestation"),
        ("ten-weeks-singleton", "necessary", "nine-weeks"),
        ("no-dating", "not-documented", "nine-weeks"),
    ],
)
def test_each_shipped_example_is_decided_as_its_name_says(example: str, outcome: str, because: str) -> None:
    """The four examples show the outcomes: a listed test, an exclusion, a necessary order, and one that asks."""
    result = said("check", str(FOLDER / f"{example}.json"), "--json")
    decision = json.loads(result.stdout)["decisions"][0]
    assert (result.exit_code, decision["outcome"]) == (0, outcome)
    assert because in decision["because"]


def test_the_examples_supply_every_prefetch_key(content: Content) -> None:
    """Each example supplies every key that the discovery document names, so nothing in it is unsearched."""
    keys = set(discovery(content)["services"][0]["prefetch"])
    for example in EXAMPLES:
        assert set(json.loads((FOLDER / f"{example}.json").read_bytes())["prefetch"]) == keys


def test_a_decision_is_printed_with_outcome_policy_and_questions() -> None:
    """An order that asks shows outcome, policy with version, the open criteria, and the question in words."""
    printed = said("check", str(FOLDER / "no-dating.json")).stdout
    assert "outcome  not-documented" in printed
    assert f"policy   {POLICY}, version 2025-04-01" in printed
    assert "because  nine-weeks, before-nine-weeks" in printed
    assert "gestational_age: How far along is the pregnancy" in printed


def test_the_tree_marks_met_not_met_open_and_presumed() -> None:
    """Every criterion has its mark (+ - ? ~), its sentence and its place; presumptions tell their reason."""
    lines = [line.lstrip("│├└─ ") for line in said("check", TRIPLETS).stdout.splitlines()]
    assert "+ There are three or more fetuses. [Not Medically Necessary, clinical scenarios, 1]" in lines
    assert "- Not met: There are at most two fetuses. [Condition-Specific Requirements]" in lines
    assert any(line.startswith("? Not documented: The pregnancy has lasted at least 9 weeks") for line in lines)
    assert "~ The pregnancy is viable. [Condition-Specific Requirements]" in lines
    assert "presumed met: Charts record the loss of a pregnancy, not that it goes on." in lines
    assert "How many fetuses there are: 3 fetuses, 2026-05-07, among the results, Observation/fetuses" in lines


def test_evidence_that_was_not_used_says_why(tmp_path: Path) -> None:
    """An observation from long before the pregnancy is shown with the reason it does not count."""
    request = json.loads(Path(TRIPLETS).read_bytes())
    request["prefetch"]["observations"]["entry"][0]["resource"]["effectiveDateTime"] = "2020-01-01"
    file = tmp_path / "old.json"
    file.write_text(json.dumps(request), encoding="utf-8")
    printed = said("check", str(file)).stdout
    assert "Not used (2020-01-01 is before" in printed


def test_json_is_what_the_service_sends(content: Content) -> None:
    """``--json`` prints the decisions exactly as the service's extension holds them."""
    body = Path(TRIPLETS).read_bytes()
    decided = decide_request(parse_request(body), content, TODAY, Settings())
    printed = json.loads(said("check", TRIPLETS, "--json").stdout)
    assert printed == {"decisions": [as_data(decision, content) for _, decision in decided]}


def test_no_values_keeps_what_the_chart_says_to_itself() -> None:
    """``--no-values`` leaves out the values in the tree and in the JSON, and keeps the resources."""
    tree = said("check", TRIPLETS, "--no-values").stdout
    assert "number_of_fetuses, 2026-05-07, Observation/fetuses" in tree
    assert "number_of_fetuses: 3" not in tree
    rows = json.loads(said("check", TRIPLETS, "--no-values", "--json").stdout)["decisions"][0]["evidence"]
    assert rows
    assert all("value" not in row for row in rows)


def test_a_dash_reads_the_request_from_stdin() -> None:
    """``-`` reads the request from stdin."""
    result = said("check", "-", stdin=Path(TRIPLETS).read_text(encoding="utf-8"))
    assert result.exit_code == 0
    assert "higher-order-gestation" in result.stdout


def test_today_stands_in_for_a_date_of_service(tmp_path: Path) -> None:
    """An order without any date is judged by the version in force on ``--today``."""
    request = json.loads(Path(TRIPLETS).read_bytes())
    order = request["context"]["draftOrders"]["entry"][0]["resource"]
    del order["occurrenceDateTime"], order["authoredOn"]
    file = tmp_path / "undated.json"
    file.write_text(json.dumps(request), encoding="utf-8")
    assert "version 2024-11-17" in said("check", str(file), "--today", "2025-03-31").stdout
    assert "version 2025-04-01" in said("check", str(file), "--today", "2025-04-01").stdout


def test_an_unusable_request_exits_2_and_names_the_elements() -> None:
    """A request without its required members exits 2 with one ``element: what`` a line on stderr and nothing on stdout."""
    result = said("check", "-", stdin='{"hook": "order-sign"}')
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == ["hookInstance: it is required and missing", "context: it is required and missing"]


def test_what_is_not_json_exits_2_with_one_line(tmp_path: Path) -> None:
    """A file that is not JSON is a request that cannot be used; the line names the file and the position."""
    file = tmp_path / "request.json"
    file.write_text("{,", encoding="utf-8")
    result = said("check", str(file))
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [f"{file}: the body is not JSON (line 1, column 2)"]


def test_a_file_that_cannot_be_read_exits_1_with_one_line(tmp_path: Path) -> None:
    """A missing file and a folder each give one clear line and exit 1."""
    missing, folder = said("check", str(tmp_path / "none.json")), said("check", str(tmp_path))
    assert (missing.exit_code, folder.exit_code) == (1, 1)
    assert missing.stderr.splitlines() == [f"{tmp_path / 'none.json'}: there is no such file"]
    assert folder.stderr.splitlines() == [f"{tmp_path}: it is a folder, and a request file is meant"]


def test_a_request_whose_orders_do_not_stand_says_so(tmp_path: Path) -> None:
    """Where no order asks for something to be done, that is what is printed, and no decision is made."""
    request = json.loads(Path(TRIPLETS).read_bytes())
    request["context"]["draftOrders"]["entry"][0]["resource"]["doNotPerform"] = True
    body = json.dumps(request)
    assert "No order of this request" in said("check", "-", stdin=body).stdout
    assert json.loads(said("check", "-", "--json", stdin=body).stdout) == {"decisions": []}


def test_an_order_that_no_policy_lists_is_explained(tmp_path: Path) -> None:
    """A code that no policy lists is decided as not addressed, with the reason in words."""
    request = json.loads(Path(TRIPLETS).read_bytes())
    request["context"]["draftOrders"]["entry"][0]["resource"]["code"]["coding"][0]["code"] = "80050"
    result = said("check", "-", stdin=json.dumps(request))
    assert "because  not-listed: no policy held here lists this code" in result.stdout
    assert result.exit_code == 0


def test_no_colour_goes_into_a_pipe() -> None:
    """Output that is no terminal holds no escape codes and no line is wrapped."""
    printed = said("check", TRIPLETS).stdout
    assert "\x1b" not in printed
    assert max(len(line) for line in printed.splitlines()) > 120


# content that does not hold together


@pytest.mark.parametrize(
    "command", [["check", TRIPLETS], ["explain", POLICY], ["policy", "list"], ["policy", "check"], ["policy", "hooks"], ["serve"]]
)
def test_every_problem_of_broken_content_is_printed(command: list[str], copied: Path) -> None:
    """Whatever reads content prints every problem as ``file:line: what`` on stderr and exits 1; no server starts."""
    result = said(*command, "--content", str(broken(copied)))
    assert (result.exit_code, result.stdout) == (1, "")
    lines = result.stderr.splitlines()
    assert any(line.startswith(f"policies/{POLICY}/2025-04-01.yaml:") and "aktiv" in line for line in lines)
    assert any(line.startswith("value_sets/broken.json:1: not JSON") for line in lines)


def test_a_content_folder_that_is_none_gives_one_line(tmp_path: Path) -> None:
    """A content folder that does not exist is named in one line."""
    result = said("policy", "check", "--content", str(tmp_path / "none"))
    assert (result.exit_code, result.stderr) == (1, f"{tmp_path / 'none'}: there is no such folder\n")


def test_the_environment_names_the_content_folder(copied: Path) -> None:
    """CDS_SERVICE_CONTENT names the content for every command, as it does for the service."""
    assert said("policy", "check", CDS_SERVICE_CONTENT=str(broken(copied))).exit_code == 1


# explain and policy


def test_explain_tells_a_policy_in_words() -> None:
    """The outline has title, payer, versions, codes, tests, look-backs, what silence means, and the facts' meaning."""
    result = said("explain", POLICY)
    assert result.exit_code == 0
    for words in (
        "Prenatal Screening using Cell-free DNA",
        "payer      carelon",
        "2024-11-17 (active), 2025-04-01 (active)",
        "CPT 81420, 81507",
        "gestational_age: at least 9 weeks",
        "pregnant: is yes",
        "number_of_fetuses: at most 2, since pregnancy_start",
        "detail-code: is 'another test'",
        "silence means: met, even where nothing was searched. Ordering the test implies a pregnancy.",
        "silence means: not documented",
        "then: not necessary",
        "How many fetuses there are.",
        "Counsel the patient before the test",
    ):
        assert words in result.stdout


def test_explain_reads_the_version_asked_for() -> None:
    """``--version`` chooses a version; the latest is read without it."""
    assert f"{POLICY}, version 2024-11-17" in said("explain", POLICY, "--version", "2024-11-17").stdout
    assert f"{POLICY}, version 2025-04-01" in said("explain", POLICY).stdout


def test_an_unknown_policy_names_the_close_match() -> None:
    """A mistyped policy exits 1 and names the one that is probably meant."""
    result = said("explain", "carelon/prenatal-cfdna-screning")
    assert (result.exit_code, result.stderr) == (
        1,
        f"there is no policy 'carelon/prenatal-cfdna-screning'; is '{POLICY}' meant?\n",
    )
    assert said("policy", "show", "prenatal-cfdna").stderr.endswith(f"is '{POLICY}' meant?\n")


def test_an_unknown_version_names_those_held() -> None:
    """A version that is not held exits 1 and names the versions that are."""
    result = said("policy", "show", POLICY, "--version", "2020-01-01")
    assert (result.exit_code, result.stderr.split(";")[1]) == (1, " held are 2024-11-17, 2025-04-01\n")


def test_show_lists_every_passage(content: Content) -> None:
    """``policy show`` lists each cited place with the criteria that encode it, and each passage left out with its reason."""
    printed = said("policy", "show", POLICY).stdout
    policy = content.library.version(POLICY)
    assert policy is not None
    assert "[Not Medically Necessary, clinical scenarios, 1] higher-order-gestation" in printed
    for criterion in policy.criteria():
        assert f"[{criterion.cite.at}]" in printed
    for passage in policy.not_encoded:
        assert f"[{passage.at}] {passage.because}" in printed


def test_list_says_that_nobody_has_reviewed_a_policy() -> None:
    """The table has a row for each version and says which are not clinically reviewed."""
    rows = [line for line in said("policy", "list").stdout.splitlines() if POLICY in line]
    assert len(rows) == 2
    assert all("not clinically reviewed" in row and "active" in row for row in rows)


@pytest.mark.slow
def test_check_of_sound_content_is_two_lines(content: Content) -> None:
    """``policy check`` says in one line what was read, with the revision, and in another how many issues lint finds."""
    result = said("policy", "check")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 2)
    assert content.revision in result.stdout


def test_the_checked_in_discovery_document_is_up_to_date() -> None:
    """``policy hooks --check`` accepts the hooks.json that is shipped."""
    assert said("policy", "hooks", "--check").exit_code == 0


def test_hooks_check_names_what_differs_and_write_mends_it(copied: Path, content: Content) -> None:
    """``--check`` exits 1 and names the place and the codes that differ; ``--write`` writes the file so that it passes."""
    file = copied / "hooks.json"
    document: dict[str, Any] = json.loads(file.read_bytes())
    prefetch = document["services"][0]["prefetch"]
    prefetch["observations"] = prefetch["observations"].replace(",11878-6", ",99999-9")
    del prefetch["procedures"]
    file.write_text(json.dumps(document), encoding="utf-8")
    result = said("policy", "hooks", "--check", "--content", str(copied))
    assert result.exit_code == 1
    assert "'99999-9' is there, and not needed; '11878-6' is missing" in result.stderr
    assert "services[0].prefetch.procedures: it is missing" in result.stderr
    assert said("policy", "hooks", "--write", "--content", str(copied)).exit_code == 0
    assert file.read_text(encoding="utf-8") == json.dumps(discovery(content), indent=2) + "\n"
    assert said("policy", "hooks", "--check", "--content", str(copied)).exit_code == 0


def test_hooks_check_notices_another_form(copied: Path) -> None:
    """A hooks.json with the same content in another form is said to be just that."""
    file = copied / "hooks.json"
    file.write_text(json.dumps(json.loads(file.read_bytes())), encoding="utf-8")
    result = said("policy", "hooks", "--check", "--content", str(copied))
    assert result.exit_code == 1
    assert "the document is the same, and written in another form" in result.stderr


def test_hooks_check_without_a_file_says_how_to_make_it(copied: Path) -> None:
    """Where there is no hooks.json, the command to make it is named."""
    (copied / "hooks.json").unlink()
    result = said("policy", "hooks", "--check", "--content", str(copied))
    assert result.exit_code == 1
    assert "hooks --write" in result.stderr


def test_hooks_prints_the_document_when_nothing_else_is_asked() -> None:
    """Without an option the document goes to stdout, byte for byte as the file holds it."""
    assert said("policy", "hooks").stdout == (ROOT / "hooks.json").read_text(encoding="utf-8")


def test_schema_uses_the_words_of_the_files() -> None:
    """The schemas name the keys as files write them (``is``, ``from``), not as Python does."""
    policies, facts = (json.loads(said("policy", "schema", *more).stdout) for more in ([], ["--facts"]))
    assert "is" in policies["$defs"]["CheckEntry"]["properties"]
    assert "necessary_when" in policies["properties"]
    assert "from" in facts["properties"]


# the whole command


def test_version_names_the_package_and_the_content(content: Content) -> None:
    """``--version`` prints the package's version and the shipped content's revision."""
    assert said("--version").stdout == f"cds-service 0.1.0, content {content.revision}\n"


@pytest.mark.parametrize("command", [[], ["serve"], ["demo"], ["check"], ["explain"], ["policy"], ["policy", "hooks"]])
def test_every_command_has_help(command: list[str]) -> None:
    """``--help`` explains each command and exits 0."""
    result = said(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout


# serving


@contextmanager
def served(log: Path, *command: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Runs a serving command as a process of its own until it answers, and ends it. Another port is tried if one was just taken."""
    environment = {name: value for name, value in os.environ.items() if name != "CDS_SERVICE_CONTENT"}
    environment["CDS_SERVICE_STORE"] = "none"
    run = [sys.executable, "-m", "cds_service"]
    for _ in range(5):
        port = free_port()
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*run, *command, "--port", str(port)],
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=ROOT,
                start_new_session=True,
            )
        try:
            if answers(process, port):
                yield process, port
                return
            assert "in use" in log.read_text(encoding="utf-8"), log.read_text(encoding="utf-8")
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(LONGEST)
    raise AssertionError("no free port was found")


def answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Waits until the service answers; False when the process ended instead."""
    until = time.monotonic() + LONGEST
    while process.poll() is None:
        try:
            return requests.get(f"http://127.0.0.1:{port}/cds-services", timeout=LONGEST).ok
        except requests.ConnectionError:
            assert time.monotonic() < until, "the service did not start"
            time.sleep(0.05)
    return False


@pytest.mark.server
def test_serve_answers_orders_and_logs_json_lines(tmp_path: Path, copied: Path) -> None:
    """``serve`` answers over HTTP with two workers, logs each decision as a JSON line, and ends on SIGTERM with 0."""
    log = tmp_path / "log"
    with served(log, "serve", "--workers", "2", "--content", str(copied)) as (process, port):
        address = f"http://127.0.0.1:{port}/cds-services/medical-policy"
        response = requests.post(address, data=Path(TRIPLETS).read_bytes(), timeout=LONGEST).json()
        assert response["extension"][EXTENSION][0]["outcome"] == "not-necessary"
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONGEST) == 0
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    (line,) = [line for line in lines if line["said"] == "answered" and "outcomes" in line]
    assert {"time", "level", "hook_instance", "hook", "status", "ms", "bytes", "orders"} <= set(line)
    (outcome,) = line["outcomes"]
    assert {"policy", "because"} <= set(outcome)
    assert outcome["outcome"] == "not-necessary"
    assert any(line["said"] == "serving" and line["port"] == port and line["workers"] == 2 for line in lines)


@pytest.mark.server
@pytest.mark.parametrize(("options", "workers"), [([], processors()), (["--store", "none"], processors())])
def test_serve_uses_the_processors_that_there_are(tmp_path: Path, copied: Path, options: list[str], workers: int) -> None:
    """Without ``--workers`` there is one worker for each processor, and each of them answers."""
    log = tmp_path / "log"
    with served(log, "serve", "--content", str(copied), *options) as (process, port):
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONGEST) == 0
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    (told,) = [line["workers"] for line in lines if line["said"] == "serving" and line["port"] == port]
    assert told == workers


def test_a_port_in_use_is_one_clear_line() -> None:
    """A port at which somebody listens gives one line that names it, and exit 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        for command in ("serve", "demo"):
            result = said(command, "--port", str(port))
            assert (result.exit_code, result.stdout) == (1, "")
            assert result.stderr == f"127.0.0.1:{port}: the port is in use; stop what listens there, or name another with --port\n"


def test_the_demo_prints_commands_that_work_as_printed(tmp_path: Path) -> None:
    """Each printed curl command gets the answer that the demo says to expect; Ctrl-C ends the demo with 0 and no traceback."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here to run the printed commands with")
    log = tmp_path / "log"
    with served(log, "demo") as (process, _):
        lines = [line.strip() for line in log.read_text(encoding="utf-8").splitlines()]
        commands = [(line, lines[number + 1]) for number, line in enumerate(lines) if line.startswith("curl ")]
        assert len(commands) == 1 + len(EXAMPLES)
        for command, expected in commands:
            run = subprocess.run(shlex.split(command), capture_output=True, check=True, cwd=ROOT, timeout=LONGEST)
            answer = json.loads(run.stdout)
            if "-d" not in shlex.split(command):
                assert answer["services"][0]["hook"] == "order-sign"
            elif answer["cards"]:
                assert expected == f"expect: one card: {answer['cards'][0]['summary']}"
            else:
                assert expected == "expect: no card: the order is supported (outcome 'necessary')"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the server and its workers
        assert process.wait(LONGEST) == 0
    assert "Traceback" not in log.read_text(encoding="utf-8")
