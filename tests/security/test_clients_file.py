"""The clients file and the rules by which ``serve`` starts: every mistake is told with its line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bench.served import free_port
from cds_service.content_files.problems import ContentError
from cds_service.security.clients import read_clients
from tests.cli.test_command_line import said
from tests.security.signing import key, key_set

SERVE = sys.modules["cds_service.cli.serve"]
EVERYWHERE = "0.0.0.0"  # noqa: S104 - never bound for long
PUBLIC = json.dumps(key_set(key()))
PRIVATE = json.dumps({"keys": [key().as_dict(private=True)]})
JKU = "    jku: https://ehr.example/keys.json\n"
HEAD = "clients:\n  - issuer: https://ehr.example\n"


def problems(folder: Path, text: str) -> list[str]:
    """What is said of a clients file."""
    path = folder / "clients.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as wrong:
        read_clients(path)
    return [str(problem) for problem in wrong.value.problems]


def test_keys_may_stand_in_place_or_beside(tmp_path: Path) -> None:
    """Pinned keys are read from the file itself and from a JSON file beside it; what is not said has its default."""
    (tmp_path / "ehr.json").write_text(PUBLIC, encoding="utf-8")
    for keys in (PUBLIC, "ehr.json"):
        path = tmp_path / "clients.yaml"
        path.write_text(f"{HEAD}    keys: {keys}\n", encoding="utf-8")
        read = read_clients(path)
        client = read.by_issuer["https://ehr.example"]
        assert (set(client.keys), client.jku, client.replay_allowed, client.fhir_servers) == ({"k1"}, None, False, ())
        assert not read.discovery_protected
        path.write_text(f"{HEAD}{JKU}    keys: {keys}\n", encoding="utf-8")
        client = read_clients(path).by_issuer["https://ehr.example"]
        assert (set(client.keys), client.jku) == ({"k1"}, "https://ehr.example/keys.json")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("clients: []\n", 1, "at least 1"),
        ("discovery: maybe\n" + HEAD + JKU, 1, "'discovery'"),
        (HEAD, 2, "'keys', the keys themselves, or 'jku'"),
        (HEAD + JKU + "    fhir_server: https://x.example\n", 4, "not a key that belongs here"),
        (HEAD + "    jku: http://ehr.example/keys\n", 3, "https is required"),
        (HEAD + "    jku: ehr.example/keys\n", 3, "not a URL"),
        (HEAD + JKU + "    fhir_servers:\n      - https://ehr.example/fhir\n      - https://u@ehr.example/\n", 6, "user name"),
        (HEAD + JKU + "    fhir_servers: [https://ehr.example/fhir?x=1]\n", 4, "query"),
        (HEAD + JKU + "    private_networks: [10.20.0.0/16, 0.0.0.0/0]\n", 4, "not wholly of one private range"),
        (HEAD + JKU + "    replay: sometimes\n", 4, "'replay'"),
        (HEAD + JKU + "  - issuer: https://ehr.example\n" + JKU, 4, "twice"),
        (f"clients:\n  - issuer: {'x' * 256}\n" + JKU, 2, "255"),
        pytest.param(HEAD + f"    keys: {PRIVATE}\n", 3, "private", id="a private key"),
        (HEAD + '    keys: {"keys": [{"kty": "oct", "k": "AA", "kid": "a"}]}\n', 3, "symmetric"),
        (HEAD + '    keys: {"keys": []}\n', 3, "no key"),
        (HEAD + '    keys: {"keys": [{"kty": "EC", "crv": "P-384"}]}\n', 3, "'kid'"),
        (HEAD + '    keys: {"keys": [{"kty": "EC", "kid": "a", "crv": "P-384", "x": "AA", "y": "AA"}]}\n', 3, "cannot be read"),
        (HEAD + '    keys: {"keys": [{"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}]}\n', 3, "2048"),
        (HEAD + "    keys: missing.json\n", 3, "cannot be read"),
        pytest.param(HEAD + f"    keys: {json.dumps(key_set(key(), key()))}\n", 3, "same 'kid'", id="two keys of one kid"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    """A mistake in a clients file is told with its line and what was meant, and no key stands in the message."""
    found = problems(tmp_path, text)
    assert any(problem.startswith(f"clients.yaml:{line}: ") and words in problem for problem in found), found
    assert not any(
        str(value) in problem for problem in found for value in key().as_dict(private=True).values() if len(str(value)) > 20
    )


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """One reading tells the mistakes of every client, of grammar and of content."""
    text = HEAD + "    replay: no\n    jku: http://a.example/\n  - issuer: b\n    keys: missing.json\n  - issuer: b\n" + JKU
    assert len(problems(tmp_path, text)) == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", EVERYWHERE], "name the clients with --clients, or say --open"),
        (["--clients", "clients.yaml"], "public URL"),
        (["--clients", "missing.yaml"], "no such file"),
        (["--clients", "clients.yaml", "--public-url", "https://cds.example", "--open"], "--open is for a service without clients"),
        (["--clients", "clients.yaml", "--public-url", "https://cds.example", "--fhir-server", "https://ehr.example/fhir"], "open service"),
        (["--clients", "broken.yaml", "--public-url", "https://cds.example"], "broken.yaml:2:"),
        (["--fhir-server", "http://127.0.0.1:8000/fhir"], "https is required"),
        (["--fhir-server", "ehr.example"], "not a URL"),
        (["--public-url", "cds.example"], "not a URL"),
        (["--fhir-server", "https://10.20.1.2/fhir"], "https://10.20.1.2/fhir: it can never be read"),
        (["--fhir-server", "https://10.20.1.2/fhir", "--private-network", "10.30.0.0/16"], "it can never be read"),
        (["--fhir-server", "https://10.20.1.2/fhir", "--private-network", "0.0.0.0/0"], "not wholly of one private range"),
        (["--fhir-server", "https://10.20.1.2/fhir", "--ca-bundle", "missing.pem"], "certificates cannot be read"),
        (["--clients", "inside.yaml", "--public-url", "https://cds.example"], "https://10.20.1.2/keys: it can never be read"),
    ],
)  # fmt: skip
def test_serve_refuses_to_start_unsafely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], words: str) -> None:
    """What leaves the service open unseen, or cannot work, is refused in words before any server starts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)
    monkeypatch.setattr(SERVE, "listen", lambda *_: pytest.fail("it started"))
    (tmp_path / "clients.yaml").write_text(HEAD + JKU, encoding="utf-8")
    (tmp_path / "broken.yaml").write_text(HEAD, encoding="utf-8")
    (tmp_path / "inside.yaml").write_text(f"{HEAD}    jku: https://10.20.1.2/keys\n", encoding="utf-8")
    result = said("serve", "--port", str(free_port()), "--store", "none", *options)
    assert (result.exit_code, words in result.stderr) == (1, True), result.stderr


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        ([], ""),
        (["--host", EVERYWHERE, "--open"], "the service is open"),
        (["--development", "--fhir-server", "http://127.0.0.1:8000/fhir"], ""),
        (["--fhir-server", "https://10.20.1.2/fhir", "--private-network", "10.20.0.0/16"], ""),
        (["--clients", "clients.yaml", "--public-url", "https://cds.example", "--host", EVERYWHERE], ""),
        (["--clients", "clients.yaml", "--public-url", "https://cds.example", "--workers", "2"], "without a store each worker"),
    ],
)  # fmt: skip
def test_serve_starts_and_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], warning: str) -> None:
    """An open service starts on this machine, or elsewhere with --open and a warning; clients may be served anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)
    started: list[object] = []
    warned: list[str] = []
    monkeypatch.setattr(SERVE, "listen", lambda *given: started.append(given))
    monkeypatch.setattr("cds_service.cli.access.log.warning", lambda said, **_: warned.append(said))
    (tmp_path / "clients.yaml").write_text(HEAD + JKU, encoding="utf-8")
    result = said("serve", "--port", str(free_port()), "--store", "none", *options)
    assert (result.exit_code, len(started)) == (0, 1), result.stderr
    assert [warning in line for line in warned] == ([True] if warning else [])
