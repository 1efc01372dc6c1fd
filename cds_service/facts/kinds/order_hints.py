"""Words on an order that speak against its code."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import model_validator

from cds_service.case import Case
from cds_service.facts.found import order_itself
from cds_service.facts.found.wording import Saying
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import Declaration
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.policy.evidence import Evidence


class OrderHintsEvidence(EvidenceKind):
    """Words that an order may not be for what its code says.

    They are phrases ``say``, or ``alone`` where a text says nothing besides, on orders with a code of ``beside``. They
    end the silence and decide nothing. Read are the texts of the code and of ``orderDetail``, the displays of codes of
    no known system, and what ``hints_in`` names: ``displays`` of the other codes, ``notes``, ``reasons``. Where one of
    ``unless`` is said too, by other words than the display of a known code, none of them counts; a phrase in
    ``passing_over`` is not read. What is negated, or told of the past, of the family or of an indication, is none. They
    hint at ``gives``, or at something else that has no value here where that is left empty. ``says`` gives phrases for
    several values at once.
    """

    declared: ClassVar = Declaration("order_hints", frozenset({"boolean", "choice"}), of="order")

    beside: list[str]
    say: list[str] = []
    says: dict[str, list[str]] = {}
    alone: list[str] = []
    unless: list[str] = []
    passing_over: list[str] = []
    gives: bool | str = True
    hints_in: list[Literal["displays", "notes", "reasons"]] = []

    @model_validator(mode="after")
    def _as_they_stand(self) -> OrderHintsEvidence:
        more = [phrase for said in self.says.values() for phrase in said]
        for phrase in (*self.say, *self.alone, *self.unless, *self.passing_over, *more):
            if "*" in phrase:
                raise ValueError(f"'{phrase}': words of an order are looked for as they stand; write each form of them out")
        return self

    @property
    def uncertain(self) -> bool:
        """Whether it only hints: it always does."""
        return True

    @cached_property
    def sought(self) -> order_itself.SoughtHints:
        """What the finder is given."""
        unless, passing = tuple(self.unless), tuple(self.passing_over)
        own: tuple[bool | str, list[str], list[str]] = (self.gives, self.say, self.alone)
        each = [own] if self.say or self.alone else []
        each += [(value, said, []) for value, said in self.says.items()]
        says = tuple([(gives, Saying((), "", tuple(said), (), unless, passing, alone=tuple(alone))) for gives, said, alone in each])
        return order_itself.SoughtHints(tuple(self.beside), says, unless, tuple(self.hints_in))

    def of_order(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return order_itself.hints(self.sought, case, wanted)

    def needs(self) -> tuple[Need, ...]:
        return ()

    def writes(self) -> tuple[bool | str, ...]:
        own = [self.gives] if (self.say or self.alone) and self.gives != "" else []
        return (*own, *self.says)

    def value_sets(self) -> tuple[str, ...]:
        return tuple(self.beside)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        raise CannotImagine("words against the code of an order decide nothing")
