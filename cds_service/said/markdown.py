"""Text that others wrote, made safe for Markdown.

The details of cards are written in GitHub-Flavored Markdown; such text stays mere text in it.
"""

from __future__ import annotations

import re
from typing import Final

_FORMATTING: Final = re.compile(r"([\\`*_\[\]<>|#~&])")
_MARKS: Final = frozenset("/:@.")
"""Characters of which every word that could become a link has one."""
_LINKS: Final = re.compile(
    r"//|www\.|@"
    r"|(?:mailto|xmpp|tel|sms|ftp|file|data|javascript|vbscript):"
    r"|\S\.(?:[a-z]{2,24}/|(?:com|org|net|gov|edu|mil|info|biz|io|co|ai|us|uk|ca|de|eu|app|dev|health)(?![a-z0-9]))",
    re.IGNORECASE,
)
"""What makes renderers turn a word into a link by itself.

These are schemes, ``www.``, e-mail addresses and names of hosts.
"""


def plain(text: str) -> str:
    """Return text in which nothing formats, links or becomes HTML.

    A word that renderers would link by themselves is shown as code, in which they do not: no escape keeps all of them
    from it.
    """
    words = text.split()
    if _MARKS.isdisjoint(text) or not _LINKS.search(text):
        return _FORMATTING.sub(r"\\\1", " ".join(words))
    return " ".join(quoted(word) if _LINKS.search(word) else _FORMATTING.sub(r"\\\1", word) for word in words)


def quoted(words: str) -> str:
    """Show words that a client may have written as a code span.

    Nothing in it formats or links.
    """
    return f"`{cut(words.replace('`', ''), 200) or ' '}`"


def cut(text: str, most: int) -> str:
    """Cut text to so many characters, without line breaks.

    Longer text ends after a word.
    """
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;.") + "…"
