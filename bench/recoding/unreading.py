"""Unreading: a record whose code nobody knows, with the same words, never turns a question or a *no* into a *yes*, nor decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.recoding.codes import HOSPITAL
from bench.recoding.labels import label
from bench.recoding.places import Json, again, chart
from bench.recoding.run import DECIDED, Outcome, Posed, judged
from cds_service.fhir.codes import is_known

ELEMENTS = ("code", "medicationCodeableConcept", "type")
"""The elements of records that say what they are of."""


@dataclass(frozen=True)
class Unread:
    """A vignette with one record that cannot be read."""

    posed: Posed
    record: str
    words: str
    after: Outcome

    @property
    def fault(self) -> str:
        """What is wrong with the outcome; empty where nothing is."""
        before, after = self.posed.outcome.outcome, self.after.outcome
        if before == after or after not in DECIDED:
            return ""
        return f"{before} became {after}"

    def told(self) -> str:
        """The record in one line."""
        return f"{self.fault}: {self.record} '{self.words}' unread: {self.posed.name}: {list(self.after.because)[:4]}"


def unread(one: Posed) -> Iterator[Unread]:
    """The vignette with each of its coded records unread, one at a time."""
    for number, record in enumerate(chart(one.request)):
        name = next((element for element in ELEMENTS if isinstance(record.get(element), dict)), "")
        listed = record[name].get("coding", ()) if name else ()
        own = record[name].get("text", "") if name else ""
        said = own or next((words for c in listed if (words := c.get("display") or _words(one, c))), "")
        if not said or record["resourceType"] in ("Coverage", "Patient"):
            continue
        request = again(one.request)
        changed = chart(request)[number]
        changed[name] = {"coding": [{"system": HOSPITAL, "code": "ZZ99", "display": said}], "text": said}
        yield Unread(one, f"{record['resourceType']}/{record.get('id')}", said, judged(request, one.vignette, one.content))


def _words(one: Posed, coding: Json) -> str:
    system, code = coding.get("system", ""), coding.get("code", "")
    return label(one.content.root, system, code) if is_known(system, code) else ""
