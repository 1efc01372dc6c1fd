"""The same fact documented by another kind of record: a procedure instead of a diagnosis, where the catalogue reads both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.recoding.run import Outcome, Posed, fault_of, judged
from cds_service.facts.imagined_chart import CannotImagine
from cds_service.vignettes.as_request import request_of

NOT_RECORDS = ("answer", "order", "order_reason")
"""Kinds of evidence that are no records of the chart."""


@dataclass(frozen=True)
class Otherwise:
    """A vignette with one fact documented by another kind of record."""

    posed: Posed
    fact: str
    kind: str
    after: Outcome

    @property
    def fault(self) -> str:
        """What is wrong with the outcome; empty where nothing is."""
        return fault_of(self.posed.outcome, self.after, may_ask=True)

    def told(self) -> str:
        """The pair in one line."""
        before = self.posed.outcome
        said = f"{before.outcome} {list(before.because)[:3]} -> {self.after.outcome} {list(self.after.because)[:3]}"
        return f"{self.fault}: {self.fact} by {self.kind}: {self.posed.name}: {said}"


def otherwise(one: Posed) -> Iterator[Otherwise]:
    """The vignette with each fact documented by each other kind of record that can say it."""
    catalogue = one.content.catalogue
    for name in one.vignette.given:
        derived = catalogue[name].entry.derived
        entry = catalogue[derived.imagined_by if derived and derived.imagined_by else name].entry
        kinds = list(dict.fromkeys(source.name for source in entry.from_ if source.name not in NOT_RECORDS))
        for kind in kinds if len(kinds) > 1 else ():
            vignette = replace(one.vignette, via={**one.vignette.via, name: kind})
            try:
                request = request_of(vignette, one.content)
            except CannotImagine:
                continue
            if request != one.request:
                yield Otherwise(one, name, kind, judged(request, vignette, one.content))
