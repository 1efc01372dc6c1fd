"""Facts out of a case: what the chart, the order and earlier answers document, each fact read once and only when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from cds_service.chart import Case
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.definition import Definition
from cds_service.facts.derive import RULES
from cds_service.facts.kinds.answer import answers, read_answers
from cds_service.policy.judge import ChartFacts
from cds_service.policy.model import Evidence, Fact, Standing


class Facts(ChartFacts):
    """The facts of one case that were read so far, by name; one that is asked for is read then.

    ``unusable`` names resources that failed validation, with the reason.
    """

    def __init__(self, case: Case, catalogue: Catalogue, unusable: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._case = case
        self._catalogue = catalogue
        self._unusable = unusable or {}
        self._answers = answers(case.chart.of("QuestionnaireResponse"))
        self._speaking = catalogue.speaking(case.mentioned, self._answers)
        self._silence = catalogue.silence(case.unsearched)

    def among(self, names: Set[str]) -> Iterable[str]:
        """Those of the names of which the chart may say something, or was not searched for it."""
        spoken = names & self._speaking
        return spoken | (names & self._silence.broken) if self._silence.broken else spoken

    def __missing__(self, name: str) -> Fact:
        fact = None if name in self._speaking else self._silence.facts.get(name)
        if fact is None:
            fact = self._extract(self._catalogue[name])
        self[name] = fact
        return fact

    def evidence(self) -> Iterator[Evidence]:
        """All evidence of the facts read so far."""
        for fact in self.values():
            yield from fact.evidence

    def _extract(self, definition: Definition) -> Fact:
        derived = definition.entry.derived
        if derived:
            takes = {as_: self[name] for as_, name in derived.takes.items()}
            own = self._answered(definition)
            if "scan" in takes:
                takes["scan"] = Fact(takes["scan"].name, takes["scan"].evidence + own, takes["scan"].unsearched)
                own = ()
            computed = RULES[derived.rule](takes, self._case.as_of, self._catalogue.tables.get(derived.table))
            kinds = dict.fromkeys(kind for fact in takes.values() for kind in fact.unsearched)
            return Fact(definition.name, (*computed, *own), tuple(kinds))
        found: list[Evidence] = []
        if definition.name in self._speaking:
            for source, speaks_by in definition.speakers:
                if speaks_by is None or not speaks_by.isdisjoint(self._case.mentioned):
                    found += source.find(self._case, definition.wanted)
        if self._unusable:
            found = [self._usable(evidence) for evidence in found]
        missing = self._case.unsearched
        unsearched = tuple([kind for kind in definition.searched if kind in missing]) if missing else ()
        answered = self._answered(definition)
        return Fact(definition.name, (*found, *answered), unsearched) if found or answered or unsearched else definition.silent

    def _answered(self, definition: Definition) -> tuple[Evidence, ...]:
        given = self._answers.get(definition.name) if self._answers else None
        if not given:
            return ()
        terminology = self._case.chart.terminology
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
