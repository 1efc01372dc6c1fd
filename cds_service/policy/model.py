"""What a policy is, as frozen values.

A policy is a tree of criteria with citations (``criterion``), the orders it governs, and what a payer's document says
besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from cds_service.policy.answers import Answers
from cds_service.policy.criterion import AtLeast, Citation, Criterion, Remark, walk

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
