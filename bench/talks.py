"""How long the calls of adaptive forms take under load: ``python -m bench.talks``.

Several clients at once sign a pain pump with nothing in the chart, fetch its form and talk it through to the end.
Da Vinci DTR 2.2 (spec-38) wants nine in ten first calls within five seconds, and nine in ten later ones within one.
"""

from __future__ import annotations

import argparse
import http.client
from threading import Thread
from time import perf_counter
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from bench.served import ADDRESS, SERVICE, free_port, serving
from cds_service.fhir.coverage_information import URL
from cds_service.fhir.resource_types import KEYS

Json = dict[str, Any]
FORM = "urn:cds-service:Questionnaire/lhcc-implantable-intrathecal-epidural-pain-pump.adaptive"
COVERAGE: Json = {"resourceType": "Coverage", "id": "c1", "status": "active", "payor": [{"identifier": {"value": "lhcc"}}]}


def order_sign(number: int) -> Json:
    """The call of order-sign for one order of one patient."""
    patient = f"p{number}"
    who = {"reference": f"Patient/{patient}"}
    code = {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "62362"}]}
    order = {
        "resourceType": "ServiceRequest",
        "id": f"o{number}",
        "status": "draft",
        "intent": "order",
        "subject": who,
        "code": code,
    }
    empty = {"resourceType": "Bundle", "type": "searchset", "entry": []}
    covered = empty | {"entry": [{"resource": COVERAGE | {"beneficiary": who}}]}
    prefetch = dict.fromkeys(KEYS, empty) | {"patient": {"resourceType": "Patient", "id": patient}, "coverage": covered}
    drafts = {"resourceType": "Bundle", "entry": [{"resource": order | {"authoredOn": "2026-03-02"}}]}
    context = {"userId": "Practitioner/u1", "patientId": patient, "draftOrders": drafts}
    return {"hook": "order-sign", "hookInstance": f"00000000-0000-4000-8000-{number:012}", "context": context, "prefetch": prefetch}


def talk(port: int, number: int, first: list[float], later: list[float]) -> None:
    """One order from its signing to its completed form; the seconds of its calls for the next question are added."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(address: str, body: Json) -> Json:
        connection.request("POST", address, orjson.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer: Json = orjson.loads(response.read())
        assert response.status == 200, answer
        return answer

    signed = call(ADDRESS, order_sign(number))
    extension = next(one for one in signed["systemActions"][0]["resource"]["extension"] if one["url"] == URL)
    context = next(part["valueString"] for part in extension["extension"] if part["url"] == "coverage-assertion-id")
    who = {"reference": f"Patient/p{number}"}
    named = [{"name": "coverage", "resource": COVERAGE | {"beneficiary": who}}, {"name": "context", "valueString": context}]
    package = call("/fhir/Questionnaire/$questionnaire-package", {"resourceType": "Parameters", "parameter": named})
    held: Json = package["parameter"][0]["resource"]["entry"][1]["resource"]
    held.pop("item")
    form = {"resourceType": "Questionnaire", "id": "q", "status": "active", "derivedFrom": [FORM]}
    held |= {"contained": [form], "questionnaire": "#q"}
    while held["status"] == "in-progress":
        begun = perf_counter()
        parameter = {"name": "questionnaire-response", "resource": held}
        answer = call("/fhir/Questionnaire/$next-question", {"resourceType": "Parameters", "parameter": [parameter]})
        (later if "item" in held else first).append(perf_counter() - begun)
        held = answer["parameter"][0]["resource"]
        items = [item for item in held["contained"][0]["item"] if item["type"] != "display"]
        yes = [{"valueBoolean": True}]
        held["item"] = [{"linkId": item["linkId"]} | ({"answer": yes} if item["type"] == "boolean" else {}) for item in items]
    connection.close()


def main() -> None:
    """Print the share of calls in time, and how long nine in ten took."""
    arguments = argparse.ArgumentParser(description="How long the calls of adaptive forms take under load.")
    arguments.add_argument("--talks", type=int, default=100, help="orders that are talked through")
    arguments.add_argument("--clients", type=int, default=16, help="clients at once")
    chosen = arguments.parse_args()
    first: list[float] = []
    later: list[float] = []
    port = free_port()
    with serving(SERVICE.command(port), port) as served:
        served.settle()

        def client(mine: range) -> None:
            for number in mine:
                talk(port, number, first, later)

        threads = [Thread(target=client, args=(range(n, chosen.talks, chosen.clients),)) for n in range(chosen.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    table = Table("calls", "number", "in time", "median ms", "nine in ten, ms", title=f"{chosen.clients} clients at once")
    for name, times, most in (("first", sorted(first), 5.0), ("later", sorted(later), 1.0)):
        in_time = sum(one <= most for one in times) / len(times)
        shown = (times[len(times) // 2], times[int(len(times) * 0.9)])
        table.add_row(name, str(len(times)), f"{in_time:.0%}", *(f"{one * 1000:.0f}" for one in shown))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
