"""A call as it comes in.

Here stand its message, its context, its orders, and what it must bring.

Each hook has a module here that declares it under the name ``HOOK``; a new module is a new hook.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from itertools import pairwise
from pkgutil import iter_modules
from types import MappingProxyType

from cds_service.hooks.received.hook import Hook


@lru_cache(maxsize=1)
def all_hooks() -> Mapping[str, Hook]:
    """Return every hook by its name, in the order of discovery.

    Raises TypeError if two hooks have the same place in discovery.
    """
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    declared = [hook for module in modules if isinstance(hook := getattr(module, "HOOK", None), Hook)]
    found = sorted(declared, key=lambda hook: hook.listed)
    for one, other in pairwise(found):
        if one.listed == other.listed:
            raise TypeError(f"{one.name} and {other.name} have one place in discovery")
    return MappingProxyType({hook.name: hook for hook in found})
