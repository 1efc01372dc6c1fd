"""YAML files read into plain values, with the line of every key.

They are checked against a pydantic grammar. YAML is read as ruamel.yaml reads YAML 1.2: ``NO`` stays a word, duplicate
keys are refused, and every node knows its line. Files without anything unusual are read by libyaml, to the same result
(``yaml_nodes``).
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from cds_service.content_files.problems import ContentError, Problem
from cds_service.content_files.yaml_nodes import Nodes, Unusual

Place = tuple[str | int, ...]
_DAY: Final = re.compile(r"\b\d{4}-\d\d-\d\d\b")
Grammar = TypeVar("Grammar", bound=BaseModel)


class YamlFile:
    """One YAML file: its plain data, and the line of any place.

    A place is a path of keys and indexes.
    """

    def __init__(self, path: Path, name: str) -> None:
        """Read the file at ``path``.

        ``name`` is how messages call it. Raises ContentError when it is not YAML or holds no mapping.
        """
        self.name = name
        self._nodes: Nodes | None = None
        try:
            text = path.read_text(encoding="utf-8")
            with suppress(Unusual):
                self._nodes = Nodes(text)
                self.data: dict[str, Any] = self._nodes.data
                return
            self._tree = YAML(typ="rt", pure=True).load(text)
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            said = (error.problem or "it cannot be read").strip().splitlines()[0]
            raise ContentError([Problem(name, line, f"not YAML: {said}")]) from None
        except ValueError as error:
            if isinstance(error, UnicodeDecodeError):
                raise ContentError([Problem(name, 0, f"cannot be read: {type(error).__name__}")]) from None
            raise ContentError([Problem(name, _impossible_day(text), f"not YAML: {error}")]) from None
        except (YAMLError, OSError, RecursionError) as error:
            raise ContentError([Problem(name, 0, f"cannot be read: {type(error).__name__}")]) from None
        if not isinstance(self._tree, CommentedMap):
            raise ContentError([Problem(name, 1, "a mapping of keys is meant, and this is something else")])
        self.data = _plain(self._tree)

    def line(self, place: Place) -> int:
        """Return the line of a place.

        Where the file does not have the place, it is the line of the nearest thing around it.
        """
        if self._nodes:
            return self._nodes.line(place)
        node: Any = self._tree
        line = 1
        for step in place:
            if isinstance(node, CommentedMap) and step in node:
                if step in (node.lc.data or ()):  # what a merge brings along has no line here
                    line = node.lc.key(step)[0] + 1
                node = node[step]
            elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
                line = node.lc.item(step)[0] + 1
                node = node[step]
        return line

    def problem(self, place: Place, message: str) -> Problem:
        """Make a problem at a place of this file."""
        return Problem(self.name, self.line(place), message)

    def read_as(self, grammar: type[Grammar]) -> Grammar:
        """Read the data as the grammar's classes.

        Raises ContentError with every departure from the grammar.
        """
        try:
            return grammar.model_validate(self.data)
        except ValidationError as error:
            problems = [
                self.problem(tuple(fault["loc"]), said_of(dict(fault)))
                for fault in error.errors(include_url=False, include_input=True, include_context=False)
            ]
            raise ContentError(problems) from None


def _impossible_day(text: str) -> int:
    """Return the first line with a day that no calendar has.

    It is 0 where there is none.
    """
    for number, line in enumerate(text.splitlines(), 1):
        for found in _DAY.finditer(line):
            try:
                date.fromisoformat(found[0])
            except ValueError:
                return number
    return 0


def _plain(node: Any) -> Any:
    if isinstance(node, CommentedMap):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (str, int, float):
        if isinstance(node, kind):
            return kind(node)
    return node


def said_of(fault: dict[str, Any]) -> str:
    """Describe a fault of pydantic in words for an author."""
    key = fault["loc"][-1] if fault["loc"] else "the file"
    message = str(fault["msg"]).removeprefix("Value error, ")
    match fault["type"]:
        case "extra_forbidden":
            return f"'{key}' is not a key that belongs here"
        case "missing":
            return f"'{key}' is missing"
        case "criterion_shape" | "value_error":
            return message
        case _:
            shown = fault.get("input")
            got = f", not {shown!r}" if isinstance(shown, str | int | float | bool) else ""
            return f"'{key}': {message[0].lower()}{message[1:]}{got}"
