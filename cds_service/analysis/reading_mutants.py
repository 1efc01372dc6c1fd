"""Mutants of how charts are read.

A fact forgets the words that speak of it, or evidence has no shelf life or a shorter one. Such a mistake leaves the
policy as it is and changes a fact. Only vignettes can kill it, above all those that hold records as they are written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cds_service.facts.catalogue import Catalogue
from cds_service.facts.definition import Definition
from cds_service.facts.entry import FactEntry
from cds_service.facts.kinds.evidence_kind import ALWAYS
from cds_service.facts.sources import SourceEntry
from cds_service.policy.model import Policy
from cds_service.policy.values import LookBack


class Misread(NamedTuple):
    """A fact that is read wrongly, and the mistake in words."""

    definition: Definition
    said: str


def misreadings(policy: Policy, catalogue: Catalogue) -> Iterator[Misread]:
    """Yield every mutant of the facts that a policy rests on.

    They come in the catalogue's order.
    """
    for name in catalogue.closure(policy.facts):
        definition = catalogue[name]
        entry = definition.entry
        for index, words in enumerate(entry.worded):
            others = [other for other in entry.worded if other is not words]
            what = f"none of the words of its entry {index + 1}" if others else "no words"
            yield Misread(_changed(definition, {"words": others or None}), f"the fact '{name}' listens to {what}")
        for index, source in enumerate(entry.from_):
            kind = source.kind
            if kind.speaks_for in ("", ALWAYS):
                continue
            where = f"'{source.name}' of the fact '{name}'" + (f", entry {index + 1}," if len(entry.from_) > 1 else "")
            for span in (ALWAYS, _shorter(kind.speaks_for)):
                yield Misread(_speaking(definition, index, span), f"{where} speaks for {span} and not for {kind.speaks_for}")


def _shorter(span: str) -> str:
    """Return a span one unit shorter."""
    written = LookBack.parse(span)
    return str(LookBack(written.count - 1, written.unit)) if written.count > 1 else "1 day"


def _speaking(definition: Definition, index: int, span: str) -> Definition:
    source = definition.entry.from_[index]
    kind = type(source.kind).model_validate(source.kind.model_dump(by_alias=True, exclude_unset=True) | {"speaks_for": span})
    changed = SourceEntry.model_validate({source.name: kind})
    sources = [*definition.entry.from_[:index], changed, *definition.entry.from_[index + 1 :]]
    return _changed(definition, {"from_": sources})


def _changed(definition: Definition, update: dict[str, object]) -> Definition:
    entry: FactEntry = definition.entry.model_copy(update=update)
    return Definition(definition.name, entry, definition.file, definition.line)
