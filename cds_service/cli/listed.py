"""Commands by name, each with its module and its help.

A module is read when its command is run, and help needs none of them. ``tests/cli/test_listed.py`` holds the help to
the docstrings, and the lists to what the modules register.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


class Listed(NamedTuple):
    """A command: its module, its name there, and its help.

    The help is the first sentence of the command's own help.
    """

    module: str
    attribute: str
    help: str


TOP: Mapping[str, Listed] = {
    "serve": Listed("serve", "serve", "Serve the policies to CDS Hooks clients. The log goes to stdout, one JSON object a line."),
    "demo": Listed("demo", "demo", "Start the service with the shipped content and print what to try first. Ctrl-C ends it."),
    "check": Listed("check", "check", "Judge the orders of a request file and show why, criterion by criterion."),
    "explain": Listed(
        "policy",
        "explain",
        "Print a policy as a readable outline: its orders, its criteria in words, what silence means, what counts as evidence.",
    ),
    "policy": Listed("policy_group", "policy_commands", "Read, list and check the policies that are encoded."),
    "proposal": Listed("proposal", "proposal_commands", "Check a proposal for a physician-focused payment model (PFPM)."),
    "replay": Listed("replay", "replay_commands", "Judge every order of an export as order-sign would have; try 'replay demo'."),
    "store": Listed("store", "store_commands", "Look after the database of decisions and feedback."),
    "client": Listed("client", "client_commands", "Connect a client: its key, its tokens, and a trial of a service."),
    "value-sets": Listed("value_sets", "value_set_commands", "Check and write out what the value sets mean."),
}
"""The commands of ``cds-service``, in the order of its help."""


class LazyGroup(TyperGroup):
    """A group whose commands stand in a table.

    The module of a command is read when it is run.
    """

    table: ClassVar[Mapping[str, Listed]] = TOP

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=listed.help) for name, listed in self.table.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command of the first argument, read from its module."""
        if args and args[0] in self.table:
            return args[0], command_of(args[0], self.table[args[0]]), args[1:]
        return super().resolve_command(ctx, args)


def command_of(name: str, listed: Listed) -> Any:
    """Return a command, or a group, as its module makes it."""
    found = getattr(import_module(f"cds_service.cli.{listed.module}"), listed.attribute)
    if isinstance(found, typer.Typer):
        made: Any = typer.main.get_group(found)
    else:
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, context_settings=_SETTINGS)
        alone.command(name)(found)
        made = typer.main.get_command(alone)
    made.name = name
    return made
