"""CDS Hooks messages as they come in, checked for shape, and OperationOutcomes as they go out.

Unknown members are ignored everywhere (CDS Hooks 2.0, CRD `found-33`); what is required is named when it is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple

import orjson
from fhir.resources.R4B.operationoutcome import OperationOutcome
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator
from pydantic_core import ErrorDetails

from cds_service import telemetry
from cds_service.fhir.coverage_information import CrdVersion
from cds_service.limits import DEEPEST, too_deep, too_many_resources

Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
EXTENSION = "org.cds-service.decisions"
VERSIONS: dict[str, CrdVersion] = {"2.0": "2.0.1", "2.0.1": "2.0.1", "2.2": "2.2"}
"""The CRD versions a client may ask for, and what each means here."""


MOST_ENTRIES = 200
"""Entries of the draft orders' Bundle: more are signed in no sitting, and each is judged against all others."""


class Message(BaseModel):
    """A JSON object of a request; members that are not named here are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Entry(Message):
    """One entry of the draft orders' Bundle."""

    resource: dict[str, Any]

    @field_validator("resource")
    @classmethod
    def _is_a_resource(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(value.get("resourceType"), str) or not value["resourceType"]:
            raise ValueError("a FHIR resource has a resourceType")
        return value


class DraftOrders(Message):
    """The Bundle of the orders being signed. Type and fullUrl are not asked for: real clients leave them out."""

    resource_type: Annotated[Literal["Bundle"], Field(alias="resourceType")]
    entry: Annotated[list[Entry], Field(min_length=1, max_length=MOST_ENTRIES)]


class OrderSignContext(Message):
    """The context of order-sign (CDS Hooks library, order-sign 1.0)."""

    user_id: Annotated[Filled, Field(alias="userId")]
    patient_id: Annotated[Filled, Field(alias="patientId")]
    encounter_id: Annotated[str | None, Field(alias="encounterId")] = None
    draft_orders: Annotated[DraftOrders, Field(alias="draftOrders")]

    @field_validator("patient_id")
    @classmethod
    def _bare_id(cls, value: str) -> str:
        return value.removeprefix("Patient/")


class Authorization(Message):
    """Access to the client's FHIR server. Held for this request only, never logged."""

    access_token: Annotated[Filled, Field(repr=False)]


class OrderSignRequest(Message):
    """A call of the order-sign hook."""

    hook: Filled
    hook_instance: Annotated[Filled, Field(alias="hookInstance")]
    context: OrderSignContext
    fhir_server: Annotated[str | None, Field(alias="fhirServer")] = None
    fhir_authorization: Annotated[Authorization | None, Field(alias="fhirAuthorization", repr=False)] = None
    prefetch: dict[str, Any] | None = None
    extension: dict[str, Any] | None = None


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
    """The JSON object of a body. Raises Unusable (400) for anything else, and for one that is nested too deeply; 413 for one that
    holds too many resources."""
    try:
        raw = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise Unusable(400, [Issue("", f"the body is not JSON (line {error.lineno}, column {error.colno})", "structure")]) from None
    if not isinstance(raw, dict):
        raise Unusable(400, [Issue("", "the body is JSON, but not an object", "structure")])
    call = telemetry.current()
    if call and "hookInstance" in raw:
        call.hook_instance = telemetry.loggable(raw["hookInstance"])
    if too_deep(body, raw):
        raise Unusable(400, [Issue("", f"the body is nested deeper than {DEEPEST} levels", "too-costly")])
    if crowded := too_many_resources(raw.get("prefetch")):
        raise Unusable(413, [Issue(crowded.expression, crowded.said, "too-costly")])
    return raw


def parse_request(body: bytes, hook: str) -> OrderSignRequest:
    """Reads a request body for a hook. Raises Unusable (400, or 422 for a CRD version not spoken) naming every element at fault."""
    call = telemetry.current()
    if call:
        call.hook = hook
    raw = json_object(body)
    named = raw.get("hook")
    if isinstance(named, str) and named.strip() and named != hook:
        raise Unusable(400, [Issue("hook", f"this service answers {hook} and nothing else", "not-supported")])
    try:
        request = OrderSignRequest.model_validate(raw)
    except ValidationError as error:
        raise Unusable(400, [_issue(fault) for fault in error.errors(include_input=False)]) from None
    if request.fhir_authorization and not request.fhir_server:
        raise Unusable(400, [Issue("fhirServer", "it is required where fhirAuthorization is present", "required")])
    wanted = (request.extension or {}).get("davinci-crd.requestedVersion")
    if wanted is not None and (not isinstance(wanted, str) or wanted not in VERSIONS):
        known = ", ".join(VERSIONS)
        said = f"CRD version not supported; supported are {known}"
        raise Unusable(422, [Issue("extension.davinci-crd.requestedVersion", said, "not-supported")])
    return request


def _issue(fault: ErrorDetails) -> Issue:
    code = "required" if fault["type"] == "missing" else "invalid"
    return Issue(_expression(fault["loc"]), _said(fault["type"], fault["msg"]), code)


def _expression(location: tuple[int | str, ...]) -> str:
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
