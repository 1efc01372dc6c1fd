"""What one version of a policy changed against the one before.

It shows the codes, and the criteria side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

from cds_service.content.content import Content
from cds_service.policy.model import Policy
from cds_service.web.code_lists import CodeLists
from cds_service.web.policy_rows import CriterionRow
from cds_service.web.policy_view import PolicyView


@dataclass(frozen=True, slots=True)
class Side:
    """A criterion as one version has it.

    It has its sentence, what it wants, and the place in the document.
    """

    says: str
    wants: str
    place: str


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A criterion before and after.

    A side is None where that version does not have the criterion. ``anchor`` is its place on the page.
    """

    kind: str
    before: Side | None
    after: Side | None
    anchor: str


@dataclass(frozen=True, slots=True)
class Changes:
    """All that differs between two versions.

    These are criteria, and the codes that were added and removed.
    """

    before: Policy
    criteria: tuple[PolicyChange, ...]
    codes_added: tuple[str, ...]
    codes_removed: tuple[str, ...]


def changes(earlier: Policy, later: Policy, content: Content, lists: CodeLists) -> Changes:
    """Return what a version changed.

    Where a rule reads another edition of the same code list, the codes show it.
    """
    before, after = _by_id(earlier, content), _by_id(later, content)
    found = [PolicyChange("gone", _side(row), None, "") for id_, row in before.items() if id_ not in after]
    for id_, row in after.items():
        old = before.get(id_)
        if old is None:
            found.append(PolicyChange("new", None, _side(row), row.anchor))
        elif _compared(old) != _compared(row):
            found.append(PolicyChange("changed", _side(old), _side(row), row.anchor))
    had, has = _codes(earlier, lists), _codes(later, lists)
    return Changes(
        earlier,
        tuple(found),
        tuple(said for code, said in has.items() if code not in had),
        tuple(said for code, said in had.items() if code not in has),
    )


def _by_id(policy: Policy, content: Content) -> dict[str, CriterionRow]:
    view = PolicyView(policy, content)
    return {criterion.id: view.criterion(criterion) for criterion in policy.criteria()}


def _compared(row: CriterionRow) -> tuple[object, ...]:
    return row.says, row.wants, row.silence, row.presumed, row.fact, tuple(part.id for part in row.parts)


def _side(row: CriterionRow) -> Side:
    silence = f"; nothing in the chart: {row.silence}" if row.fact else ""
    return Side(row.says, f"{row.wants}{silence}", row.place)


def _codes(policy: Policy, lists: CodeLists) -> dict[str, str]:
    held = filter(None, map(lists.of, policy.order_sets))
    return {row.written: f"{row.written}{f' ({row.said})' if row.said else ''}" for one in held for row in one.rows}
