"""Exclusions: the issues that are known and stay, each with the reason, all in one file, ``policies/lint-exclusions.yaml``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import field_validator

from cds_service.analysis.lint.issue import Issue
from cds_service.policy.grammar import Entry, Words
from cds_service.yaml_file import YamlFile

FILE = "policies/lint-exclusions.yaml"
WITHOUT_REASON = "exclusion-without-reason"
IDLE = "idle-exclusion"


class ExclusionEntry(Entry):
    """One exclusion: the rule, the file (``*`` for any part of its name), what it is about (anything, when not said), and why."""

    rule: Words
    file: Words
    about: list[str] = []
    because: str = ""

    @field_validator("about", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    def fits(self, issue: Issue) -> bool:
        """Whether an issue is one that is meant."""
        return self.rule == issue.rule and fnmatchcase(issue.file, self.file) and (not self.about or issue.about in self.about)


class ExclusionFile(Entry):
    """The file of exclusions."""

    exclusions: list[ExclusionEntry]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An exclusion and its line."""

    entry: ExclusionEntry
    line: int


def read_exclusions(root: Path) -> tuple[Exclusion, ...]:
    """The exclusions of a content folder; none when it has no file of them. Raises ContentError."""
    if not (root / FILE).is_file():
        return ()
    file = YamlFile(root / FILE, FILE)
    entries = file.read_as(ExclusionFile).exclusions
    return tuple(Exclusion(entry, file.line(("exclusions", index))) for index, entry in enumerate(entries))


def apply(issues: Iterable[Issue], exclusions: tuple[Exclusion, ...]) -> tuple[list[Issue], list[Issue]]:
    """The issues that stay, with those of the exclusions themselves, and the ones excluded.

    An exclusion without a reason excludes nothing; one that fits no issue, or whose every name under ``about`` does not, is idle.
    """
    found = list(issues)
    sound = [exclusion for exclusion in exclusions if exclusion.entry.because.strip()]
    excluded = [issue for issue in found if any(exclusion.entry.fits(issue) for exclusion in sound)]
    kept = [issue for issue in found if issue not in excluded]
    for exclusion in exclusions:
        entry = exclusion.entry
        if exclusion not in sound:
            said = f"the exclusion of '{entry.rule}' gives no reason, so nothing is excluded"
            kept.append(Issue(WITHOUT_REASON, "error", FILE, exclusion.line, said, "say under 'because' why it stays", entry.rule))
            continue
        idle = sorted(set(entry.about) - {issue.about for issue in found if entry.fits(issue)})
        if idle or not any(entry.fits(issue) for issue in found):
            about = f" about {', '.join(idle)}" if idle else ""
            said = f"'{entry.rule}' finds nothing{about} in {entry.file}"
            kept.append(Issue(IDLE, "error", FILE, exclusion.line, said, "remove what is no longer needed", entry.rule))
    return kept, excluded
