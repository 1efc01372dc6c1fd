"""Exclusions: issues that are known and stay, each with its reason.

They stand in one file, ``policies/lint-exclusions.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import field_validator

from cds_service.analysis.lint.issue import LintFinding
from cds_service.content_files.yaml_file import YamlFile
from cds_service.policy.entry import Entry, Words

FILE = "policies/lint-exclusions.yaml"
WITHOUT_REASON = "exclusion-without-reason"
IDLE = "idle-exclusion"


class ExclusionEntry(Entry):
    """One exclusion of issues.

    It names the rule, the file (``*`` for any part of its name), what the issues are about (anything, when not given),
    and the reason.
    """

    rule: Words
    file: Words
    about: list[str] = []
    because: str = ""

    @field_validator("about", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    def fits(self, issue: LintFinding) -> bool:
        """Tell whether an issue is one that the exclusion means."""
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
    """Read the exclusions of a content folder.

    There are none when it has no such file. Raises ContentError.
    """
    if not (root / FILE).is_file():
        return ()
    file = YamlFile(root / FILE, FILE)
    entries = file.read_as(ExclusionFile).exclusions
    return tuple(Exclusion(entry, file.line(("exclusions", index))) for index, entry in enumerate(entries))


def apply(issues: Iterable[LintFinding], exclusions: tuple[Exclusion, ...]) -> tuple[list[LintFinding], list[LintFinding]]:
    """Split issues into those that stay and those excluded.

    Issues about the exclusions themselves are added to those that stay. An exclusion without a reason excludes nothing.
    One that fits no issue is idle, and so is one with a name under ``about`` that fits none.
    """
    found = list(issues)
    sound = [exclusion for exclusion in exclusions if exclusion.entry.because.strip()]
    excluded = [issue for issue in found if any(exclusion.entry.fits(issue) for exclusion in sound)]
    kept = [issue for issue in found if issue not in excluded]
    for exclusion in exclusions:
        entry = exclusion.entry
        if exclusion not in sound:
            said = f"the exclusion of '{entry.rule}' gives no reason, so nothing is excluded"
            kept.append(
                LintFinding(WITHOUT_REASON, "error", FILE, exclusion.line, said, "say under 'because' why it stays", entry.rule)
            )
            continue
        idle = sorted(set(entry.about) - {issue.about for issue in found if entry.fits(issue)})
        if idle or not any(entry.fits(issue) for issue in found):
            about = f" about {', '.join(idle)}" if idle else ""
            said = f"'{entry.rule}' finds nothing{about} in {entry.file}"
            kept.append(LintFinding(IDLE, "error", FILE, exclusion.line, said, "remove what is no longer needed", entry.rule))
    return kept, excluded
