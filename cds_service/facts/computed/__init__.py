"""Facts that are computed from other facts.

Each module declares its rules; a new module needs no mention elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from cds_service.facts.rule import DECLARED, Derivation


@lru_cache(maxsize=1)
def all_rules() -> Mapping[str, Derivation]:
    """Return every rule of this folder by its name."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return MappingProxyType(dict(DECLARED))
