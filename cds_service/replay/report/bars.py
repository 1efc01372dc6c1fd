"""Bars of the report as SVG.

They show outcomes of policies beside each other, and of one policy over the months.
"""

from __future__ import annotations

from typing import Any, Final

from markupsafe import Markup, escape

from cds_service.replay.report.figures import OUTCOMES

_WIDE: Final = 640
_ROW: Final = 26
_LETTERS: Final = 30
"""How much of a name has room before its bar."""


def stacked(rows: list[dict[str, Any]], label: str) -> Markup:
    """Draw one bar a row in the colours of the outcomes.

    A bar is as long as its share of the longest. What is hidden is one grey piece where the total is shown; a row whose
    total is hidden has no bar.
    """
    drawn = [(row, row["all"]) for row in rows]
    longest = max((total or 0 for _, total in drawn), default=0)
    if not longest:
        return Markup("")
    height = _ROW * len(drawn)
    lines = [f'<svg class="bars" viewBox="0 0 {_WIDE + 260} {height}" role="img" aria-label="{escape(label)}">']
    for at, (row, total) in enumerate(drawn):
        y = at * _ROW
        lines.append(f'<text x="0" y="{y + 17}" class="name">{escape(_short(str(row["name"])))}</text>')
        if total is None:
            lines.append(f'<text x="206" y="{y + 17}" class="count">hidden</text>')
            continue
        x = 200.0
        unseen = total - sum(row[outcome] or 0 for outcome in OUTCOMES)
        for outcome, count in [*((outcome, row[outcome] or 0) for outcome in OUTCOMES), ("hidden", unseen)]:
            wide = _WIDE * count / longest
            if count:
                said = f"{row['name']}: {count:,} {outcome.replace('-', ' ')}"
                place = f'x="{x:.1f}" y="{y + 4}" width="{wide:.1f}" height="18"'
                lines.append(f'<rect class="{outcome}" {place}><title>{escape(said)}</title></rect>')
                x += wide
        lines.append(f'<text x="{x + 6:.1f}" y="{y + 17}" class="count">{total:,}</text>')
    return Markup("".join([*lines, "</svg>"]))  # noqa: S704 - every word in it is escaped above


def _short(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
