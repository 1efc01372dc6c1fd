"""The configuration read from flags and environment.

It is handed to the workers as one piece.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from cds_service.configuration.configuration import Configuration
from cds_service.configuration.naming import PREFIX, variable, wrong

HANDED: Final = f"{PREFIX}STARTED"
"""The variable by which ``serve`` hands its workers the configuration."""
_OF_KUBERNETES: Final = re.compile(rf"{PREFIX}(HOST|PORT|SERVICE_|PORT_)")
"""Variables that Kubernetes sets for services of such names.

They are not ours.
"""


class Started(BaseModel):
    """What ``serve`` settled for its workers.

    ``pinned``: each keeps to a processor. ``store_file``: which file a SQLite store was. ``metrics``: there is a folder
    for numbers.
    """

    model_config = ConfigDict(frozen=True)

    configuration: Configuration
    pinned: bool = False
    store_file: str = ""
    metrics: bool = True


@lru_cache(maxsize=1)
def _reader() -> Any:
    """Make the class that reads the configuration.

    pydantic-settings is loaded where something is read, and not for ``--help``.
    """
    from pydantic_settings import BaseSettings, SettingsConfigDict  # noqa: PLC0415

    class FromEnvironment(BaseSettings, Configuration):
        model_config = SettingsConfigDict(
            env_prefix=PREFIX, env_ignore_empty=True, enable_decoding=False, extra="ignore", frozen=True
        )

    return FromEnvironment


def read_configuration(**flags: Any) -> Configuration:
    """Read the configuration from the environment and from flags.

    Flags that were typed (not None) come first. Raises ValueError with a line for each setting that cannot be used;
    what was written is not repeated.
    """
    typed = {name: value for name, value in flags.items() if value is not None}
    try:
        read = _reader()(**typed)
    except ValidationError as error:
        names = dict.fromkeys(str(one["loc"][0]) for one in error.errors(include_input=False, include_context=False))
        raise ValueError("\n".join(wrong(name) for name in names)) from None
    return Configuration.model_validate(read.model_dump())


def unknown_variables() -> list[str]:
    """Return variables with our prefix that are none of ours.

    They are likely typing mistakes.
    """
    known = {HANDED, *map(variable, Configuration.model_fields)}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known and not _OF_KUBERNETES.match(name))


def hand_over(started: Started) -> None:
    """Hand what was settled to the workers started from now on."""
    os.environ[HANDED] = started.model_dump_json()


def handed_over() -> Started:
    """Return what was settled for this worker.

    Outside of ``serve`` it is what the environment says. Raises ValueError.
    """
    told = os.environ.get(HANDED)
    return Started.model_validate_json(told) if told else Started(configuration=read_configuration())
