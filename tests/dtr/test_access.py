"""SMART Backend Services before the operations, and what the server says of itself."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from flask.testing import FlaskClient

from cds_service.hooks.settings import Settings
from cds_service.security.access_tokens import SCOPES, granted, issue
from cds_service.security.backend_services import ASSERTION
from cds_service.serving.app import create_app
from tests.conftest import TODAY, held_app, held_content
from tests.dtr import talks
from tests.dtr.conftest import COVERAGE, PUMP, ordered
from tests.exchange import Json
from tests.security.signing import ISSUER, NOW, PUBLIC_URL, SHARED, key, token
from tests.security.test_client_tokens import access

verifies = pytest.mark.verifies
SECRET = "s" * 40
TOKEN = f"{PUBLIC_URL}/auth/token"
SCOPE = " ".join(SCOPES)
PACKAGE = "/fhir/Questionnaire/$questionnaire-package"
TROUBLE = "/fhir/Questionnaire/$log-questionnaire-errors"


def guarded(folder: Path, secret: str = SECRET) -> FlaskClient:
    """A service for one named client."""
    settings = Settings(public_url=PUBLIC_URL, link_secret=secret)
    return create_app(held_content(), settings, lambda: TODAY, access=access(folder)).test_client()


def assertion(**claims: Any) -> str:
    """A client's assertion for the token endpoint."""
    signer = claims.pop("signer", None)
    return token(
        signer, **({"iss": ISSUER, "sub": ISSUER, "aud": TOKEN, "iat": None, "exp": NOW + 200, "jti": str(uuid4())} | claims)
    )


def ask(client: FlaskClient, said: str | None = None, **more: str) -> Any:
    """A call of the token endpoint."""
    form = {
        "grant_type": "client_credentials",
        "scope": SCOPE,
        "client_assertion_type": ASSERTION,
        "client_assertion": said or assertion(),
    }
    return client.post("/auth/token", data=form | more)


def call(client: FlaskClient, bearer: str | None, address: str = PACKAGE) -> Any:
    """A call of an operation with a token, or without one."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer is not None else {}
    body = {"resourceType": "Parameters", "parameter": [{"name": "coverage", "resource": COVERAGE}, ordered(PUMP)]}
    return client.post(address, json=body, headers=headers)


@verifies("dtr-backend-services")
def test_a_signed_assertion_opens_the_operations(tmp_path: Path) -> None:
    """A client that signs for the token endpoint gets a token for five minutes, with which both versions answer."""
    client = guarded(tmp_path)
    answered = ask(client)
    said = answered.get_json()
    assert (answered.status_code, said["token_type"], said["expires_in"], said["scope"]) == (200, "bearer", 300, SCOPE)
    assert answered.headers["Cache-Control"] == "no-store"
    for base in talks.BASES.values():
        assert call(client, said["access_token"], f"{base}/Questionnaire/$questionnaire-package").status_code == 200


WRONG: dict[str, tuple[dict[str, Any], int, str]] = {
    "another endpoint": ({"aud": f"{PUBLIC_URL}/cds-services"}, 401, "invalid_client"),
    "an unknown client": ({"iss": "https://nobody.example", "sub": "https://nobody.example"}, 401, "invalid_client"),
    "for another subject": ({"sub": "https://other.example"}, 401, "invalid_client"),
    "expired": ({"exp": NOW - 60}, 401, "invalid_client"),
    "without an end": ({"exp": None}, 401, "invalid_client"),
    "that lives too long": ({"exp": NOW + 4000}, 401, "invalid_client"),
    "without an id": ({"jti": None}, 401, "invalid_client"),
    "signed by another key": ({"signer": key("other")}, 401, "invalid_client"),
    "signed by a shared secret": ({"signer": SHARED, "alg": "HS256"}, 401, "invalid_client"),
}


@verifies("dtr-backend-services")
@pytest.mark.parametrize("said", WRONG)
def test_an_assertion_that_is_not_good_gives_no_token(tmp_path: Path, said: str) -> None:
    """Each is refused alike, without saying what was wrong."""
    claims, status, error = WRONG[said]
    answered = ask(guarded(tmp_path), assertion(**claims))
    assert (answered.status_code, answered.get_json()["error"]) == (status, error)
    assert "access_token" not in answered.get_json()


def test_the_endpoint_is_known_however_its_host_is_written(tmp_path: Path) -> None:
    """A host in capitals and the port that is meant anyway name the same endpoint; a path in capitals is another."""
    client = guarded(tmp_path)
    assert ask(client, assertion(aud=TOKEN.replace("https://cds.example", "https://CDS.example:443"))).status_code == 200
    assert ask(client, assertion(aud=TOKEN.replace("/payer/", "/PAYER/"))).status_code == 401


def test_an_assertion_is_good_once(tmp_path: Path) -> None:
    """The second use is refused."""
    client, once = guarded(tmp_path), assertion()
    assert [ask(client, once).status_code for _ in range(2)] == [200, 401]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "x"}, "invalid_request"),
        ({"scope": "patient/Observation.rs"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
    ],
)
def test_what_is_not_offered_is_told(tmp_path: Path, more: dict[str, str], error: str) -> None:
    """In the words of OAuth."""
    answered = ask(guarded(tmp_path), **more)
    assert (answered.status_code, answered.get_json()["error"]) == (400, error)


@pytest.mark.parametrize(
    ("scope", "given"),
    [
        ("system/Questionnaire.rs", "system/questionnaire.rs"),
        ("system/*.read", SCOPE),
        ("system/questionnaire.rs system/Patient.rs", "system/questionnaire.rs"),
        ("system/Questionnaire.cruds", "system/questionnaire.rs"),
    ],
)
def test_scopes_are_given_as_far_as_there_are_any(tmp_path: Path, scope: str, given: str) -> None:
    """Also in SMART's own spelling, and of wider ones just what is read."""
    assert ask(guarded(tmp_path), scope=scope).get_json()["scope"] == given


def test_without_a_secret_nothing_can_be_signed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """503, and the log tells the operator which setting is missing; the operations stay closed."""
    client = guarded(tmp_path, "")
    assert ask(client).status_code == 503
    assert "CDS_SERVICE_LINK_SECRET" in caplog.text
    assert call(client, issue("", ISSUER, SCOPES, datetime.fromtimestamp(NOW, UTC))).status_code == 401


@verifies("dtr-unauthorized")
@pytest.mark.parametrize("bearer", [None, "", "x", "a.b.c"])
def test_without_a_token_nothing_is_answered(tmp_path: Path, bearer: str | None) -> None:
    """401 with an OperationOutcome."""
    answered = call(guarded(tmp_path), bearer)
    assert (answered.status_code, answered.get_json()["issue"][0]["code"]) == (401, "login")


@verifies("dtr-unauthorized")
def test_a_token_opens_what_it_is_for_and_as_long(tmp_path: Path) -> None:
    """403 beyond its scopes; 401 when it is over, or signed with another secret."""
    client, now = guarded(tmp_path), datetime.fromtimestamp(NOW, UTC)
    of_value_sets = issue(SECRET, ISSUER, ["system/valueset.rs"], now)
    assert call(client, of_value_sets).status_code == 403
    assert call(client, of_value_sets, "/fhir/ValueSet/$expand").status_code == 400
    old = issue(SECRET, ISSUER, SCOPES, datetime.fromtimestamp(NOW - 301, UTC))
    assert call(client, old).status_code == 401
    assert call(client, issue("t" * 40, ISSUER, SCOPES, now)).status_code == 401
    assert granted(of_value_sets, SECRET, now) is not None


def test_a_client_token_of_cds_hooks_is_none_of_these(tmp_path: Path) -> None:
    """It is for order-sign; the operations of DTR want their own."""
    assert call(guarded(tmp_path), token()).status_code == 401


@verifies("dtr-capability")
@pytest.mark.parametrize("base", talks.BASES.values())
def test_the_server_describes_itself(tmp_path: Path, base: str) -> None:
    """Without a token: the CapabilityStatement with its operations (it keeps nothing, so it does not talk), and where tokens are to be had."""
    client = guarded(tmp_path)
    statement = client.get(f"{base}/metadata").get_json()
    CapabilityStatement.model_validate(statement)
    named = [one["name"] for resource in statement["rest"][0]["resource"] for one in resource["operation"]]
    assert named == ["questionnaire-package", "log-questionnaire-errors", "expand"]
    assert statement["implementation"]["url"] == f"{PUBLIC_URL}{base}"
    for address in (f"{base}/.well-known/smart-configuration", "/.well-known/smart-configuration"):
        said = client.get(address).get_json()
        assert said["token_endpoint"] == TOKEN
        assert said["grant_types_supported"] == ["client_credentials"]
        assert not any(alg.startswith("HS") for alg in said["token_endpoint_auth_signing_alg_values_supported"])


@verifies("dtr-expand")
def test_no_value_set_is_expanded(tmp_path: Path) -> None:
    """Options stand in the forms, so none is held: 404 with an OperationOutcome, by GET and by POST; 400 without its url."""
    client = held_app().test_client()
    body = {"resourceType": "Parameters", "parameter": [{"name": "url", "valueUri": "urn:x"}]}
    for answered in (client.get("/fhir/ValueSet/$expand?url=urn:x"), client.post("/fhir/ValueSet/$expand", json=body)):
        assert (answered.status_code, answered.get_json()["issue"][0]["code"]) == (404, "not-found")
    assert client.get("/fhir/2.0.1/ValueSet/$expand").status_code == 400


def trouble(canonical: str) -> list[Json]:
    """An error report of each version."""
    said = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "invalid", "diagnostics": "Jane Doe, born 1970"}],
    }
    later = [{"name": "questionnaire", "valueCanonical": canonical}, {"name": "operationOutcome", "resource": said}]
    form = {"resourceType": "Questionnaire", "status": "active", "url": canonical}
    earlier = [{"name": "Questionnaire", "resource": form}, {"name": "OperationOutcome", "resource": said}]
    return [{"resourceType": "Parameters", "parameter": one} for one in (later, earlier)]


@verifies("dtr-log-errors")
def test_a_report_is_a_line_for_each_form(caplog: pytest.LogCaptureFixture) -> None:
    """However many outcomes come with it and however often a form is named; all that are not ours are one line."""
    client, (body, _) = held_app().test_client(), trouble("urn:cds-service:Questionnaire/carelon-prenatal-cfdna-screening")
    strangers = [{"name": "questionnaire", "valueCanonical": f"https://elsewhere.example/{at}"} for at in range(20)]
    twice = body["parameter"]
    with caplog.at_level(logging.WARNING):
        told = client.post(TROUBLE, json=body | {"parameter": [*strangers, *twice, *twice, twice[1]]})
    assert told.status_code == 204
    lines = [record.__dict__ for record in caplog.records if "trouble" in record.message]
    assert [(line["form"].partition("|")[0], line["codes"], line["issues"]) for line in lines] == [
        ("not held", ["invalid"], 3),
        ("carelon-prenatal-cfdna-screening", ["invalid"], 3),
    ]


@pytest.mark.parametrize("at", [0, 1], ids=["forms", "outcomes"])
@pytest.mark.parametrize("version", [0, 1], ids=["2.2", "2.0.1"])
def test_a_report_of_too_much_is_refused(caplog: pytest.LogCaptureFixture, at: int, version: int) -> None:
    """More forms or outcomes than a call may name are too costly, and nothing is logged of them."""
    body = trouble("urn:cds-service:Questionnaire/carelon-prenatal-cfdna-screening")[version]
    many = [*body["parameter"], *[body["parameter"][at]] * 50]
    with caplog.at_level(logging.WARNING):
        refused = held_app().test_client().post(TROUBLE, json=body | {"parameter": many})
    assert (refused.status_code, refused.get_json()["issue"][0]["code"]) == (400, "too-costly")
    assert "trouble" not in caplog.text


@verifies("dtr-log-errors")
def test_trouble_with_a_form_is_logged_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    """204 and no body; the log names our form and FHIR's codes, never what a client wrote beside them."""
    client = held_app().test_client()
    ours = "urn:cds-service:Questionnaire/carelon-prenatal-cfdna-screening"
    with caplog.at_level(logging.WARNING):
        for body, base in zip(trouble(ours), talks.BASES.values(), strict=True):
            answered = client.post(f"{base}/Questionnaire/$log-questionnaire-errors", json=body)
            assert (answered.status_code, answered.data) == (204, b"")
        client.post("/fhir/Questionnaire/$log-questionnaire-errors", json=trouble("https://jane.example/doe")[0])
    told = [record for record in caplog.records if "trouble" in record.message]
    assert [record.__dict__["form"].partition("|")[0] for record in told] == ["carelon-prenatal-cfdna-screening"] * 2 + ["not held"]
    assert "Jane" not in str([record.__dict__ for record in told])
    assert (
        client.post(
            "/fhir/Questionnaire/$log-questionnaire-errors", json={"resourceType": "Parameters", "parameter": []}
        ).status_code
        == 400
    )
