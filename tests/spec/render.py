"""Writes the chapters of the specification as ``docs/language.md``: prose, snippet and table, in the order of the chapters.

Run ``python -m tests.spec.render`` after a chapter has changed; a test holds the file to what this renders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.spec.harness import RESULTS, Chapter, Section, Written, read_chapters

REFERENCE = Path(__file__).parents[2] / "docs" / "language.md"
ANSWERS = Path(__file__).parent / "answers.md"
"""The last part, which has no tables: what an outcome asserts. ``tests/hooks/test_coverage_information.py`` says the same as tests."""

_FIRST_LINE = "<!-- Generated from tests/spec/*.yaml by `python -m tests.spec.render`; change the chapters, not this file. -->"
_PREFACE = """\
# The policy language

A policy is a tree of criteria. Each criterion is **met**, **not met**, or **not documented** when the chart leaves it open.
This reference says what each kind of criterion means. Every row of every table is also a test, so what stands here is what the
service does.

The snippets are what an author writes in a policy file, without the `cite` that every criterion has there.

How to read a table: the first columns are what the chart says of each fact.

- `yes`, `12`, `below 500`: a value recorded on the date of service.
- `12 on 2026-01-01`: a value recorded on another day; `on 2026-01` leaves the day of the month open. `undated 12` has no day.
- `provisional yes` and `unreadable`: evidence that is uncertain.
- `cancelled yes`: evidence that is discounted, for example a cancelled result.
- `12 on 2026-01-01; 14 on 2026-02-01`: two pieces of evidence.
- Vignettes write their charts in the same words.
- `silent`: the chart was searched and says nothing. `not searched`: there are records that nobody searched.

The other columns say what follows: the outcome, and where a section speaks of it the basis, the reasons (*because*), the facts to
ask for (*asks*), the fewest answers that would do (*shortest*), or the criteria that silence was taken to settle (*assumed*)."""


def rendered() -> str:
    """The whole reference."""
    chapters = read_chapters()
    contents = [f"{number}. [{chapter.title}](#{_anchor(number, chapter)})" for number, chapter in enumerate(chapters, 1)]
    contents.append(f"{len(chapters) + 1}. [What an outcome asserts](#{len(chapters) + 1}-what-an-outcome-asserts)")
    blocks = [_FIRST_LINE, _PREFACE, "\n".join(contents)]
    for number, chapter in enumerate(chapters, 1):
        blocks += _chapter(number, chapter)
    blocks += [f"## {len(chapters) + 1}. What an outcome asserts", ANSWERS.read_text(encoding="utf-8").strip()]
    return "\n\n".join(blocks) + "\n"


def _anchor(number: int, chapter: Chapter) -> str:
    """The anchor that Markdown viewers give to a chapter's heading."""
    kept = "".join(letter for letter in chapter.title.lower() if letter.isalnum() or letter in " -")
    return f"{number}-{kept.replace(' ', '-')}"


def _chapter(number: int, chapter: Chapter) -> Iterator[str]:
    yield f"## {number}. {chapter.title}"
    yield chapter.text.strip()
    yield "The facts of this chapter:"
    yield "\n".join(f"- `{name}` ({_type(chapter, name)}): {chapter.catalogue[name].entry.means}" for name in chapter.catalogue)
    if chapter.value_sets:
        yield "Its value sets:"
        yield "\n".join(f"- `{id_}`: {', '.join(words)}" for id_, words in chapter.value_sets.items())
    yield f"The date of service is {chapter.as_of} where a section names no other."
    for place, section in enumerate(chapter.sections, 1):
        yield f"### {number}.{place} {section.title}"
        yield section.text.strip()
        if section.as_of != chapter.as_of:
            yield f"The date of service is {section.as_of}."
        yield f"```yaml\n{section.snippet.rstrip()}\n```"
        yield "\n".join(_table(section))


def _type(chapter: Chapter, name: str) -> str:
    entry = chapter.catalogue[name].entry
    match entry.type:
        case "boolean":
            return "yes or no"
        case "choice":
            return "one of: " + ", ".join(entry.choices)
        case "quantity":
            return f"a number in {entry.unit}" if entry.unit != "1" else "a number"
        case "date":
            return "a day"
        case _:
            return "a code"


def _table(section: Section) -> Iterator[str]:
    facts = section.policy.facts
    results = [name for name in RESULTS if any(name in row.follows for row in section.rows)]
    notes = any(row.note for row in section.rows)
    yield _line([*(f"`{name}`" for name in facts), *results, *(["why"] if notes else [])])
    yield _line("---" for _ in range(len(facts) + len(results) + notes))
    for row in section.rows:
        followed = [_cell(row.follows[name], name) if name in row.follows else "" for name in results]
        yield _line([*(row.facts[name] for name in facts), *followed, *([row.note] if notes else [])])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;") for cell in cells) + " |"


def _cell(written: Written, name: str) -> str:
    if isinstance(written, tuple):
        return ", ".join(f"`{word}`" for word in written) or "nothing"
    return f"**{written}**" if name == "outcome" else written


def write() -> None:
    """Writes the reference where the documentation keeps it."""
    REFERENCE.write_text(rendered(), encoding="utf-8")


if __name__ == "__main__":
    write()
