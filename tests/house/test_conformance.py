"""The list of requirements and the tests' marks hold together, and the page says what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conformance import PAGE, Published, Requirement, faults, marks, published, rendered, requirements


def test_every_binding_requirement_is_verified_or_says_why_not() -> None:
    """Every published statement is named once, each with a test or a reason, every mark has a requirement, and no requirement is both
    done and not done."""
    assert faults(requirements(), marks(), statements=published()) == []


def test_all_statements_on_a_service_are_known() -> None:
    """CRD 2.2.1 publishes 144 statements that bind a service; Inferno's kit numbers 165 of CRD 2.0.1 and 120 of CDS Hooks 2.0."""
    assert [(one.name, len(one.levels)) for one in published()] == [("CRD 2.2.1", 144), ("CRD 2.0.1", 165), ("CDS Hooks 2.0", 120)]
    named = [name for one in requirements() for name in (one.id, *one.also)]
    assert {name for one in published() for name in one.levels} <= set(named)


def test_the_page_is_what_the_tests_say() -> None:
    """``docs/conformance.md`` is rendered from the list and the marks; run ``python -m tests.conformance`` after a change."""
    assert PAGE.read_text(encoding="utf-8") == rendered(requirements(), marks())


def listed(id_: str = "a", level: str = "SHALL", not_done: str = "", pending: str = "") -> Requirement:
    """A requirement with little in it."""
    return Requirement("S", id_, level, "source", "says", not_done, pending)


@pytest.mark.parametrize(
    ("held", "verified", "said"),
    [
        ([listed()], {}, "no test verifies it"),
        ([listed(level="SHALL NOT")], {}, "no test verifies it"),
        ([listed()], {"b": ["t"], "a": ["t"]}, "no requirement has that id"),
        ([listed(not_done="why")], {"a": ["t"]}, "not several"),
        ([listed(pending="what")], {"a": ["t"]}, "not several"),
        ([listed(not_done="why", pending="what")], {}, "not several"),
        ([listed(), listed()], {"a": ["t"]}, "listed twice"),
        ([listed(level="MUST")], {"a": ["t"]}, "its level"),
        ([replace(listed(), elsewhere="by whom")], {"a": ["t"]}, "not several"),
        ([replace(listed(), elsewhere="by whom", not_applicable="why")], {}, "not several"),
        ([replace(listed(), crd_2_0_1=[7, 7])], {"a": ["t"]}, "listed twice"),
    ],
)
def test_each_fault_is_found(held: list[Requirement], verified: dict[str, list[str]], said: str) -> None:
    """Each way in which list and marks can disagree is one fault in words."""
    (fault,) = faults(held, verified)
    assert said in fault


PUBLISHED = [Published("Spec", {"a": "SHALL", "crd-2.0.1@7": "SHALL"})]


@pytest.mark.parametrize(
    ("held", "verified", "said"),
    [
        ([listed()], {"a": ["t"]}, "crd-2.0.1@7: Spec publishes it, and no requirement names it"),
        ([replace(listed(level="MAY"), crd_2_0_1=[7])], {"a": ["t"]}, "a: its level is SHALL"),
        ([replace(listed(), crd_2_0_1=[7, 8])], {"a": ["t"]}, "a: nobody publishes crd-2.0.1@8"),
        ([listed(), Requirement("S", "b", "MAY", "source", "says", crd_2_0_1=[7])], {"a": ["t"]}, "b: no test verifies it"),
    ],
)
def test_each_fault_against_what_is_published_is_found(held: list[Requirement], verified: dict[str, list[str]], said: str) -> None:
    """A statement that nobody names, a weaker level, an id that nobody publishes, and a binding statement without a test or a reason
    are faults, also where the row that names it binds less."""
    (fault,) = faults(held, verified, statements=PUBLISHED)
    assert said in fault


def test_what_is_pending_is_refused_at_the_end() -> None:
    """What waits for other work is let pass meanwhile, and is a fault once all must be complete."""
    assert faults([listed(pending="what")], {}) == []
    assert faults([listed(pending="what")], {}, complete=True) == ["a: it is pending: what"]


def test_marks_are_read_from_decorators_and_cases(tmp_path: Path) -> None:
    """A test's decorator and a case's ``verifies`` both name what they verify; a helper names nothing."""
    (tmp_path / "test_it.py").write_text('@pytest.mark.verifies("a", "b")\ndef test_x(): ...\n@verifies("c")\ndef helper(): ...\n')
    case = tmp_path / "requests" / "one"
    case.mkdir(parents=True)
    (case / "expected.json").write_text('{"verifies": ["a"]}')
    name = tmp_path.name
    assert marks(tmp_path) == {"a": [f"{name}/test_it.py::test_x", f"{name}/requests/one"], "b": [f"{name}/test_it.py::test_x"]}
