"""What is excused, visibly and with reasons.

Excused are outcomes that a criterion cannot have, and changes that change no decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from cds_service.analysis.cover import Seen, Tried
from cds_service.analysis.mutants import Mutant
from cds_service.content_files.problems import Problem
from cds_service.content_files.yaml_file import YamlFile
from cds_service.policy.criterion import AtLeast, Check, Criterion, NoneOf, Outcome
from cds_service.policy.entry import Entry, Words
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET

FILE = "policies/excused.yaml"


class OutcomeEntry(Entry):
    """An outcome that checks of a fact, or criteria, never have.

    The criteria are those of one id. Without ``policy`` it holds in every policy.
    """

    fact: str = ""
    criterion: str = ""
    policy: str = ""
    never: list[Literal["met", "not met", "not documented", "deciding"]]
    because: Words

    @model_validator(mode="after")
    def _names_one(self) -> OutcomeEntry:
        if bool(self.fact) == bool(self.criterion):
            raise ValueError("an excuse names a fact or a criterion, and not both")
        return self


class MutantEntry(Entry):
    """A change that changes no decision, worded as the command words it."""

    policy: Words
    changed: Words
    because: Words


class ExcusedFile(Entry):
    """The file of everything excused."""

    outcomes: list[OutcomeEntry] = []
    mutants: list[MutantEntry] = []


@dataclass(slots=True)
class Excused:
    """What is excused, and which of it has been needed so far."""

    entries: ExcusedFile
    file: YamlFile | None = None
    needed: set[int] = field(default_factory=set)

    def mutant(self, mutant: Mutant) -> str:
        """Return why a surviving mutant changes no decision.

        Returns the empty string when nothing says so.
        """
        for entry in self.entries.mutants:
            if (entry.policy, entry.changed) == (mutant.policy.id, mutant.changed):
                self.needed.add(id(entry))
                return entry.because
        return ""

    def missing(self, tried: Tried) -> tuple[Seen, ...]:
        """Return the ways in which a criterion was not seen, though possible."""
        possible = {outcome.value for outcome in self._possible(tried.criterion, tried.policy.id)} | {"deciding"}
        return tuple(seen for seen in tried.unseen if seen.value in possible and not self._never(tried, seen))

    def _never(self, tried: Tried, seen: Seen) -> bool:
        return seen.value in self._excused(tried.criterion, tried.policy.id)

    def _excused(self, criterion: Criterion, policy: str) -> set[str]:
        found: set[str] = set()
        for entry in self.entries.outcomes:
            named = entry.criterion == criterion.id or (isinstance(criterion, Check) and entry.fact == criterion.fact)
            if named and entry.policy in ("", policy):
                self.needed.add(id(entry))
                found |= set(entry.never)
        return found

    def _possible(self, criterion: Criterion, policy: str) -> frozenset[Outcome]:
        """Return the outcomes that a criterion can have.

        They follow from its parts and the excuses of facts, as far as those tell.
        """
        never = self._excused(criterion, policy)
        own = frozenset(outcome for outcome in Outcome if outcome.value not in never)
        if isinstance(criterion, Check):
            presumed = criterion.presumption.treat_as if criterion.presumption else None
            if criterion.times and presumed is None:  # records prove how often something happened, never that it did not
                own -= {NOT_MET if criterion.times.compare in ("is_at_least", "is_above") else MET}
            return own - {NOT_MET} if criterion.open_because and presumed is not NOT_MET else own
        parts = [self._possible(part, policy) for part in criterion.parts]
        can = {outcome: sum(outcome in part for part in parts) for outcome in Outcome}
        found = {NOT_DOCUMENTED} if can[NOT_DOCUMENTED] else set()
        match criterion:
            case AtLeast(count=count):
                found |= {MET} if can[MET] >= count else set()
                found |= {NOT_MET} if can[NOT_MET] > len(parts) - count else set()
            case NoneOf():
                found |= {MET} if can[NOT_MET] == len(parts) else set()
                found |= {NOT_MET} if can[MET] else set()
        return own & found

    def idle(self) -> list[Problem]:
        """Return a problem for each entry that nothing needed.

        What such an entry excuses is not so any more.
        """
        if self.file is None:
            return []
        return [
            self.file.problem((key, index), "it excuses nothing any more; take it out")
            for key, entries in (("outcomes", self.entries.outcomes), ("mutants", self.entries.mutants))
            for index, entry in enumerate(entries)
            if id(entry) not in self.needed
        ]


def read_excused(root: Path) -> Excused:
    """Read what a content excuses.

    Excuses nothing when the content has no such file. Raises ContentError when the file is not of this grammar.
    """
    if not (root / FILE).is_file():
        return Excused(ExcusedFile())
    file = YamlFile(root / FILE, FILE)
    return Excused(file.read_as(ExcusedFile), file)
