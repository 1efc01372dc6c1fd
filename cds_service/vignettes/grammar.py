"""The grammar of a vignette file, as pydantic classes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, field_validator

from cds_service.policy.entry import Entry, Words

OUTCOMES = ("necessary", "not necessary", "not documented", "not addressed", "referred")


def as_json(value: Any) -> Any:
    """Turn YAML values into the JSON that a client sends.

    Days become strings, and so does a number that stands for a code.
    """
    match value:
        case dict():
            return {str(key): str(v) if key == "code" and isinstance(v, int) else as_json(v) for key, v in value.items()}
        case list():
            return [as_json(one) for one in value]
        case date():
            return value.isoformat()
        case str():
            return str(value)
        case _:
            return value


def in_words(value: Any) -> Any:
    """Return a value of a chart in words.

    Days become as YAML writes them, and true and false become yes and no.
    """
    match value:
        case dict():
            return {name: in_words(one) for name, one in value.items()}
        case list():
            return [in_words(one) for one in value]
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case _:
            return value


Chart = Annotated[dict[str, str | int | float | list[str | int | float]], BeforeValidator(in_words)]
"""What a chart documents, by fact.

Each fact has a piece of evidence in words, or several.
"""


class OrderEntry(Entry):
    """The order of a vignette.

    It has a code, what else describes it, and why it is ordered. ``fhir`` holds elements as a client writes them; they
    take the place of those that the draft would have.
    """

    code: Words
    also: list[Words] = []
    text: str = ""
    detail: list[str] = []
    reason: list[str] = []
    resource: Literal["ServiceRequest", "MedicationRequest", "DeviceRequest"] = "ServiceRequest"
    status: str = "draft"
    priority: str = ""
    do_not_perform: bool = False
    fhir: dict[str, Any] = {}

    @field_validator("fhir", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return as_json(value)

    @field_validator("detail", "reason", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class ExpectEntry(Entry):
    """The right decision.

    ``because``, ``asks`` and ``assumed`` are compared whole where they are given, ``asks`` as a set unless ``in_order``
    is said. ``authorization`` says what the document wants, ``advice`` the ids of the conditions under which cards say
    more: both are compared where they are given, as facts only, since the machine-readable answer names neither.
    """

    outcome: Literal["necessary", "not necessary", "not documented", "not addressed", "referred"]
    because: list[str] | None = None
    asks: list[str] | None = None
    in_order: bool = False
    assumed: list[str] | None = None
    authorization: Literal["needed", "not needed", "not said"] | None = None
    advice: list[str] | None = None

    @field_validator("outcome", mode="before")
    @classmethod
    def _answered(cls, value: Any) -> Any:
        if value is None:
            raise ValueError(f"nobody has said yet what is right here; 'outcome' is one of {', '.join(OUTCOMES)}")
        return value


class VignetteEntry(Entry):
    """One imaginary member.

    What is not listed is not documented, and was searched unless ``not_searched`` names it.

    - ``each_code`` makes one vignette for each of these codes of the order, all with the same right decision.
    - ``own_lists`` are value sets as the plan has filled them: the codes that they hold besides the shipped ones.
    - ``fhir`` are resources of the chart as a client writes them, read in both runs. Their subject and id may be left out.
    - ``also_signed`` are drafts of the same signing. Their subject and id may be left out.
    """

    name: Words
    story: Words
    order: OrderEntry | None = None
    each_code: list[Words] = []
    as_of: date | None = None
    signed_before: list[Words] = []
    signed_after: list[Words] = []
    not_searched: list[str] = []
    via: dict[str, str] = {}
    own_lists: dict[str, list[Words]] = {}
    chart: Chart = {}
    fhir: list[dict[str, Any]] = []
    also_signed: list[dict[str, Any]] = []
    expect: ExpectEntry

    @field_validator("fhir", "also_signed", mode="before")
    @classmethod
    def _resources(cls, value: Any) -> Any:
        for resource in value if isinstance(value, list) else ():
            if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
                raise ValueError("a resource as written is a mapping with its resourceType")  # noqa: TRY004 - pydantic takes it for a mistake
        return as_json(value)

    @field_validator("order", mode="before")
    @classmethod
    def _code_alone(cls, value: Any) -> Any:
        return {"code": value} if isinstance(value, str) else value


class RepeatsEntry(Entry):
    """Another version's vignettes, tried on this one too.

    Every date in them lies ``days_earlier`` days earlier; ``but_not`` names those left out.
    """

    version: date
    days_earlier: int
    but_not: list[Words] = []


class VignetteFile(Entry):
    """The vignettes of one policy version.

    ``order`` and ``as_of`` hold for those that name none.
    """

    policy: Words
    version: date
    as_of: date
    order: OrderEntry | None = None
    repeats: RepeatsEntry | None = None
    vignettes: list[VignetteEntry]

    @field_validator("order", mode="before")
    @classmethod
    def _code_alone(cls, value: Any) -> Any:
        return {"code": value} if isinstance(value, str) else value
