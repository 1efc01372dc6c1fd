"""The differences between the versions of Da Vinci DTR spoken here.

They are their addresses, and the names of what goes in and out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cds_service.questionnaires.draft import DtrVersion

BASE: Final = "/fhir"
"""The address below which DTR 2.2 is spoken.

2.0.1 has its own below it.
"""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One version: its base address and the names of its parameters.

    ``several`` says that several coverages may come in; ``bare`` that the next question comes out as the response
    itself.
    """

    version: DtrVersion
    base: str
    bundle: str
    outcome: str
    several: bool
    bare: bool


SPOKEN: Final = (
    Spoken("2.2", BASE, "packagebundle", "outcome", several=False, bare=False),
    Spoken("2.0.1", f"{BASE}/2.0.1", "PackageBundle", "operationOutcome", several=True, bare=True),
)
