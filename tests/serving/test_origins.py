"""Which sites' scripts may call: those that were named, and this machine's own pages where a service is only tried."""

from __future__ import annotations

import pytest

from cds_service.configuration.configuration import Configuration
from cds_service.content.content import Content
from cds_service.serving.app import create_app
from tests.conftest import TODAY
from tests.exchange import ADDRESS

SANDBOX = "https://sandbox.cds-hooks.org"
HERE = "http://localhost:4200"


def allowed(content: Content, origin: str, configuration: Configuration) -> str | None:
    """What a browser is told that asks whether a script of a site may sign an order."""
    client = create_app(content, today=lambda: TODAY, configuration=configuration).test_client()
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    return client.options(ADDRESS, headers=asked).headers.get("Access-Control-Allow-Origin")


@pytest.mark.verifies("cors")
def test_the_public_sandbox_works_with_one_flag(content: Content) -> None:
    """With the sandbox named, its scripts may read discovery and sign orders; also from a site to a machine inside."""
    client = create_app(content, today=lambda: TODAY, configuration=Configuration(allow_origins=(SANDBOX,))).test_client()
    told = client.get("/cds-services", headers={"Origin": SANDBOX})
    assert (told.status_code, told.headers["Access-Control-Allow-Origin"]) == (200, SANDBOX)
    asked = {"Origin": SANDBOX, "Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"}
    preflight = client.options(ADDRESS, headers=asked).headers
    assert preflight["Access-Control-Allow-Origin"] == SANDBOX
    assert preflight["Access-Control-Allow-Private-Network"] == "true"
    assert "POST" in preflight["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    ("named", "origin", "told"),
    [
        ({}, HERE, HERE),
        ({}, "http://127.0.0.1", "http://127.0.0.1"),
        ({}, SANDBOX, None),
        ({}, "http://localhost.evil.example", None),
        ({}, "null", None),
        ({"listen_address": "192.0.2.1", "open": True}, HERE, None),
        ({"allow_origins": (SANDBOX,)}, HERE, None),
        ({"allow_origins": (SANDBOX,)}, f"{SANDBOX}.evil.example", None),
        ({"allow_origins": (SANDBOX,)}, "https://sandboxxcds-hooks.org", None),
        ({"allow_origins": (SANDBOX, HERE)}, HERE, HERE),
        ({"allow_origins": ("*",)}, "https://anybody.example", "*"),
        ({"allow_origins": ("none",)}, HERE, None),
        ({"allow_origins": ("HTTPS://Sandbox.CDS-Hooks.org:443/",)}, SANDBOX, SANDBOX),
        ({"allow_origins": ("http://localhost:80",)}, "http://localhost", "http://localhost"),
        ({"allow_origins": ("https://localhost:80",)}, "https://localhost", None),
    ],
)
def test_a_site_is_let_in_only_where_it_is_named(content: Content, named: dict[str, object], origin: str, told: str | None) -> None:
    """By default pages of this machine, where the service listens to it alone; else the sites that are named, letter for letter."""
    assert allowed(content, origin, Configuration.model_validate(named)) == told
