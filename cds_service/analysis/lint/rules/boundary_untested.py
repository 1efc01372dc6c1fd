"""A threshold that no vignette stands on."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import SECTIONS, ContentFiles, Placed, PolicyFile
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.lint.thresholds import RAYS
from cds_service.decision import Decision
from cds_service.policy.criterion import Check
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.explain import leaves
from cds_service.policy.values import Interval
from cds_service.vignettes.read import Vignette
from cds_service.vignettes.run import chosen_for, decide_posed, pose

Threshold = tuple[str, str, float]
"""A policy's file, a fact, and the number at which the policy's judgement of it changes."""


def _find(files: ContentFiles) -> Iterator[Breach]:
    with_vignettes = {vignette.policy.file for vignette in files.vignettes if vignette.policy.status != "draft"}
    thresholds = [found for file in files.policies if file.name in with_vignettes for found in _thresholds(file)]
    untested = _untested({threshold for threshold, *_ in thresholds}, files)
    for threshold, file, placed, check in thresholds:
        if threshold in untested:
            said = f"no vignette has a '{check.fact}' of exactly {check.test.written}"
            line = file.line_of(placed, check.test.compare)
            yield Breach(file.name, line, check.id, said, "write a vignette that stands on the threshold")


def _thresholds(file: PolicyFile) -> Iterator[tuple[Threshold, PolicyFile, Placed, Check]]:
    for placed, check in file.checks:
        threshold = check.test.value
        if check.test.compare in RAYS and isinstance(threshold, Interval) and placed.section in SECTIONS:
            yield (file.name, check.fact, round(threshold.low, 6)), file, placed, check


def _untested(thresholds: set[Threshold], files: ContentFiles) -> set[Threshold]:
    """Return the thresholds that no vignette's decision stands on.

    A decision rests on no number that its facts do not hold, so only vignettes that hold one still looked for are
    decided. Those that give such a number themselves come first; last those whose plan fills value sets, which are read
    anew for each.
    """
    left = set(thresholds)

    def late(vignette: Vignette) -> tuple[bool, bool, bool]:
        return thresholds.isdisjoint(_given(vignette)), bool(vignette.own_lists), not vignette.fhir

    for vignette in sorted(files.vignettes, key=late):
        if not left:
            break
        posed = pose(vignette, files.content)
        if any(_holds(posed.facts[fact], number) for _, fact, number in left) or chosen_for(posed, files.content.library) is None:
            left.difference_update(_seen(decide_posed(posed, files.content)))
    return left


def _given(vignette: Vignette) -> Iterator[Threshold]:
    """Yield the numbers that a vignette itself gives of facts."""
    for fact, found in vignette.given.items():
        for evidence in found:
            if isinstance(evidence.value, Interval):
                yield vignette.policy.file, fact, round(evidence.value.low, 6)


def _holds(fact: Fact, number: float) -> bool:
    """Tell whether some evidence of a fact gives exactly this number."""
    return any(_number(evidence) == number for evidence in fact.evidence)


def _seen(decision: Decision) -> Iterator[Threshold]:
    """Yield the numbers that a decision's checks found, each with its fact."""
    policy = decision.policy
    for tree in filter(None, (decision.necessary, decision.exclusions)) if policy else ():
        for leaf in leaves(tree):
            check = leaf.criterion
            for evidence in leaf.evidence if isinstance(check, Check) else ():
                number = _number(evidence)
                if policy and isinstance(check, Check) and number is not None and evidence.standing is Standing.USABLE:
                    yield policy.file, check.fact, number


def _number(evidence: Evidence) -> float | None:
    """Return the one number that evidence gives, rounded.

    Returns None where it gives none, or a range of them.
    """
    value = evidence.value
    return round(value.low, 6) if isinstance(value, Interval) and value.low == value.high else None


RULE = Rule("boundary-untested", "thresholds", "info", _find)
