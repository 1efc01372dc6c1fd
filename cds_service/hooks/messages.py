"""CDS Hooks messages as they come in, checked for shape, and OperationOutcomes as they go out.

Unknown members are ignored everywhere (CDS Hooks 2.0, CRD `found-33`); what is required is named when it is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import orjson
from fhir.resources.R4B.operationoutcome import OperationOutcome
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from cds_service import telemetry
from cds_service.fhir.coverage_information import CrdVersion
from cds_service.hooks.contexts import (
    MOST_ENTRIES,
    AppointmentBookContext,
    Context,
    EarlierDispatchContext,
    Filled,
    Message,
    OrderDispatchContext,
    OrderSelectContext,
    OrderSignContext,
)
from cds_service.order import Place

ContextOf = TypeVar("ContextOf", bound=Context)
EXTENSION = "org.cds-service.decisions"
VERSIONS: dict[str, CrdVersion] = {"2.0": "2.0.1", "2.0.1": "2.0.1", "2.2": "2.2"}
"""The CRD versions a client may ask for, and what each means here."""
REQUESTED = "davinci-crd.requestedVersion"


class Authorization(Message):
    """Access to the client's FHIR server. Held for this request only, never logged."""

    access_token: Annotated[Filled, Field(repr=False)]
    scope: str = ""
    patient: str | None = None


class HookRequest(Message, Generic[ContextOf]):
    """A call of a hook."""

    hook: Filled
    hook_instance: Annotated[Filled, Field(alias="hookInstance")]
    context: ContextOf
    fhir_server: Annotated[str | None, Field(alias="fhirServer")] = None
    fhir_authorization: Annotated[Authorization | None, Field(alias="fhirAuthorization", repr=False)] = None
    prefetch: dict[str, Any] | None = None
    extension: dict[str, Any] | None = None


REQUESTS: dict[str, type[HookRequest[Any]]] = {
    "order-sign": HookRequest[OrderSignContext],
    "order-select": HookRequest[OrderSelectContext],
    "order-dispatch": HookRequest[OrderDispatchContext],
    "appointment-book": HookRequest[AppointmentBookContext],
}
"""The hooks answered here, each with the shape of its calls."""


class Issue(NamedTuple):
    """One thing wrong with a request: the element, what is wrong, and FHIR's code for the kind of fault."""

    expression: str
    said: str
    code: str = "invalid"


class Unusable(Exception):
    """The request cannot be answered; ``status`` is the HTTP status, ``issues`` name the elements."""

    def __init__(self, status: int, issues: Iterable[Issue]) -> None:
        self.status = status
        self.issues = tuple(issues)
        super().__init__("; ".join(f"{issue.expression}: {issue.said}" for issue in self.issues))


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. Raises Unusable (400) for anything else, and for more than 1024 levels."""
    try:
        raw = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise Unusable(400, [Issue("", f"the body is not JSON (line {error.lineno}, column {error.colno})", "structure")]) from None
    if not isinstance(raw, dict):
        raise Unusable(400, [Issue("", "the body is JSON, but not an object", "structure")])
    call = telemetry.current()
    if call and "hookInstance" in raw:
        call.hook_instance = telemetry.loggable(raw["hookInstance"])
    return raw


def parse_request(body: bytes, configured: CrdVersion = "2.2") -> HookRequest[Any]:
    """Reads a request body of any hook answered here; ``configured`` is the CRD version of requests that name none.

    Raises Unusable naming every element at fault: 400, but in CRD 2.0.1 422 for what is JSON; 422 for a CRD version not spoken.
    """
    raw = json_object(body)
    call = telemetry.current()
    if call:
        call.hook = hook_named(raw) or call.hook
    status = fault_status(version_of(raw.get("extension"), configured))
    try:
        request = _shape(raw, status).model_validate(raw)
    except ValidationError as error:
        raise Unusable(status, [_issue(fault) for fault in error.errors(include_input=False)]) from None
    if request.fhir_authorization and not request.fhir_server:
        raise Unusable(status, [Issue("fhirServer", "it is required where fhirAuthorization is present", "required")])
    wanted = (request.extension or {}).get(REQUESTED)
    if wanted is not None and (not isinstance(wanted, str) or wanted not in VERSIONS):
        known = ", ".join(VERSIONS)
        said = f"CRD version not supported; supported are {known}"
        raise Unusable(422, [Issue(f"extension.{REQUESTED}", said, "not-supported")])
    return request


def _shape(raw: dict[str, Any], status: int) -> type[HookRequest[Any]]:
    """The shape of a call by its hook; of one that names none, order-sign's. Raises Unusable for a hook not answered here."""
    named, context = raw.get("hook"), raw.get("context")
    if not isinstance(named, str) or not named.strip():
        return REQUESTS["order-sign"]
    if named not in REQUESTS:
        said = f"this service answers {', '.join(REQUESTS)} and nothing else"
        raise Unusable(status, [Issue("hook", said, "not-supported")])
    if named == "order-dispatch" and isinstance(context, dict) and "order" in context and "dispatchedOrders" not in context:
        return HookRequest[EarlierDispatchContext]
    return REQUESTS[named]


def hook_named(raw: dict[str, Any]) -> str:
    """The hook that a call names, if it is answered here."""
    named = raw.get("hook")
    return named if isinstance(named, str) and named in REQUESTS else ""


def version_of(extension: Any, configured: CrdVersion) -> CrdVersion:
    """The CRD version that a request's extension asks for; the configured one where it asks for none that is spoken."""
    asked = extension.get(REQUESTED) if isinstance(extension, dict) else None
    return VERSIONS.get(asked, configured) if isinstance(asked, str) else configured


def fault_status(version: CrdVersion) -> int:
    """The HTTP status for JSON that is not valid CDS Hooks or FHIR: 422 in CRD 2.0.1, 400 since (`hook-14`)."""
    return 422 if version == "2.0.1" else 400


def _issue(fault: ErrorDetails) -> Issue:
    code = "required" if fault["type"] == "missing" else "invalid"
    return Issue(expression(fault["loc"]), _said(fault["type"], fault["msg"]), code)


def expression(location: Place) -> str:
    """A place in a request as a path: ``context.draftOrders.entry[0].resource``."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path


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


def operation_outcome(issues: Iterable[Issue], severity: str = "error") -> dict[str, Any]:
    """An R4 OperationOutcome with one issue each, naming the element in ``expression``."""
    made = []
    for issue in issues:
        entry: dict[str, Any] = {"severity": severity, "code": issue.code}
        entry["details"] = {"text": f"{issue.expression}: {issue.said}" if issue.expression else issue.said}
        if issue.expression:
            entry["expression"] = [issue.expression]
        made.append(entry)
    outcome = {"resourceType": "OperationOutcome", "issue": made}
    OperationOutcome.model_validate(outcome)
    return outcome
