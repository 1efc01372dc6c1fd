"""A second reader who is also the encoder."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        encoder, reader = file.data["review"].get("encoded_by", ""), file.policy.second_reader
        if encoder and encoder.strip().casefold() == reader.strip().casefold():
            said = f"the second reader is who encoded it: {reader}"
            line = file.line("review", "second_reader")
            yield Breach(file.name, line, "review", said, "somebody else reads it, or it says 'none yet'")


RULE = Rule("encoder-is-reader", "review", "error", _find)
