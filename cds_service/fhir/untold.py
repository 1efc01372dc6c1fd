"""Records that do not say what they are.

FHIR lets a diagnosis, a procedure, an order or an allergy stand without a code, and masks leave nothing of one. No list
can hold such a record and no words speak of it, so that it could be anything of its kind: it is unread, not silent.
"""

from __future__ import annotations

from typing import Any, Final

from cds_service.fhir.code_shapes import systems_of
from cds_service.fhir.code_systems import CPT, ICD10CM, LOINC, NAMES, NDC, RXNORM, SNOMED
from cds_service.fhir.codes import is_known
from cds_service.fhir.elements import Resource, concept_words, items, text

MAY_BE_UNTOLD: Final = {
    "Condition": frozenset({ICD10CM, SNOMED}),
    "Procedure": frozenset({CPT, SNOMED, NAMES["ICD-10-PCS"]}),
    "ServiceRequest": frozenset({CPT, SNOMED, LOINC}),
    "AllergyIntolerance": frozenset({SNOMED, RXNORM, NDC}),
}
"""Resource types whose code may be missing, with the systems of such codes."""
_NOTHING_SAID: Final = frozenset({"", "unknown", "unk", "n/a", "na", "not available", "null", "?", "-", "."})
"""What stands for words where there are none."""


def untold(kind: str) -> str:
    """Return the mark of a type's records that are untold.

    It stands beside value sets.
    """
    return f"{kind} that does not say what it is"


def is_untold(kind: str, resource: Resource, concept: Any) -> bool:
    """Tell whether a record does not say what it is.

    None of its codings is of a system that is read. A code of no known system says it by its shape.
    """
    if any(said.strip().lower() not in _NOTHING_SAID for said in concept_words(concept)):
        return False
    if kind == "AllergyIntolerance" and any("substance" in one for one in items(resource.get("reaction")) if isinstance(one, dict)):
        return False
    systems = MAY_BE_UNTOLD[kind]
    written = [(text(one.get("system")), text(one.get("code"))) for one in _codings(concept)]
    return not any(not is_known(*one) and not systems.isdisjoint(systems_of(one[1].upper())) for one in written)


def _codings(concept: Any) -> list[dict[str, Any]]:
    listed = items(concept.get("coding")) if isinstance(concept, dict) else []
    return [one for one in listed if isinstance(one, dict)]
