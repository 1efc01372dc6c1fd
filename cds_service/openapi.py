"""The OpenAPI document of the service, made of the discovery document and the models that requests are checked with."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import orjson
from flask import Blueprint, Response

from cds_service.content import Content
from cds_service.hooks.contexts import EarlierDispatchContext
from cds_service.hooks.feedback import MOST
from cds_service.hooks.messages import REQUESTS, HookRequest
from cds_service.hooks.prefetch import discovery

Json = dict[str, Any]
_REFUSALS = {
    400: "The request cannot be read; the OperationOutcome names each element at fault.",
    408: "The body did not arrive in time.",
    413: "The body, or what is prefetched in it, is too large.",
    422: "The request can be read, and not be answered as it is.",
    500: "The service failed; its log says where.",
    503: "The service is busy; send it again.",
}
_OUTCOME: Json = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["severity", "code"]}},
    },
}
_ANSWER: Json = {
    "type": "object",
    "required": ["cards", "systemActions"],
    "properties": {
        "cards": {"type": "array", "items": {"type": "object", "required": ["summary", "indicator", "source"]}},
        "systemActions": {"type": "array", "items": {"type": "object", "required": ["type", "description"]}},
        "extension": {"type": "object"},
    },
}
_FEEDBACK: Json = {
    "type": "object",
    "required": ["feedback"],
    "properties": {
        "feedback": {
            "type": "array",
            "maxItems": MOST,
            "items": {
                "type": "object",
                "required": ["card", "outcome", "outcomeTimestamp"],
                "properties": {
                    "card": {"type": "string", "format": "uuid"},
                    "outcome": {"enum": ["accepted", "overridden"]},
                    "outcomeTimestamp": {"type": "string", "format": "date-time"},
                    "acceptedSuggestions": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
                    },
                    "overrideReason": {"type": "object"},
                },
            },
        }
    },
}


def openapi_routes(content: Content) -> Blueprint:
    """The blueprint of `/openapi.json`, made on the first call."""
    routes = Blueprint("openapi", __name__)
    made: list[bytes] = []

    @routes.get("/openapi.json")
    def document() -> Response:
        if not made:
            made.append(orjson.dumps(openapi(content)))
        return Response(made[0], mimetype="application/json")

    return routes


def openapi(content: Content) -> Json:
    """The OpenAPI 3.1 document of every address, for the services of a content."""
    schemas: Json = {"OperationOutcome": _OUTCOME, "Answer": _ANSWER, "Feedback": _FEEDBACK}
    paths: Json = {"/cds-services": _get("The services, their hooks and what they ask for.", {"type": "object"})}
    for service in discovery(content)["services"]:
        address = f"/cds-services/{service['id']}"
        paths[address] = _post(service["description"], {"anyOf": _requests(schemas)}, _named("Answer"))
        said = f"What clinicians did with the cards of {service['id']}. Kept before it is acknowledged."
        paths[f"{address}/feedback"] = _post(said, _named("Feedback"), {"type": "object"})
        paths[f"{address}/feedback"]["post"]["responses"]["404"] = _refusal("There is no such service.")
    paths["/health"] = _get("Whether the process answers.", {"type": "object", "required": ["status"]})
    ready = {"type": "object", "required": ["status", "revision", "policies", "store"]}
    paths["/ready"] = _get("What is held, and whether the store can be written.", ready)
    metrics = _get("The numbers of all workers, in the text format of Prometheus; for operators.", {"type": "string"}, "text/plain")
    metrics["get"]["responses"] |= {
        "401": _refusal("The token is missing or wrong."),
        "403": _refusal("Asked without a token, and not at the operators' port."),
        "503": _refusal("There is no room for the numbers."),
    }
    paths["/metrics"] = metrics
    paths["/openapi.json"] = _get("This document.", {"type": "object", "required": ["openapi"]})
    info = {
        "title": "cds_service",
        "version": version("cds-service"),
        "description": "Medical policies, by CDS Hooks.",
    }
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _requests(schemas: Json) -> list[Json]:
    """References to the schemas of each hook's calls, which are added to the others with the models that they are made of."""
    named: list[Json] = []
    shapes: list[tuple[str, type[HookRequest[Any]]]] = [*REQUESTS.items(), ("order-dispatch", HookRequest[EarlierDispatchContext])]
    for hook, model in shapes:
        made = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= made.pop("$defs", {})
        made["properties"]["hook"] = {"const": hook}
        name = made["title"] = model.__name__.replace("HookRequest[", "").replace("Context]", "Request")
        schemas[name] = made
        named.append(_named(name))
    return named


def _named(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}


def _get(said: str, schema: Json, kind: str = "application/json") -> Json:
    return {"get": {"summary": said, "responses": {"200": {"description": "The answer.", "content": {kind: {"schema": schema}}}}}}


def _post(said: str, body: Json, answer: Json) -> Json:
    refusals = {str(status): _refusal(why) for status, why in _REFUSALS.items()}
    answered = {"description": "The answer.", "content": {"application/json": {"schema": answer}}}
    asked = {"required": True, "content": {"application/json": {"schema": body}}}
    return {"post": {"summary": said, "requestBody": asked, "responses": {"200": answered, **refusals}}}


def _refusal(why: str) -> Json:
    return {"description": why, "content": {"application/fhir+json": {"schema": _named("OperationOutcome")}}}
