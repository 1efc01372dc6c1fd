"""The grammar of a policy file, as pydantic classes.

It says what keys there are, what each means, and which go together. The same classes print the JSON Schema that editors
use for completion (``cds-service policy schema``).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from cds_service.policy.answers import AnswersEntry
from cds_service.policy.criterion_grammar import AnyCriterion, AnyEntry, CitationEntry, RemarkEntry
from cds_service.policy.entry import Entry, FactName, Id, Words


class SourceEntry(Entry):
    """A document that the policy is read from."""

    title: Words
    publisher: Words
    url: str = ""
    retrieved: date | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""


class RuleEntry(Entry):
    """A rule settled before the criteria.

    When it is met, the order's outcome is ``then`` and nothing else is looked at.
    """

    when: AnyCriterion
    then: Literal["necessary", "not necessary", "not documented", "not addressed", "referred"]
    asks: list[FactName] = []
    referred_to: str = ""

    @model_validator(mode="after")
    def _says_what_follows(self) -> RuleEntry:
        if (self.then == "not documented") != bool(self.asks):
            raise ValueError("a rule that settles for 'not documented' names the facts it asks for, and no other rule does")
        if (self.then == "referred") != bool(self.referred_to):
            raise ValueError("a rule that refers names the policy it refers to (referred_to), and no other rule does")
        return self


OrderPhrase = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+([ -][A-Za-z0-9]+)*$", min_length=4)]
"""A phrase of whole words, with four letters in all at least.

Shorter ones mean too many things: CSF is a fluid to most who order.
"""


class OrdersEntry(Entry):
    """The orders that a policy governs.

    They are those with a code in one of these value sets. ``named`` are phrases by which an order without such a code
    is told to be one of them; it is not judged. A medicine needs none: its ingredients and brands are known.
    """

    value_set: str | list[str]
    named: list[OrderPhrase] = []


class AppliesToEntry(Entry):
    """The members and the orders that the policy speaks of.

    A policy whose subject is no order names no orders.
    """

    payer: Id
    lines_of_business: list[str] = []
    orders: OrdersEntry | None = None


class EffectiveEntry(Entry):
    """The dates of service that a version covers.

    No ``until`` means that it is still in force.
    """

    from_: Annotated[date, Field(alias="from")]
    until: date | None = None


class PassageEntry(Entry):
    """A passage of the document that is not encoded, and the reason."""

    source: Words
    at: Words
    because: Words


class ReviewEntry(Entry):
    """When the policy was encoded and by whom, and who reviewed it.

    Only what really happened is written here. The reviewer is another person, who has read it against the document.
    """

    encoded_on: date
    encoded_by: str = ""
    second_reader: Words


class CheckedEntry(Entry):
    """When somebody last looked whether the document still stands."""

    on: date
    by: Words


class CorrectionEntry(Entry):
    """A change to a version already in force: when, what, why."""

    on: date
    what: Words
    why: Words


class AuthorizationEntry(Entry):
    """What the document says of prior authorization.

    The first entry whose ``when`` is met (or that has none) holds.
    """

    says: Words
    cite: CitationEntry
    needed: bool
    when: AnyCriterion | None = None


class AlternativeEntry(Entry):
    """An order that the document names instead.

    It is proposed when one of ``instead_of`` settles for not necessary.
    """

    instead_of: list[Id]
    order: Words
    label: Words
    cite: CitationEntry


class AdviceEntry(RemarkEntry):
    """What cards say besides; with ``when``, only where that is met."""

    when: AnyCriterion | None = None


OF_ORDERS: tuple[str, ...] = (
    "necessary_when",
    "not_necessary_when",
    "settled_first",
    "authorization",
    "alternatives",
    "review_route",
)
OF_RESPONSES: tuple[str, ...] = ("met_when", "unlikely_when", "more_likely_when")
"""The keys that go with each subject, besides those of every policy."""


class PolicyEntry(Entry):
    """A policy file, top to bottom.

    ``subject`` says what is judged: an order (``necessary_when``, ``not_necessary_when``), or a QuestionnaireResponse, whose
    criteria are ``met_when``, what the document holds against it ``unlikely_when``, and in its favour ``more_likely_when``.
    ``label`` is what cards call the thing that is ordered; ``labels`` say otherwise for codes of a value set. ``also_called`` are
    other words for it, by which people look for the policy; they decide nothing.
    """

    policy: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]
    version: date
    title: Words
    label: str = ""
    labels: dict[str, Words] = {}
    also_called: list[Words] = []
    subject: Literal["order", "questionnaire-response"] = "order"
    status: Literal["draft", "active", "retired"]
    effective: EffectiveEntry
    supersedes: date | None = None
    applies_to: AppliesToEntry
    sources: Annotated[dict[str, SourceEntry], Field(min_length=1)]
    not_encoded: list[PassageEntry] = []
    review: ReviewEntry
    last_checked: CheckedEntry | None = None
    corrections: list[CorrectionEntry] = []
    advice: list[AdviceEntry] = []
    review_route: RemarkEntry | None = None
    alternatives: list[AlternativeEntry] = []
    authorization: list[AuthorizationEntry] = []
    answers: AnswersEntry | None = None
    settled_first: list[RuleEntry] = []
    necessary_when: AnyCriterion | None = None
    not_necessary_when: AnyEntry | None = None
    met_when: AnyCriterion | None = None
    unlikely_when: AnyEntry | None = None
    more_likely_when: AnyEntry | None = None

    @model_validator(mode="after")
    def _fits_its_subject(self) -> PolicyEntry:
        """Check that the file has just the keys of its subject.

        A policy governs orders, or it judges a QuestionnaireResponse: each has its own keys, and exactly one of the two
        sets.
        """
        if self.subject == "order":
            if self.applies_to.orders is None:
                raise ValueError(
                    "a policy names the orders it governs (applies_to.orders), or its subject is questionnaire-response"
                )
            if self.necessary_when is None:
                raise ValueError("'necessary_when' is missing")
            foreign, belongs = OF_RESPONSES, "only where the subject is questionnaire-response"
        else:
            if self.applies_to.orders is not None:
                raise ValueError("a policy whose subject is questionnaire-response governs no orders; leave out applies_to.orders")
            if self.met_when is None:
                raise ValueError("'met_when' is missing; the subject is questionnaire-response")
            foreign, belongs = OF_ORDERS, "only where the subject is an order"
        if given := [key for key in foreign if getattr(self, key)]:
            raise ValueError(f"'{given[0]}' belongs {belongs}")
        return self
