"""One patient's resources as the source holds them.

Each has its place in the source and the day from which it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

import orjson

from cds_service.fhir.elements import Resource, own_reference, text
from cds_service.replay import ledger
from cds_service.replay.known import happened_by, known_from
from cds_service.replay.terms import Terms


class Place(NamedTuple):
    """Where a line stands in the source."""

    file: str
    line: int


class DatedResource(NamedTuple):
    """A resource of the patient, its place, and when it counts from.

    The day is None where the resource counts always.
    """

    resource: Resource
    place: Place
    counts_from: date | None

    @property
    def kind(self) -> str:
        """The resource's type."""
        return str(self.resource["resourceType"])


class LeftOut(NamedTuple):
    """A line or an order that is not decided, and why.

    An order is named by its reference.
    """

    place: Place
    reason: str
    order: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Pool:
    """A patient's resources, each once, and the lines left out.

    The resources are in the source's order.
    """

    patient: str
    held: tuple[DatedResource, ...]
    left: tuple[LeftOut, ...]


def counts_from(resource: Resource, terms: Terms) -> date | None:
    """Return the day from which a resource counts under these terms.

    It depends on what is asked to be known; None where the resource counts always.
    """
    return known_from(resource) if terms.as_known == "signed" else happened_by(resource)


def pooled(patient: str, lines: Iterable[tuple[Place, bytes]], terms: Terms) -> Pool:
    """Read a patient's lines.

    Of several with one type and id the latest counts, by ``meta.lastUpdated``, else the first.
    """
    left: list[LeftOut] = []
    found: dict[str, tuple[str, Place, Resource]] = {}
    for number, (place, written) in enumerate(sorted(lines, key=lambda line: line[0])):
        try:
            resource: Any = orjson.loads(written)
        except (ValueError, RecursionError):
            left.append(LeftOut(place, ledger.NOT_JSON))
            continue
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            left.append(LeftOut(place, ledger.NOT_A_RESOURCE))
            continue
        own = own_reference(resource)
        key = own if "/" in own else f"#{number}"
        updated = _updated(resource)
        before = found.get(key)
        if before is None:
            found[key] = (updated, place, resource)
        elif updated > before[0]:
            left.append(LeftOut(before[1], ledger.DOUBLED))
            found[key] = (updated, place, resource)
        else:
            left.append(LeftOut(place, ledger.DOUBLED))
    held = [DatedResource(resource, place, counts_from(resource, terms)) for _, place, resource in found.values()]
    return Pool(patient, tuple(sorted(held, key=lambda one: one.place)), tuple(left))


def _updated(resource: Resource) -> str:
    meta = resource.get("meta")
    return text(meta.get("lastUpdated")) if isinstance(meta, dict) else ""


class NoLines(NamedTuple):
    """The lines of a patient whose chart is not read.

    It says where they stand and which of them are orders.
    """

    places: tuple[tuple[Place, str], ...]

    def left(self, reason: str, order_types: tuple[str, ...]) -> Iterator[LeftOut]:
        """Yield each line, and each order once more, with the reason."""
        for place, kind in self.places:
            yield LeftOut(place, reason)
            if kind in order_types:
                yield LeftOut(place, reason, order=kind)


NOTHING: Final = Pool("", (), ())
