"""What a replay decides by.

The same source under the same terms gives the same rows, whatever the engine.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from cds_service.fhir.resource_types import ASKED_FOR, CODE_ELEMENTS

LARGEST_CHART: Final = 64
"""Mebibytes of a patient's resources, above which the chart is not read."""
REQUESTS: Final = tuple(kind for kind in ("ServiceRequest", "MedicationRequest", "DeviceRequest") if kind in CODE_ELEMENTS)
"""The resource types that are orders of a replay."""
CLAIMS: Final = ("ExplanationOfBenefit", "Claim")
"""The resource types whose items are orders where claims are replayed.

What is adjudicated counts before what was asked for.
"""
SHARED: Final = frozenset({"Medication", "Substance", "Organization"})
"""Types that belong to nobody, and that many patients' records reference."""


class CannotReplay(Exception):
    """An error: a replay cannot begin or go on.

    Its message says why, in words for the person who started it.
    """


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides the rows of a replay, beside the source itself.

    ``content`` is the content folder and ``revision`` what it must read as; ``own_value_sets`` a folder with a plan's
    own lists. ``since`` and ``until`` bound the date of service (both included). ``policies`` and ``payers`` select;
    empty selects all.

    ``as_known`` says whether a chart holds what could be read when the order was signed, or what had happened by the
    date of service. ``largest_chart`` is in bytes. ``compare`` is a second content folder or ``policy@version``.
    ``searched`` are types that the source was asked for although it holds none. ``key`` makes the pseudonyms; it is no
    part of what is written down.
    """

    content: str
    revision: str
    own_value_sets: str = ""
    orders: Literal["requests", "claims"] = "requests"
    since: date | None = None
    until: date | None = None
    policies: tuple[str, ...] = ()
    payers: tuple[str, ...] = ()
    as_known: Literal["signed", "now"] = "signed"
    largest_chart: int = LARGEST_CHART * 1024 * 1024
    keep_ids: bool = False
    values: bool = False
    compare: str = ""
    compare_revision: str = ""
    searched: tuple[str, ...] = ()
    key: bytes = field(default=b"", repr=False)

    @property
    def own_lists(self) -> Path | None:
        """The folder of a plan's own value sets, if one is named."""
        return Path(self.own_value_sets) if self.own_value_sets else None

    @property
    def types(self) -> frozenset[str]:
        """The resource types that are read; others go to the ledger."""
        read = ASKED_FOR | SHARED | frozenset(REQUESTS)
        return read | frozenset(CLAIMS) if self.orders == "claims" else read

    @property
    def order_types(self) -> tuple[str, ...]:
        """The resource types that orders come from."""
        return CLAIMS if self.orders == "claims" else REQUESTS

    def stated(self) -> dict[str, Any]:
        """Return what a resumed run must have in common, as JSON.

        That is all terms but the key and the folder of the content.
        """
        names = [name for name in self.__slots__ if name not in ("key", "content", "own_value_sets")]
        held = {name: getattr(self, name) for name in names}
        return {
            name: list(one) if isinstance(one, tuple) else one.isoformat() if isinstance(one, date) else one
            for name, one in held.items()
        }

    def pseudonym(self, *of: str) -> str:
        """Return a name that stands for an id.

        It tells nothing of the id to anyone without the key (HMAC-SHA-256, 80 bits).
        """
        return hmac.new(self.key, "/".join(of).encode(), hashlib.sha256).hexdigest()[:20]

    def named(self, patient: str, reference: str = "") -> str:
        """Name a patient, or an order ``Type/id`` of theirs, as rows do."""
        if self.keep_ids:
            return reference or patient
        if not reference:
            return self.pseudonym(patient)
        kind, _, id_ = reference.partition("/")
        return f"{kind}/{self.pseudonym(patient, kind, id_)}"
