"""Reads the chapters of the specification and judges their rows.

A chapter is data that a nurse can read: prose, a criterion as authors write it, and a table of what a chart says and what follows.
The criterion goes the way of every policy: written to a policy file, read by ``read_policy``, bound to its facts by ``bind``.
Only the facts are made here, straight from the words of the table, so that the tables speak of the language and not of FHIR.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import model_validator
from ruamel.yaml import YAML

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.content.binding import bind
from cds_service.content_files.problems import ContentError
from cds_service.content_files.yaml_file import YamlFile
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.definition import Definition
from cds_service.facts.entry import FactEntry
from cds_service.facts.words import read_piece, read_plain_value
from cds_service.fhir.value_sets import Terminology, ValueSet
from cds_service.judgement import judge_policy
from cds_service.order import read_order
from cds_service.policy import asking, explain, presumed
from cds_service.policy.entry import Entry, FactName, Id, Words
from cds_service.policy.evidence import Fact
from cds_service.policy.judge import judge
from cds_service.policy.model import Policy
from cds_service.policy.read import read_policy
from cds_service.policy.values import Code, Days, Value

FOLDER = Path(__file__).parent
RESULTS = ("outcome", "basis", "because", "asks", "shortest", "assumed")
"""The columns that say what follows; ``note`` explains a row, and every other column is a fact."""
SILENT, NOT_SEARCHED = "silent", "not searched"
Written = str | tuple[str, ...]


class TestFactEntry(Entry):
    """A fact that exists in one chapter only: what it means, its type, and a unit or choices where the type has them."""

    __test__ = False

    means: Words
    type: str
    unit: str = ""
    choices: list[str] = []
    ask: str = ""


class SectionEntry(Entry):
    """One rule of the language: prose, the criterion (or the criteria part of a policy) as authors write it, and its table."""

    title: Words
    text: Words
    criterion: str = ""
    policy: str = ""
    date_of_service: date | None = None
    table: list[dict[str, Any]]

    @model_validator(mode="after")
    def _one_snippet(self) -> SectionEntry:
        if bool(self.criterion) == bool(self.policy):
            raise ValueError("a section shows either a criterion or a policy")
        return self


class ChapterEntry(Entry):
    """One file of the specification."""

    title: Words
    text: Words
    date_of_service: date
    facts: dict[FactName, TestFactEntry]
    value_sets: dict[Id, list[str]] = {}
    sections: list[SectionEntry]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what the chart says of each fact in words, what follows, and a note for the reader."""

    facts: Mapping[str, str]
    follows: Mapping[str, Written]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its snippet as the real reader understood it."""

    title: str
    text: str
    snippet: str
    whole_policy: bool
    policy: Policy
    as_of: date
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter with the facts and value sets that its tables speak of."""

    file: str
    title: str
    text: str
    as_of: date
    catalogue: Catalogue
    value_sets: Mapping[str, tuple[str, ...]]
    sections: tuple[Section, ...]


@lru_cache(maxsize=1)
def read_chapters() -> tuple[Chapter, ...]:
    """All chapters in the order of their file names. Raises ContentError when one is not as the grammar says."""
    return tuple(read_chapter(path) for path in sorted(FOLDER.glob("*.yaml")))


def read_chapter(path: Path) -> Chapter:
    """One chapter, its criteria read and bound as those of a policy are."""
    entry = YamlFile(path, path.name).read_as(ChapterEntry)
    catalogue = Catalogue({name: _definition(name, fact, path.name) for name, fact in entry.facts.items()})
    value_sets = {id_: tuple(words) for id_, words in entry.value_sets.items()}
    sections = tuple(_section(section, entry, catalogue, value_sets) for section in entry.sections)
    return Chapter(path.name, entry.title, entry.text, entry.date_of_service, catalogue, value_sets, sections)


def _definition(name: str, entry: TestFactEntry, file: str) -> Definition:
    """A catalogue's definition of a chapter's fact; where it would be found in a chart does not matter here."""
    found = {"from": [{"observation": {"codes": "anything"}}]}
    return Definition(name, FactEntry.model_validate(entry.model_dump() | found), file, 0)


def _section(
    entry: SectionEntry, chapter: ChapterEntry, catalogue: Catalogue, value_sets: Mapping[str, tuple[str, ...]]
) -> Section:
    policy = read_snippet(entry.criterion or entry.policy, bool(entry.policy), catalogue, value_sets)
    rows = tuple(_row(row, policy, entry.title) for row in entry.table)
    as_of = entry.date_of_service or chapter.date_of_service
    return Section(entry.title, entry.text, entry.criterion or entry.policy, bool(entry.policy), policy, as_of, rows)


def _row(cells: Mapping[str, Any], policy: Policy, title: str) -> Row:
    unknown = set(cells) - set(RESULTS) - {"note"} - set(policy.facts)
    if unknown or "outcome" not in cells:
        raise ValueError(f"{title}: a row has an outcome and facts of its criterion; not so {sorted(unknown)} in {dict(cells)}")
    follows = {name: _follows(cells[name]) for name in RESULTS if name in cells}
    return Row({name: _words(cells.get(name, SILENT)) for name in policy.facts}, follows, _words(cells.get("note", "")))


def _follows(cell: object) -> Written:
    return tuple(_words(word) for word in cell) if isinstance(cell, list) else _words(cell)


def _words(cell: object) -> str:
    if isinstance(cell, bool) or cell is None:
        raise ValueError(f"a cell holds words (yes, no, silent, a number, a day), not {cell}")
    return str(cell)


def read_snippet(snippet: str, whole_policy: bool, catalogue: Catalogue, value_sets: Mapping[str, tuple[str, ...]]) -> Policy:
    """The policy that a snippet makes once the head of a policy file and the citations are filled in.

    Raises ContentError with what the reader or the binding find wrong.
    """
    yaml = YAML(typ="rt", pure=True)
    body = yaml.load(snippet)
    _add_citations(body)
    head: dict[str, Any] = {
        "policy": "payer/policy",
        "version": date(2020, 1, 1),
        "title": "A policy of the specification",
        "status": "active",
        "effective": {"from": date(2020, 1, 1)},
        "applies_to": {"payer": "payer", "orders": {"value_set": "orders"}},
        "sources": {"document": {"title": "The document", "publisher": "The payer"}},
        "review": {"encoded_on": date(2020, 1, 1), "second_reader": "none yet"},
    }
    with TemporaryDirectory() as folder:
        path = Path(folder) / "payer" / "policy" / "2020-01-01.yaml"
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(head | (dict(body) if whole_policy else {"necessary_when": body}), file)
        policy = read_policy(path, "payer/policy/2020-01-01.yaml")
    bound, problems = bind(policy, catalogue, _terminology(value_sets))
    if problems:
        raise ContentError(problems)
    return bound


def _add_citations(node: Any) -> None:
    """Gives every criterion of a snippet the citation that a policy file would have and a reader of the language need not see."""
    if isinstance(node, dict):
        if "id" in node and "cite" not in node:
            node["cite"] = {"source": "document", "at": "somewhere"}
        for value in node.values():
            _add_citations(value)
    elif isinstance(node, list):
        for value in node:
            _add_citations(value)


def _terminology(value_sets: Mapping[str, tuple[str, ...]]) -> Terminology:
    """Value sets by their ids only: which codes they hold is said by the words of the chapter."""
    none: frozenset[Any] = frozenset()
    return Terminology({id_: ValueSet(id_, "", "", id_, {}, {}, none, none, {}) for id_ in ("orders", *value_sets)})


def follows(row: Row, section: Section, chapter: Chapter) -> dict[str, Written]:
    """What really follows from a row: the columns of RESULTS that the row speaks of."""
    facts = {
        name: read_fact(name, text, chapter.catalogue[name].entry, chapter.value_sets, section.as_of)
        for name, text in row.facts.items()
    }
    found = _decided(facts, section) if section.whole_policy else _judged(facts, section)
    return {name: found.get(name, "(no such column for this kind of criterion)") for name in row.follows}


def _judged(facts: Mapping[str, Fact], section: Section) -> dict[str, Written]:
    finding = judge(section.policy.necessary_when, facts, section.as_of)
    found: dict[str, Written] = {
        "outcome": finding.outcome.value,
        "because": tuple(reason.criterion.id for reason in explain.reasons(finding)),
        "asks": asking.asks(finding),
        "shortest": asking.shortest(finding),
        "assumed": presumed.assumed(finding),
    }
    return found | ({"basis": finding.basis.value} if finding.basis else {})


def _decided(facts: Mapping[str, Fact], section: Section) -> dict[str, Written]:
    order = read_order({"resourceType": "ServiceRequest", "id": "order"}, 0, section.as_of)
    case = Case(Chart([], _terminology({}), "patient"), order, (order,), section.as_of)
    decision = judge_policy(section.policy, None, order.reference, facts, case)
    return {
        "outcome": decision.outcome.value.replace("-", " "),
        "because": decision.because_ids,
        "asks": decision.asks,
        "assumed": decision.assumed,
    }


def read_fact(name: str, text: str, entry: FactEntry, value_sets: Mapping[str, tuple[str, ...]], as_of: date) -> Fact:
    """A fact from the words of a cell: ``silent``, ``not searched``, or pieces of evidence separated by semicolons.

    Each piece is written as in a vignette.
    """

    def value(words: str) -> Value:
        if entry.type == "code":
            return Code(words, frozenset(id_ for id_, held in value_sets.items() if words in held))
        return read_plain_value(words, name, entry)

    pieces = [piece.strip() for piece in text.split(";")]
    said = [piece for piece in pieces if piece not in (SILENT, NOT_SEARCHED)]
    evidence = [read_piece(piece, Days.on(as_of), value)._replace(resource="Observation/1") for piece in said]
    return Fact(name, tuple(evidence), ("Observation",) if NOT_SEARCHED in pieces else ())


def rows() -> Iterator[tuple[Row, Section, Chapter]]:
    """Every row of every chapter, in reading order."""
    for chapter in read_chapters():
        for section in chapter.sections:
            for row in section.rows:
                yield row, section, chapter


def sentence(row: Row, section: Section) -> str:
    """A row as a sentence, by which its test is called."""
    said = " and ".join(f"{name} is {text}" for name, text in row.facts.items())
    subject = "the order" if section.whole_policy else section.policy.necessary_when.id
    return f"{section.title}: when {said} then {subject} is {row.follows['outcome']}"
