"""What a solver found about policies, printed.

The command line prints it. Imported only where z3 is there.
"""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.asked_policy import AskedPolicy, possible_outcomes
from cds_service.analysis.compare import changelog, compare
from cds_service.analysis.questions import QUESTIONS
from cds_service.analysis.solve import Answer, Example, NotDecided, Proof
from cds_service.cli.terminal import refuse, to_stdout
from cds_service.content.content import Content
from cds_service.decision import DecisionOutcome
from cds_service.policy.model import Policy
from cds_service.vignettes.as_vignette import as_vignette


def show_comparison(one: Policy, other: Policy, held: Content) -> None:
    """Print what differs from one policy to another.

    It shows charts that only one finds necessary.
    """
    compared = compare(one, other, held)
    console = to_stdout()
    console.print(f"from {_label(one)} to {_label(other)}", style="bold")
    for line in (*compared.orders, *compared.criteria):
        console.print(f"  {line}", soft_wrap=True)
    if not compared.orders and not compared.criteria:
        console.print("  no criterion and no code differs")
    shared = "on orders that both govern" if compared.shares_orders else "no order is governed by both; on the facts alone"
    console.print(f"{shared}, service on {_day(compared.stricter, one, other)}: {compared.verdict}")
    for said, answer in (
        ("necessary only under the first", compared.stricter),
        ("necessary only under the second", compared.looser),
    ):
        console.print(f"\n{said}: {_answered(answer)}")
        _show(answer, one, held, said)
    if compared.verdict.endswith("other outcomes differ"):
        console.print("\nanother outcome:")
        _show(compared.otherwise, one, held, "another outcome")


def _day(answer: Answer, one: Policy, other: Policy) -> str:
    """Return the date of service that two policies were compared on."""
    return str(getattr(answer, "as_of", max(one.effective_from, other.effective_from)))


def _show(answer: Answer, policy: Policy, content: Content, said: str) -> None:
    if isinstance(answer, Example):
        to_stdout().print(_vignette(answer, policy, content, f"A chart that is {said}"), soft_wrap=True)
        for decision in answer.decisions:
            version = f"{decision.policy_id} {decision.policy.version if decision.policy else ''}"
            to_stdout().print(f"  {version}: {decision.outcome.value}, because {', '.join(decision.because_ids)}", soft_wrap=True)


def _answered(answer: Answer) -> str:
    if isinstance(answer, NotDecided):
        return f"not decided ({answer.because})"
    return "no chart (proven)" if isinstance(answer, Proof) else "this chart"


def show_changelog(content: Content, write: bool, check: bool) -> None:
    """Print, write or compare ``policies/CHANGELOG.md``."""
    page, file = changelog(content), content.root / "policies" / "CHANGELOG.md"
    if write:
        file.write_text(page, encoding="utf-8")
        to_stdout().print(f"{file} is written.", soft_wrap=True)
    elif not check:
        to_stdout().print(page, end="", soft_wrap=True)
    elif not file.is_file() or file.read_text(encoding="utf-8") != page:
        refuse(f"{file}: it is not up to date; 'cds-service policy compare --changelog --write' makes it so")
    else:
        to_stdout().print(f"{file} is up to date.", soft_wrap=True)


def _label(policy: Policy) -> str:
    return f"{policy.id} {policy.version}"


def _vignette(example: Example, policy: Policy, content: Content, name: str) -> str:
    said = next((decision for decision in example.decisions if decision.policy is policy), None)
    return as_vignette(example.facts, policy, example.as_of, content, name, "Found by the solver.", said)


def answers(policy: Policy, content: Content) -> Iterator[dict[str, str]]:
    """Yield what each question finds about a policy, in plain words."""

    asked = AskedPolicy(policy, content)
    for outcome, answer in possible_outcomes(asked).items():
        said = f"an order can be {outcome.value}" if isinstance(answer, Example) else f"no order can be {outcome.value}"
        yield _row(policy, "outcome", said if _known(answer) else _answered(answer), "", answer, content, outcome)
    for question, ask in QUESTIONS.items():
        findings = [*ask(asked)]
        for finding in findings:
            yield _row(policy, question, finding.says, finding.criterion.id, finding.example, content)
        if not findings:
            yield _row(policy, question, "none", "", None, content)
    for reason in dict.fromkeys(asked.not_decided):
        yield _row(policy, "not-decided", reason, "", None, content)


def _known(answer: Answer) -> bool:
    """Tell whether the solver found an answer."""
    return not isinstance(answer, NotDecided)


def _row(
    policy: Policy,
    question: str,
    says: str,
    criterion: str,
    answer: Answer | None,
    content: Content,
    outcome: DecisionOutcome | None = None,
) -> dict[str, str]:
    name = f"A chart that is {outcome.value.replace('-', ' ')}" if outcome else says[:1].upper() + says[1:]
    chart = _vignette(answer, policy, content, name) if isinstance(answer, Example) else ""
    return {"policy": _label(policy), "question": question, "criterion": criterion, "says": says, "chart": chart}
