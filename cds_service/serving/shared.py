"""The content that a server has read and checked.

Workers that are forked from it take it over, and do not read it again.
"""

from __future__ import annotations

import gc
from typing import Final

from cds_service.configuration.configuration import Configuration
from cds_service.content.content import Content, read_content, revision_of_files, shipped_content

_handed_over: Final[list[Content]] = []
"""The contents that the server of this process has read.

It read them before it started any worker; nothing is added afterwards.
"""


def hand_over_content(content: Content) -> None:
    """Keep a content for the workers that this process starts.

    Where they are forked they share its memory with it, as long as nobody writes there: so the garbage collector is told to leave
    alone what is held now. Where they are not, they read the folder as if nothing had been handed over.
    """
    _handed_over[:] = [content]
    gc.collect()
    gc.freeze()


def content_of(configuration: Configuration) -> Content:
    """Return the content that a configuration names.

    That is the shipped one by default, with a plan's own value sets. What was handed over is that content as long as
    its files are what they were. Raises ContentError when the files do not hold together.
    """
    root, own = configuration.content or shipped_content(), configuration.value_sets
    for content in _handed_over:
        if content.root.resolve() == root.resolve() and content.revision == revision_of_files(root, own):
            return content
    return read_content(root, own)
