"""The service below a path: every link of every page stays there, whether a proxy takes the path away or leaves it."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest
from flask.testing import FlaskClient

from cds_service.configuration.configuration import Configuration
from cds_service.serving.app import create_app
from cds_service.serving.prefix import named_proxies, prefix_of
from cds_service.web.pages import render_ahead
from tests.conftest import TODAY, held_content
from tests.exchange import ADDRESS, order, request

PAGES = ("/", "/?q=81422", "/policies/carelon/prenatal-cfdna-screening/2025-04-01", "/try", "/nowhere")
PAGE = {"Accept": "text/html"}
PROXY = {"REMOTE_ADDR": "10.0.0.5"}


@lru_cache(maxsize=1)
def below() -> FlaskClient:
    """A service whose public address has a path, and that knows a proxy; its pages are made ahead."""
    configured = Configuration(public_url="https://example.org/payer/cds", proxies=("10.0.0.0/24",))
    app = create_app(held_content(), today=lambda: TODAY, configuration=configured)
    render_ahead(app)
    return app.test_client()


def addresses(page: str) -> list[str]:
    """Where the links, forms, styles and scripts of a page lead, those to other sites and within the page left out."""
    found = re.findall(r'(?:href|src|action|formaction)="([^"]*)"', page)
    return [one for one in found if not one.startswith(("#", "http://", "https://", "data:"))]


@pytest.mark.slow
@pytest.mark.parametrize("left", ["", "/payer/cds"], ids=["taken away", "left"])
@pytest.mark.parametrize("path", PAGES)
def test_every_address_of_a_page_is_below_the_public_path(path: str, left: str) -> None:
    """Nothing of a page leads beside the path of the public URL, and what it leads to is there."""
    answered = below().get(left + path, headers=PAGE)
    found = addresses(answered.get_data(as_text=True))
    assert answered.status_code == (404 if path == "/nowhere" else 200)
    assert found
    assert [one for one in found if not one.startswith(("/payer/cds/", "?"))] == []
    for one in dict.fromkeys(found):
        if one.startswith("/"):
            assert below().get(one.replace("&amp;", "&"), headers=PAGE).status_code in {200, 308, 403}, one


def test_a_named_proxy_says_the_path_and_nobody_else() -> None:
    """``X-Forwarded-Prefix`` counts from an address that was named; from any other, and with anything odd in it, it does not."""
    said = {"X-Forwarded-Prefix": "/elsewhere"}
    of_proxy = below().get("/", headers=PAGE | said, environ_base=PROXY).get_data(as_text=True)
    assert {one.split("/")[1] for one in addresses(of_proxy)} == {"elsewhere"}
    for headers, address in (
        (said, "10.0.1.5"),
        ({"X-Forwarded-Prefix": '/x"><script>'}, "10.0.0.5"),
        ({"X-Forwarded-Prefix": "//evil.example"}, "10.0.0.5"),
        ({"X-Forwarded-Prefix": "/../x"}, "10.0.0.5"),
    ):
        page = below().get("/", headers=PAGE | headers, environ_base={"REMOTE_ADDR": address}).get_data(as_text=True)
        assert {one.split("/")[1] for one in addresses(page)} == {"payer"}, headers


def test_pages_made_ahead_for_one_path_are_not_sent_below_another() -> None:
    """A policy's page and the playground are kept for each path."""
    for path in ("/policies/carelon/prenatal-cfdna-screening/2025-04-01", "/try?policy=carelon/prenatal-cfdna-screening"):
        page = below().get(path, headers=PAGE | {"X-Forwarded-Prefix": "/other"}, environ_base=PROXY).get_data(as_text=True)
        assert {one.split("/")[1] for one in addresses(page) if one.startswith("/")} == {"other"}


def test_hooks_are_answered_with_and_without_the_path() -> None:
    """Discovery and an order are answered at both addresses."""
    for path in ("", "/payer/cds"):
        assert below().get(f"{path}/cds-services").status_code == 200
        assert below().post(f"{path}{ADDRESS}", json=request(order())).status_code == 200


@pytest.mark.parametrize(
    "url", ["https://example.org/a b", "https://example.org/%2e%2e", "https://example.org/a//b", "https://example.org/.."]
)
def test_a_path_that_links_cannot_use_is_refused(url: str) -> None:
    """The path of the public URL is plain."""
    with pytest.raises(ValueError, match="its path is of letters"):
        prefix_of(Configuration(public_url=url))


def test_a_proxy_that_is_no_address_is_refused() -> None:
    """A name is no address: it could lead anywhere."""
    with pytest.raises(ValueError, match="no address"):
        named_proxies(Configuration(proxies=("proxy.example",)))
