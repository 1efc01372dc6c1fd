"""Strangers: another patient's records beside the patient's own change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bench.recoding.places import Json, again, dicts
from bench.recoding.run import Outcome, Posed, judged
from bench.recoding.searches import bundles
from cds_service.vignettes.read import PATIENT


@dataclass(frozen=True)
class Beside:
    """A vignette with the chart of another one of its policy beside its own, as somebody else's."""

    posed: Posed
    other: Posed
    after: Outcome

    @property
    def fault(self) -> str:
        """What is wrong with the outcome; empty where nothing is."""
        before = self.posed.outcome
        return (
            "" if (before.outcome, before.because) == (self.after.outcome, self.after.because) else f"became {self.after.outcome}"
        )

    def told(self) -> str:
        """The pair in one line."""
        return f"{self.fault}: {self.posed.name}, beside that of '{self.other.vignette.name}': {list(self.after.because)[:4]}"


def strangers(found: list[Posed]) -> Callable[[Posed], Iterator[Beside]]:
    """What puts beside a vignette's chart that of the vignette before it, as somebody else's."""
    before = dict(zip(map(id, found), [*found[-1:], *found], strict=False))

    def beside(one: Posed) -> Iterator[Beside]:
        other = before[id(one)]
        request, theirs = again(one.request), dict(bundles(_as_of_another(other.request)))
        for key, held in bundles(request):
            held["entry"] = [entry for pair in _in_turn(held["entry"], theirs.get(key, {}).get("entry", [])) for entry in pair]
            held["total"] = len(held["entry"])
        yield Beside(one, other, judged(request, one.vignette, one.content))

    return beside


def _in_turn(own: list[Any], theirs: list[Any]) -> Iterator[list[Any]]:
    for at in range(max(len(own), len(theirs))):
        yield [*theirs[at : at + 1], *own[at : at + 1]]


def _as_of_another(request: Json) -> Json:
    """A request with another patient and other ids throughout."""
    changed: Json = again(request)
    for _, held in bundles(changed):
        for entry in held["entry"]:
            for one in dicts(entry["resource"]):
                if isinstance(one.get("reference"), str):
                    kind, _, id_ = one["reference"].partition("/")
                    one["reference"] = "Patient/somebody-else" if id_ == PATIENT else f"{kind}/other-{id_}"
            entry["resource"]["id"] = f"other-{entry['resource'].get('id', '')}"
    return changed
