"""The grammar of a policy file, as pydantic classes: what keys there are, what each means, which go together.

The same classes print the JSON Schema that editors use for completion (``cds-service policy schema``).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from cds_service.policy.answers import AnswersEntry

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
FactName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$")]
Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Number = int | float
TESTS = ("is", "is_at_least", "is_above", "is_at_most", "is_below", "in")
SHAPES = ("all", "any", "at_least", "none", "fact")


class Entry(BaseModel):
    """A mapping of the file; keys that the language does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class CitationEntry(Entry):
    """Where the document says it: the source's key, the place, and a short quote where the licence allows one.

    ``gives`` are the numbers that the document itself gives there, with their units: ``[9 weeks, 2]``. A word that is a number
    (half, twice, several) gives it.
    """

    source: Words
    at: Words
    quote: str = ""
    gives: list[Number | str] = []


class SourceEntry(Entry):
    """A document that the policy is read from."""

    title: Words
    publisher: Words
    url: str = ""
    retrieved: date | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""


class RemarkEntry(Entry):
    """A sentence with its place in the document."""

    says: Words
    cite: CitationEntry


class PresumptionEntry(Entry):
    """What silence is taken to mean (``met`` or ``not met``), why, and whether it holds even where nothing was searched."""

    treat_as: Literal["met", "not met"]
    because: Words
    always: bool = False


class NotMetEntry(Entry):
    """A test that the chart fails and that the document leaves to a person: the criterion stays open, and why."""

    treat_as: Literal["not documented"]
    because: Words


class CriterionEntry(Entry):
    """What every criterion has: an id, a sentence that a nurse can read aloud, and the place in the document."""

    id: Id
    says: Words
    cite: CitationEntry
    remark: RemarkEntry | None = None


class PartsEntry(CriterionEntry):
    """A criterion made of parts; ``reported_as_one`` names it, not its parts, in reasons: always, or only when it is not met."""

    reported_as_one: bool | Literal["when not met"] = False


class AllEntry(PartsEntry):
    """Met when every part is met. ``applies_when`` is a part too; where it is not met, nothing more is said of the others."""

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


class CheckEntry(CriterionEntry):
    """Met when the fact passes the test. At most one test; without one, the fact is a day and ``within`` is the test.

    ``ours`` says which number of the test or of ``within`` the document does not give, and why it is the one that it is.
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
    if_not_documented: PresumptionEntry | None = None
    if_not_met: NotMetEntry | None = None
    ask: str = ""
    ours: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""

    @model_validator(mode="after")
    def _one_test(self) -> CheckEntry:
        given = [name for name in TESTS if getattr(self, {"is": "is_", "in": "in_"}.get(name, name)) is not None]
        if len(given) > 1:
            raise ValueError(f"one criterion makes one test, not {len(given)} ({', '.join(given)}); split it into parts")
        if not given and not (self.within or self.since):
            raise ValueError(f"a criterion on a fact needs a test ({', '.join(TESTS)}) or a look-back (within)")
        return self


def shape_of(value: Any) -> str | None:
    """Which kind of criterion a mapping is, by the one key that tells; None when none or several do."""
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


class RuleEntry(Entry):
    """A rule settled before the criteria: when it is met, the order's outcome is ``then`` and nothing else is looked at."""

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


class OrdersEntry(Entry):
    """The orders that a policy governs: those with a code in one of these value sets."""

    value_set: str | list[str]


class AppliesToEntry(Entry):
    """Whose members and which orders the policy speaks of; a policy whose subject is no order names none."""

    payer: Id
    lines_of_business: list[str] = []
    orders: OrdersEntry | None = None


class EffectiveEntry(Entry):
    """The dates of service that a version covers; no ``until`` means it is still in force."""

    from_: Annotated[date, Field(alias="from")]
    until: date | None = None


class PassageEntry(Entry):
    """A passage of the document that is not encoded, and the reason."""

    source: Words
    at: Words
    because: Words


class ReviewEntry(Entry):
    """Only what really happened: when it was encoded and by whom, and which other person has read it against the document."""

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
    """What the document says of prior authorization: the first entry whose ``when`` is met (or that has none) holds."""

    says: Words
    cite: CitationEntry
    needed: bool
    when: AnyCriterion | None = None


class AlternativeEntry(Entry):
    """The order that the document names instead, when one of ``instead_of`` settles for not necessary."""

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
    ``label`` is what cards call the thing that is ordered; ``labels`` say otherwise for codes of a value set.
    """

    policy: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]
    version: date
    title: Words
    label: str = ""
    labels: dict[str, Words] = {}
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
        """A policy governs orders, or it judges a QuestionnaireResponse: each has its own keys, and exactly one of the two sets."""
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


for _entry in (AllEntry, AnyEntry, AtLeastEntry, NoneEntry, RuleEntry, AuthorizationEntry, AdviceEntry, PolicyEntry):
    _entry.model_rebuild()
