"""A YAML file as libyaml reads it.

It gives plain data and the line of every place, in a twentieth of the time of a reader in Python. libyaml finds the
structure; what a bare word means (``NO`` is a word, ``12`` a number, ``2025-04-01`` a day) ruamel.yaml says, as for
every other file. What is unusual is not read here: :class:`Unusual` sends it to ruamel.yaml, which also has the better
words for a mistake.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from yaml.cyaml import CBaseLoader
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

STRING, SEQUENCE, MAPPING = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_WORD = re.compile(r"(?!(?:null|true|false|yes|no|on|off|y|n)\b)[A-Za-z(]|(?!\d{4}-)\S+ ", re.IGNORECASE)
"""How bare words begin that are words in every version of YAML.

What has a space in it is a word too, unless it begins like a moment (a date).
"""


_COUNT = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TAGS = {ScalarNode: STRING, SequenceNode: SEQUENCE, MappingNode: MAPPING}


class Unusual(Exception):
    """The file holds something that is not read here, or a mistake."""


class _Untyped(CBaseLoader):
    """A parser that names every node by its structure alone.

    It looks up no rules for that, of which there are none.
    """

    def resolve(self, kind: type[Node], *_: Any) -> str:
        return _TAGS[kind]


class Nodes:
    """The nodes of one file, with their lines."""

    def __init__(self, text: str) -> None:
        """Parse the text.

        Raises Unusual for what is not a mapping of plain keys, for tags, merges, keys that stand twice, and mistakes.
        """
        if text.startswith("%") or "!!" in text or "!<" in text:
            raise Unusual
        parser = _Untyped(text)
        try:
            root = parser.get_single_node()
        except (yaml.YAMLError, ValueError, RecursionError):
            raise Unusual from None
        finally:
            parser.dispose()
        if not isinstance(root, MappingNode):
            raise Unusual
        self._root = root
        self.data: dict[str, Any] = _plain(root)

    def line(self, place: tuple[str | int, ...]) -> int:
        """Return the line of a place.

        Where the file does not have the place, it is the line of the nearest thing around it.
        """
        node: Node = self._root
        line = 1
        for step in place:
            if isinstance(node, MappingNode):
                found = next(((key, value) for key, value in node.value if _scalar(key) == step), None)
                if found:
                    line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line + 1
        return line


def _plain(node: Node) -> Any:
    if isinstance(node, ScalarNode):
        return _scalar(node)
    if isinstance(node, SequenceNode) and node.tag == SEQUENCE:
        return [_plain(one) for one in node.value]
    if not isinstance(node, MappingNode) or node.tag != MAPPING:
        raise Unusual
    found: dict[Any, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise Unusual
        name = _scalar(key)
        if name in found or name == "<<":
            raise Unusual
        found[name] = _plain(value)
    return found


def _scalar(node: ScalarNode) -> Any:
    if node.tag != STRING:
        raise Unusual
    return node.value if node.style or _WORD.match(node.value) else _bare(node.value)


@lru_cache(maxsize=4096)
def _bare(word: str) -> Any:
    """Read a bare word as ruamel.yaml does.

    Raises Unusual for what it refuses. The words that most files have need no reader made for them.
    """
    if word in ("true", "false"):
        return word == "true"
    if _COUNT.fullmatch(word):
        return int(word)
    try:
        if _DAY.fullmatch(word):
            return date.fromisoformat(word)
        return YAML(typ="safe", pure=True).load(word) if word else None
    except (YAMLError, ValueError):
        raise Unusual from None
