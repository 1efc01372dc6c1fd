"""The file of EHRs: every mistake is told with its line, and no secret is repeated."""

from __future__ import annotations

import json
import os
from pathlib import Path
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from bench.served import free_port
from cds_service.cli import app
from cds_service.configuration.configuration import Configuration
from cds_service.content_files.problems import ContentError
from cds_service.serving.configured import registry_of
from cds_service.smart.registry import read_registry
from tests.smart.ehr import client_key, signing_key

HEAD = "issuers:\n  - iss: https://ehr.example/fhir\n    client_id: cds\n"
JWT = "    auth: private_key_jwt\n"
BASIC = "    auth: client_secret_basic\n"
SECRET = "s" * 40
PRIVATE = client_key().as_dict(private=True)


def no_secret(_: str) -> str:
    """No variable holds a secret."""
    return ""


def problems(folder: Path, text: str, key: object = PRIVATE) -> list[str]:
    """What is said of a file."""
    (folder / "key.json").write_text(key if isinstance(key, str) else json.dumps(key), encoding="utf-8")
    path = folder / "smart.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as wrong:
        read_registry(path, no_secret)
    return [str(problem) for problem in wrong.value.problems]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("issuers: []\n", 1, "at least 1"),
        ("issuers:\n  - client_id: cds\n", 2, "'iss' is missing"),
        ("issuers:\n  - iss: https://ehr.example/fhir\n", 2, "'client_id' is missing"),
        (HEAD + "    client_secret: x\n", 4, "not a key that belongs here"),
        (HEAD.replace("https", "http"), 2, "https is required"),
        (HEAD.replace("https://", ""), 2, "not a URL"),
        (HEAD.replace("/fhir", "/fhir?x=1"), 2, "query"),
        (HEAD.replace("//", "//u@"), 2, "user name"),
        (HEAD + "    auth: none\n", 4, "'auth'"),
        (HEAD + "    authorization: [https://login.example, login]\n", 4, "'authorization'"),
        (HEAD + "    frames: [https://ehr.example/app]\n", 4, "without a path"),
        (HEAD + "    frames: ['*']\n", 4, "'frames': not a URL"),
        (HEAD + JWT, 2, "needs 'key'"),
        (HEAD + "    key: key.json\n", 4, "signs nothing"),
        (HEAD + JWT + "    key: missing.json\n", 5, "cannot be read"),
        (HEAD + BASIC, 2, "needs 'secret_variable'"),
        (HEAD + BASIC + "    secret_variable: EHR_UNSET\n", 5, "no such variable"),
        (HEAD + "    secret_variable: EHR_SECRET\n", 4, "has no secret"),
        (HEAD + HEAD.split("\n", 1)[1], 4, "twice"),
        (HEAD + HEAD.split("\n", 1)[1].replace("/fhir", "/fhir/"), 4, "twice"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    """Each mistake names file and line, and says what was meant."""
    found = problems(tmp_path, text)
    assert any(one.startswith(f"smart.yaml:{line}: ") and words in one for one in found), found


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("{", "not JSON"),
        ({}, "private key"),
        (client_key().as_dict(private=False), "with its 'd'"),
        (PRIVATE | {"x": "AA"}, "cannot be read"),
        ({name: value for name, value in PRIVATE.items() if name != "kid"}, "'kid'"),
    ],
)
def test_a_key_that_cannot_sign_is_told_and_not_repeated(tmp_path: Path, key: object, words: str) -> None:
    """A key file that cannot be used is told at its line, without anything of the key."""
    (found,) = problems(tmp_path, HEAD + JWT + "    key: key.json\n", key)
    assert found.startswith("smart.yaml:5: ")
    assert words in found
    assert str(PRIVATE["d"]) not in found


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Two entries with a mistake each are told together."""
    assert len(problems(tmp_path, HEAD + JWT + HEAD.split("\n", 1)[1].replace("https", "http"))) == 2


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    """A short entry is a public client of one FHIR server, whose endpoints lie at its own origin, in no frame."""
    path = tmp_path / "smart.yaml"
    path.write_text(HEAD, encoding="utf-8")
    (issuer,) = read_registry(path, no_secret).issuers
    assert (issuer.auth, issuer.below, issuer.frames, issuer.authorization) == ("public", False, (), ("https://ehr.example",))


def test_keys_of_both_kinds_sign(tmp_path: Path) -> None:
    """An EC key signs by ES384, an RSA key by RS384; what is published of them is public."""
    path = tmp_path / "smart.yaml"
    path.write_text(HEAD + JWT + "    key: key.json\n", encoding="utf-8")
    for key, algorithm in ((client_key(), "ES384"), (signing_key(), "RS384")):
        (tmp_path / "key.json").write_text(json.dumps(key.as_dict(private=True)), encoding="utf-8")
        (published,) = read_registry(path, no_secret).keys()
        assert published["alg"] == algorithm
        assert "d" not in published


def test_a_secret_is_found_through_the_configuration(tmp_path: Path) -> None:
    """The variable that the file names is asked for where all settings are read; a client without a secret asks for none."""
    path = tmp_path / "smart.yaml"
    path.write_text(HEAD + BASIC + "    secret_variable: EHR_SECRET\n", encoding="utf-8")
    with patch.dict(os.environ, {"EHR_SECRET": SECRET}):
        read = registry_of(Configuration(smart=path))
    assert read
    assert [one.secret for one in read.issuers] == [SECRET]
    asked: list[str] = []
    path.write_text(HEAD, encoding="utf-8")
    read_registry(path, lambda name: asked.append(name) or SECRET)  # type: ignore[func-returns-value]
    assert asked == []


def test_no_setting_is_handed_to_an_ehr_as_its_secret(tmp_path: Path) -> None:
    """What signs the service's own links would be sent to somebody else; the line is told, and nothing of the secret."""
    path = tmp_path / "smart.yaml"
    path.write_text(HEAD + BASIC + "    secret_variable: CDS_SERVICE_LINK_SECRET\n", encoding="utf-8")
    with patch.dict(os.environ, {"CDS_SERVICE_LINK_SECRET": SECRET}), pytest.raises(ContentError) as wrong:
        registry_of(Configuration(smart=path))
    (told,) = map(str, wrong.value.problems)
    assert told.startswith("smart.yaml:5: 'secret_variable': a variable that begins with CDS_SERVICE_ is a setting")
    assert SECRET not in told


@pytest.mark.parametrize("held", ["", "short"])
def test_a_secret_that_is_missing_or_short_is_told_and_not_repeated(tmp_path: Path, held: str) -> None:
    """With the line of its variable."""
    path = tmp_path / "smart.yaml"
    path.write_text(HEAD + BASIC + "    secret_variable: EHR_SECRET\n", encoding="utf-8")
    with pytest.raises(ContentError) as wrong:
        read_registry(path, {"EHR_SECRET": held}.__getitem__)
    (told,) = map(str, wrong.value.problems)
    assert told.startswith("smart.yaml:5: 'secret_variable': the environment has no such variable")
    assert "short" not in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--smart", "missing.yaml"], "no such file of EHRs"),
        (["--smart", "smart.yaml"], "'client_id' is missing"),
        (["--smart", "good.yaml", "--store", "none"], "keeps its sessions in the store"),
        (["--smart", "good.yaml"], "--public-url"),
        (["--smart", "inside.yaml", "--public-url", "https://cds.example"], "https://10.20.1.2/fhir: it can never be read"),
        (["--smart", "good.yaml", "--public-url", "http://cds.example"], "--public-url of https"),
    ],
)
def test_serve_refuses_what_does_not_hold(tmp_path: Path, arguments: list[str], words: str) -> None:
    """The service does not start with a file that is wrong, or without what keeps launches and sessions safe."""
    (tmp_path / "smart.yaml").write_text("issuers:\n  - iss: https://ehr.example/fhir\n", encoding="utf-8")
    (tmp_path / "good.yaml").write_text(HEAD, encoding="utf-8")
    (tmp_path / "inside.yaml").write_text("issuers:\n  - {iss: https://10.20.1.2/fhir, client_id: app}\n", encoding="utf-8")
    named = [str(tmp_path / one) if one.endswith(".yaml") else one for one in arguments]
    store = [] if "--store" in arguments else ["--store", f"sqlite:///{tmp_path}/store.sqlite"]
    with patch.dict(os.environ, {"CDS_SERVICE_LINK_SECRET": "s" * 32} if "--public-url" in arguments else {}):
        result = CliRunner().invoke(app, ["serve", "--port", str(free_port()), *named, *store])
    assert result.exit_code == 1
    assert words in " ".join(result.stderr.split())
