"""What the contexts of several hooks share, checked for shape.

What only one hook has stands in its module.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from cds_service.fhir.elements import Resource
from cds_service.order import Place

Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
MOST_ENTRIES = 200
"""The most entries of the Bundle of a context.

More are signed in no sitting, and each is judged against all others.
"""


class Message(BaseModel):
    """A JSON object of a request.

    Members that are not named here are ignored.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class BundleEntry(Message):
    """One entry of the Bundle of a context."""

    resource: dict[str, Any]
    full_url: Annotated[Any, Field(alias="fullUrl")] = None

    @field_validator("resource")
    @classmethod
    def _is_a_resource(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(value.get("resourceType"), str) or not value["resourceType"]:
            raise ValueError("a FHIR resource has a resourceType")
        return value


class ContextBundle(Message):
    """The Bundle of a context.

    Its type and the entries' fullUrl are not required, because real clients leave them out. A lone entry counts as a
    list of one.
    """

    resource_type: Annotated[Literal["Bundle"], Field(alias="resourceType")]
    entry: Annotated[list[BundleEntry], Field(min_length=1, max_length=MOST_ENTRIES)]

    @field_validator("entry", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict) else value  # as of any list of a FHIR resource


class Context(Message):
    """What the contexts of all hooks share: the patient's bare id."""

    patient_id: Annotated[Filled, Field(alias="patientId")]

    @field_validator("patient_id")
    @classmethod
    def _bare_id(cls, value: str) -> str:
        return value.removeprefix("Patient/")

    def bundled(self) -> Iterator[tuple[Resource, Place]]:
        """Yield the resources of the context's Bundle.

        Each comes with its place in the request.
        """
        yield from ()

    def addressed(self) -> Iterator[tuple[Any, Resource]]:
        """Yield the resources of the context's Bundle with their addresses.

        An address is that of the entry in the Bundle, as it was written.
        """
        yield from ()


class DraftOrdersContext(Context):
    """What the contexts of order-select and order-sign share."""

    user_id: Annotated[Filled, Field(alias="userId")]
    encounter_id: Annotated[str | None, Field(alias="encounterId")] = None
    draft_orders: Annotated[ContextBundle, Field(alias="draftOrders")]

    def bundled(self) -> Iterator[tuple[Resource, Place]]:
        """Yield the draft orders with their places."""
        yield from entries_of(self.draft_orders, "draftOrders")

    def addressed(self) -> Iterator[tuple[Any, Resource]]:
        """Yield the draft orders with their addresses."""
        yield from ((entry.full_url, entry.resource) for entry in self.draft_orders.entry)


def entries_of(bundle: ContextBundle, name: str) -> Iterator[tuple[Resource, Place]]:
    """Yield the resources of a Bundle in the context.

    ``name`` is the Bundle's name in the context. Each resource comes with its place in the request.
    """
    for at, entry in enumerate(bundle.entry):
        yield entry.resource, ("context", name, "entry", at, "resource")
