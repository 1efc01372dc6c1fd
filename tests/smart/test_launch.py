"""The launch, and everything that can be wrong with one: whoever tries it gets a readable page, and no token leaves."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cds_service.store.tables import SeenToken, SmartSessionRow
from tests.smart.ehr import client_key, signing_key
from tests.smart.launched import PUBLIC, SECRET, Launching, query_of, text_of

Registered = Callable[..., Launching]


def test_a_launch_opens_a_session(launched: Launching) -> None:
    """The browser is sent to the EHR with state, PKCE and audience, comes back with a code, and stands in a session of its own."""
    left = launched.leave()
    asked = query_of(left.headers["Location"])
    assert asked["aud"] == launched.ehr.iss
    assert asked["redirect_uri"] == f"{PUBLIC}/smart/callback"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 43
    back = launched.get(launched.sign_in(left))
    assert back.status_code == 303
    assert back.headers["Location"].startswith(f"{PUBLIC}/smart/session/")
    cookies = back.headers.getlist("Set-Cookie")
    assert any("smart-launch" in one and "Max-Age=0" in one for one in cookies)
    kept = next(one for one in cookies if "Path=/smart/session/" in one)
    assert "HttpOnly" in kept
    assert "SameSite=Lax" in kept


@pytest.mark.parametrize("auth", ["public", "private_key_jwt", "client_secret_basic"])
def test_the_app_is_each_kind_of_client(registered: Registered, auth: str) -> None:
    """Public, asymmetric and symmetric clients are all let in by an EHR that checks each to the letter."""
    more = {"private_key_jwt": {"key": "key.json"}, "client_secret_basic": {"secret_variable": "EHR_SECRET"}}.get(auth, {})
    held = registered(auth=auth, **more)
    held.opened()
    published = held.get("/smart/jwks.json").get_json()["keys"]
    assert [key["kid"] for key in published] == ([client_key().kid] if auth == "private_key_jwt" else [])
    assert all("d" not in key for key in published)


def test_what_is_asked_for_is_what_policies_read(launched: Launching) -> None:
    """Scopes are in the words of SMART 2, or of SMART 1 where the EHR knows no others; none has a wildcard or is for others' data."""
    second = query_of(launched.leave().headers["Location"])["scope"].split()
    launched.ehr.ways.configuration = {"capabilities": ["launch-ehr", "permission-v1"]}
    launched.clock.ahead = timedelta(minutes=2)
    first = query_of(launched.leave().headers["Location"])["scope"].split()
    assert {"openid", "fhirUser", "launch", "patient/Observation.rs", "patient/QuestionnaireResponse.crs"} <= set(second)
    assert {"patient/Observation.read", "patient/QuestionnaireResponse.read", "patient/QuestionnaireResponse.write"} <= set(first)
    assert not [
        scope for scope in first + second if "*" in scope or scope.startswith(("user/", "system/")) or scope == "offline_access"
    ]


@pytest.mark.parametrize(
    "iss",
    [
        "",
        "https://ehr.example/fhir",
        "{origin}",
        "{origin}.evil.example/fhir",
        "{iss}.evil",
        "{iss}/../other",
        "{iss}/Patient",
        "{iss}?x=1",
        "{iss}#x",
        "http://user@127.0.0.1/fhir",
        "javascript:alert(1)",
        "{iss}&iss=https://ehr.example/fhir",
    ],
)
def test_an_issuer_that_is_not_registered_is_refused(launched: Launching, iss: str) -> None:
    """No address that a visitor brings is called or redirected to unless it is a registered FHIR server, whole segment by segment."""
    written = iss.format(origin=launched.ehr.origin, iss=launched.ehr.iss).replace("#", "%23")
    page = launched.get(f"/smart/launch?iss={written}&launch={launched.ehr.launch()}")
    assert page.status_code == 400
    assert "not registered" in text_of(page)
    assert launched.ehr.asked == []


def test_a_sandbox_may_have_servers_below_its_prefix(registered: Registered) -> None:
    """With ``below`` each FHIR server below the registered address may launch, and still none beside it."""
    held = registered(below=True)
    for iss, called in ((f"{held.ehr.iss}/sim/a/fhir", True), (f"{held.ehr.iss}x/sim", False), (f"{held.ehr.origin}/other", False)):
        held.ehr.asked.clear()
        held.get(f"/smart/launch?iss={iss}&launch=x")
        assert bool(held.ehr.asked) is called


@pytest.mark.parametrize(
    ("configuration", "reason"),
    [
        ({"authorization_endpoint": "https://login.evil.example/authorize"}, "endpoints"),
        ({"token_endpoint": "https://login.evil.example/token"}, "endpoints"),
        ({"token_endpoint": 7}, "endpoints"),
        ({"authorization_endpoint": "{origin}.evil.example/authorize"}, "endpoints"),
        ({"code_challenge_methods_supported": ["plain"]}, "pkce"),
    ],
)
def test_a_configuration_that_leads_elsewhere_is_refused(
    launched: Launching, caplog: pytest.LogCaptureFixture, configuration: dict[str, Any], reason: str
) -> None:
    """Endpoints lie below the EHR's own origin or what the registry allows besides; PKCE with S256 is wanted."""
    origin = launched.ehr.origin
    launched.ehr.ways.configuration = {
        name: value.format(origin=origin) if isinstance(value, str) else value for name, value in configuration.items()
    }
    with caplog.at_level(logging.INFO):
        page = launched.leave()
    assert page.status_code == 502
    assert [record.__dict__["reason"] for record in caplog.records if "reason" in record.__dict__] == [reason]


def test_a_registered_login_server_elsewhere_is_used(registered: Registered) -> None:
    """An authorization server on another host is used where the registry names it."""
    held = registered(authorization=["https://login.example/tenant"])
    held.ehr.ways.configuration = {"authorization_endpoint": "https://login.example/tenant/authorize"}
    assert held.leave().headers["Location"].startswith("https://login.example/tenant/authorize?response_type=code&")


CONFIGURATION = ("GET", "/fhir/.well-known/smart-configuration")


def test_what_an_ehr_says_of_itself_is_remembered_for_a_minute(launched: Launching) -> None:
    """Anybody may open a launch, so launches do not ask the EHR each time; after a minute it is asked anew."""
    for _ in range(3):
        assert launched.leave().status_code == 303
    for same in (f"{launched.ehr.iss}//", launched.ehr.iss.replace("http:", "HTTP:")):
        assert launched.get(f"/smart/launch?iss={same}&launch={launched.ehr.launch()}").status_code == 303
    assert launched.ehr.asked.count(CONFIGURATION) == 1
    launched.clock.ahead = timedelta(seconds=61)
    assert launched.leave().status_code == 303
    assert launched.ehr.asked.count(CONFIGURATION) == 2


def test_an_ehr_that_is_not_set_up_is_asked_again_soon(launched: Launching) -> None:
    """A refusal is remembered for seconds alone, so that who mends the EHR sees it; meanwhile it is told without asking."""
    launched.ehr.ways.configuration = {"token_endpoint": "https://elsewhere.example/token"}
    assert [launched.leave().status_code for _ in range(3)] == [502] * 3
    assert launched.ehr.asked.count(CONFIGURATION) == 1
    launched.ehr.ways.configuration = {}
    launched.clock.ahead = timedelta(seconds=6)
    assert launched.leave().status_code == 303


@pytest.mark.parametrize("query", ["error=access_denied", "", "code=", "code=x&iss=https://elsewhere.example"])
def test_a_launch_that_brings_nothing_to_exchange_leaves_nothing_behind(launched: Launching, query: str) -> None:
    """Anybody may come back from a launch without a code; a state is noted as used only where a code is exchanged."""
    state = query_of(launched.leave().headers["Location"])["state"]
    assert launched.get(f"/smart/callback?state={state}&{query}").status_code in (400, 403)
    with launched.store.engine.connect() as connection:
        assert connection.execute(select(SeenToken.jti)).all() == []


def test_a_state_is_taken_once(launched: Launching) -> None:
    """An address of the way back that is opened a second time opens nothing, even where the cookie was kept."""
    left = launched.leave()
    (kept,) = [one for one in left.headers.getlist("Set-Cookie") if one.startswith("smart-launch")]
    name, _, value = kept.partition(";")[0].partition("=")
    back = launched.sign_in(left)
    assert launched.get(back).status_code == 303
    launched.client.set_cookie(name, value, path="/smart/callback")
    again = launched.get(back)
    assert again.status_code == 400
    assert "used already" in text_of(again)
    assert len([path for _, path in launched.ehr.asked if path == "/token"]) == 1


def test_a_state_of_another_browser_is_refused(launched: Launching) -> None:
    """Whoever is handed the way back of somebody else's launch has no cookie for it, and the code is not even exchanged."""
    back = launched.sign_in(launched.leave())
    page = launched.get(back, launched.app.test_client())
    assert page.status_code == 400
    assert "did not begin this launch" in text_of(page)
    assert "/token" not in [path for _, path in launched.ehr.asked]


@pytest.mark.parametrize("query", ["", "?code=x", "?state=&code=x", "?state=%00&code=x", "?state=a&state=b&error=access_denied"])
def test_a_way_back_of_no_launch_is_refused(launched: Launching, query: str) -> None:
    """An address of the way back that no launch had is refused in words, and echoes nothing."""
    page = launched.get(f"/smart/callback{query}")
    assert page.status_code == 400
    assert "did not begin this launch" in text_of(page)


def test_a_launch_that_took_too_long_is_refused(launched: Launching) -> None:
    """Ten minutes after it began, a launch is over."""
    back = launched.sign_in(launched.leave())
    launched.clock.ahead = timedelta(minutes=11)
    assert "too long" in text_of(launched.get(back))


def test_a_code_that_was_used_is_refused(launched: Launching) -> None:
    """The EHR takes a code once: a second launch that is handed the first one's code gets a page that says so."""
    first = launched.sign_in(launched.leave())
    assert launched.get(first).status_code == 303
    code = query_of(first)["code"]
    second = launched.sign_in(launched.leave())
    page = launched.get(second.replace(query_of(second)["code"], code))
    assert page.status_code == 403
    assert "refused to sign you in" in text_of(page)


def test_another_launchs_code_does_not_fit_its_verifier(launched: Launching) -> None:
    """A code that was stolen from one launch and put into another is refused by PKCE."""
    stolen = query_of(launched.sign_in(launched.leave("p2", launched.app.test_client())))["code"]
    own = launched.sign_in(launched.leave())
    assert launched.get(own.replace(query_of(own)["code"], stolen)).status_code == 403


@pytest.mark.parametrize("error", ["access_denied", "invalid_scope", "unauthorized_client", "<script>"])
def test_an_ehr_that_refuses_is_told_in_words(launched: Launching, caplog: pytest.LogCaptureFixture, error: str) -> None:
    """What the authorization server has against a launch is a readable page; its own words are neither shown nor logged."""
    launched.ehr.ways.authorize_error = error
    with caplog.at_level(logging.DEBUG):
        page = launched.launch()
    assert page.status_code == 403
    assert "did not let you in" in text_of(page)
    assert "said by the EHR" not in page.get_data(as_text=True) + caplog.text
    assert "<script>" not in page.get_data(as_text=True).replace('<script src="', "") + caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        (400, {"error": "invalid_client"}),
        (401, {"error": ["odd"]}),
        (500, {}),
        (200, {}),
        (200, {"access_token": "t", "token_type": "mac", "patient": "p1"}),
        (200, {"access_token": "a b", "token_type": "bearer", "patient": "p1"}),
        (200, {"access_token": "t", "token_type": "bearer"}),
        (200, {"access_token": "t", "token_type": "bearer", "patient": "p1,p2"}),
        (200, {"access_token": "t", "token_type": "bearer", "patient": ["p1"]}),
        (200, {"access_token": "t" * 20_000, "token_type": "bearer", "patient": "p1"}),
        (302, {}),
    ],
    ids=str,
)
def test_an_odd_token_response_opens_nothing(launched: Launching, answer: tuple[int, dict[str, Any]]) -> None:
    """Whatever comes instead of a bearer token for one patient is a readable page, and no session."""
    launched.ehr.ways.token_error = answer
    page = launched.launch()
    assert page.status_code in (403, 502)
    assert "The app was not opened" in text_of(page)
    with launched.store.engine.connect() as connection:
        assert connection.execute(select(SmartSessionRow.id)).all() == []


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-app"},
        {"aud": ["cds-service", "another-app"]},
        {"azp": "another-app"},
        {"iss": "https://elsewhere.example"},
        {"nonce": "of another launch"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": 99999999999},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_us_is_refused(launched: Launching, claims: dict[str, Any]) -> None:
    """An ID token of another issuer, audience, launch or time opens nothing, though the access token came along."""
    launched.ehr.ways.claims = claims
    page = launched.launch()
    assert page.status_code == 403
    assert "who signed in does not hold" in text_of(page)


@pytest.mark.parametrize("token", ["x", "a.b.c", "", "e30.e30.", "é"])
def test_an_id_token_that_is_none_is_refused(launched: Launching, token: str) -> None:
    """What is no signed token says nothing of who signed in; where there is none at all, nobody is named."""
    launched.ehr.ways.token = {"id_token": token}
    assert launched.launch().status_code == (303 if token == "" else 403)


def test_an_id_token_of_another_key_is_refused(launched: Launching) -> None:
    """A signature by a key that the EHR does not publish is refused, whatever id it names."""
    launched.ehr.ways.signer = signing_key("another")
    assert launched.launch().status_code == 403


def test_where_the_ehr_publishes_no_keys_nobody_is_named(launched: Launching) -> None:
    """An ID token that nobody can check says nothing: the launch goes on, and no author is known."""
    launched.ehr.ways.configuration = {"jwks_uri": "https://elsewhere.example/jwks"}
    launched.ehr.ways.claims = {"fhirUser": "Practitioner/forged"}
    assert launched.launch().status_code == 303
    assert not [path for _, path in launched.ehr.asked if path == "/jwks"]


def test_tabs_with_two_patients_stand_beside_each_other(launched: Launching) -> None:
    """Two launches in one browser have two sessions with a cookie each, kept to its own address."""
    first, second = launched.opened("p1"), launched.opened("p2")
    assert first != second
    stranger = launched.app.test_client()
    assert launched.get(first, stranger).status_code == 403


def test_no_secret_is_told(launched: Launching, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    """Tokens, codes and verifiers stand in no log, no page, no address and no row of the store; nor does the patient."""
    with caplog.at_level(logging.DEBUG):
        place = launched.opened()
        page = launched.get(place).get_data(as_text=True)
    with launched.store.engine.connect() as connection:
        (row,) = connection.execute(select(SmartSessionRow.id, SmartSessionRow.sealed)).all()
    told = caplog.text + "".join(str(record.__dict__) for record in caplog.records if record.name == "cds_service")
    told += capsys.readouterr().out + page + place + row.id + row.sealed
    for secret in (*launched.ehr.tokens, *launched.ehr.codes):
        assert secret not in told
    assert SECRET not in told


def test_a_session_needs_its_cookie_and_ends_with_its_token(launched: Launching) -> None:
    """The store alone opens no session, nor does the address; after the token's life the session is over, and its row goes."""
    place = launched.opened()
    assert launched.get(place).status_code == 200
    assert launched.get(place, launched.app.test_client()).status_code == 403
    launched.clock.ahead = timedelta(minutes=16)
    assert "has ended" in text_of(launched.get(place))
    launched.clock.ahead = timedelta()


def test_a_frame_is_for_whom_the_registry_allows(registered: Registered) -> None:
    """Pages are shown in no frame, unless the registry names a site; then its cookies are kept for that site alone."""
    framed = registered(frames=["https://ehr.example"])
    left = framed.leave()
    assert "frame-ancestors https://ehr.example;" in left.headers["Content-Security-Policy"] + ";"
    cookie = left.headers["Set-Cookie"]
    assert "SameSite=None" in cookie
    assert "Partitioned" in cookie
    assert "Secure" in cookie
    stranger = framed.get("/smart/launch?iss=https://other.example&launch=x")
    assert "frame-ancestors 'none'" in stranger.headers["Content-Security-Policy"]


def test_pages_are_kept_by_nobody(launched: Launching) -> None:
    """No page of the app is cached, indexed, named to other sites or open to their scripts."""
    for page in (launched.get(launched.opened()), launched.get("/smart/launch?iss=x"), launched.get("/smart/session/x")):
        assert page.headers["Cache-Control"] == "no-store"
        assert (
            page.headers["Referrer-Policy"] == "same-origin"
        )  # without any, a browser would say null of where its own forms are from
        assert "noindex" in page.headers["X-Robots-Tag"]
    shared = launched.client.get("/smart/session/x", headers={"Origin": "https://elsewhere.example"})
    assert "Access-Control-Allow-Origin" not in shared.headers
