"""The solver's encoding of the policy language against ``judge``, on random policies and charts."""

from __future__ import annotations

import pytest

from bench.differential import compare_many
from bench.random_policies import EVERY_FEATURE

PAIRS, SEED, CHARTS = 300, 20261123, 5


@pytest.mark.slow
def test_the_encoding_means_what_judge_means() -> None:
    """On random policies and charts every criterion, decision and reading is encoded as it is judged; no feature is left out."""
    done, used, outcomes = compare_many(PAIRS, SEED, CHARTS)
    assert done == PAIRS
    assert used.keys() >= EVERY_FEATURE
    assert {"necessary", "not-necessary", "not-documented", "not-addressed", "referred"} <= outcomes.keys()
