"""A paragraph of the document that the policy passes over.

The numbering of the cited paragraphs shows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles, PolicyFile
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.lint.passages import Path, passed_over, paths_of


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for source in file.policy.sources:
            cited = _cited(file, source)
            for missing, after in passed_over(cited):
                at, next_ = " ".join(missing[:1]) + ".".join(missing[1:]), ".".join(after[1:])
                said = f"{at} is neither cited nor under not_encoded, and {next_} is cited here"
                hint = "encode the paragraph, or say under not_encoded why not"
                yield Breach(file.name, cited[after], at, said, hint)


def _cited(file: PolicyFile, source: str) -> dict[Path, int]:
    """Return every paragraph that is cited, with the first line of each."""
    found: dict[Path, int] = {}
    for place, key, at in file.citations():
        for path in paths_of(at) if key == source else ():
            found.setdefault(path, file.line(*place))
    return found


RULE = Rule("passage-neither-encoded-nor-excused", "citations", "warning", _find)
