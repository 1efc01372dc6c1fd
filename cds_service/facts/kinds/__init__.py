"""The kinds of evidence, one or a few in each module.

Each declares its name; a new module is a new kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from inspect import isabstract
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType

from cds_service.facts.kinds.declaration import Declaration
from cds_service.facts.kinds.evidence_kind import EvidenceKind


@lru_cache(maxsize=1)
def all_kinds() -> Mapping[str, type[EvidenceKind]]:
    """Return every kind of evidence by its name in ``from``.

    Raises TypeError for one that lacks a part.
    """
    return kinds_of(import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))


def kinds_of(modules: Iterable[ModuleType]) -> Mapping[str, type[EvidenceKind]]:
    """Return the kinds that modules declare, by name.

    Raises TypeError naming what one of them forgot.
    """
    found: dict[str, type[EvidenceKind]] = {}
    for module in modules:
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, EvidenceKind) and kind.__module__ == module.__name__:
                if kind is EvidenceKind:
                    continue
                if forgotten := _forgotten(kind, found):
                    raise TypeError(f"{kind.__module__}.{kind.__qualname__}: {forgotten}")
                found[kind.declared.name] = kind
    return MappingProxyType(dict(sorted(found.items())))


def _forgotten(kind: type[EvidenceKind], found: Mapping[str, type[EvidenceKind]]) -> str:
    """Return what a kind lacks, in words for its author.

    Returns the empty string where it lacks nothing.
    """
    declared = vars(kind).get("declared")
    if not isinstance(declared, Declaration):
        return "it declares nothing: 'declared: ClassVar = Declaration(...)' gives its name in 'from' and what it can give"
    if not declared.gives:
        return f"'{declared.name}' can give no type of value, so it documents no fact"
    if declared.name in found:
        return f"the name '{declared.name}' is that of {found[declared.name].__qualname__}"
    if isabstract(kind):
        return f"'{declared.name}' lacks {', '.join(sorted(kind.__abstractmethods__))}"
    if "codes" in kind.model_fields and kind.value_sets is EvidenceKind.value_sets:
        return f"'{declared.name}' names the value set 'codes' and does not return it: 'value_sets' is missing"
    if declared.of == "order" and not kind.looks_at_orders():
        return f"'{declared.name}' is of the order, and finds nothing there: 'of_order' or 'with_order' is missing"
    if declared.of != "question" and not kind.finds_anything():
        return f"'{declared.name}' finds nothing: 'in_chart', 'of_order' or 'with_order' is missing"
    return ""
