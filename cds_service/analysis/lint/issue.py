"""Issues that lint finds, and the rules that find them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from cds_service.analysis.lint.content_files import ContentFiles

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The severities, gravest first.

An *error* decides orders wrongly or breaks a licence, a *warning* may be a slip, an *info* is a duty.
"""
Group = Literal["citations", "references", "thresholds", "time", "unknowns", "wording", "shape", "review", "exclusions", "reach"]


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One thing wrong in one place.

    ``file`` is named from the content's folder; ``line`` counts from 1 (0: the whole file). ``hint`` says what to do
    about it. ``about`` is what an exclusion names instead of a line: a criterion's id, a fact, a code.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    message: str
    hint: str
    about: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.severity} {self.rule}: {self.message} ({self.hint})"


class Breach(NamedTuple):
    """What a rule yields: an issue without the rule's name and severity."""

    file: str
    line: int
    about: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of lint.

    It takes the content with its files, and yields what it finds wrong there.
    """

    name: str
    group: Group
    severity: Severity
    find: Callable[[ContentFiles], Iterable[Breach]]
    whole: bool = False

    def __post_init__(self) -> None:
        """Refuse a group or severity that there is not."""
        for said, known in ((self.group, get_args(Group)), (self.severity, SEVERITIES)):
            if said not in known:
                raise ValueError(f"{self.name}: '{said}' is none of {', '.join(known)}")

    def issues(self, files: ContentFiles) -> list[LintFinding]:
        """Return the issues the rule finds, sorted, each once.

        They are sorted by file and line.
        """
        found = sorted(set(self.find(files)))
        return [LintFinding(self.name, self.severity, f.file, f.line, f.message, f.hint, f.about) for f in found]
