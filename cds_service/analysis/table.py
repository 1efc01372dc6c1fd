"""The page of all policies, with what is shown of each.

One command makes it, and compares it but for the seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cds_service.analysis.asked import AnyAsked
from cds_service.analysis.proof import Proven

HEAD = """# What is shown of the policies

Made by `cds-service policy table --write`; `cds-service policy table --check` compares it, but for the seconds, which are those
of the machine it was made on. A *mutant* is the policy with one small mistake in it; it is *killed* when a vignette fails on it.
*Of no effect* are mutants that the solver proves to decide no chart otherwise, or that `policies/excused.yaml` excuses with a
reason. A criterion is *seen* when vignettes show it met, not met, not documented and deciding, as far as it can be.
`cds-service policy lint` prints the issues, `cds-service policy solve` the answers.

"""
COLUMNS = (
    "policy",
    "version",
    "criteria",
    "facts",
    "vignettes",
    "lint",
    "seen",
    "mutants",
    "killed",
    "of no effect",
    "surviving",
)


@dataclass(frozen=True, slots=True)
class AnalysisTold:
    """What lint and the solver tell of a policy.

    It holds the number of issues that lint finds, and the solver's answers, with how many charts and seconds.
    """

    issues: int
    answers: int
    charts: int
    seconds: float


def page(rows: Iterable[tuple[Proven, AnalysisTold]], ready: Sequence[AnyAsked]) -> str:
    """Write the page, in Markdown."""
    head = [*COLUMNS, "solver's answers", "charts", "seconds"]
    lines = [head, ["---"] * len(head), *(_row(one, told, ready) for one, told in rows)]
    return HEAD + "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def _row(one: Proven, told: AnalysisTold, ready: Sequence[AnyAsked]) -> list[str]:
    policy = one.policy
    vignettes = sum(asked.vignette.policy is policy for asked in ready)
    shown = [len(one.criteria), len(policy.facts), vignettes, told.issues]
    seen = f"{len(one.criteria) - len(one.gaps)} of {len(one.criteria)}" if vignettes else "by no vignette"
    tried = [one.mutants, one.killed, len(one.equivalent), len(one.survivors)] if vignettes else ["-"] * 4
    numbers = [*shown, seen, *tried, told.answers, told.charts]
    return [policy.id, str(policy.version), *(str(number) for number in numbers), f"{one.seconds + told.seconds:.1f}"]


def same_but_seconds(held: str, made: str) -> bool:
    """Tell whether two pages say the same, seconds aside.

    The seconds are the last column of their rows.
    """
    return _without_seconds(held) == _without_seconds(made)


def _without_seconds(text: str) -> str:
    return re.sub(r"\| [\d.]+ \|$", "|", text, flags=re.MULTILINE)
