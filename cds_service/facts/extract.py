"""Facts out of a case: what the chart, the order and earlier answers document, each fact read once and only when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from cds_service.chart import Case
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.definition import Definition
from cds_service.facts.derive import RULES
from cds_service.facts.kinds.answer import answers, read_answers
from cds_service.policy.model import Evidence, Fact, Standing


class Facts(Mapping[str, Fact]):
    """The facts of one case by name. ``unusable`` names resources that failed validation, with the reason."""

    def __init__(self, case: Case, catalogue: Catalogue, unusable: Mapping[str, str] | None = None) -> None:
        self.case = case
        self.catalogue = catalogue
        self._unusable = unusable or {}
        self._read: dict[str, Fact] = {}

    def __getitem__(self, name: str) -> Fact:
        fact = self._read.get(name)
        if fact is None:
            fact = self._read[name] = self._extract(self.catalogue[name])
        return fact

    def __iter__(self) -> Iterator[str]:
        return iter(self.catalogue)

    def __len__(self) -> int:
        return len(self.catalogue.facts)

    def evidence(self) -> Iterator[Evidence]:
        """All evidence of the facts read so far."""
        for fact in self._read.values():
            yield from fact.evidence

    @cached_property
    def _answers(self) -> Mapping[str, list[tuple[Mapping[str, object], Mapping[str, object]]]]:
        return answers(self.case.chart.of("QuestionnaireResponse"))

    def _extract(self, definition: Definition) -> Fact:
        derived = definition.entry.derived
        if derived:
            takes = {as_: self[name] for as_, name in derived.takes.items()}
            own = self._answered(definition)
            if "scan" in takes:
                takes["scan"] = Fact(takes["scan"].name, takes["scan"].evidence + own, takes["scan"].unsearched)
                own = ()
            computed = RULES[derived.rule](takes, self.case.as_of, self.catalogue.tables.get(derived.table))
            kinds = dict.fromkeys(kind for fact in takes.values() for kind in fact.unsearched)
            return Fact(definition.name, (*computed, *own), tuple(kinds))
        found: list[Evidence] = []
        if definition.speaks_by is None or not definition.speaks_by.isdisjoint(self.case.mentioned):
            for source in definition.sources:
                found += source.find(self.case, definition.wanted)
        if self._unusable:
            found = [self._usable(evidence) for evidence in found]
        missing = self.case.unsearched
        unsearched = tuple([kind for kind in definition.searched if kind in missing]) if missing else ()
        answered = self._answered(definition)
        return Fact(definition.name, (*found, *answered), unsearched) if found or answered or unsearched else definition.silent

    def _answered(self, definition: Definition) -> tuple[Evidence, ...]:
        given = self._answers.get(definition.name) if self._answers else None
        if not given:
            return ()
        terminology = self.case.chart.terminology
        return tuple(self._usable(e) for e in read_answers(given, terminology, definition.wanted))

    def _usable(self, evidence: Evidence) -> Evidence:
        reason = self._unusable.get(evidence.resource)
        if reason is None:
            return evidence
        return Evidence(None, evidence.when, evidence.resource, evidence.kind, Standing.UNCERTAIN, reason)


def extract(case: Case, catalogue: Catalogue, names: tuple[str, ...]) -> Facts:
    """Reads the named facts of a case at once (the hook reads them as criteria ask for them)."""
    facts = Facts(case, catalogue)
    for name in names:
        facts[name]
    return facts
