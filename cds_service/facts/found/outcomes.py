"""How a procedure came out, as its record says."""

from __future__ import annotations

import re
from typing import Final

from cds_service.fhir.elements import Resource, codings, concept_words

UNSUCCESSFUL: Final = "its outcome is recorded as unsuccessful"
"""Note on a procedure that did not succeed."""
_UNSUCCESSFUL: Final = re.compile(
    r"unsuccessful|not successful|\bfail|\babort|\babandon|terminated|discontinued|partial"
    r"|no (?:relief|benefit|response|improvement)",
    re.IGNORECASE,
)
_CODES: Final = frozenset({"385671000", "385670004"})
"""SNOMED CT's codes for *unsuccessful* and *partially successful*."""


def is_unsuccessful(procedure: Resource) -> bool:
    """Tell whether a procedure's outcome says that it did not succeed."""
    outcome = procedure.get("outcome")
    if any(coding.code in _CODES for coding in codings(outcome)):
        return True
    return any(_UNSUCCESSFUL.search(words) for words in concept_words(outcome))
