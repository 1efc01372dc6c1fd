"""A call of a hook: what all calls share, whatever their context."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field, field_validator

from cds_service.hooks.received.contexts import Context, Filled, Message

ContextOf = TypeVar("ContextOf", bound=Context)


class FhirAuthorization(Message):
    """Access to the client's FHIR server.

    It is held for this request only, and never logged.
    """

    access_token: Annotated[Filled, Field(repr=False)]
    scope: str = ""
    patient: str | None = None


class HookRequest(Message, Generic[ContextOf]):
    """A call of a hook."""

    hook: Filled
    hook_instance: Annotated[Filled, Field(alias="hookInstance")]
    context: ContextOf
    fhir_server: Annotated[str | None, Field(alias="fhirServer")] = None
    fhir_authorization: Annotated[FhirAuthorization | None, Field(alias="fhirAuthorization", repr=False)] = None
    prefetch: dict[str, Any] | None = None
    extension: dict[str, Any] | None = None

    @field_validator("extension", mode="before")
    @classmethod
    def _as_members(cls, value: Any) -> Any:
        return members_of(value)


def members_of(extension: Any) -> Any:
    """Return a call's extension as the object that CDS Hooks defines.

    Some clients write FHIR's list, of ``url`` and a value, in its stead.
    """
    if not isinstance(extension, list):
        return extension
    found: dict[str, Any] = {}
    for one in extension:
        url = one.get("url") if isinstance(one, dict) else None
        values = [value for name, value in one.items() if name.startswith("value")] if isinstance(url, str) else []
        if values:
            found.setdefault(str(url).rpartition("/")[2], values[0])
    return found
