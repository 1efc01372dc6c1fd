"""Ageing: evidence of a state that is older than it speaks for decides nothing that the chart without it would not decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from bench.recoding.run import DECIDED, Outcome, Posed, judged
from cds_service.facts.imagined_chart import CannotImagine
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Days
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import Vignette


@dataclass(frozen=True)
class Aged:
    """A vignette with one fact's evidence moved past its window, and the vignette without it."""

    posed: Posed
    fact: str
    aged: Outcome
    without: Outcome

    @property
    def fault(self) -> str:
        """What is wrong; empty where nothing is."""
        if self.aged.outcome not in DECIDED or self.aged.outcome == self.without.outcome:
            return ""
        return f"old evidence decides {self.aged.outcome}"

    def told(self) -> str:
        """The pair in one line."""
        return f"{self.fault} (without it {self.without.outcome}): {self.fact}: {self.posed.name}: {list(self.aged.because)[:4]}"


def aged(one: Posed) -> Iterator[Aged]:
    """The vignette with the evidence of each fact that ages moved past its window, one fact at a time."""
    for name, evidence in one.vignette.given.items():
        moved = [_moved(one, name, piece) for piece in evidence]
        if None in moved or all(piece.kind == "answered" for piece in evidence):
            continue
        others = {fact: held for fact, held in one.vignette.given.items() if fact != name}
        older = _outcome(one, replace(one.vignette, given={**others, name: [piece for piece in moved if piece]}))
        without = _outcome(one, replace(one.vignette, given=others))
        if older and without:
            yield Aged(one, name, older, without)


def _moved(one: Posed, name: str, piece: Evidence) -> Evidence | None:
    """The evidence on the last day on which it no longer speaks; None for what speaks always, and for a number that only grows."""
    derived = one.content.catalogue[name].entry.derived
    target = derived.imagined_by if derived and derived.imagined_by else name
    lives = [life for source in one.content.catalogue[target].sources if (life := source.shelf_life) is not None]
    if not lives or any(life.grows for life in lives) or piece.kind == "answered":
        return None
    if len(lives) < len(one.content.catalogue[target].sources):
        return None
    day = min(life.speaks.start(one.vignette.as_of) for life in lives) - timedelta(days=1)
    return Evidence(piece.value, Days.on(day), piece.resource, piece.kind, piece.standing, piece.note, piece.shown)


def _outcome(one: Posed, vignette: Vignette) -> Outcome | None:
    try:
        request = request_of(vignette, one.content)
    except CannotImagine:
        return None
    return judged(request, vignette, one.content)
