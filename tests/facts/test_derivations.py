"""Facts that the files derive without Python: what each says of the facts it takes, in all three values."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from cds_service.facts.entry import DerivedEntry, FactEntry
from cds_service.facts.fact_files import read_catalogue
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.evidence import Standing
from cds_service.policy.values import show
from tests.spec.harness import read_fact

AS_OF = date(2026, 6, 15)
BOOLEAN, NUMBER, DAY = (
    FactEntry.model_validate({"means": "It.", "ask": "Is it?", "from": [{"answer": {}}], **kind})
    for kind in ({"type": "boolean"}, {"type": "quantity", "unit": "mg"}, {"type": "date"})
)
ANY = {"any_of": ["a", "b"]}
PRODUCT = {"product_of": ["a", "b"]}
HIGHEST = {"highest_of": ["a", "b"], "within": "6 months"}
LOWEST = {"lowest_of": ["a"]}
BETWEEN = {"days_between": {"from": "a", "to": "b"}}
FALL = {"fall_of": {"from": "a", "to": "b"}}


def derived(how: dict[str, object], kind: FactEntry, *said: str) -> list[str]:
    """What a derivation says, in words: value, standing where it is not usable, and the day."""
    entry = DerivedEntry.model_validate(how)
    facts = {name: read_fact(name, text, kind, {}, AS_OF) for name, text in zip(entry.takes, said, strict=True)}
    assert entry.own_rule is not None
    found = entry.own_rule(facts, AS_OF, None)
    return [
        f"{'something' if e.value is None else show(e.value)}{'' if e.standing is Standing.USABLE else ', uncertain'}"
        f" on {e.when.text() if e.when else 'no day'}"
        for e in found
    ]


@pytest.mark.parametrize(
    ("how", "kind", "said", "is_"),
    [
        (ANY, BOOLEAN, ("yes on 2026-01-01", "no on 2026-05-01"), ["yes on 2026-01-01"]),
        (ANY, BOOLEAN, ("no on 2026-01-01", "no on 2026-05-01"), ["no on 2026-01-01"]),
        (ANY, BOOLEAN, ("no on 2026-01-01", "silent"), []),
        (ANY, BOOLEAN, ("silent", "silent"), []),
        (ANY, BOOLEAN, ("yes on 2025-01-01; no on 2026-01-01", "no on 2026-05-01"), ["no on 2026-01-01"]),
        (ANY, BOOLEAN, ("yes on 2026-01-01", "provisional yes on 2026-05-01"), ["yes on 2026-01-01"]),
        (ANY, BOOLEAN, ("no on 2026-01-01", "provisional yes on 2026-05-01"), ["yes, uncertain on 2026-05-01"]),
        (ANY, BOOLEAN, ("yes on 2026-01-01; no on 2026-01-01", "silent"), ["yes, uncertain on 2026-01-01"]),
        (ANY, BOOLEAN, ("no on 2026-01-01; provisional yes on 2026-01-01", "no on 2026-01-01"), ["no on 2026-01-01"]),
        ({"latest_of": ["a", "b"]}, BOOLEAN, ("yes on 2026-01-01", "no on 2026-05-01"), ["yes on 2026-01-01", "no on 2026-05-01"]),
        ({"first_documented_of": ["a", "b"]}, BOOLEAN, ("silent", "no on 2026-05-01"), ["no on 2026-05-01"]),
        ({"first_documented_of": ["a", "b"]}, BOOLEAN, ("yes on 2020-01-01", "no on 2026-05-01"), ["yes on 2020-01-01"]),
        ({"first_documented_of": ["a", "b"]}, BOOLEAN, ("cancelled yes on 2026-05-01", "no on 2026-01-01"), ["no on 2026-01-01"]),
        (HIGHEST, NUMBER, ("4 on 2026-02-01", "9 on 2026-03-01; 20 on 2025-01-01"), ["9 on 2026-03-01"]),
        (HIGHEST, NUMBER, ("below 9 on 2026-02-01", "4 on 2026-03-01"), ["4 to 9 on 2026-02-01"]),
        (HIGHEST, NUMBER, ("4 on 2026-02-01", "unreadable on 2026-03-01"), ["4 or more on 2026-02-01"]),
        (HIGHEST, NUMBER, ("20 on 2025-12", "4 on 2026-03-01"), ["4 to 20 on 2026-03-01"]),
        (HIGHEST, NUMBER, ("silent", "20 on 2025-01-01"), []),
        (LOWEST, NUMBER, ("4 on 2020-02-01; 9 on 2026-01-01",), ["4 on 2020-02-01"]),
        (LOWEST, NUMBER, ("above 4 on 2020-02-01; 9 on 2026-01-01",), ["4 to 9 on 2020-02-01"]),
        ({"sum_of": ["a", "b"]}, NUMBER, ("4 on 2026-02-01", "1 to 2 on 2026-03-01"), ["5 to 6 on 2026-02-01"]),
        ({"sum_of": ["a", "b"]}, NUMBER, ("4 on 2026-02-01", "silent"), []),
        (PRODUCT, NUMBER, ("1.5 on 2026-02-01", "20 on 2024-03-01"), ["30 on 2024-03-01"]),
        (PRODUCT, NUMBER, ("2 or more on 2026-02-01", "20 on 2026-03-01"), ["40 or more on 2026-02-01"]),
        (PRODUCT, NUMBER, ("1 on 2026-02-01; 2 on 2026-02-01", "20 on 2026-03-01"), ["something, uncertain on 2026-02-01"] * 2),
        (PRODUCT, NUMBER, ("1 on 2026-02-01", "20 on 2026-03-01; provisional 9 on 2026-04-01"), ["something, uncertain on 2026-04-01"]),
        (BETWEEN, DAY, ("2026-01-01", "2026-01-31"), ["30 on 2026-01-31"]),
        (BETWEEN, DAY, ("2026-01", "2026-02-01"), ["1 to 31 on 2026-02-01"]),
        (BETWEEN, DAY, ("2026-01-01", "silent"), []),
        ({"days_between": {"from": "a"}}, DAY, ("2026-06-05",), ["10 on 2026-06-15"]),
        (FALL, NUMBER, ("90 on 2026-01-01", "45 on 2026-02-01"), ["50 on 2026-02-01"]),
        (FALL, NUMBER, ("45 on 2026-01-01", "90 on 2026-02-01"), ["0 on 2026-02-01"]),
        (FALL, NUMBER, ("45 on 2026-01-01", "silent"), []),
        ({"there_is": "a"}, DAY, ("2026-01-01 on 2026-02-01",), ["yes on 2026-02-01"]),
        ({"there_is": "a"}, DAY, ("provisional 2026-01-01 on 2026-02-01",), ["yes, uncertain on 2026-02-01"]),
        ({"there_is": "a"}, BOOLEAN, ("no on 2026-02-01",), []),
        ({"there_is": "a"}, DAY, ("silent",), []),
        ({"in_doubt": "a"}, BOOLEAN, ("provisional no on 2026-02-01",), ["yes on 2026-02-01"]),
        ({"in_doubt": "a"}, BOOLEAN, ("provisional no on 2026-02-01; yes on 2026-02-01",), ["yes on 2026-02-01"]),
        ({"in_doubt": "a"}, BOOLEAN, ("provisional no on 2026-02-01; yes on 2026-02-02",), ["no on 2026-02-02"]),
        ({"in_doubt": "a"}, BOOLEAN, ("provisional yes on 2026-02-02; yes on 2026-02-01",), ["no on 2026-02-01"]),
        ({"in_doubt": "a"}, BOOLEAN, ("silent",), []),
        ({"at_least_that_of": "a"}, NUMBER, ("15 on 2026-02-01",), ["15 or more on 2026-02-01"]),
        ({"at_least_that_of": "a"}, NUMBER, ("below 15 on 2026-02-01",), ["0 or more on 2026-02-01"]),
        ({"at_least_that_of": "a"}, NUMBER, ("unreadable on 2026-02-01",), ["something, uncertain on 2026-02-01"]),
        ({"at_least_that_of": "a"}, NUMBER, ("silent",), []),
    ],
)  # fmt: skip
def test_what_is_derived(how: dict[str, object], kind: FactEntry, said: tuple[str, ...], is_: list[str]) -> None:
    """A yes is enough for any, a number leaves open what its parts leave open, and what is missing says nothing."""
    assert derived(how, kind, *said) == is_


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({}, "a fact is derived in one way"),
        ({"any_of": ["a"], "sum_of": ["a"]}, "here are any_of, sum_of"),
        ({"any_of": ["a"], "takes": {"x": "a"}}, "'takes' and 'table' belong to a 'rule'"),
        ({"any_of": ["a"], "within": "6 months"}, "'within' belongs to 'highest_of' and 'lowest_of'"),
        ({"highest_of": ["a"], "within": "long"}, "not a length of time"),
        ({"fall_of": {"from": "a"}}, "names both numbers"),
    ],
)
def test_what_derives_nothing_is_refused(how: dict[str, object], said: str) -> None:
    """A fact is derived in one way, with the keys that belong to it."""
    with pytest.raises(ValidationError, match=said):
        DerivedEntry.model_validate(how)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("type: quantity, unit: mg, derived: {any_of: [a]}", "'any_of' gives a boolean, and the fact is a quantity"),
        ("type: boolean, derived: {any_of: [n]}", "'any_of' takes facts that are a boolean, and one is a quantity"),
        ("type: quantity, unit: g, derived: {sum_of: [n]}", "'sum_of' takes facts in its own unit (g), and one is in mg"),
        ("type: quantity, unit: mg, derived: {fall_of: {from: n, to: n}}", "'fall_of' gives a number in %, and the fact is in mg"),
        ("type: quantity, unit: g, derived: {at_least_that_of: n}", "'at_least_that_of' takes facts in its own unit (g)"),
        ("type: boolean, ask: X?, from: [{answer: {speaks_for: 30 days, older: is the least}}]", "is for a number that only grows"),
        ("type: boolean, ask: X?, from: [{answer: {}}], words: {say: [some], older: is the least}", "words have none"),
        ("type: quantity, unit: d, derived: {days_between: {from: n}}", "'days_between' takes facts that are a date"),
        ("type: boolean, derived: {any_of: [z]}", "'x' is derived from 'z', which is no fact"),
        ("type: boolean, derived: {rule: pregnent, takes: {recorded: a}}", "there is no rule 'pregnent'; is 'pregnant' meant?"),
    ],
)
def test_what_does_not_fit_is_told_on_load(tmp_path: Path, how: str, said: str) -> None:
    """Types and units of a derivation are held to those of the facts that it takes, with file and line."""
    facts = "a: {means: A., type: boolean, ask: A?, from: [{answer: {}}]}\nn: {means: N., type: quantity, unit: mg, ask: N?, from: [{answer: {}}]}\n"
    (tmp_path / "mine.yaml").write_text(f"{facts}x: {{means: X., {how}}}\n", encoding="utf-8")
    problems = read_catalogue([(tmp_path, "facts")], Terminology({}))[1]
    assert [str(one) for one in problems if said in str(one)], [str(one) for one in problems]
    assert all(one.line == 3 for one in problems)
