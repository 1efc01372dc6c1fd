"""The two trees of a policy as orders come to them.

Why an order came out so, what to ask and what was assumed depend on the outcomes of the criteria and what these rest
on, and on nothing else of a chart. A :class:`Reading` holds it for all orders of one pattern, with places for the
findings of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cds_service.policy import asking, explain, presumed
from cds_service.policy.criterion import Check, Criterion, Outcome
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET, Basis, Finding, SilentPart, silent_check
from cds_service.policy.plan import Plan, closes
from cds_service.policy.weighing import alone, asked, weighed


class Branch:
    """A finding with parts, without what they rest on."""

    __slots__ = ("criterion", "outcome", "parts")

    def __init__(self, criterion: Criterion, outcome: Outcome, parts: tuple[Grown, ...]) -> None:
        self.criterion: Final = criterion
        self.outcome: Final = outcome
        self.parts: Final = parts


Grown = Finding | int | Branch
"""A finding of a tree, as it is remembered.

It is a silent one, the same for all orders; the place of a check's finding among those judged; or one with parts.
"""


def _finding(grown: Grown, judged: Sequence[Finding], made: dict[int, Finding]) -> Finding:
    """Return the finding of an order whose checks came to ``judged``.

    ``made`` holds the findings made before, so that each is made once.
    """
    if isinstance(grown, Finding):
        return grown
    if isinstance(grown, int):
        return judged[grown]
    found = made.get(id(grown))
    if found is None:
        found = Finding(grown.criterion, grown.outcome, tuple([_finding(part, judged, made) for part in grown.parts]))
        made[id(grown)] = found
    return found


class Leaves:
    """The findings of checks, in reading order.

    Silent ones are held as they are; ``places`` tells where those stand that are judged for each order.
    """

    __slots__ = ("places", "silent")

    def __init__(self, found: Sequence[Finding], place_of: Mapping[int, int]) -> None:
        at = [(index, place_of[id(finding)]) for index, finding in enumerate(found) if not finding.silent]
        silent = list(found)
        for index, _ in at:
            check = found[index].criterion
            if isinstance(check, Check):
                silent[index] = silent_check(check, ())  # nothing of this order is kept
        self.places: Final = tuple(at)
        self.silent: Final = tuple(silent)

    def filled(self, judged: Sequence[Finding]) -> list[Finding]:
        """Return the findings of an order whose checks came to ``judged``."""
        found = [*self.silent]
        for index, place in self.places:
            found[index] = judged[place]
        return found

    def judged(self, judged: Sequence[Finding]) -> list[Finding]:
        """Return the findings that are not silent."""
        return [judged[place] for _, place in self.places]


class Reading:
    """What is the same for all orders of one pattern.

    That is the outcome of both trees, why, what to ask, and what was assumed. The first ``shortest`` of ``asks`` are
    the shortest way to *met*; ``alone`` are those of which each could by itself. ``own_asks`` are the questions that
    criteria themselves have for facts, the first for each, where anything is asked.
    """

    __slots__ = (
        "alone",
        "asks",
        "assumed",
        "because",
        "because_ids",
        "grounds",
        "leaves",
        "outcome",
        "own_asks",
        "presumed",
        "shortest",
        "trees",
    )

    def __init__(self, plan: Plan, judged: Sequence[Finding]) -> None:
        place_of = {id(finding): place for place, finding in enumerate(judged)}
        branches: dict[int, Branch] = {}
        grown, findings = [], []
        place = 0
        for root in plan.roots:
            tree, finding, place = _grown(root, plan.spoken, judged, place, branches)
            grown.append(tree)
            findings.append(finding)
        self.trees: Final = tuple(grown)
        necessary, exclusions = findings[0], findings[1] if len(findings) > 1 else None
        self.outcome, because = weighed(necessary, exclusions)
        self.because: Final = tuple([_remembered(finding, branches, place_of) for finding in because])
        self.because_ids: Final = tuple([finding.criterion.id for finding in because])
        self.grounds: Final = tuple([Leaves(explain.leaves(finding), place_of) for finding in because])
        self.asks, self.shortest = asked(necessary, exclusions) if self.outcome is NOT_DOCUMENTED else asking.NOTHING
        self.alone: Final = alone(self.asks, necessary, exclusions)
        leaves = [leaf for finding in findings for leaf in explain.leaves(finding)]
        self.leaves: Final = Leaves(leaves, place_of)
        self.presumed: Final = Leaves([leaf for leaf in leaves if leaf.basis is Basis.PRESUMED], place_of)
        self.assumed: Final = tuple(dict.fromkeys([id_ for finding in findings for id_ in presumed.assumed(finding)]))
        checks = [check for leaf in leaves if isinstance(check := leaf.criterion, Check) and check.ask] if self.asks else []
        self.own_asks: Final = {check.fact: check.ask for check in reversed(checks)}


def _grown(
    part: SilentPart, spoken: frozenset[str], judged: Sequence[Finding], place: int, branches: dict[int, Branch]
) -> tuple[Grown, Finding, int]:
    """Return a criterion as remembered, its finding, and the next place.

    The place is that of the next check. ``branches`` then tells of each finding with parts that was made which branch
    it is of.
    """
    if spoken.isdisjoint(part.facts):
        return part.finding, part.finding, place
    if part.check is not None:
        return place, judged[place], place + 1
    silence = part.below
    parts: list[Grown] = []
    findings: list[Finding] = []
    met = left_open = 0
    closed = False
    for below in silence.parts:
        grown, finding, place = _grown(below, spoken, judged, place, branches)
        parts.append(grown)
        findings.append(finding)
        if finding.outcome is MET:
            met += 1
        elif finding.outcome is NOT_DOCUMENTED:
            left_open += 1
        elif silence.gate and len(parts) == 1 and closes(finding):
            closed = True
            break
    outcome = NOT_MET if closed else silence.criterion.come_to(met, left_open)
    branch, made = Branch(silence.criterion, outcome, tuple(parts)), Finding(silence.criterion, outcome, tuple(findings))
    branches[id(made)] = branch
    return branch, made, place


def _remembered(finding: Finding, branches: Mapping[int, Branch], place_of: Mapping[int, int]) -> Grown:
    key = id(finding)
    return branches[key] if key in branches else place_of.get(key, finding)


class JudgedTrees:
    """The trees of a policy as one order came to them.

    They are what its pattern reads, with its own findings in their places.
    """

    __slots__ = ("_judged", "_made", "reading")

    def __init__(self, reading: Reading, judged: Sequence[Finding]) -> None:
        self.reading: Final = reading
        self._judged: Final = judged
        self._made: Final[dict[int, Finding]] = {}

    def because(self) -> tuple[Finding, ...]:
        """Return the findings that settle the outcome, or could still."""
        judged, made = self._judged, self._made
        return tuple([_finding(grown, judged, made) for grown in self.reading.because])

    def tree(self, number: int) -> Finding | None:
        """Return the whole tree of criteria (0) or exclusions (1).

        Returns None where the policy has no such tree.
        """
        trees = self.reading.trees
        return _finding(trees[number], self._judged, self._made) if number < len(trees) else None

    def filled(self, leaves: Leaves) -> list[Finding]:
        """Return findings of checks, with this order's own in their places."""
        return leaves.filled(self._judged)

    def grounds(self, because: tuple[Finding, ...]) -> tuple[tuple[Finding, list[Finding]], ...]:
        """Return the settling findings, each with its checks' findings.

        Each finding that settles the outcome comes with the findings of the checks below it.
        """
        judged = self._judged
        return tuple([(found, below.filled(judged)) for found, below in zip(because, self.reading.grounds, strict=True)])

    def spoken(self) -> list[Finding]:
        """Return the findings of checks that the chart speaks of.

        They come in reading order.
        """
        return [leaf for leaf in self.reading.leaves.judged(self._judged) if leaf.evidence]
