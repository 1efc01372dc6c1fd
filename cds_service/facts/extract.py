"""Facts out of a case: what the chart, the order and earlier answers document, each fact read once and only when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from cds_service.chart import Case
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.definition import Definition, DerivedEntry
from cds_service.facts.derive import RULES
from cds_service.facts.found.answers import answers, read_answers
from cds_service.facts.unread import ONLY_WORDS
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
        self._mentioned, self._missing = case.mentioned, case.unsearched
        self._heard = case.heard(catalogue.vocabulary)
        self._unplaced = case.unplaced
        mentioned = self._mentioned.union([id_ for _, id_ in self._unplaced]) if self._unplaced else self._mentioned
        self._speaking = catalogue.speaking(mentioned, self._answers, self._heard)
        self._silence = catalogue.silence(self._missing)

    def among(self, names: Set[str]) -> Iterable[str]:
        """Those of the names of which the chart may say something, or was not searched for it."""
        spoken = names & self._speaking
        return spoken | (names & self._silence.unsearched) if self._silence.unsearched else spoken

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
        derived = definition.derived
        return self._documented(definition) if derived is None else self._derived(definition, derived)

    def _derived(self, definition: Definition, derived: DerivedEntry) -> Fact:
        """A fact that is computed. Where all that it takes is silent, most rules have nothing to say, and are not asked."""
        name = definition.name
        takes: dict[str, Fact] = {}
        unsearched: dict[str, None] = {}
        silent = True
        for as_, taken in derived.takes.items():
            fact = takes[as_] = self[taken]
            if fact.unsearched:
                unsearched.update(dict.fromkeys(fact.unsearched))
            if fact.evidence:
                silent = False
        own = self._answered(definition) if name in self._answers else ()
        if silent and not own and not unsearched and name in self._catalogue.mute:
            return definition.silent
        if own and "scan" in takes:
            takes["scan"] = Fact(takes["scan"].name, takes["scan"].evidence + own, takes["scan"].unsearched)
            own = ()
        computed = RULES[derived.rule](takes, self._case.as_of, self._catalogue.tables.get(derived.table))
        return Fact(name, (*computed, *own), tuple(unsearched))

    def _documented(self, definition: Definition) -> Fact:
        """A fact that is found in the chart, or answered."""
        case, name = self._case, definition.name
        found: list[Evidence] = []
        if name in self._speaking:
            for source, speaks_by in definition.speakers:
                if speaks_by is None or not speaks_by.isdisjoint(self._mentioned):
                    life = source.shelf_life
                    if life is None:
                        found += source.find(case, definition.wanted)
                    else:
                        found += [life.seen(evidence, case.as_of) for evidence in source.find(case, definition.wanted)]
            if self._unplaced:
                found += self._not_placed(definition)
            if name in self._heard:
                found += self._only_said(definition)
        if len(found) > 1 and len(definition.sources) > 1:
            found = list(dict.fromkeys(found))  # one record that two kinds of evidence find is one piece of evidence
        if self._unusable:
            found = [self._usable(evidence) for evidence in found]
        if name in self._answers:
            found += self._answered(definition)
        unsearched = tuple([kind for kind in definition.searched if kind in self._missing]) if self._missing else ()
        return Fact(name, tuple(found), unsearched) if found or unsearched else definition.silent

    def _not_placed(self, definition: Definition) -> list[Evidence]:
        """What could speak of a fact if the system of its code were known."""
        places = [place for kind_and_set in definition.unplaced for place in self._unplaced.get(kind_and_set, ())]
        note = "the system of its code is not known here"
        return [
            Evidence(definition.spoken_value, one.when, one.resource, standing=Standing.UNCERTAIN, note=note)
            for one in dict.fromkeys(places)
            if one.ended is None or definition.past.asks(one.ended, self._case.as_of)
        ]

    def _only_said(self, definition: Definition) -> list[Evidence]:
        """What speaks of a fact in words, with a code that no value set of the fact holds, or none."""
        value = definition.spoken_value
        life = definition.said_for
        found = []
        for one in self._heard[definition.name]:
            if one.ended is not None and not definition.said_past.asks(one.ended, self._case.as_of):
                continue
            said = None if one.measured else value
            lasts = definition.shelf_life() if one.measured else life
            evidence = Evidence(said, one.when, one.resource, "recorded", Standing.UNCERTAIN, ONLY_WORDS, one.text)
            found.append(lasts.seen(evidence, self._case.as_of) if lasts and one.when else evidence)
        return found

    def _answered(self, definition: Definition) -> tuple[Evidence, ...]:
        """The answers to the question of a fact that was answered."""
        given = read_answers(self._answers[definition.name], self._case.chart.terminology, definition.wanted, self._case)
        return tuple([self._usable(evidence) for evidence in given])

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
