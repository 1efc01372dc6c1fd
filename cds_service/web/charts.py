"""The geometry of the charts of the operations page.

Numbers come in; positions in the units of an SVG drawing go out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 220
LEFT, TOP, BOTTOM = 44, 12, 26
ROW = 26
LABEL = 250


@dataclass(frozen=True, slots=True)
class Box:
    """One rectangle of a chart.

    ``kind`` is the class that colours it, ``said`` the text that tells what it stands for.
    """

    x: float
    y: float
    width: float
    height: float
    kind: str
    said: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A label on an axis."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """A chart as its template draws it.

    - ``boxes``: its rectangles.
    - ``labels``: the labels below or beside them.
    - ``lines``: the lines of its scale.
    - ``amounts``: the numbers written beside bars.
    """

    width: int
    height: int
    boxes: tuple[Box, ...]
    labels: tuple[Mark, ...]
    lines: tuple[Mark, ...] = ()
    amounts: tuple[Mark, ...] = ()


def stacked(columns: Sequence[tuple[str, Mapping[str, int]]], kinds: Sequence[str], most_labels: int = 8) -> BarChart:
    """Make a chart of stacked columns, one for each day or step.

    Its scale has only whole numbers. At most ``most_labels`` columns are labelled.
    """
    top = _rounded(max((sum(parts.values()) for _, parts in columns), default=0))
    room = HEIGHT - TOP - BOTTOM
    step = (WIDTH - LEFT) / max(1, len(columns))
    gap = min(6.0, step * 0.25)
    boxes, labels = [], []
    every = max(1, -(-len(columns) // most_labels))
    for place, (label, parts) in enumerate(columns):
        y = float(HEIGHT - BOTTOM)
        for kind in kinds:
            count = parts.get(kind, 0)
            if count:
                high = round(count / top * room, 2)
                y -= high
                place_and_size = (round(LEFT + place * step + gap / 2, 2), round(y, 2), round(step - gap, 2), high)
                boxes.append(Box(*place_and_size, kind, _said(label, kind, count)))
        if place % every == 0:
            labels.append(Mark(round(LEFT + (place + 0.5) * step, 2), HEIGHT - 8, label))
    shares = sorted({0, top // 2, top})
    lines = tuple(Mark(LEFT - 6, round(HEIGHT - BOTTOM - share / top * room, 2), f"{share:,}") for share in shares)
    return BarChart(WIDTH, HEIGHT, tuple(boxes), tuple(labels), lines)


def rows(counted: Sequence[tuple[str, Mapping[str, int]]], kinds: Sequence[str]) -> BarChart:
    """Make a chart of horizontal bars, one for each name."""
    top = max((sum(parts.values()) for _, parts in counted), default=0) or 1
    room = WIDTH - LABEL - 50
    boxes, labels, amounts = [], [], []
    for place, (label, parts) in enumerate(counted):
        x, y = float(LABEL), place * ROW + 5
        for kind in kinds:
            count = parts.get(kind, 0)
            if count:
                wide = round(count / top * room, 2)
                boxes.append(Box(round(x, 2), y, wide, ROW - 9, kind, _said(label, kind, count)))
                x += wide
        labels.append(Mark(LABEL - 10, y + 13, label if len(label) < 36 else f"{label[:34]}…"))
        amounts.append(Mark(round(x + 6, 2), y + 13, f"{sum(parts.values()):,}"))
    return BarChart(WIDTH, len(counted) * ROW + 4, tuple(boxes), tuple(labels), amounts=tuple(amounts))


def _said(label: str, kind: str, count: int) -> str:
    return f"{label}: {count}" if kind == "bar" else f"{label}: {count} {kind.replace('-', ' ')}"


def _rounded(most: int) -> int:
    """Return the top of the scale for a highest number.

    It is the next of 2, 4, 6, 8, 10, 20, 40 …, so that half of it is a whole number too.
    """
    power = 1
    while True:
        for step in (2, 4, 6, 8, 10):
            if most <= step * power:
                return step * power
        power *= 10
