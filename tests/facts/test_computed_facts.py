"""Computed facts declare themselves: a function under the decorator is a rule, and the catalogue finds it."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest

import cds_service.facts.computed
from cds_service.content.content import Content
from cds_service.facts.computed import all_rules
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact

FOLDER = Path(cds_service.facts.computed.__file__).parent


def nothing(facts: dict[str, Fact], as_of: date) -> list[Evidence]:
    """A rule that finds nothing."""
    return []


def test_every_rule_that_is_declared_computes_a_fact(content: Content) -> None:
    """Each rule of the folder is asked for by the catalogue, so that none is left behind."""
    used = {one.derived.rule for one in content.catalogue.facts.values() if one.derived and not one.derived.key}
    assert used == set(all_rules())
    assert len(used) > 50


@pytest.mark.parametrize(
    ("name", "takes", "joins", "said"),
    [
        ("gestational age", ("scan",), "", "the rule 'gestational age' is declared twice"),
        ("a rule of a test", (), "", "takes no fact"),
        ("a rule of a test", ("one",), "another", "an answer cannot join 'another'"),
    ],
)
def test_what_cannot_be_a_rule_is_told(name: str, takes: tuple[str, ...], joins: str, said: str) -> None:
    """A name that is taken, a rule of nothing, and an answer that joins no input are refused where they are declared."""
    before = all_rules()
    with pytest.raises(TypeError, match=said):
        rule(name, *takes, joins=joins)(nothing)
    assert all_rules() == before


def test_general_code_knows_no_input_by_name() -> None:
    """What a rule calls its inputs stands in the module of the rule, and in tests of it."""
    inputs = {name for one in all_rules().values() for name in one.takes}
    general = list(FOLDER.parent.glob("*.py"))
    assert "scan" in inputs
    assert len(general) > 15
    named = [
        (path.name, node.value)
        for path in general
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in ("scan", "by_scan", "last_period", "due_date")
    ]
    assert named == []
