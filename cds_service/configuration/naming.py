"""What settings are called: in the environment, and in messages."""

from __future__ import annotations

import os
from typing import Final

from cds_service.configuration.configuration import Configuration
from cds_service.configuration.setting import Setting

PREFIX: Final = "CDS_SERVICE_"
"""The beginning of every variable's name."""


def said_of(name: str) -> Setting:
    """Return the description of a setting."""
    (found,) = [one for one in Configuration.model_fields[name].metadata if isinstance(one, Setting)]
    return found


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def in_environment(name: str) -> str:
    """Return the environment's value of one setting.

    For commands that need a single one, whatever the others are; empty where nothing is said.
    """
    return os.environ.get(variable(name), "")


def secret_named(name: str) -> str:
    """Return the secret in a variable that an operator named.

    For a file that says where a secret stands, so that it does not stand in the file. Empty where nothing is said. Raises
    ValueError for a variable that is a setting's: a setting is no secret of somebody else's.
    """
    if name.startswith(PREFIX):
        raise ValueError(f"a variable that begins with {PREFIX} is a setting of this service; a name of your own is meant")
    return os.environ.get(name, "")


def called(name: str) -> str:
    """Return a setting's name for a message: its variable and flag."""
    flag = said_of(name).flag
    return f"{variable(name)} ({flag})" if flag else variable(name)


def wrong(name: str) -> str:
    """Return the sentence for a value that cannot be used."""
    return f"{called(name)}: {said_of(name).meant} is meant"
