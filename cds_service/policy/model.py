"""What a policy is, as frozen values.

A policy is a tree of criteria with citations, the orders it governs, and what a payer's document says besides.

Three kinds of criterion carry the whole language: :class:`Check` tests one fact, :class:`AtLeast` counts parts (``all``
and ``any`` are its two ends), :class:`NoneOf` excludes. Everything that reads a policy walks these three.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Literal

from cds_service.policy.answers import Answers
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

FirstOutcome = Literal["necessary", "not necessary", "not documented", "not addressed", "referred"]


@dataclass(frozen=True, slots=True)
class FirstRule:
    """A rule around the criteria, tried before them.

    The rules are tried in order: the first that is met settles the order. ``asks`` names the fact to ask for when it
    settles for *not documented*; ``referred_to`` the policy that governs instead.
    """

    when: Criterion
    then: FirstOutcome
    asks: tuple[str, ...] = ()
    referred_to: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A document that a policy is read from.

    What it says belongs to its publisher.
    """

    title: str
    publisher: str
    url: str = ""
    retrieved: date | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of the document that is not encoded, and why."""

    source: str
    at: str
    because: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A change to a version already in force: when, what, and why."""

    on: date
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Authorization:
    """The document's word on prior authorization: needed or not.

    It holds in the case that ``when`` is met; without ``when``, in every other case.
    """

    remark: Remark
    needed: bool
    when: Criterion | None = None


@dataclass(frozen=True, slots=True)
class Alternative:
    """An order that the document names instead.

    It is proposed when one of ``instead_of`` (criterion ids) settles for not necessary.
    """

    instead_of: tuple[str, ...]
    system: str
    code: str
    label: str
    cite: Citation


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of one payer's policy, as its file states it.

    ``effective_until`` is the last day of service it covers, None while it is in force.
    ``necessary_when`` must be met and nothing in ``not_necessary_when`` may be, for an order to be necessary.
    Where the ``subject`` is a QuestionnaireResponse the two hold ``met_when`` and ``unlikely_when``, and there are no orders.
    ``label`` is what is ordered, in short; ``labels`` say otherwise for the codes of a value set (its id comes first).
    ``also_called`` are other words for it, ``order_names`` the phrases by which an order without a listed code is told to be one
    that it governs. ``encoded_on`` is the day the file was written, ``second_reader`` who has read it
    against the document since, ``last_checked`` and ``checked_by`` when and who last looked whether the document still stands.
    """

    id: str
    version: date
    title: str
    status: Literal["draft", "active", "retired"]
    effective_from: date
    effective_until: date | None
    supersedes: date | None
    payer: str
    lines_of_business: tuple[str, ...]
    order_sets: tuple[str, ...]
    label: str
    sources: dict[str, Source]
    necessary_when: Criterion
    not_necessary_when: AtLeast | None = None
    settled_first: tuple[FirstRule, ...] = ()
    not_encoded: tuple[Passage, ...] = ()
    advice: tuple[Remark, ...] = ()
    review_route: Remark | None = None
    alternatives: tuple[Alternative, ...] = ()
    authorization: tuple[Authorization, ...] = ()
    answers: Answers = field(default_factory=Answers)
    subject: Literal["order", "questionnaire-response"] = "order"
    labels: tuple[tuple[str, str], ...] = ()
    more_likely_when: AtLeast | None = None
    also_called: tuple[str, ...] = ()
    order_names: tuple[str, ...] = ()
    encoded_on: date | None = None
    second_reader: str = "none yet"
    last_checked: date | None = None
    checked_by: str = ""
    corrections: tuple[Correction, ...] = ()
    file: str = ""
    facts: tuple[str, ...] = field(default=())

    def criteria(self) -> Iterator[Criterion]:
        """Yield every criterion in the document's order, parents before parts.

        Those of rules settled first, of authorization and of advice are among them.
        """
        for rule in self.settled_first:
            yield from walk(rule.when)
        yield from walk(self.necessary_when)
        if self.not_necessary_when:
            yield from walk(self.not_necessary_when)
        if self.more_likely_when:
            yield from walk(self.more_likely_when)
        for when in (*(entry.when for entry in self.authorization), *(advice.when for advice in self.advice)):
            if when:
                yield from walk(when)

    @property
    def form(self) -> str:
        """The beginning of the canonicals of its forms.

        It holds the name and the version: ``payer-policy|2025-04-01``.
        """
        return f"{self.id.replace('/', '-')}|{self.version}"

    def covers(self, day: date) -> bool:
        """Tell whether this version is in force on a date of service."""
        return self.effective_from <= day and (self.effective_until is None or day <= self.effective_until)


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
