"""What a criterion is, as frozen values.

Three kinds carry the whole language: :class:`Check` tests one fact, :class:`AtLeast` counts parts (``all`` and ``any``
are its two ends), :class:`NoneOf` excludes. Everything that reads a policy walks these three.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from cds_service.policy.values import LookBack, Value


class Outcome(Enum):
    """The three outcomes of a criterion.

    Silence is never *met* or *not met*.
    """

    MET = "met"
    NOT_MET = "not met"
    NOT_DOCUMENTED = "not documented"

    __hash__ = object.__hash__  # each is there once; an Enum's own hash is that of its name, and costs two calls


@dataclass(frozen=True, slots=True)
class Citation:
    """The place where a payer's document says it.

    It names the source's key in the policy file, the place, and a short quote if the licence allows. ``gives`` are the
    numbers that the document gives there, as the file writes them.
    """

    source: str
    at: str
    quote: str = ""
    gives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Presumption:
    """What silence on a fact is taken to mean, and why.

    It stands on a search that found nothing. ``always`` makes it hold also where nothing was searched.
    """

    treat_as: Outcome
    because: str
    always: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """A further sentence of the document for the card.

    A card adds it when the criterion settles the outcome, or when ``when`` is met.
    """

    says: str
    cite: Citation
    when: Criterion | None = None


Comparison = Literal["is", "is_at_least", "is_above", "is_at_most", "is_below", "in", "documented"]


@dataclass(frozen=True, slots=True)
class Test:
    """The question put to a fact's value.

    ``value`` is in the fact's unit once the content is loaded.

    ``documented`` is the test of a criterion that only names a fact and a look-back: a day that falls within it. With
    ``ago`` the value is a day, and the test is how long ago it is.
    """

    compare: Comparison
    value: Value | None = None
    unit: str = ""
    written: str = ""
    ago: LookBack | None = None

    @property
    def of_day(self) -> bool:
        """Whether the value itself is the day that lies in time.

        If not, it is the day on which the value was recorded.
        """
        return self.compare == "documented" or self.ago is not None


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """A criterion that tests one fact.

    It does so within a look-back (``within``) or since the day that another fact gives (``since``).

    ``open_because`` says why the document leaves a test that fails to a person: the criterion is then open, never not
    met. ``times`` tests on how many days evidence passes the test, in place of what the latest says; with ``first`` the
    earliest evidence decides. ``ours`` says in a sentence which number is not the document's; ``our_threshold`` and
    ``our_window`` tell which it is. ``otherwise`` says in a sentence what is so where the criterion is not met; it
    means the same on criteria with parts.
    """

    id: str
    says: str
    cite: Citation
    fact: str
    test: Test
    within: LookBack | None = None
    since: str | None = None
    presumption: Presumption | None = None
    ask: str = ""
    remark: Remark | None = None
    line: int = 0
    open_because: str = ""
    ours: str = ""
    our_threshold: bool = False
    our_window: bool = False
    otherwise: str = ""
    times: Test | None = None
    first: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class AtLeast:
    """A criterion met when at least ``count`` of its parts are.

    ``as_one`` names it, not its parts, in reasons. ``guarded`` says that the first part tells whether the others apply
    at all.
    """

    id: str
    says: str
    cite: Citation
    count: int
    parts: tuple[Criterion, ...]
    as_one: bool | Literal["when not met"] = False
    remark: Remark | None = None
    line: int = 0
    guarded: bool = False
    otherwise: str = ""

    def come_to(self, met: int, left_open: int) -> Outcome:
        """Return the outcome for so many parts met and so many open.

        The outcomes are counted by Kleene's logic.
        """
        if met >= self.count:
            return Outcome.MET
        return Outcome.NOT_MET if met + left_open < self.count else Outcome.NOT_DOCUMENTED


@dataclass(frozen=True, slots=True, eq=False)
class NoneOf:
    """A criterion met when every one of its parts is not met.

    These are the document's exclusions.
    """

    id: str
    says: str
    cite: Citation
    parts: tuple[Criterion, ...]
    as_one: bool | Literal["when not met"] = False
    remark: Remark | None = None
    line: int = 0
    otherwise: str = ""

    def come_to(self, met: int, left_open: int) -> Outcome:
        """Return the outcome for so many parts met and so many open."""
        if met:
            return Outcome.NOT_MET
        return Outcome.NOT_DOCUMENTED if left_open else Outcome.MET


Criterion = Check | AtLeast | NoneOf


def question_of(check: Check) -> tuple[object, ...]:
    """Return what a check asks of a chart.

    It is equal for checks that ask the same.
    """
    return check.fact, check.test, check.within, check.since, check.times, check.first


def walk(criterion: Criterion) -> Iterator[Criterion]:
    """Yield a criterion and everything below it, in reading order."""
    yield criterion
    if not isinstance(criterion, Check):
        for part in criterion.parts:
            yield from walk(part)


def facts_of(criteria: Iterator[Criterion]) -> tuple[str, ...]:
    """Return the names of the facts that criteria rest on.

    Each comes once, in reading order.
    """
    names: dict[str, None] = {}
    for criterion in criteria:
        if isinstance(criterion, Check):
            names[criterion.fact] = None
            if criterion.since:
                names[criterion.since] = None
    return tuple(names)
