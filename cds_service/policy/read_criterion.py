"""The reading of criteria from a policy file into the model."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

from cds_service.content_files.problems import Problem
from cds_service.content_files.yaml_file import Place, YamlFile
from cds_service.policy.comparing import compare as compared
from cds_service.policy.criterion import (
    AtLeast,
    Check,
    Citation,
    Comparison,
    Criterion,
    NoneOf,
    Outcome,
    Presumption,
    Remark,
    Test,
)
from cds_service.policy.criterion_grammar import AllEntry, AnyEntry, CheckEntry, CitationEntry, NoneEntry, RemarkEntry, TimesEntry
from cds_service.policy.ours import names_threshold, names_window
from cds_service.policy.values import Interval, LookBack

_QUANTITY: Final = re.compile(r"(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>\S.*)?")


class CriterionReader:
    """A reader of the criteria of one file.

    ``sources`` are those that the file names. What is wrong is gathered in ``problems`` on the way.
    """

    def __init__(self, file: YamlFile, sources: Collection[str]) -> None:
        self.file = file
        self.sources = sources
        self.problems: list[Problem] = []

    def wrong(self, place: Place, message: str) -> None:
        """Note what is wrong at a place in the file."""
        self.problems.append(self.file.problem(place, message))

    def source_known(self, source: str, place: Place) -> None:
        """Note a source that the file does not name."""
        if source not in self.sources:
            self.wrong(place, f"there is no source '{source}' in this file; it names {', '.join(self.sources)}")

    def criterion(self, entry: Any, place: Place) -> Criterion:
        """Read a criterion with all below it."""
        shared: dict[str, Any] = {
            "id": entry.id,
            "says": entry.says,
            "otherwise": entry.otherwise,
            "cite": self.cite(entry.cite, (*place, "cite")),
            "remark": self.remark(entry.remark, (*place, "remark")) if entry.remark else None,
            "line": self.file.line(place) if place[-1:] and isinstance(place[-1], int) else self.file.line((*place, "id")),
        }
        match entry:
            case CheckEntry():
                return self._check(entry, place, shared)
            case NoneEntry():
                return NoneOf(parts=self._parts(entry.none, (*place, "none")), as_one=entry.reported_as_one, **shared)
            case AllEntry():
                parts = self._parts(entry.all, (*place, "all"))
                guard = (self.criterion(entry.applies_when, (*place, "applies_when")),) if entry.applies_when else ()
                guarded = {"guarded": bool(guard)} | shared
                return AtLeast(count=len(guard + parts), parts=guard + parts, as_one=entry.reported_as_one, **guarded)
            case AnyEntry():
                return AtLeast(count=1, parts=self._parts(entry.any, (*place, "any")), as_one=entry.reported_as_one, **shared)
            case _:
                parts = self._parts(entry.of, (*place, "of"))
                return AtLeast(count=entry.at_least, parts=parts, as_one=entry.reported_as_one, **shared)

    def cite(self, cite: CitationEntry, place: Place) -> Citation:
        """Read the place where the document says it."""
        self.source_known(cite.source, (*place, "source"))
        gives = tuple(map(str, cite.gives))
        for index, written in enumerate(gives):
            if not _QUANTITY.fullmatch(written):
                said = f"'{written}' is not a number with its unit; write what the document gives as '9 weeks' or '2'"
                self.wrong((*place, "gives", index), said)
        return Citation(cite.source, cite.at, cite.quote, gives)

    def remark(self, remark: RemarkEntry, place: Place) -> Remark:
        """Read a further sentence of the document."""
        return Remark(remark.says, self.cite(remark.cite, (*place, "cite")))

    def _parts(self, entries: list[Any], place: Place) -> tuple[Criterion, ...]:
        return tuple(self.criterion(entry, (*place, index)) for index, entry in enumerate(entries))

    def _check(self, entry: CheckEntry, place: Place, shared: dict[str, Any]) -> Check:
        presumption = None
        if entry.if_not_documented:
            p = entry.if_not_documented
            presumption = Presumption(Outcome(p.treat_as), p.because, p.always)
        within = None
        if entry.within:
            try:
                within = LookBack.parse(entry.within)
            except ValueError as error:
                self.wrong((*place, "within"), str(error))
        test = self._test(entry, place)
        shared["open_because"] = entry.if_not_met.because if entry.if_not_met else ""
        shared["ours"] = entry.ours
        threshold = test.value.low if isinstance(test.value, Interval) else None
        of_number = threshold is not None and names_threshold(entry.ours, threshold, test.unit)
        shared["our_threshold"] = of_number or (test.ago is not None and names_window(entry.ours, test.ago))
        shared["our_window"] = within is not None and names_window(entry.ours, within)
        if test.ago and (entry.within or entry.since or entry.times):
            self.wrong(place, "how long ago a day is, is a test by itself; leave out 'within', 'since' and 'times'")
        times = self._times(entry.times, presumption, place) if entry.times else None
        shared |= {"times": times, "first": entry.take == "first"}
        return Check(fact=entry.fact, test=test, within=within, since=entry.since, presumption=presumption, ask=entry.ask, **shared)

    def _times(self, entry: TimesEntry, presumption: Presumption | None, place: Place) -> Test:
        """Return the test of how often something happened.

        What silence is taken to mean must be what no time at all comes to.
        """
        (key,) = entry.model_fields_set
        written = getattr(entry, key)
        comparison: Comparison = "is" if key == "is_" else key  # type: ignore[assignment]
        never = compared(comparison, Interval.exactly(0), written)
        if presumption and presumption.treat_as is not never:
            said = f"where nothing is on record it happened no time, and that is '{never.value}'; silence cannot mean the opposite"
            self.wrong((*place, "if_not_documented"), said)
        return Test(comparison, Interval.exactly(written), "", str(written))

    def _test(self, entry: CheckEntry, place: Place) -> Test:
        if entry.in_ is not None:
            return Test("in", entry.in_, written=entry.in_)
        if isinstance(entry.is_, bool):
            return Test("is", entry.is_, written="yes" if entry.is_ else "no")
        if isinstance(entry.is_, str) and not _QUANTITY.fullmatch(entry.is_) and not entry.is_.endswith(" ago"):
            return Test("is", entry.is_, written=entry.is_)
        thresholds: dict[Comparison, int | float | str | None] = {
            "is": entry.is_,
            "is_at_least": entry.is_at_least,
            "is_above": entry.is_above,
            "is_at_most": entry.is_at_most,
            "is_below": entry.is_below,
        }
        for compare, written in thresholds.items():
            if written is None:
                continue
            if str(written).endswith(" ago"):
                return self._ago(compare, str(written), place)
            found = _QUANTITY.fullmatch(str(written).strip())
            if not found:
                self.wrong((*place, compare), f"'{written}' is not a number with its unit; write it as '9 wk' or '18 years'")
                return Test(compare)
            return Test(compare, Interval.exactly(float(found["number"])), found["unit"] or "", str(written))
        return Test("documented")

    def _ago(self, compare: Comparison, written: str, place: Place) -> Test:
        """Return the test of how long ago a day is."""
        if compare == "is":
            self.wrong((*place, "is"), "a day is at least, above, at most or below so long ago; 'is' would be one day alone")
        try:
            return Test(compare, written=written, ago=LookBack.parse(written.removesuffix(" ago")))
        except ValueError as error:
            self.wrong((*place, compare), str(error))
            return Test(compare)
