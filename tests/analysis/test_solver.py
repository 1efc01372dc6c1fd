"""What the solver tells an author: about planted mistakes, about two versions, and about the policies that are shipped."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from cds_service.analysis.asked_policy import AskedPolicy
from cds_service.analysis.compare import compare
from cds_service.analysis.differing import differing, differs
from cds_service.analysis.domain import checks_of, criteria_of, open_domains
from cds_service.analysis.questions import QUESTIONS
from cds_service.analysis.replay import judged
from cds_service.analysis.solve import Disagreement, Example, Proof, Solver
from cds_service.cli import app
from cds_service.decision import DecisionOutcome
from cds_service.policy.criterion import AtLeast, Check, Citation, NoneOf, Outcome, Presumption, walk
from cds_service.policy.criterion import Test as Question
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.model import Policy
from cds_service.policy.values import Days, Interval, LookBack
from cds_service.vignettes.as_vignette import as_vignette, vignette_file
from cds_service.vignettes.read import read_vignettes
from tests.conftest import held_content

CONTENT = held_content()
CITE = Citation("document", "somewhere")
AS_OF = date(2026, 5, 31)
YES = Question("is", True)
POLICY = Policy(
    "payer/policy", AS_OF, "", "active", AS_OF, None, None, "payer", (), (), "", {}, Check("fever", "", CITE, "fever", YES)
)


def number(id_: str, compare: str, bound: float, **more: object) -> Check:
    """A test of one number of attacks."""
    return Check(id_, "", CITE, "attacks", Question(compare, Interval.exactly(bound)), **more)  # type: ignore[arg-type]


def whole(count: int, *parts: Check | AtLeast | NoneOf) -> AtLeast:
    """At least so many of the parts."""
    return AtLeast("whole", "", CITE, count, parts)


class _Open(AskedPolicy):
    """A policy asked about on charts of which no catalogue says what they can hold."""

    def __post_init__(self) -> None:
        self.solver = open_solver(self.policy)


def open_solver(*policies: Policy) -> Solver:
    """A solver without a catalogue."""
    return Solver(policies, open_domains(checks_of(root for p in policies for root in criteria_of(p))), AS_OF)


def found(question: str, policy: Policy) -> list[str]:
    """The ids of the criteria that a question finds."""
    return [finding.criterion.id for finding in QUESTIONS[question](_Open(policy, CONTENT))]


CONTRADICTION = whole(2, number("many", "is_above", 5), number("few", "is_below", 3))


@pytest.mark.parametrize(
    ("question", "criterion", "ids"),
    [
        ("never-met", CONTRADICTION, ["whole"]),
        ("contradictory-siblings", CONTRADICTION, ["many"]),
        ("contradictory-siblings", whole(2, number("many", "is_above", 2), number("few", "is_below", 3)), []),
        ("never-not-met", whole(1, number("many", "is_at_least", 5), number("few", "is_below", 5)), ["whole"]),
        ("never-not-met", whole(1, number("many", "is_above", 5), number("few", "is_below", 5)), []),
        ("idle-criterion", whole(2, number("some", "is_above", 2), number("many", "is_above", 5)), ["some"]),
        ("idle-criterion", whole(1, number("some", "is_above", 2), number("many", "is_above", 5)), ["many"]),
        ("idle-criterion", whole(2, number("some", "is_above", 2), number("few", "is_below", 5)), []),
        (
            "always-decided",
            whole(
                1,
                number("some", "is_above", 2, presumption=Presumption(Outcome.MET, "", True), open_because=""),
                NoneOf("none-of-it", "", CITE, (number("x", "documented", 2, presumption=Presumption(Outcome.MET, "", True)),)),
            ),
            [],
        ),
        ("presumption-reverses", number("few", "is_below", 3, presumption=Presumption(Outcome.MET, "")), ["few"]),
        ("presumption-reverses", number("few", "is_below", 3), []),
    ],
)
def test_a_planted_mistake_is_found_and_its_neighbour_is_not(question: str, criterion: AtLeast | Check, ids: list[str]) -> None:
    """Each question names the criteria that are wrong, and none in a policy that is a hair's breadth away."""
    assert found(question, replace(POLICY, necessary_when=criterion)) == ids


def test_an_exclusion_that_overlaps_comes_with_a_chart() -> None:
    """Where criteria and an exclusion can be met at once, the example meets both and is judged not necessary."""
    exclusions = whole(1, number("too-many", "is_above", 5))
    policy = replace(POLICY, necessary_when=number("some", "is_above", 2), not_necessary_when=exclusions)
    (finding,) = QUESTIONS["exclusion-overlaps-indication"](_Open(policy, CONTENT))
    assert finding.example is not None
    assert judged(policy, finding.example.facts, AS_OF).outcome is DecisionOutcome.NOT_NECESSARY
    assert [*finding.example.facts] == ["attacks"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (number("a", "is_at_least", 5), number("a", "is_above", 5), False),
        (number("a", "is_below", 5), NoneOf("a", "", CITE, (number("b", "is_at_least", 5),)), True),
        (number("a", "is_above", 5, within=LookBack(6, "month")), number("a", "is_above", 5, within=LookBack(181, "day")), False),
        (number("a", "is_above", 5, within=LookBack(6, "month")), number("a", "is_above", 5, within=LookBack(182, "day")), True),
        (number("a", "is_above", 5), number("a", "is_above", 5, since="surgery"), False),
        (number("a", "is_above", 5), number("a", "is_above", 5, open_because="A person decides."), False),
    ],
)
def test_two_policies_differ_on_a_chart_or_are_proven_the_same(one: Check, other: Check | NoneOf, same: bool) -> None:
    """A chart that tells two policies apart does so when judged; six months before the 31st of May is exactly 182 days."""
    policies = [replace(POLICY, necessary_when=criterion) for criterion in (one, other)]
    answer = differing(open_solver(*policies))
    if same:
        assert answer == Proof(AS_OF)
    else:
        assert isinstance(answer, Example)
        outcomes = {judged(policy, answer.facts, AS_OF).outcome for policy in policies}
        assert len(outcomes) == 2
        assert {len(fact.evidence) for fact in answer.facts.values()} == {1}


def test_what_differs_only_with_two_pieces_of_evidence_is_found() -> None:
    """Two look-backs told apart only by an older value that one still sees are told apart by a chart with two."""
    lately, ever = number("lately", "is_above", 5, within=LookBack(1, "year")), number("ever", "is_above", 5)
    one = replace(POLICY, necessary_when=whole(1, lately, NoneOf("no", "", CITE, (ever,))))
    other = replace(POLICY, necessary_when=whole(1, replace(ever, id="lately"), NoneOf("no", "", CITE, (ever,))))
    assert isinstance(differing(open_solver(one, other)), Example)


def test_a_difference_of_reasons_only_is_found_when_it_is_asked_for() -> None:
    """Policies with the same outcomes differ by their reasons, their questions, or what they assume."""
    fever = Check("fever", "", CITE, "fever", YES)
    one, other = (replace(POLICY, necessary_when=replace(whole(1, fever), as_one=as_one)) for as_one in (False, True))
    solver = open_solver(one, other)
    assert differing(solver) == Proof(AS_OF)
    assert isinstance(differing(solver, ["because"]), Example)
    assert differing(solver, ["asks"]) == Proof(AS_OF)


def test_an_answer_that_judge_does_not_confirm_is_never_returned() -> None:
    """A solver whose formulas are wrong raises instead of answering."""
    solver = open_solver(POLICY)
    solver.few.decided[0].outcomes[DecisionOutcome.NECESSARY] = True
    with pytest.raises(Disagreement):
        solver.few.find(True)
    with pytest.raises(Disagreement):
        open_solver(POLICY).ask(lambda charts: charts.decided[0].necessary.met, lambda facts: False)


@lru_cache(maxsize=1)
def solved() -> list[dict[str, str]]:
    """The answers of the command for two of the shipped policies."""
    result = CliRunner().invoke(
        app, ["policy", "solve", "medica-central/open-si-joint-fusion", "carelon/prenatal-cfdna-screening", "--json"]
    )
    assert result.exit_code == 0, result.output
    answers: list[dict[str, str]] = orjson.loads(result.stdout)["answers"]
    return answers


def test_every_example_of_the_command_is_a_vignette_that_waits_for_a_person(tmp_path: Path) -> None:
    """Once its expectation is filled in, every chart that the command prints is read as a vignette of its policy."""
    charts = [answer for answer in solved() if answer["chart"]]
    assert len(charts) > 10
    for place, answer in enumerate(charts):
        id_, _, version = answer["policy"].partition(" ")
        policy = next(p for p in CONTENT.policies if p.id == id_ and str(p.version) == version)
        file = tmp_path / f"{place}.yaml"
        file.write_text(
            vignette_file(policy, policy.effective_from, [answer["chart"]]).replace("outcome: }", "outcome: necessary}")
        )
        assert len(read_vignettes(file, file.name, CONTENT)) == 1


def test_what_is_written_as_a_vignette_is_read_back(tmp_path: Path) -> None:
    """A chart keeps its values, days and standings, and what was not searched, when it is written and read."""
    policy = next(p for p in CONTENT.policies if p.version == date(2025, 4, 1))
    on, march = Days.on(date(2025, 3, 7)), Days(date(2025, 3, 1), date(2025, 3, 31))
    pieces = {
        "gestational_age": [Evidence(Interval.exactly(66.0), Days.on(date(2025, 5, 1)))],
        "number_of_fetuses": [Evidence(Interval.exactly(2.0), on), Evidence(Interval(2.0, float("inf")), march)],
        "fetal_demise": [Evidence(True, on, note="the diagnosis is provisional", standing=Standing.UNCERTAIN)],
        "pregnancy_viable": [Evidence(False, on)],
    }
    facts = {name: Fact(name, tuple(held), ("Condition",) if name == "fetal_demise" else ()) for name, held in pieces.items()}
    text = as_vignette(facts, policy, date(2025, 5, 1), CONTENT, "A chart: with a colon", "Found.")
    file = tmp_path / "found.yaml"
    file.write_text(vignette_file(policy, date(2025, 5, 1), [text]).replace("outcome: }", "outcome: necessary}"))
    (vignette,) = read_vignettes(file, file.name, CONTENT)
    assert vignette.given == pieces
    assert vignette.not_searched == {"Condition"}


def test_the_two_carelon_versions_differ_in_one_code_and_in_no_chart() -> None:
    """Version 2025-04-01 lists a code more; orders that both versions govern come out the same on every chart."""
    one, other = (p for p in CONTENT.policies if p.id == "carelon/prenatal-cfdna-screening")
    compared = compare(one, other, CONTENT)
    assert compared.orders == ("codes of orders added: CPT 0536U",)
    assert compared.verdict == "every chart has the same outcome"


def test_a_stricter_version_is_told_with_a_chart() -> None:
    """Where a threshold is raised, the comparison says so, says stricter, and shows an order that was necessary."""
    policy = next(p for p in CONTENT.policies if p.version == date(2025, 4, 1))
    raised = _with(policy, "nine-weeks", Question("is_at_least", Interval.exactly(70.0), "weeks", "10 weeks"))
    compared = compare(policy, raised, CONTENT)
    assert compared.criteria == ("`nine-weeks`: was 'is_at_least 9 weeks', is 'is_at_least 10 weeks'",)
    assert compared.verdict == "stricter"
    assert isinstance(compared.stricter, Example)
    assert [decision.outcome.value for decision in compared.stricter.decisions] == ["necessary", "not-necessary"]
    assert isinstance(differs(policy, raised, CONTENT), Example)


def _with(policy: Policy, id_: str, test: Question) -> Policy:
    """The policy with another test in one criterion of its first list."""
    root = policy.necessary_when
    assert isinstance(root, AtLeast)
    parts = tuple(replace(part, test=test) if isinstance(part, Check) and part.id == id_ else part for part in root.parts)
    assert any(part.id == id_ for part in walk(root))
    return replace(policy, necessary_when=replace(root, parts=parts))


def test_the_changelog_of_the_policies_is_up_to_date() -> None:
    """policies/CHANGELOG.md says what the comparison of the held versions says."""
    result = CliRunner().invoke(app, ["policy", "compare", "--changelog", "--check"])
    assert result.exit_code == 0, result.output


def test_two_payers_are_compared_on_the_facts_they_share() -> None:
    """Policies that govern no order together are compared on facts alone, with a chart each way."""
    result = CliRunner().invoke(
        app, ["policy", "compare", "carelon/prenatal-cfdna-screening", "medica-central/open-si-joint-fusion"]
    )
    assert result.exit_code == 0, result.output
    assert "no order is governed by both" in result.stdout
    assert result.stdout.count("expect: {outcome: }") == 2


def test_a_comparison_of_one_policy_is_refused() -> None:
    """The command wants two policies, and says how they are named."""
    result = CliRunner().invoke(app, ["policy", "compare", "carelon/prenatal-cfdna-screening"])
    assert result.exit_code == 2


def test_without_z3_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed, the commands name it instead of failing."""
    monkeypatch.setattr("cds_service.cli.policy_solve.find_spec", lambda name: None)
    result = CliRunner().invoke(app, ["policy", "solve"])
    assert result.exit_code == 1
    assert "cds-service[analysis]" in result.output


def test_the_service_and_its_commands_start_without_z3() -> None:
    """Nothing but the commands that need the solver loads it."""
    script = "import sys, cds_service.serving.app, cds_service.cli; sys.exit('z3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
