"""A second reader who is the first."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Found, Rule


def _find(files: ContentFiles) -> Iterator[Found]:
    for file in files.policies:
        encoder, reader = file.data["review"].get("encoded_by", ""), file.policy.second_reader
        if encoder and encoder.strip().casefold() == reader.strip().casefold():
            said = f"the second reader is who encoded it: {reader}"
            line = file.line("review", "second_reader")
            yield Found(file.name, line, "review", said, "somebody else reads it, or it says 'none yet'")


RULE = Rule("encoder-is-reader", "review", "error", _find)
