"""Calls of the other hooks, made from an order-sign request: the same orders and the same chart, met at another moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from cds_service.content.content import Content
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import Vignette, read_vignettes
from tests.exchange import ADDRESS, Json, decisions

KEYS = {"ServiceRequest": "orderedServices", "MedicationRequest": "orderedMedicines", "DeviceRequest": "orderedDevices"}
ALTERNATE = "http://hl7.org/fhir/StructureDefinition/alternate-reference"


def drafts(made: Json) -> list[Json]:
    """The orders of an order-sign request."""
    return [entry["resource"] for entry in made["context"]["draftOrders"]["entry"]]


def selecting(made: Json, *selections: str) -> Json:
    """An order-select call in which these orders are selected, all of them if none is named."""
    call = deepcopy(made) | {"hook": "order-select"}
    call["context"]["selections"] = list(selections) or [f"{one['resourceType']}/{one['id']}" for one in drafts(made)]
    return call


def with_orders(made: Json) -> Json:
    """The prefetch of a request with its orders in the keys that the other hooks ask them by."""
    found: Json = deepcopy(made["prefetch"])
    for kind, key in KEYS.items():
        held = [{"resource": one} for one in drafts(made) if one["resourceType"] == kind]
        found[key] = {"resourceType": "Bundle", "type": "searchset", "entry": held}
    return found


def dispatching(made: Json, **more: Any) -> Json:
    """An order-dispatch call for all orders, which are prefetched."""
    context = {
        "patientId": made["context"]["patientId"],
        "dispatchedOrders": [f"{one['resourceType']}/{one['id']}" for one in drafts(made)],
        "performer": "Organization/imaging",
    }
    return made | {"hook": "order-dispatch", "context": context | more, "prefetch": with_orders(made)}


def appointment(patient: str, start: str, id_: str = "a1", **more: Any) -> Json:
    """A proposed Appointment of a patient."""
    actor = {"actor": {"reference": f"Patient/{patient}"}, "status": "needs-action"}
    return {"resourceType": "Appointment", "id": id_, "status": "proposed", "start": start, "participant": [actor]} | more


def based_on(one: Json) -> Json:
    """A reference of an Appointment to an order; to one that is no ServiceRequest by CRD's extension."""
    named = {"reference": f"{one['resourceType']}/{one['id']}"}
    return named if one["resourceType"] == "ServiceRequest" else {"extension": [{"url": ALTERNATE, "valueReference": named}]}


def booking(made: Json, start: str, *appointments: Json) -> Json:
    """An appointment-book call for these appointments; by default one that is based on all orders, which are prefetched."""
    patient = made["context"]["patientId"]
    booked = appointments or (appointment(patient, start, basedOn=[based_on(one) for one in drafts(made)]),)
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in booked]}
    context = {"userId": "Practitioner/u1", "patientId": patient, "appointments": bundle}
    return made | {"hook": "appointment-book", "context": context, "prefetch": with_orders(made)}


def vignettes(content: Content) -> Iterator[tuple[Vignette, Json]]:
    """Every vignette of the shipped policies, with the order-sign request that it makes."""
    for path in sorted((Path(__file__).parent / "vignettes").rglob("*.yaml")):
        for vignette in read_vignettes(path, path.name, content):
            yield vignette, request_of(vignette, content)


def post(client: FlaskClient, made: Json) -> Json:
    """The answer to a call, which must be 200."""
    response = client.post(ADDRESS, json=made)
    assert response.status_code == 200, response.get_data(as_text=True)
    answered: Json = response.get_json()
    return answered


def refused(client: FlaskClient, made: Json) -> tuple[int, list[str]]:
    """The status of a call that is refused, and the elements that are named."""
    response = client.post(ADDRESS, json=made)
    outcome = response.get_json()
    assert outcome["resourceType"] == "OperationOutcome"
    return response.status_code, [element for issue in outcome["issue"] for element in issue.get("expression", [])]


def given_back(client: FlaskClient, made: Json, held: Json) -> Json:
    """What the one order of a call carries beyond itself, given back byte by byte beside a card that suggests nothing.

    The order has a quantity of 1.5, which the call writes as 1.50.
    """
    response = client.post(ADDRESS, data=json.dumps(made).replace('{"value": 1.5}', '{"value": 1.50}'))
    assert response.status_code == 200
    assert b'{"value": 1.50}' in response.data
    answered = response.get_json()
    (card,) = answered["cards"]
    assert card["indicator"] == "warning"
    assert "suggestions" not in card
    (action,) = answered["systemActions"]
    extension: list[Json] = action["resource"].pop("extension")
    assert action["resource"] == held
    return extension[0]


def own(answered: Json) -> list[Json]:
    """The decisions of the order that a vignette is about."""
    return [one for one in decisions(answered) if one["order"].endswith("/order-1")]


def changed(made: Json, path: str, *value: Any) -> Json:
    """A call with one member replaced, or taken away where no value is given."""
    call = deepcopy(made)
    *parents, last = path.split(".")
    node = call
    for parent in parents:
        node = node[int(parent)] if isinstance(node, list) else node[parent]
    if value:
        node[last] = value[0]
    else:
        del node[last]
    return call
