"""What each outcome of a policy asserts in Da Vinci CRD coverage-information.

The module holds the grammar and the model of the ``answers`` block of a policy file.

A document on medical necessity says little of benefits, and nothing here says more than the file does. Where a file is
silent on an outcome, ``CAUTIOUS`` answers: *conditional*, on what only the plan can say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Said = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
LimitCode = Literal["allowed-quantity", "allowed-period", "concurrent-review", "appropriate-use-needed", "instructions"]
OUTCOMES = ("necessary", "not necessary", "not documented", "referred")
"""The outcomes of an order that an answer can be written for.

An order that is not addressed gets no answer of a policy.
"""


class AnswerPart(BaseModel):
    """A mapping of the ``answers`` block; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class LimitEntry(AnswerPart):
    """A limit of what is asserted: one CRD code and its value.

    The value is the one that fits the code; ``says`` qualifies it in words.
    """

    limit: LimitCode
    quantity: int | float | None = None
    unit: str = ""
    from_: Annotated[date | None, Field(alias="from")] = None
    until: date | None = None
    is_: Annotated[bool | None, Field(alias="is")] = None
    text: str = ""
    says: str = ""

    @model_validator(mode="after")
    def _the_value_that_fits(self) -> LimitEntry:
        given = {
            name
            for name, value in {
                "quantity": self.quantity is not None,
                "from or until": self.from_ or self.until,
                "is": self.is_ is not None,
                "text": self.text,
            }.items()
            if value
        }
        wanted = {"allowed-quantity": "quantity", "allowed-period": "from or until", "instructions": "text"}.get(self.limit, "is")
        if given != {wanted}:
            raise ValueError(f"the limit '{self.limit}' is given by '{wanted}' and nothing else")
        if self.unit and self.quantity is None:
            raise ValueError("a unit goes with a quantity")
        return self


class AnswerEntry(AnswerPart):
    """What one outcome asserts, in the words of CRD.

    ``pa_needed`` holds where no entry of ``authorization`` does.
    """

    covered: Literal["covered", "not-covered", "conditional"]
    pa_needed: Literal["no-auth", "auth-needed", "satisfied", "performpa", "conditional"] | None = None
    doc_needed: list[Literal["clinical", "admin", "conditional"]] = []
    doc_purpose: list[Literal["withpa", "withclaim", "withorder", "retain-doc", "OTH"]] = []
    info_needed: list[Literal["performer", "location", "timeframe", "contract-window", "detail-code", "OTH"]] = []
    reason: str = ""
    questionnaire: list[Said] = []
    limits: list[LimitEntry] = []


class AnswersEntry(AnswerPart):
    """The ``answers`` block: an answer for each outcome.

    Rules settled first may have their own, by their id, where theirs is another.
    """

    necessary: AnswerEntry | None = None
    not_necessary: Annotated[AnswerEntry | None, Field(alias="not necessary")] = None
    not_documented: Annotated[AnswerEntry | None, Field(alias="not documented")] = None
    referred: AnswerEntry | None = None
    rules: dict[str, AnswerEntry] = {}


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of what is asserted.

    Of an ``allowed-period``, ``value`` holds the first and the last day; either is None where that end is open.
    """

    code: LimitCode
    value: bool | float | str | tuple[date | None, date | None]
    unit: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is asserted of an order, in the codes of CRD.

    ``pa_needed`` is empty where nothing is said of prior authorization.
    """

    covered: str
    pa_needed: str = ""
    doc_needed: tuple[str, ...] = ()
    doc_purpose: tuple[str, ...] = ()
    info_needed: tuple[str, ...] = ()
    reason: str = ""
    questionnaires: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    line: int = 0

    @property
    def conditional(self) -> bool:
        """Whether the answer leaves anything open.

        It does where it depends on something that the order does not say.
        """
        return "conditional" in (self.covered, self.pa_needed, *self.doc_needed)


CAUTIOUS = Answer(
    "conditional",
    "conditional",
    info_needed=("OTH",),
    reason="Coverage and prior authorization: the policy says nothing of them; the member's plan decides.",
)
"""The answer for an outcome that a policy file has none for."""
UNLISTED = Answer(
    "conditional",
    "conditional",
    info_needed=("OTH",),
    reason="Coverage and prior authorization: no medical policy that is held here has criteria for this order; the plan decides.",
)
"""The answer for an order that no policy of its payer addresses.

The payer is recognised, and its ``payer.yaml`` says nothing else.
"""
UNPLACED = Answer(
    "conditional",
    "conditional",
    info_needed=("OTH",),
    reason="Coverage and prior authorization: not judged, since the order has no code that tells what is ordered; "
    "a medical policy that is held here may govern it.",
)
"""The answer for an order of unknown code.

A policy may govern such an order. A payer's own answer for orders that no policy addresses is not used for it.
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a policy by outcome and by rule settled first.

    An outcome without an answer is answered by ``CAUTIOUS``.
    """

    outcomes: dict[str, Answer] = field(default_factory=dict)
    rules: dict[str, Answer] = field(default_factory=dict)

    def of(self, outcome: str, rule: str = "") -> Answer:
        """Return the answer for an outcome, such as ``not necessary``.

        Where a ``rule`` settled the order and has an answer of its own, return that.
        """
        if rule in self.rules:
            return self.rules[rule]
        return self.outcomes.get(outcome, CAUTIOUS)


def read_answers(entry: AnswersEntry | None, line: Callable[[tuple[str, ...]], int]) -> Answers:
    """Turn the block of a file into the answers of a policy.

    ``line`` gives the line of a place in the file.
    """
    if entry is None:
        return Answers()
    written = {outcome: getattr(entry, outcome.replace(" ", "_")) for outcome in OUTCOMES}
    return Answers(
        {name: read_answer(said, line(("answers", name))) for name, said in written.items() if said},
        {id_: read_answer(said, line(("answers", "rules", id_))) for id_, said in entry.rules.items()},
    )


def read_answer(entry: AnswerEntry, line: int) -> Answer:
    """Turn one entry into an answer, with its line in the file."""
    return Answer(
        entry.covered,
        entry.pa_needed or "",
        tuple(entry.doc_needed),
        tuple(entry.doc_purpose),
        tuple(entry.info_needed),
        " ".join(entry.reason.split()),
        tuple(entry.questionnaire),
        tuple(_limit(limit) for limit in entry.limits),
        line,
    )


def _limit(entry: LimitEntry) -> Limit:
    value: bool | float | str | tuple[date | None, date | None]
    match entry.limit:
        case "allowed-quantity":
            value = entry.quantity or 0
        case "allowed-period":
            value = (entry.from_, entry.until)
        case "instructions":
            value = entry.text
        case _:
            value = bool(entry.is_)
    return Limit(entry.limit, value, entry.unit, entry.says)
