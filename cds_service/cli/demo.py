"""``cds-service demo``: the service on this machine, to try.

It prints requests to try on it, with what each will answer.
"""

from __future__ import annotations

import shlex
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cds_service.cli.serve import free_address, listen
from cds_service.cli.terminal import content_in, local_day, refuse, to_stdout
from cds_service.configuration.configuration import Configuration
from cds_service.configuration.environment import Started
from cds_service.content.content import Content, shipped_content
from cds_service.decision import DecisionOutcome
from cds_service.hooks.answer import decide_request
from cds_service.hooks.discovery import service_id
from cds_service.hooks.received import order_sign
from cds_service.hooks.received.faults import Unusable
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.said.summary import summary
from cds_service.store.address import NONE

HOST = "127.0.0.1"
EXAMPLES = {
    "never-necessary": "A test that the policy never supports.",
    "triplets": "A screen in a pregnancy with three fetuses.",
    "ten-weeks-singleton": "A screen at ten weeks with one fetus.",
    "no-dating": "A screen of which nobody wrote down how far along the pregnancy is.",
}
"""The shipped example requests, in the order to try them."""


def demo(port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8080) -> None:
    """Start the service with the shipped content and print what to try first. Ctrl-C ends it."""
    content = content_in(shipped_content())
    folder = examples_folder(content.root)
    if not folder.is_dir():
        refuse(f"{folder}: the example requests are not there")
    address = free_address(HOST, port)
    console = to_stdout()
    base = f"http://{HOST}:{port}/cds-services"
    service = f"{base}/{service_id(order_sign.HOOK.name)}"
    console.print(Text(f"The service is starting. Give it a moment; then open http://{HOST}:{port}/ in a browser,", "bold"))
    console.print("or ask it from another terminal what it offers:\n")
    console.print(f"  curl -s {base}\n", soft_wrap=True)
    console.print("and send it orders as they are signed:")
    today = local_day()
    for name, story in EXAMPLES.items():
        path = folder / f"{name}.json"
        console.print(Text(f"\n{story}", "bold"))
        console.print(f"  curl -s -H 'Content-Type: application/json' -d @{_quoted(path)} {service}", soft_wrap=True)
        for line in expectation(path, content, today):
            console.print(f"  expect: {line}", soft_wrap=True)
    console.print("\nThe log of decisions follows. Ctrl-C ends the service.\n", style="dim")
    console.file.flush()
    plain = Configuration(listen_port=port, content=content.root.resolve(), store=NONE)  # whatever the environment says
    listen(content, address, 1, Started(configuration=plain), quiet=True)


def examples_folder(root: Path) -> Path:
    """Return the folder of the example requests.

    It is beside the content in a wheel, under ``docs`` in a checkout.
    """
    inside = root / "examples"
    return inside if inside.is_dir() else root / "docs" / "examples"


def expectation(path: Path, content: Content, today: date) -> list[str]:
    """Say what the service will answer to an example.

    It is decided by the same code. Raises Unusable for a request that cannot be used.
    """
    try:
        decided = decide_request(parse_request(path.read_bytes()), content, today, Settings())
    except (OSError, Unusable) as error:
        refuse(f"{path}: {error}")
    said = {
        DecisionOutcome.NECESSARY: "no card: the order is supported (outcome 'necessary')",
        DecisionOutcome.NOT_ADDRESSED: "no card: no policy speaks of the order (outcome 'not-addressed')",
    }
    return [said.get(decision.outcome) or f"one card: {summary(decision, content)}" for _, decision in decided]


def _quoted(path: Path) -> str:
    """Return the path as the shell takes it.

    It is relative where the file is below the current folder.
    """
    here = Path.cwd()
    return shlex.quote(str(path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path.resolve()))
