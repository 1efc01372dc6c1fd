"""The page of all policies: what each holds and what is shown of it, made by one command and compared but for the seconds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cds_service.analysis.asked import Asked
from cds_service.analysis.proof import Proven
from cds_service.content import Content

HEAD = """# What is shown of the policies

Made by `cds-service policy table --write`; `cds-service policy table --check` compares it, but for the seconds, which are those
of the machine it was made on. A *mutant* is the policy with one small mistake in it; it is *killed* when a vignette fails on it.
*Of no effect* are mutants that the solver proves to decide no chart otherwise, or that `policies/excused.yaml` excuses with a
reason. A criterion is *seen* when vignettes show it met, not met, not documented and deciding, as far as it can be.

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


def page(proven: Iterable[Proven], ready: Sequence[Asked], content: Content) -> str:
    """The page, in Markdown."""
    rows = [_row(one, ready, content) for one in proven]
    head = [*COLUMNS, "solver", "seconds"]
    lines = [head, ["---"] * len(head), *rows]
    return HEAD + "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def _row(one: Proven, ready: Sequence[Asked], content: Content) -> list[str]:
    policy = one.policy
    vignettes = sum(asked.vignette.policy is policy for asked in ready)
    seen = f"{len(one.criteria) - len(one.gaps)} of {len(one.criteria)}"
    numbers = [len(one.criteria), len(policy.facts), vignettes, lint_issues(policy.file, content), seen, one.mutants, one.killed]
    numbers += [len(one.equivalent), len(one.survivors), solver_answers(one, content)]
    return [policy.id, str(policy.version), *(str(number) for number in numbers), f"{one.seconds:.1f}"]


def lint_issues(file: str, content: Content) -> str:
    """How many issues lint finds in a policy file."""
    return "-"


def solver_answers(one: Proven, content: Content) -> str:
    """What the solver answers about a policy."""
    return "-"


def same_but_seconds(held: str, made: str) -> bool:
    """Whether two pages say the same, the last column of their rows aside."""
    return _without_seconds(held) == _without_seconds(made)


def _without_seconds(text: str) -> str:
    return re.sub(r"\| [\d.]+ \|$", "|", text, flags=re.MULTILINE)
