"""Numbered paragraphs of a document, as citations name them.

Examples are ``II.A.3``, ``Benefit Considerations 3(2)`` and ``A.a to A.d``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

Path = tuple[str, ...]
"""A paragraph: its title's words and the steps of its number.

The title is that of a section and stands before the number; it may be empty.
"""
_STEP = r"(?:[IVX]+|[ivx]+|[A-Za-z]|\d{1,2})"
_NUMBERED = re.compile(rf"(?P<title>.*?)(?:^|(?<=\s))(?P<number>{_STEP}(?:\.{_STEP})*)")
_NUMERALS = (
    "i",
    "ii",
    "iii",
    "iv",
    "v",
    "vi",
    "vii",
    "viii",
    "ix",
    "x",
    "xi",
    "xii",
    "xiii",
    "xiv",
    "xv",
    "xvi",
    "xvii",
    "xviii",
    "xix",
    "xx",
)
_ROMAN = {numeral: n for n, numeral in enumerate(_NUMERALS, 1)}


def paths_of(at: str) -> Iterator[Path]:
    """Yield the paragraphs that a citation's place names.

    Words without a number name a section as a whole.
    """
    title = ""
    for piece in re.split(r"\s*[;,]\s*|\s+and\s+", re.sub(r"\((\w+)\)", r".\1", at)):
        ends = re.split(r"\s+to\s+", piece, maxsplit=1)
        first = _NUMBERED.fullmatch(ends[0])
        if not first:
            title = piece
            yield (piece,)
            continue
        title = title or first["title"].strip()
        start = (title, *first["number"].split("."))
        last = _NUMBERED.fullmatch(ends[1]) if len(ends) == 2 else None
        end = (title, *last["number"].split(".")) if last else start
        end = (*start[:-1], end[-1]) if len(end) == 2 < len(start) else end
        yield from _from_to(start, end)


def _from_to(start: Path, end: Path) -> Iterator[Path]:
    kind = _kind({start[-1], end[-1]})
    if start[:-1] != end[:-1] or kind is None:
        yield from {start, end}
        return
    for number in range(_number(start[-1], kind), _number(end[-1], kind) + 1):
        yield (*start[:-1], _step(number, kind))


def passed_over(cited: Collection[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield paragraphs that are skipped between cited ones.

    Such a paragraph is not cited, nor anything below it, while a later one of the same list is; it comes with that
    later one. A list directly under a section that is cited as a whole is not looked at.
    """
    below: dict[Path, dict[str, Path]] = {}
    for path in cited:
        for length in range(2, len(path) + 1):
            below.setdefault(path[: length - 1], {}).setdefault(path[length - 1], path)
    for above, steps in below.items():
        if above in cited and len(above) == 1:
            continue
        kind = _kind(set(steps))
        numbered = sorted((_number(step, kind), path) for step, path in steps.items()) if kind else []
        for number in range(1, numbered[-1][0] if numbered else 0):
            if all(held != number for held, _ in numbered):
                yield (*above, _step(number, kind or "")), next(path for held, path in numbered if held > number)


def _kind(steps: set[str]) -> str | None:
    """Tell how a list is numbered: ``1``, ``i``, ``I``, ``a`` or ``A``.

    Returns None when its steps are not of one kind.
    """
    if all(step.isdigit() for step in steps):
        return "1"
    for roman, letter, fits in (("i", "a", str.islower), ("I", "A", str.isupper)):
        if all(fits(step) for step in steps):
            if all(step.lower() in _ROMAN for step in steps) and ({"i", "ii", "iii"} & {step.lower() for step in steps}):
                return roman
            return letter if all(len(step) == 1 for step in steps) else None
    return None


def _number(step: str, kind: str) -> int:
    match kind:
        case "1":
            return int(step)
        case "i" | "I":
            return _ROMAN[step.lower()]
        case _:
            return ord(step) - ord(kind) + 1


def _step(number: int, kind: str) -> str:
    match kind:
        case "1":
            return str(number)
        case "i" | "I":
            numeral = next(numeral for numeral, n in _ROMAN.items() if n == number)
            return numeral if kind == "i" else numeral.upper()
        case _:
            return chr(ord(kind) + number - 1)
