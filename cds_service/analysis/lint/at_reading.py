"""Rules that are enforced when content is read.

They need no search: content that breaks them is refused, with file and line, by every command and by the service.
"""

from __future__ import annotations

from types import MappingProxyType

from cds_service.analysis.lint.issue import Group

AT_READING: MappingProxyType[str, Group] = MappingProxyType(
    {
        "citation-to-unknown-source": "citations",
        "criterion-without-citation": "citations",
        "unknown-fact": "references",
        "unknown-value-set": "references",
        "unit-mismatch": "references",
        "out-of-range": "thresholds",
        "overlapping-versions": "time",
        "presumption-without-because": "unknowns",
        "same-id-twice": "wording",
    }
)
"""The rules by name, with their groups.

Each has its page and its test, as every rule has.
"""
