"""What a newer sign makes of an older number is what the policy tests: one number, told in two places, and held together."""

from __future__ import annotations

import pytest

from cds_service.content.content import Content
from cds_service.facts.computed import doubted_numbers, neutropenia, white_cells
from cds_service.policy.criterion import Check
from cds_service.policy.values import Interval

POLICY = "bcbsm/colony-stimulating-factors"
DOUBTED = (
    ("creatinine_clearance", doubted_numbers.CLEARANCE),
    ("total_bilirubin", doubted_numbers.BILIRUBIN),
    ("alt_of_upper_limit", doubted_numbers.ENZYME),
    ("ast_of_upper_limit", doubted_numbers.ENZYME),
    ("serum_albumin", doubted_numbers.ALBUMIN),
    ("body_mass_index", Interval(0.0, neutropenia.UNDERNOURISHED, high_open=True)),
    ("neutrophils_before_treatment", Interval(0.0, white_cells.NEUTROPENIA, high_open=True)),
)
MET_BY = {
    "is_below": lambda bound: Interval(0.0, bound, high_open=True),
    "is_at_most": lambda bound: Interval(0.0, bound),
    "is_at_least": lambda bound: Interval(bound, float("inf")),
}
"""The numbers that meet a test, none of them below nought."""


@pytest.mark.parametrize(("fact", "doubted"), DOUBTED)
def test_a_doubted_number_is_what_meets_the_criterion(content: Content, fact: str, doubted: Interval) -> None:
    """What a number would be by now, if a newer sign held, is all that meets the test of the policy, and nothing else."""
    tests = [
        criterion.test
        for policy in content.policies
        if policy.id == POLICY
        for criterion in policy.criteria()
        if isinstance(criterion, Check) and criterion.fact == fact
    ]
    assert tests
    for test in tests:
        assert isinstance(test.value, Interval)
        assert MET_BY[test.compare](test.value.low) == doubted
