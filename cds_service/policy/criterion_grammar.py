"""The grammar of a criterion.

It says what is tested, how parts are counted, and where the document says it. The same classes print the JSON Schema
that editors use for completion (``cds-service policy schema``).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from cds_service.policy.entry import Entry, FactName, Id, Number, Words

TESTS = ("is", "is_at_least", "is_above", "is_at_most", "is_below", "in")
Count = Annotated[int, Field(ge=0, strict=True)]
SHAPES = ("all", "any", "at_least", "none", "fact")


class CitationEntry(Entry):
    """The place where the document says it.

    It names the source's key, the place, and a short quote where the licence allows one. ``gives`` are the numbers that
    the document itself gives there, with their units: ``[9 weeks, 2]``. A word that is a number (half, twice, several)
    gives it.
    """

    source: Words
    at: Words
    quote: str = ""
    gives: list[Number | str] = []


class RemarkEntry(Entry):
    """A sentence with its place in the document."""

    says: Words
    cite: CitationEntry


class PresumptionEntry(Entry):
    """What silence is taken to mean (``met`` or ``not met``), and why.

    It says also whether that holds even where nothing was searched.
    """

    treat_as: Literal["met", "not met"]
    because: Words
    always: bool = False


class NotMetEntry(Entry):
    """A failed test that the document leaves to a person.

    The chart fails the test, but the criterion stays open; the entry says why.
    """

    treat_as: Literal["not documented"]
    because: Words


class CriterionEntry(Entry):
    """What every criterion has: an id, a sentence, and a citation.

    The sentence is one that a nurse can read aloud; the citation is the place in the document. ``otherwise`` is the
    sentence that is so where the criterion is not met, for one whose *not met* would be a double negative.
    """

    id: Id
    says: Words
    otherwise: Annotated[str, StringConstraints(strip_whitespace=True, max_length=140)] = ""
    cite: CitationEntry
    remark: RemarkEntry | None = None


class PartsEntry(CriterionEntry):
    """A criterion made of parts.

    ``reported_as_one`` names it, not its parts, in reasons: always, or only when it is not met.
    """

    reported_as_one: bool | Literal["when not met"] = False


class AllEntry(PartsEntry):
    """Met when every part is met.

    ``applies_when`` is a part too; where it is not met, nothing more is said of the others.
    """

    applies_when: AnyCriterion | None = None
    all: Annotated[list[AnyCriterion], Field(min_length=1)]


class AnyEntry(PartsEntry):
    """Met when one part or more is met."""

    any: Annotated[list[AnyCriterion], Field(min_length=1)]


class AtLeastEntry(PartsEntry):
    """Met when at least this many of the parts are met."""

    at_least: Annotated[int, Field(ge=1)]
    of: Annotated[list[AnyCriterion], Field(min_length=1)]

    @model_validator(mode="after")
    def _enough_parts(self) -> AtLeastEntry:
        if self.at_least > len(self.of):
            raise ValueError(f"at least {self.at_least} of {len(self.of)} parts can never be met")
        return self


class NoneEntry(PartsEntry):
    """Met when no part is met: a list of exclusions."""

    none: Annotated[list[AnyCriterion], Field(min_length=1)]


class TimesEntry(Entry):
    """How often: the number of days on which evidence passes the test.

    The evidence is that of the fact. Exactly one comparison with a whole number.
    """

    is_: Annotated[Count | None, Field(alias="is")] = None
    is_at_least: Count | None = None
    is_above: Count | None = None
    is_at_most: Count | None = None
    is_below: Count | None = None

    @model_validator(mode="after")
    def _one_number(self) -> TimesEntry:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"'times' makes one comparison, as 'times: {{is_at_least: 3}}' ({', '.join(TESTS[:-1])})")
        if self.is_at_least == 0 or self.is_below == 0:
            raise ValueError("nothing happens fewer than 0 times, so this compares nothing")
        return self


class CheckEntry(CriterionEntry):
    """Met when the fact passes the test.

    At most one test; without one, the fact is a day and ``within`` is the test.

    The test of a day may be how long ago it is (``is_at_most: 15 years ago``). The latest evidence decides, with
    ``take: first`` the earliest; ``times`` counts instead on how many days there is evidence that passes. ``ours`` says
    which number of the test or of ``within`` the document does not give, and why it is the one that it is.
    """

    fact: FactName
    is_: Annotated[bool | Number | str | None, Field(alias="is")] = None
    is_at_least: Number | str | None = None
    is_above: Number | str | None = None
    is_at_most: Number | str | None = None
    is_below: Number | str | None = None
    in_: Annotated[str | None, Field(alias="in")] = None
    within: str | None = None
    since: FactName | None = None
    times: TimesEntry | None = None
    take: Literal["latest", "first"] = "latest"
    if_not_documented: PresumptionEntry | None = None
    if_not_met: NotMetEntry | None = None
    ask: str = ""
    ours: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""

    @model_validator(mode="after")
    def _one_test(self) -> CheckEntry:
        given = [name for name in TESTS if getattr(self, {"is": "is_", "in": "in_"}.get(name, name)) is not None]
        if len(given) > 1:
            raise ValueError(f"one criterion makes one test, not {len(given)} ({', '.join(given)}); split it into parts")
        if not given and not (self.within or self.since or self.times):
            raise ValueError(f"a criterion on a fact needs a test ({', '.join(TESTS)}) or a look-back (within)")
        if self.times and self.take == "first":
            raise ValueError("'times' counts all evidence, and 'take: first' looks at the earliest alone; one of the two is meant")
        return self


def shape_of(value: Any) -> str | None:
    """Return which kind of criterion a mapping is.

    The one key that only this kind has tells. Returns None where none or several kinds fit.
    """
    keys = [key for key in SHAPES if key in value] if isinstance(value, dict) else [type(value).__name__]
    return f"<{keys[0]}>" if len(keys) == 1 and keys[0] in SHAPES else None


AnyCriterion = Annotated[
    Annotated[AllEntry, Tag("<all>")]
    | Annotated[AnyEntry, Tag("<any>")]
    | Annotated[AtLeastEntry, Tag("<at_least>")]
    | Annotated[NoneEntry, Tag("<none>")]
    | Annotated[CheckEntry, Tag("<fact>")],
    Discriminator(
        shape_of,
        custom_error_type="criterion_shape",
        custom_error_message="a criterion needs exactly one of: all, any, at_least, none, fact",
    ),
]


for _entry in (AllEntry, AnyEntry, AtLeastEntry, NoneEntry):
    _entry.model_rebuild()
