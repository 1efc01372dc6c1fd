"""A threshold counts as tested exactly when the decision on some vignette stands on it, and few vignettes are decided."""

from __future__ import annotations

import pytest

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.rules import boundary_untested
from cds_service.analysis.lint.rules.boundary_untested import Threshold
from cds_service.content.content import Content
from cds_service.policy.criterion import Check
from cds_service.policy.values import Interval
from cds_service.vignettes.run import Posed, decide_as_facts, decide_posed
from tests.conftest import TODAY

POLICIES = ("bcbsm/colony-stimulating-factors", "carelon/prenatal-cfdna-screening", "cms/home-use-of-oxygen")


def files_of(content: Content, policy: str) -> ContentFiles:
    """The files of one policy, with its vignettes."""
    return ContentFiles(content, TODAY, only=frozenset({policy}))


def about(files: ContentFiles) -> set[Threshold]:
    """The numbers that the policy's checks compare with, and others about them that few vignettes stand on."""
    checks = [(file.name, check) for file in files.policies for _, check in file.checks if isinstance(check.test.value, Interval)]
    return {
        (file, check.fact, round(number * factor + more, 6))
        for file, check in checks
        if isinstance(check, Check) and isinstance(check.test.value, Interval) and (number := check.test.value.low)
        for factor in (0.5, 1, 1.5)
        for more in (-1, 0, 1)
    }


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_untested_is_what_no_decision_stands_on(content: Content, policy: str) -> None:
    """Deciding only vignettes that hold a number finds the same as deciding every vignette."""
    files = files_of(content, policy)
    every = {seen for vignette in files.vignettes for seen in boundary_untested._seen(decide_as_facts(vignette, content))}
    thresholds = about(files)
    assert boundary_untested._untested(thresholds, files) == thresholds - every
    assert thresholds & every
    assert thresholds - every


def test_no_more_vignettes_are_decided_than_stand_on_a_threshold(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every threshold is tested, about one vignette is decided for each: a check of a large policy waits for no more."""
    decided: list[str] = []

    def counting(posed: Posed, held: Content) -> object:
        decided.append(posed.vignette.name)
        return decide_posed(posed, held)

    monkeypatch.setattr(boundary_untested, "decide_posed", counting)
    files = files_of(content, "bcbsm/colony-stimulating-factors")
    thresholds = {threshold for file in files.policies for threshold, *_ in boundary_untested._thresholds(file)}
    assert not boundary_untested._untested(thresholds, files)
    assert len(decided) <= 2 * len(thresholds) < len(files.vignettes) / 10
