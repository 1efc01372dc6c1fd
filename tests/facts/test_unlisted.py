"""An unlisted code is described by no more than what it is called."""

from __future__ import annotations

import pytest

from cds_service.content.content import Content
from cds_service.facts.found.wording import empty
from cds_service.facts.kinds.service import ResultEvidence, ServiceEvidence
from cds_service.fhir.value_set_files import read_written, value_set_paths

CALLED = (
    "Unlisted molecular path procedure",
    "MAAA, unlisted",
    "Unlisted multianalyte assay (81599)",
    "Misc. genetic test",
    "81479",
)
"""How electronic records call the unlisted codes of laboratory tests, none of which says which test it is."""


def unlisted(content: Content) -> list[tuple[str, str, list[str]]]:
    """Return each fact that reads unlisted codes, its value set and the words that describe nothing."""
    return [
        (id_, source.unlisted.value_set, source.unlisted.empty_words)
        for id_, fact in content.catalogue.facts.items()
        for source in fact.sources
        if isinstance(source, ServiceEvidence | ResultEvidence) and source.unlisted and source.unlisted.empty_words
    ]


def test_what_an_unlisted_code_is_called_says_nothing(content: Content) -> None:
    """A code's own label beside it is not the name of another test: it ends no question."""
    held = unlisted(content)
    assert held
    for fact, value_set, empty_words in held:
        table = read_written(
            next(path for path in value_set_paths(content.root / "value_sets") if path.stem == value_set), value_set
        )
        labels = {one["code"]: one["display"] for include in table.raw["compose"]["include"] for one in include["concept"]}
        assert labels
        for code, label in labels.items():
            assert empty(label, empty_words, {code}), (fact, code, label)


@pytest.mark.parametrize("called", CALLED)
def test_other_names_of_unlisted_codes_say_nothing(content: Content, called: str) -> None:
    """What a real record calls such a code says no more than the code does."""
    for _, _, empty_words in unlisted(content):
        assert empty(called, empty_words, {"81479", "81599"})
