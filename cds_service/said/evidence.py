"""One piece of evidence in words.

They tell what it says, of which day, where it stands in the chart, and why it was not used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from cds_service.content.content import Content
from cds_service.facts.definition import Definition
from cds_service.facts.unread import in_quotes, place_of_record, unread
from cds_service.fhir.elements import NAMELESS
from cds_service.policy.criterion import Check
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Value
from cds_service.said.markdown import cut

LONGEST_NOTE: Final = 110
"""The most characters of the reason why evidence was not used."""
WHOLE_NOTE: Final = 2_000
"""The most characters of that reason where there is more room.

There is on pages and at the command line.
"""
THIS_ORDER: Final = "on this order"
UNREAD: Final = "it could not be read"
"""The note of evidence whose words tell why it was not used."""


class ToldEvidence(NamedTuple):
    """Evidence in words.

    ``when`` is empty for what carries no day, ``note`` where there is nothing to add.
    """

    says: str
    when: str
    where: str
    resource: str
    note: str
    used: bool

    @property
    def line(self) -> str:
        """The evidence in one line, which begins with *not used* if so."""
        before = "" if self.used or self.note == UNREAD else f"Not used ({self.note}): " if self.note else "Not used: "
        said = ", ".join([part for part in (self.says, self.when, self.where) if part])
        return f"{before}{said}{f' ({self.note})' if self.used and self.note else ''}"


def told(
    evidence: Evidence,
    check: Check,
    content: Content,
    order: str = "",
    quoted: Callable[[str], str] = in_quotes,
    plain: Callable[[str], str] = str,
    longest: int = LONGEST_NOTE,
) -> ToldEvidence:
    """Put a piece of evidence in words.

    The evidence is of the fact that ``check`` tests. ``order`` is the order's reference, which is called *this order*.
    ``quoted`` and ``plain`` make the chart's words safe for where they are shown. ``longest`` is the most characters of
    the note.
    """
    definition = content.catalogue[check.fact]
    when = evidence.when.text() if evidence.when and evidence.when.first.year > 1 else ""
    reference = evidence.resource.partition(f"/{NAMELESS}")[0]
    if not_read := unread(evidence, quoted):
        return ToldEvidence(f"{plain(short(definition))}: {not_read}", when, "", reference, UNREAD, used=False)
    value = value_in_words(evidence.value, definition) if evidence.value is not None else "no usable value"
    shown = f" ({quoted(evidence.shown)})" if evidence.shown and evidence.shown != value else ""
    used = evidence.standing is Standing.USABLE
    here = bool(reference) and reference == order
    where = THIS_ORDER if here else place_of_record(reference) if reference else ""
    note = plain(cut(evidence.note, longest)) if evidence.note else ""
    return ToldEvidence(f"{plain(short(definition))}: {plain(value)}{shown}", when, where, "" if here else reference, note, used)


def short(definition: Definition) -> str:
    """Return the first clause of what a fact means, without period."""
    return _first_clause(definition.entry.means)


@lru_cache(maxsize=4096)
def _first_clause(means: str) -> str:
    return means.partition(". ")[0].partition(";")[0].partition(" (")[0].rstrip(".")


def value_in_words(value: Value, definition: Definition) -> str:
    """Write a value with its unit as people say it.

    Examples: ``67 years``, ``1 fetus``, ``3000 /uL``.
    """
    shown, unit = definition.show(value), definition.entry.unit
    if isinstance(value, bool | str) or definition.entry.shown_as or unit in ("", "1"):
        return shown
    if unit.startswith("{"):
        word = unit.strip("{}")
        return shown if word in _BARE else f"{shown} {_singular(word) if shown == '1' else word}"
    named = _TIMES.get(unit)
    if named is None:
        return shown
    number = shown.replace(f" {unit}", "")
    return f"{number} {named if number == '1' else f'{named}s'}" if "or" not in number.split() else _open(number, named)


_TIMES: Final = {"a": "year", "mo": "month", "wk": "week", "d": "day", "h": "hour"}
_BARE: Final = frozenset({"score"})
"""Units that only name what is counted, and are not shown."""


def _open(number: str, named: str) -> str:
    """Write a span with one end: ``6 months or more``."""
    count, _, tail = number.partition(" ")
    return f"{count} {named}s {tail}"


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word.removesuffix('ies')}y"
    return word.removesuffix("es") if word.endswith("uses") else word.removesuffix("s")
