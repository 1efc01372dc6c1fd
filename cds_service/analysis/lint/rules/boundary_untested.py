"""A threshold that no vignette stands on."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import SECTIONS, ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.lint.thresholds import RAYS
from cds_service.decision import Decision
from cds_service.policy.criterion import Check
from cds_service.policy.evidence import Standing
from cds_service.policy.explain import leaves
from cds_service.policy.values import Interval


def _find(files: ContentFiles) -> Iterator[Breach]:
    tried = {(decision.policy.file, *seen) for _, decision in files.decisions if decision.policy for seen in _seen(decision)}
    with_vignettes = {vignette.policy.file for vignette in files.vignettes if vignette.policy.status != "draft"}
    for file in files.policies:
        for placed, check in file.checks if file.name in with_vignettes else ():
            threshold = check.test.value
            if check.test.compare not in RAYS or not isinstance(threshold, Interval) or placed.section not in SECTIONS:
                continue
            if (file.name, check.fact, round(threshold.low, 6)) not in tried:
                said = f"no vignette has a '{check.fact}' of exactly {check.test.written}"
                line = file.line_of(placed, check.test.compare)
                yield Breach(file.name, line, check.id, said, "write a vignette that stands on the threshold")


def _seen(decision: Decision) -> Iterator[tuple[str, float]]:
    for tree in filter(None, (decision.necessary, decision.exclusions)):
        for leaf in leaves(tree):
            check = leaf.criterion
            for evidence in leaf.evidence:
                value = evidence.value
                if (
                    isinstance(check, Check)
                    and evidence.standing is Standing.USABLE
                    and isinstance(value, Interval)
                    and value.low == value.high
                ):
                    yield check.fact, round(value.low, 6)


RULE = Rule("boundary-untested", "thresholds", "info", _find)
