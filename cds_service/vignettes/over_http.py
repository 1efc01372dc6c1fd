"""Runs a vignette over HTTP.

Its chart is imagined as FHIR and posted to the service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from cds_service.content.content import Content
from cds_service.hooks.discovery import SERVICE_ID
from cds_service.hooks.received.messages import EXTENSION
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import Vignette
from cds_service.vignettes.run import differences, with_own_lists

if TYPE_CHECKING:
    from flask import Flask

Serve = Callable[[Content], "Flask"]
"""A function that makes the service for a content.

The content is that of the vignettes, or one with lists that a vignette's plan has filled.
"""


def decide_over_http(vignette: Vignette, content: Content, serve: Serve) -> Mapping[str, Any]:
    """Return the service's machine-readable decision on a vignette.

    The vignette's chart is posted to the service as FHIR. Raises AssertionError when the service refuses it.
    """
    app = serve(with_own_lists(content, vignette))
    response = app.test_client().post(f"/cds-services/{SERVICE_ID}", data=orjson.dumps(request_of(vignette, content)))
    if response.status_code != 200:
        raise AssertionError(f"the service answered {response.status_code}: {response.get_data(as_text=True)}")
    own = f"{vignette.order.resource}/order-1"
    found = [d for d in response.get_json()["extension"][EXTENSION] if d["order"] == own]
    mine = [d for d in found if d.get("policy") in (vignette.policy.id, None)]
    return mine[0] if mine else {"outcome": "absent"}


def differences_over_http(vignette: Vignette, content: Content, serve: Serve) -> list[str]:
    """List how the decision over HTTP differs from what is expected."""
    data = decide_over_http(vignette, content, serve)
    return differences(vignette, data["outcome"], data.get("because", []), data.get("asks", []), data.get("assumed", []))
