"""CDS Hooks messages as they come in, checked for shape.

Unknown members are ignored everywhere (CDS Hooks 2.0, CRD `found-33`); what is required is named when it is missing.
"""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cds_service.fhir.coverage_information import CrdVersion
from cds_service.hooks import account
from cds_service.hooks.received import all_hooks, order_sign
from cds_service.hooks.received.contexts import MOST_ENTRIES
from cds_service.hooks.received.faults import RequestIssue, Unusable, expression
from cds_service.hooks.received.request import HookRequest, members_of

EXTENSION = "org.cds-service.decisions"
VERSIONS: dict[str, CrdVersion] = {"2.0": "2.0.1", "2.0.1": "2.0.1", "2.2": "2.2"}
"""The CRD versions a client may name, with their meaning here."""
REQUESTED = "davinci-crd.requestedVersion"


def json_object(body: bytes) -> dict[str, Any]:
    """Read the JSON object of a body.

    Raises Unusable (400) for anything else, and for more than 1024 levels.
    """
    try:
        raw = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise Unusable(
            400, [RequestIssue("", f"the body is not JSON (line {error.lineno}, column {error.colno})", "structure")]
        ) from None
    if not isinstance(raw, dict):
        raise Unusable(400, [RequestIssue("", "the body is JSON, but not an object", "structure")])
    call = account.current()
    if call and "hookInstance" in raw:
        call.hook_instance = account.loggable(raw["hookInstance"])
    return raw


def parse_request(body: bytes, configured: CrdVersion = "2.2") -> HookRequest[Any]:
    """Read a request body of any hook answered here.

    ``configured`` is the CRD version of requests that name none.

    Raises Unusable naming every element at fault: 400, but in CRD 2.0.1 422 for what is JSON; 422 for a CRD version not
    spoken.
    """
    raw = json_object(body)
    call = account.current()
    if call:
        call.hook = hook_named(raw) or call.hook
    status = fault_status(version_of(raw.get("extension"), configured))
    try:
        request = _shape(raw, status).model_validate(raw)
    except ValidationError as error:
        raise Unusable(status, [_issue(fault) for fault in error.errors(include_input=False)]) from None
    if request.fhir_authorization and not request.fhir_server:
        raise Unusable(status, [RequestIssue("fhirServer", "it is required where fhirAuthorization is present", "required")])
    wanted = (request.extension or {}).get(REQUESTED)
    if wanted is not None and (not isinstance(wanted, str) or wanted not in VERSIONS):
        known = ", ".join(VERSIONS)
        said = f"CRD version not supported; supported are {known}"
        raise Unusable(422, [RequestIssue(f"extension.{REQUESTED}", said, "not-supported")])
    return request


def _shape(raw: dict[str, Any], status: int) -> type[HookRequest[Any]]:
    """Return the shape of a call by the hook it names.

    A call that names no hook has the shape of order-sign. Raises Unusable for a hook not answered here.
    """
    named = raw.get("hook")
    if not isinstance(named, str) or not named.strip():
        return order_sign.HOOK.shape_of(raw.get("context"))
    hooks = all_hooks()
    if named not in hooks:
        said = f"this service answers {', '.join(hooks)} and nothing else"
        raise Unusable(status, [RequestIssue("hook", said, "not-supported")])
    return hooks[named].shape_of(raw.get("context"))


def hook_named(raw: dict[str, Any]) -> str:
    """Return the hook that a call names.

    Returns the empty string if it is not answered here.
    """
    named = raw.get("hook")
    return named if isinstance(named, str) and named in all_hooks() else ""


def version_of(extension: Any, configured: CrdVersion) -> CrdVersion:
    """Return the CRD version that a request's extension asks for.

    It is the configured one where the extension asks for none that is spoken.
    """
    extension = members_of(extension)
    asked = extension.get(REQUESTED) if isinstance(extension, dict) else None
    return VERSIONS.get(asked, configured) if isinstance(asked, str) else configured


def fault_status(version: CrdVersion) -> int:
    """Return the HTTP status for invalid CDS Hooks or FHIR.

    For JSON that is not valid it is 422 in CRD 2.0.1, and 400 since (`hook-14`).
    """
    return 422 if version == "2.0.1" else 400


def _issue(fault: ErrorDetails) -> RequestIssue:
    code = "required" if fault["type"] == "missing" else "invalid"
    return RequestIssue(expression(fault["loc"]), _said(fault["type"], fault["msg"]), code)


def _said(kind: str, message: str) -> str:
    match kind:
        case "missing":
            return "it is required and missing"
        case "string_too_short":
            return "it is required and blank"
        case "too_short":
            return "it holds no orders"
        case "too_long":
            return f"it holds more than {MOST_ENTRIES} entries"
        case _:
            said = message.removeprefix("Value error, ")
            return said[0].lower() + said[1:]
