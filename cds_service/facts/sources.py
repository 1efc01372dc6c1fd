"""The ways in which a fact is documented.

An entry under ``from`` names one kind of evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import create_model, model_validator

from cds_service.facts.kinds import all_kinds
from cds_service.facts.kinds.evidence_kind import EvidenceKind
from cds_service.policy.entry import Entry


class NamedSource(Entry):
    """One way to document a fact: one kind of evidence, by name.

    An entry names exactly one kind.
    """

    @model_validator(mode="after")
    def _one_kind(self) -> NamedSource:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"each entry under 'from' names exactly one kind of evidence: {', '.join(all_kinds())}")
        return self

    @property
    def name(self) -> str:
        """The name of the kind."""
        return next(iter(self.model_fields_set))

    @property
    def kind(self) -> EvidenceKind:
        """The kind of evidence with what the file says of it."""
        found: EvidenceKind = getattr(self, self.name)
        return found


if TYPE_CHECKING:
    SourceEntry = NamedSource
else:
    _fields: dict[str, Any] = {name: (kind | None, None) for name, kind in all_kinds().items()}
    SourceEntry = create_model("SourceEntry", __base__=NamedSource, __doc__=NamedSource.__doc__, __module__=__name__, **_fields)
    """The union of all kinds of evidence.

    It has one member for each, made from their declarations.
    """
