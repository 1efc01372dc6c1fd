"""The rows of a policy's page.

They hold what the template shows, so that it computes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from cds_service.web.code_lists import CodeList


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion of the tree.

    - ``says`` and ``place``: its sentence, and where the document says it.
    - ``anchor``: its place on the page.
    - ``below``: how many criteria are under it; ``open``: whether they are seen at first.
    - ``wants``: how many of its parts it wants, or which value of the chart.
    - ``fact`` and ``means``: the fact that it tests, and what that means.
    - ``codes``: the value set that the fact is tested against.
    - ``silence``: what silence means for it.
    """

    id: str
    anchor: str
    says: str
    place: str
    wants: str
    parts: tuple[CriterionRow, ...] = ()
    below: int = 0
    open: bool = True
    fact: str = ""
    means: str = ""
    codes: tuple[str, str] | None = None
    silence: str = ""
    presumed: str = ""
    left_open: str = ""
    ours: str = ""
    remark: RemarkRow | None = None


@dataclass(frozen=True, slots=True)
class RemarkRow:
    """A sentence of the document with its place.

    ``when`` is the case that it holds in.
    """

    says: str
    place: str
    when: CriterionRow | None = None


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule settled first, and what follows when it is met."""

    criterion: CriterionRow
    then: str
    asks: tuple[str, ...]
    referred_to: str


@dataclass(frozen=True, slots=True)
class OrderList:
    """A list of codes that the policy governs.

    ``means`` says what follows for an order with a code of the list.
    """

    held: CodeList
    means: str


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact of the policy.

    It says what the fact means, how it is asked, what documents it (with value sets), and the look-backs of its tests.
    """

    name: str
    means: str
    kind: str
    ask: str
    sources: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    derived: str
    takes: tuple[str, ...]
    look_backs: tuple[str, ...]
    tested_by: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PresumptionRow:
    """What silence is taken to mean for one criterion, and why."""

    anchor: str
    says: str
    treat_as: str
    because: str
    always: bool
