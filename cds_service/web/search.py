"""Finding policies by code, drug, payer or word: a small index made once from the content."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cds_service.content import Content
from cds_service.policy.model import Policy
from cds_service.web.code_lists import CodeLists, CodeRow

MOST_REASONS = 4
"""Reasons that a found policy gives."""


@dataclass(frozen=True, slots=True)
class Found:
    """A policy that was found, and the places that hold the words, the best first."""

    policy: Policy
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A searchable line: how much it weighs, its folded words, and how it is shown."""

    weight: int
    folded: str
    shown: str


class PolicySearch:
    """Looks words up in the latest version of each policy."""

    def __init__(self, content: Content, lists: CodeLists) -> None:
        latest: dict[str, Policy] = {}
        for policy in content.policies:
            if policy.id not in latest or policy.version > latest[policy.id].version:
                latest[policy.id] = policy
        names = {payer.id: payer.name for payer in content.payers}
        self._lines = {id_: _lines(policy, names.get(policy.payer, policy.payer), lists) for id_, policy in latest.items()}
        self._latest = latest

    def find(self, words: str) -> list[Found]:
        """The policies that hold every word, those that name it in a code or title first. No words find nothing."""
        wanted = _fold(words).split()
        ranked: list[tuple[int, Found]] = []
        for id_, lines in self._lines.items():
            hits = [line for line in lines if all(word in line.folded for word in wanted)]
            if not hits and wanted and all(any(word in line.folded for line in lines) for word in wanted):
                hits = [line for line in lines if any(word in line.folded for word in wanted)]
            if wanted and hits:
                hits.sort(key=lambda line: -line.weight)
                why = tuple(dict.fromkeys(line.shown for line in hits))[:MOST_REASONS]
                ranked.append((hits[0].weight, Found(self._latest[id_], why)))
        return [found for _, found in sorted(ranked, key=lambda pair: (-pair[0], pair[1].policy.id))]


def _lines(policy: Policy, payer: str, lists: CodeLists) -> list[_Line]:
    lines = [
        _Line(5, _fold(f"{policy.title} {policy.label} {policy.id}"), policy.title),
        _Line(4, _fold(f"{payer} {policy.payer}"), payer),
        *(_Line(4, _fold(f"{s.publisher} {s.title}"), s.title) for s in policy.sources.values()),
    ]
    held = [one for one in map(lists.of, policy.order_sets) if one]
    lines += [_Line(6, _fold(_code(row)), _code(row)) for one in held for row in one.rows]
    lines += [_Line(1, _fold(f"{criterion.says} {criterion.id}"), criterion.says) for criterion in policy.criteria()]
    return lines


def _code(row: CodeRow) -> str:
    label = row.label or row.stands_for
    return f"{row.system} {row.code}{f' · {label}' if label else ''}"


def _fold(words: str) -> str:
    return re.sub(r"[^\w]+", " ", words.casefold()).strip()
