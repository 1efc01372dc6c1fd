"""All rules over all content: what they find, less what is excluded with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cds_service.analysis.lint.at_reading import AT_READING
from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.exclusions import IDLE, WITHOUT_REASON, apply, read_exclusions
from cds_service.analysis.lint.issue import SEVERITIES, Group, Issue, Rule, Severity
from cds_service.analysis.lint.rules import all_rules


@dataclass(frozen=True, slots=True)
class Report:
    """What lint has to say: the issues by file and line, and those that the exclusions' file excuses."""

    issues: tuple[Issue, ...]
    excluded: tuple[Issue, ...] = ()

    def count(self, severity: Severity) -> int:
        """How many issues there are of one severity."""
        return sum(issue.severity == severity for issue in self.issues)

    def of(self, rules: Iterable[str], least: Severity, files: frozenset[str] | None) -> Report:
        """The issues of some rules (all, when none is named), of a severity or graver, in some files (None: in all)."""
        named = frozenset(rules)
        grave = SEVERITIES[: SEVERITIES.index(least) + 1]

        def wanted(issue: Issue) -> bool:
            return issue.severity in grave and (not named or issue.rule in named) and (files is None or issue.file in files)

        return Report(tuple(filter(wanted, self.issues)), tuple(filter(wanted, self.excluded)))


def lint(files: ContentFiles, rules: Iterable[Rule] | None = None) -> Report:
    """Runs the rules, by default all. Raises ContentError when the exclusions cannot be read.

    With rules of one's choice nothing is excluded, since an exclusion of another rule would seem idle.
    """
    if rules is not None:
        return Report(_sorted(issue for rule in rules for issue in rule.issues(files)))
    found = (issue for rule in all_rules() for issue in rule.issues(files))
    kept, excluded = apply(found, read_exclusions(files.content.root))
    return Report(_sorted(kept), _sorted(excluded))


def rule_names() -> dict[str, tuple[Group, str]]:
    """Every rule by name, with its group and its severity; of those enforced when content is read, ``at reading``."""
    found: dict[str, tuple[Group, str]] = {rule.name: (rule.group, rule.severity) for rule in all_rules()}
    found |= {WITHOUT_REASON: ("exclusions", "error"), IDLE: ("exclusions", "error")}
    found |= {name: (group, "at reading") for name, group in AT_READING.items()}
    return dict(sorted(found.items()))


def _sorted(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    return tuple(sorted(issues, key=lambda issue: (issue.file, issue.line, issue.rule, issue.about)))
