"""What comes into an operation, as FHIR Parameters.

It is read without demanding more than is needed; each fault is told by its element.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from cds_service.dtr.versions import Spoken
from cds_service.fhir.elements import Resource, items, text
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.hooks.received.faults import RequestIssue, Unusable

MOST: Final = 50
"""The most orders, coverages, forms, or outcomes that one call may name."""
ORDERS: Final = frozenset({*CODE_ELEMENTS, "Encounter"})


@dataclass(frozen=True, slots=True)
class PackageAsked:
    """What a call for packages names.

    Coverages, orders, canonicals of forms, the context, and the moment since when. ``not_understood`` names what was
    skipped, to be told as a warning.
    """

    coverages: tuple[Resource, ...]
    orders: tuple[Resource, ...]
    canonicals: tuple[str, ...]
    context: str
    changed_since: datetime | None
    not_understood: tuple[RequestIssue, ...]


def where(name: str) -> str:
    """Return the place of a parameter as FHIRPath."""
    return f"Parameters.parameter.where(name='{name}')"


def refused(status: int, expression: str, said: str, code: str = "invalid") -> Unusable:
    """Make the refusal of a call for one fault."""
    return Unusable(status, [RequestIssue(expression, said, code)])


def read_json(body: bytes) -> Resource:
    """Read the resource of a body.

    Raises Unusable.
    """
    try:
        found = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        raise refused(400, "", "the body is not JSON", "structure") from None
    if not isinstance(found, dict):
        raise refused(400, "", "a FHIR resource is meant", "structure")
    return found


def parameters_of(resource: Resource) -> list[dict[str, Any]]:
    """Return the parameters of a Parameters resource.

    Raises Unusable for anything else.
    """
    if resource.get("resourceType") != "Parameters":
        raise refused(400, "resourceType", "a Parameters resource is meant", "structure")
    found = resource.get("parameter")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise refused(400, "Parameters.parameter", "it is a list of parameters", "structure")
    return found


def asked_in(body: bytes, spoken: Spoken) -> PackageAsked:
    """Read what a call for packages names.

    Raises Unusable with the element at fault.
    """
    held = parameters_of(read_json(body))
    coverages = _resources(held, "coverage")
    if not coverages or any(one.get("resourceType") != "Coverage" for one in coverages):
        raise refused(400, where("coverage"), "a Coverage is needed", "required")
    if len(coverages) > 1 and not spoken.several:
        raise refused(400, where("coverage"), "one Coverage is meant in DTR 2.2", "invalid")
    orders = _resources(held, "order")
    canonicals = [text(value) for value in _values(held, "questionnaire", ("valueCanonical", "valueUri"))]
    contexts = [text(value) for value in _values(held, "context", ("valueString", "valueId"))]
    if len(contexts) > 1 or "" in contexts:
        raise refused(400, where("context"), "one context is meant, as text")
    if "" in canonicals:
        raise refused(400, where("questionnaire"), "a canonical is meant")
    if max(len(orders), len(canonicals), len(coverages)) > MOST:
        raise refused(400, "Parameters.parameter", f"at most {MOST} orders, coverages and forms may be named at once", "too-costly")
    if not (orders or canonicals or contexts):
        raise refused(400, "Parameters.parameter", "an order, a questionnaire or a context is needed", "required")
    understood = tuple(one for one in orders if text(one.get("resourceType")) in ORDERS and text(one.get("id")))
    odd = [RequestIssue(where("order"), "an order was not understood: it has no id, or is of another type", "not-supported")]
    passed = odd if len(understood) < len(orders) else []
    return PackageAsked(coverages, understood, tuple(dict.fromkeys(canonicals)), "".join(contexts), _since(held), tuple(passed))


def response_in(body: bytes) -> Resource:
    """Read the response of a call for the next question.

    It is in Parameters under the name of any version, or bare. Raises Unusable.
    """
    resource = read_json(body)
    if resource.get("resourceType") != "QuestionnaireResponse":
        found = [one for name in ("questionnaire-response", "in") for one in _resources(parameters_of(resource), name)]
        if len(found) != 1 or found[0].get("resourceType") != "QuestionnaireResponse":
            raise refused(400, where("questionnaire-response"), "one QuestionnaireResponse is needed", "required")
        resource = found[0]
    return resource


def errors_in(body: bytes) -> tuple[list[str], list[Resource]]:
    """Read the forms that a client had trouble with.

    With them come the outcomes that say so. Raises Unusable.
    """
    held = parameters_of(read_json(body))
    forms = [text(value) for value in _values(held, "questionnaire", ("valueCanonical", "valueUri"))]
    forms += ["|".join((text(one.get("url")), text(one.get("version")))) for one in _resources(held, "Questionnaire")]
    outcomes = [one for name in ("operationOutcome", "OperationOutcome") for one in _resources(held, name)]
    if not forms:
        raise refused(400, where("questionnaire"), "the form that the errors are of is needed", "required")
    if not outcomes or any(one.get("resourceType") != "OperationOutcome" for one in outcomes):
        raise refused(400, where("operationOutcome"), "an OperationOutcome is needed", "required")
    if max(len(forms), len(outcomes)) > MOST:
        raise refused(400, "Parameters.parameter", f"at most {MOST} forms and outcomes may be told at once", "too-costly")
    return forms, outcomes


def _resources(held: Iterable[dict[str, Any]], name: str) -> tuple[Resource, ...]:
    found = [one.get("resource") for one in held if one.get("name") == name]
    if not all(isinstance(one, dict) for one in found):
        raise refused(400, where(name), "it holds a resource", "structure")
    return tuple(one for one in found if isinstance(one, dict))


def _values(held: Iterable[dict[str, Any]], name: str, types: Sequence[str]) -> list[Any]:
    return [next((one[kind] for kind in types if kind in one), None) for one in held if one.get("name") == name]


def _since(held: Iterable[dict[str, Any]]) -> datetime | None:
    """Return the moment of ``changedsince``.

    It is an instant, or a dateTime as the operation of 2.0.1 has it.
    """
    found = _values(held, "changedsince", ("valueInstant", "valueDateTime"))
    if not found:
        return None
    try:
        moment = datetime.fromisoformat(text(found[0]))
    except ValueError:
        raise refused(400, where("changedsince"), "an instant is meant") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def references(response: Resource, *urls: str) -> list[str]:
    """Return references from the extensions of a response.

    They are those of extensions whose URL ends so, as ``Type/id`` without their base.
    """
    found: list[str] = []
    for extension in items(response.get("extension")):
        if isinstance(extension, dict) and text(extension.get("url")).rpartition("/")[2] in urls:
            value = extension.get("valueReference")
            written = text(value.get("reference")) if isinstance(value, dict) else ""
            found += ["/".join(written.split("/")[-2:])] if "/" in written else []
    return found
