"""When something was done: the first or last day of a procedure.

Its words make the procedure what is looked for, or something that may be it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final, Literal

from cds_service.facts.fhir_value import partial_date
from cds_service.facts.found.outcomes import UNSUCCESSFUL, is_unsuccessful
from cds_service.facts.found.wording import hinted, matched
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import Declaration
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.wording import SayingEntry
from cds_service.fhir.elements import Resource, codings, days, items, own_reference, reference, text
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart

UNSAID: Final = "nothing says what it was for"
"""Note on a procedure that is not described as what is looked for."""


class PerformedEvidence(EvidenceKind):
    """A Procedure with a code in ``codes``, by one of its days.

    ``day`` is ``first`` or ``last``; the procedure is completed or ongoing. It is what is looked for where the text or
    displays of its code or reason say what ``described`` wants, or those of the order it is based on. It is something
    else where its code's words say what ``otherwise`` names; else it is uncertain. A procedure of one day has both days
    the same; one that goes on has no last day.

    - ``doubted``: what is described so may be something else too: it is uncertain where a code of it or of its order, or
      one text of theirs, names what ``doubted`` does; so does a reason where it says what is ``described`` itself.

    One whose outcome is recorded as unsuccessful is uncertain too.
    """

    declared: ClassVar = Declaration("performed", frozenset({"date"}))

    codes: str
    day: Literal["first", "last"]
    described: SayingEntry
    otherwise: SayingEntry | None = None
    doubted: SayingEntry | None = None

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        return list(self._found(seen))

    def _found(self, seen: DatedChart) -> Iterator[Evidence]:
        for hit in seen.chart.coded("Procedure", self.codes):
            procedure = hit.resource
            if text(procedure.get("status")) not in ("completed", "in-progress"):
                continue
            written, said = self._written(procedure), own_reference(procedure)
            found = days(written)
            if found is None:
                continue
            instant = written if "T" in written else ""
            doubt = self._doubt(procedure, seen)
            if doubt == UNSAID and self._is_otherwise(procedure):
                continue
            standing = Standing.UNCERTAIN if doubt else Standing.USABLE
            yield Evidence(found, found, said, standing=standing, note=doubt, shown=hit.coding.text, instant=instant)

    def _is_otherwise(self, procedure: Resource) -> bool:
        return self.otherwise is not None and bool(matched(self.otherwise.sought, frozenset(), _words([procedure.get("code")])))

    def _doubt(self, procedure: Resource, seen: DatedChart) -> str:
        """Return why the procedure may be something else.

        Empty where it is what is looked for.
        """
        orders = [order for based in items(procedure.get("basedOn")) if (order := seen.chart.get(reference(based))) is not None]
        own = [procedure.get("code"), *[said for order in orders for said in (order.get("code"), *items(order.get("orderDetail")))]]
        reasons = [reason for one in (procedure, *orders) for reason in _reasons(one, seen)]
        described = self.described.sought
        if not matched(described, frozenset(), _words([*own, *reasons])):
            return UNSAID
        if is_unsuccessful(procedure):
            return UNSUCCESSFUL
        if self.doubted is None:
            return ""
        holding = seen.chart.terminology.holding
        sets = frozenset(id_ for concept in own for coding in codings(concept) for id_ in holding(coding.system, coding.code))
        telling = [*_words(own), *[words for words in _words(reasons) if matched(described, frozenset(), [words])]]
        doubted = self.doubted.sought
        other = matched(doubted, sets, ()) or any(hinted(doubted, frozenset(), [words]) for words in telling)
        return "it names something else" if other else ""

    def _written(self, procedure: Resource) -> str:
        """Return the day, or the moment, as it is written.

        Empty where none is written.
        """
        period: Any = procedure.get("performedPeriod")
        if isinstance(period, dict):
            return text(period.get("start" if self.day == "first" else "end"))
        return text(procedure.get("performedDateTime"))

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Procedure"),)

    def value_sets(self) -> tuple[str, ...]:
        said = (self.described, self.otherwise, self.doubted)
        return (self.codes, *[id_ for saying in said if saying is not None for id_ in saying.value_sets()])

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if not isinstance(evidence.value, Days) or evidence.value != evidence.when:
            raise CannotImagine("a procedure is dated by the day it was done")
        code = chart.any_concept(self.codes) | {"text": self.described.words[0]}
        chart.add("Procedure", status="completed", code=code, performedDateTime=partial_date(evidence.value))


def _reasons(resource: Resource, seen: DatedChart) -> list[Any]:
    named = [seen.chart.get(reference(reason)) for reason in items(resource.get("reasonReference"))]
    return [*items(resource.get("reasonCode")), *[one.get("code") for one in named if one is not None]]


def _words(concepts: Iterable[Any]) -> list[str]:
    found: list[str] = []
    for concept in concepts:
        if isinstance(concept, dict):
            shown = [coding.get("display") for coding in items(concept.get("coding")) if isinstance(coding, dict)]
            found += [said for words in (concept.get("text"), *shown) if (said := text(words))]
    return found
