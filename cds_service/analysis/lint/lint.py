"""Runs all rules over all content.

The result is what they find, less what is excluded with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cds_service.analysis.lint.at_reading import AT_READING
from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.exclusions import IDLE, WITHOUT_REASON, apply, read_exclusions
from cds_service.analysis.lint.issue import SEVERITIES, Group, LintFinding, Rule, Severity
from cds_service.analysis.lint.rules import all_rules
from cds_service.content.layers import BELOW


@dataclass(frozen=True, slots=True)
class Report:
    """What lint found.

    ``issues`` are sorted by file and line; ``excluded`` are those that the file of exclusions excuses.
    """

    issues: tuple[LintFinding, ...]
    excluded: tuple[LintFinding, ...] = ()

    def count(self, severity: Severity) -> int:
        """Count the issues of one severity."""
        return sum(issue.severity == severity for issue in self.issues)

    def of(self, rules: Iterable[str], least: Severity, files: frozenset[str] | None) -> Report:
        """Select issues by rule, severity and file.

        All ``rules`` count when none is named; issues of the severity ``least`` or graver; in all files when ``files``
        is None.
        """
        named = frozenset(rules)
        grave = SEVERITIES[: SEVERITIES.index(least) + 1]

        def wanted(issue: LintFinding) -> bool:
            return issue.severity in grave and (not named or issue.rule in named) and (files is None or issue.file in files)

        return Report(tuple(filter(wanted, self.issues)), tuple(filter(wanted, self.excluded)))


def lint(files: ContentFiles, rules: Iterable[Rule] | None = None) -> Report:
    """Run the rules, by default all.

    With rules of one's choice nothing is excluded, since an exclusion of another rule would seem idle. Of a folder that
    lies over another only its own files are looked at. Raises ContentError when the exclusions cannot be read.
    """
    looked = [rule for rule in (all_rules() if rules is None else rules) if not (files.only and rule.whole)]
    found = (issue for rule in looked for issue in rule.issues(files))
    found = (issue for issue in found if not issue.file.startswith(BELOW))
    if rules is not None:
        return Report(_sorted(found))
    kept, excluded = apply(found, read_exclusions(files.content.root))
    if files.only:  # exclusions of other policies are not idle
        own = {file.name for file in files.policies} | {vignette.file for vignette in files.vignettes}
        kept = [issue for issue in kept if issue.file in own]
    return Report(_sorted(kept), _sorted(excluded))


def rule_names() -> dict[str, tuple[Group, str]]:
    """Return every rule's group and severity, by name.

    The severity of those enforced when content is read is ``at reading``.
    """
    found: dict[str, tuple[Group, str]] = {rule.name: (rule.group, rule.severity) for rule in all_rules()}
    found |= {WITHOUT_REASON: ("exclusions", "error"), IDLE: ("exclusions", "error")}
    found |= {name: (group, "at reading") for name, group in AT_READING.items()}
    return dict(sorted(found.items()))


def _sorted(issues: Iterable[LintFinding]) -> tuple[LintFinding, ...]:
    return tuple(sorted(issues, key=lambda issue: (issue.file, issue.line, issue.rule, issue.about)))
