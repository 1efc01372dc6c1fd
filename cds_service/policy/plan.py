"""The checks of a policy of which a chart says something.

They are planned by the facts that it speaks of; all other checks are silent.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cds_service.policy.criterion import Check
from cds_service.policy.finding import NOT_MET, Basis, Finding, SilentPart


class Step(NamedTuple):
    """A check that a chart speaks of.

    ``after`` is the step that follows where the check is a gate that is not met, which settles its criterion; 0 where
    it is no gate.
    """

    check: Check
    after: int


class Plan:
    """The checks to judge for a chart that speaks of certain facts.

    They are checks of a policy's trees. A plan is never changed.
    """

    __slots__ = ("roots", "spoken", "steps")

    def __init__(self, roots: tuple[SilentPart, ...], spoken: frozenset[str]) -> None:
        self.roots: Final = roots
        self.spoken: Final = spoken
        steps: list[Step] = []
        for root in roots:
            _add_steps(root, spoken, steps)
        self.steps: Final = tuple(steps)


def _add_steps(part: SilentPart, spoken: frozenset[str], steps: list[Step]) -> None:
    if spoken.isdisjoint(part.facts):
        return
    if part.check is not None:
        steps.append(Step(part.check, 0))
        return
    begin, first = len(steps), part.below.parts[0]
    for below in part.below.parts:
        _add_steps(below, spoken, steps)
    if part.below.gate and first.check is not None and first.check.fact in spoken:
        steps[begin] = Step(first.check, len(steps))


def closes(finding: Finding) -> bool:
    """Tell whether the finding of a gate settles its criterion.

    What is behind the gate is then not looked at.
    """
    return finding.outcome is NOT_MET and finding.basis is Basis.DOCUMENTED
