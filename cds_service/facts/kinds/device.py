"""Implanted and used devices as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from cds_service.facts.fhir_value import partial_date
from cds_service.facts.found.wording import named_any
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import yes_or_no
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.fhir.elements import concept_words, first_days, items, own_reference, text
from cds_service.policy.entry import Words
from cds_service.policy.evidence import ONLY_WORDS, Evidence, Standing
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart


class DeviceEvidence(EvidenceKind):
    """A Device of the patient in use, of a type in ``codes``.

    With ``inactive`` it is one that is no longer in use; ``named`` are words by which it counts too, as doubtful. With
    ``uncertain`` it only ends the silence. It is dated by its manufacture, else it counts as of the day it is read: a
    device in use is there now, and one that no longer is has ceased to be by now.
    """

    declared: ClassVar = yes_or_no("device")

    codes: str
    uncertain: bool = False
    inactive: bool = False
    named: list[Words] = []

    @property
    def lasts(self) -> bool:
        return self.shelf_life is None and not self.uncertain and not self.inactive

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        return list(self._found(seen))

    def _found(self, seen: DatedChart) -> Iterator[Evidence]:
        for hit in seen.chart.coded("Device", self.codes):
            status = text(hit.resource.get("status"))
            if status == "entered-in-error" or (status == "inactive") is not self.inactive:
                continue
            made = None if self.inactive else first_days(hit.resource, "manufactureDate")
            when, said = made or Days.on(seen.as_of), own_reference(hit.resource)
            standing = Standing.UNCERTAIN if self.uncertain else Standing.USABLE
            note = "the device only hints at it" if self.uncertain else ""
            yield Evidence(True, when, said, standing=standing, note=note, shown=hit.coding.text)
        for device in seen.chart.of("Device") if self.named else ():
            named = [text(one.get("name")) for one in items(device.get("deviceName")) if isinstance(one, dict)]
            if (device.get("status") == "inactive") is self.inactive and named_any(
                words := [*concept_words(device.get("type")), *named], self.named
            ):
                when = Days.on(seen.as_of)
                yield Evidence(True, when, own_reference(device), "recorded", Standing.UNCERTAIN, ONLY_WORDS, words[0])

    def speaks_by(self) -> frozenset[str] | None:
        return None if self.named else frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Device"),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if self.uncertain or evidence.value is not True:
            raise CannotImagine("no device says it")
        if self.inactive and evidence.when != Days.on(chart.as_of):
            raise CannotImagine("a device that is not in use speaks of the day it is read")
        made = partial_date(evidence.when) if evidence.when and not self.inactive else None
        status = "inactive" if self.inactive else "active"
        chart.add("Device", status=status, type=chart.any_concept(self.codes), manufactureDate=made)
