"""The OpenAPI document of the service.

It is made of the discovery document and the models that requests are checked with.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import orjson
from flask import Blueprint, Response

from cds_service.content.content import Content
from cds_service.dtr.routes import WELL_KNOWN
from cds_service.dtr.versions import SPOKEN
from cds_service.hooks.answered.replies import FHIR_JSON
from cds_service.hooks.discovery import discovery
from cds_service.hooks.feedback import MOST
from cds_service.hooks.received import all_hooks

Json = dict[str, Any]
_REFUSALS = {
    400: "The request cannot be read; the OperationOutcome names each element at fault.",
    401: "Where the service answers named clients only: the token is missing or not accepted.",
    408: "The body did not arrive in time.",
    413: "The body, or what is prefetched in it, is too large.",
    415: "The body's Content-Encoding is not read here; gzip and deflate are.",
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
    """Make the blueprint of `/openapi.json`.

    The document is made on the first call.
    """
    routes = Blueprint("openapi", __name__)
    made: list[bytes] = []

    @routes.get("/openapi.json")
    def document() -> Response:
        if not made:
            made.append(orjson.dumps(openapi(content)))
        return Response(made[0], mimetype="application/json")

    return routes


def openapi(content: Content) -> Json:
    """Make the OpenAPI 3.1 document of every address.

    It is for the services of a content.
    """
    schemas: Json = {"OperationOutcome": _OUTCOME, "Answer": _ANSWER, "Feedback": _FEEDBACK}
    paths: Json = {"/cds-services": _get("The services, their hooks and what they ask for.", {"type": "object"})}
    for service in discovery(content)["services"]:
        address = f"/cds-services/{service['id']}"
        paths[address] = _post(service["description"], {"anyOf": _requests(schemas)}, _named("Answer"))
        said = f"What clinicians did with the cards of {service['id']}. Kept before it is acknowledged."
        paths[f"{address}/feedback"] = _post(said, _named("Feedback"), {"type": "object"})
        paths[f"{address}/feedback"]["post"]["responses"]["404"] = _refusal("There is no such service.")
    paths |= _forms()
    paths["/health"] = _get("Whether the process answers.", {"type": "object", "required": ["status"]})
    ready = {"type": "object", "required": ["status", "revision", "policies", "store"]}
    paths["/ready"] = _get("What is held, and whether the store can be written.", ready)
    paths["/ready"]["get"]["responses"]["503"] = {
        "description": "Something is still to be made.",
        "content": {"application/json": {"schema": ready | {"required": [*ready["required"], "waits_for"]}}},
    }
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


def _forms() -> Json:
    """Describe the addresses of Da Vinci DTR.

    Tokens are given out at one more where clients are named.
    """
    parameters: Json = {"type": "object", "required": ["resourceType"], "properties": {"resourceType": {"const": "Parameters"}}}
    paths: Json = {}
    for spoken in SPOKEN:
        questionnaire = f"{spoken.base}/Questionnaire"
        forms = f"The forms of an order, a context or a canonical (Da Vinci DTR {spoken.version})."
        paths[f"{questionnaire}/$questionnaire-package"] = _post(forms, parameters, {"type": "object"}, FHIR_JSON)
        paths[f"{questionnaire}/$next-question"] = _post(
            "An adaptive form goes on.", {"type": "object"}, {"type": "object"}, FHIR_JSON
        )
        logged = _post("Trouble that a client had with a form.", parameters, {"type": "object"}, FHIR_JSON)
        logged["post"]["responses"]["204"] = {"description": "It is in the log."}
        del logged["post"]["responses"]["200"]
        paths[f"{questionnaire}/$log-questionnaire-errors"] = logged
        expand = _post("No value set is held: the options stand in the forms.", parameters, {"type": "object"}, FHIR_JSON)
        url = {"name": "url", "in": "query", "schema": {"type": "string"}}
        expand["get"] = {name: held for name, held in expand["post"].items() if name != "requestBody"} | {"parameters": [url]}
        paths[f"{spoken.base}/ValueSet/$expand"] = expand
        paths[f"{spoken.base}/metadata"] = _get("What the server can do.", {"type": "object"}, FHIR_JSON)
        paths[f"{spoken.base}{WELL_KNOWN}"] = _get("Where tokens are given out.", {"type": "object"})
        for operation in (method for address in list(paths) if "$" in address for method in paths[address].values()):
            operation["responses"] |= {"403": _refusal("The token does not reach so far."), "404": _refusal("It is not held.")}
    return paths | {WELL_KNOWN: _get("Where tokens are given out.", {"type": "object"})}


def _requests(schemas: Json) -> list[Json]:
    """Return references to the schemas of each hook's calls.

    The schemas are added to ``schemas``, with the models that they are made of.
    """
    named: list[Json] = []
    hooks = all_hooks().values()
    shapes = [(hook.name, hook.requests[0]) for hook in hooks]
    shapes += [(hook.name, earlier) for hook in hooks for earlier in hook.requests[1:]]
    for hook_name, model in shapes:
        made = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= made.pop("$defs", {})
        made["properties"]["hook"] = {"const": hook_name}
        name = made["title"] = model.__name__.replace("HookRequest[", "").replace("Context]", "Request")
        schemas[name] = made
        named.append(_named(name))
    return named


def _named(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}


def _get(said: str, schema: Json, kind: str = "application/json") -> Json:
    return {"get": {"summary": said, "responses": {"200": {"description": "The answer.", "content": {kind: {"schema": schema}}}}}}


def _post(said: str, body: Json, answer: Json, kind: str = "application/json") -> Json:
    refusals = {str(status): _refusal(why) for status, why in _REFUSALS.items()}
    answered = {"description": "The answer.", "content": {kind: {"schema": answer}}}
    asked = {"required": True, "content": {kind: {"schema": body}}}
    return {"post": {"summary": said, "requestBody": asked, "responses": {"200": answered, **refusals}}}


def _refusal(why: str) -> Json:
    return {"description": why, "content": {"application/fhir+json": {"schema": _named("OperationOutcome")}}}
