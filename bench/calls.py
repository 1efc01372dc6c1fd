"""Counts the function calls of one decision and one request: ``python -m bench.calls``; ``--write`` makes the counts the budget.

Counts do not depend on the machine's speed or on what else it does, so a test can hold them
(``tests/benches/test_budget.py``): a change that makes every order dearer shows there, before anybody measures time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from types import FrameType

import orjson

from bench.bodies import BODIES, body_of
from cds_service.content.content import Content, read_content, shipped_content
from cds_service.hooks.answer import decide_request
from cds_service.hooks.calls import Calls
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.serving.app import CALLS, create_app
from cds_service.store.store import Store
from cds_service.store.upgrade import upgrade

BUDGET = Path(__file__).parent / "budget.json"
MARGIN = 1.05
"""How far a count may be above its budget."""
BUDGETED = ("necessary", "small-policy", "not-documented", "recognised-payer")
"""The bodies whose calls are counted: all of them."""
DAY = date(2026, 11, 23)


def calls(work: Callable[[], object]) -> int:
    """Python and C function calls of one run, after one that fills the caches."""
    work()
    count = 0

    def counted(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def counts(content: Content) -> dict[str, int]:
    """The calls of a decision and of a whole request, without and with the default store, for every body in two sizes.

    With a store they are those of the thread that answers; what writes the rows is a thread of its own (``bench.log``).
    """
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/store.sqlite")
        upgrade(store.engine)
        try:
            return _counts(content, store)
        finally:
            store.close()


def _counts(content: Content, store: Store) -> dict[str, int]:
    answering: Calls = create_app(content, Settings(), lambda: DAY).extensions[CALLS]
    storing: Calls = create_app(content, Settings(), lambda: DAY, store).extensions[CALLS]
    found: dict[str, int] = {}
    for name in BUDGETED:
        for size in (6_000, 60_000):
            body = body_of(size, content, name)
            request = parse_request(body, "2.2")
            held = f"{name} ({BODIES[name].policy}), {size // 1000} kB"
            found[f"{held}: decide"] = calls(partial(decide_request, request, content, DAY, Settings()))
            found[f"{held}: request"] = calls(partial(answering.at_once, body))
            found[f"{held}: request, kept in the store"] = calls(partial(storing.at_once, body))
    return found


def main() -> None:
    """Prints the counts beside the budget, or writes them."""
    arguments = argparse.ArgumentParser(description="Counts the function calls of one decision and one request.")
    arguments.add_argument("--write", action="store_true")
    found = counts(read_content(shipped_content()))
    if arguments.parse_args().write:
        BUDGET.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    budget = orjson.loads(BUDGET.read_bytes())
    for name, count in found.items():
        print(f"{count:7} of {budget.get(name, 0):7}  {name}")


if __name__ == "__main__":
    main()
