"""The group ``cds-service policy``: its commands' modules are read when one of them is asked for, since serving needs none."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

MODULES = ("policy_check", "policy_lint", "policy_new", "policy_proof", "policy_solve", "policy_test")
"""The rooms of the group's commands, besides ``policy`` itself."""


class PolicyGroup(TyperGroup):
    """The group; it reads the modules of its commands before anything is asked of it."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands."""
        self.commands = _all_commands()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name, None where there is none."""
        self.commands = _all_commands()
        return super().get_command(ctx, cmd_name)


@cache
def _all_commands() -> Any:
    for module in MODULES:
        import_module(f"cds_service.cli.{module}")
    return typer.main.get_group(import_module("cds_service.cli.policy").policy_commands).commands
