"""How long the answers to the calls of all vignettes take: ``python -m bench.answers``.

Each vignette is a call of order-sign as an EHR would send it, whose member is recognised, answered in one process as a worker with
the default store answers it. Everything is answered twice: for the first time, when models of FHIR types and tables that no order
had needed are still read, and again. CDS Hooks asks for half a second, Da Vinci CRD for five seconds in nine of ten. That an answer
waits for nothing, and how much work it may be at most, is held without a clock by ``tests/hooks/test_in_time.py``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from rich import box
from rich.console import Console
from rich.table import Table

from bench.bodies import vignettes_folder
from cds_service.content.content import Content, read_content, shipped_content
from cds_service.hooks.calls import Calls
from cds_service.hooks.settings import Settings
from cds_service.serving.app import CALLS, create_app
from cds_service.serving.warm_up import warm_up
from cds_service.store.store import Store
from cds_service.store.upgrade import upgrade
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import read_vignettes

DAY = date(2026, 11, 23)
SOON, ALLOWED = 0.5, 5.0
"""Seconds in which CDS Hooks asks for an answer, and in which Da Vinci CRD does at order-sign, nine times in ten."""


def bodies(content: Content, every: int) -> list[bytes]:
    """The calls of every so manieth vignette of policies whose payer is known."""
    payers = {payer.id: payer.name for payer in content.payers}
    made: list[bytes] = []
    for path in sorted(vignettes_folder().rglob("*.yaml")):
        for vignette in read_vignettes(path, path.name, content)[::every]:
            if name := payers.get(vignette.policy.payer):
                made.append(orjson.dumps(_of_member(request_of(vignette, content), name)))  # noqa: PERF401 - reads better
    return made


def _of_member(request: dict[str, Any], payer: str) -> dict[str, Any]:
    member = {"reference": f"Patient/{request['context']['patientId']}"}
    coverage = {"resourceType": "Coverage", "id": "c1", "status": "active", "beneficiary": member, "payor": [{"display": payer}]}
    request["prefetch"]["coverage"] = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": coverage}]}
    return request


def seconds(calls: Calls, made: list[bytes]) -> list[float]:
    """How long each call took, in the order of their length; RuntimeError for one that is not answered with 200."""
    found = []
    for body in made:
        begun = time.perf_counter()
        reply = calls.reply(body)
        found.append(time.perf_counter() - begun)
        if reply.status != 200:
            raise RuntimeError(f"a vignette was answered with {reply.status}")
    return sorted(found)


def main() -> None:
    """Prints the median, the ninth in ten and the longest answer, and how many are there in time."""
    arguments = argparse.ArgumentParser(description="How long the answers to the calls of all vignettes take.")
    arguments.add_argument("--every", type=int, default=1, help="take every so manieth vignette of a file")
    content = read_content(shipped_content())
    made = bodies(content, arguments.parse_args().every)
    table = Table("answered", "calls", "median ms", "nine in ten ms", "longest ms", "within 0.5 s", "within 5 s", box=box.SIMPLE)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'store.sqlite'}")
        upgrade(store.engine)
        calls: Calls = create_app(content, Settings(), lambda: DAY, store).extensions[CALLS]
        warm_up(calls)
        for said in ("for the first time", "again"):
            took = seconds(calls, made)
            places = (took[len(took) // 2], took[len(took) * 9 // 10], took[-1])
            within = (f"{sum(one <= limit for one in took) / len(took):.1%}" for limit in (SOON, ALLOWED))
            table.add_row(said, str(len(took)), *(f"{one * 1000:.1f}" for one in places), *within)
        store.close()
    Console().print(table)


if __name__ == "__main__":
    main()
