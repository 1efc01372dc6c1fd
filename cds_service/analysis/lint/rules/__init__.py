"""The rules of lint, one in each file.

``unused_fact.py`` holds the ``RULE`` named ``unused-fact``. A new file is a new rule.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from cds_service.analysis.lint.issue import Rule


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Return every rule of this folder, sorted by name."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return tuple(sorted((module.RULE for module in modules), key=lambda rule: rule.name))
