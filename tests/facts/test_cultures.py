"""What a culture grew: organisms in codes and words, results that say nothing, and specimens that do not matter here."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.facts.found.cultures import grew

Json = dict[str, Any]
BLOOD: Json = {"resourceType": "Observation", "status": "final", "code": {"text": "Blood culture"}}
SNOMED = "http://snomed.info/sct"


def coded(code: str, display: str) -> Json:
    """A value in a code of SNOMED CT."""
    return {"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": code, "display": display}]}}


def flagged(code: str) -> Json:
    """An interpretation."""
    return {"interpretation": [{"coding": [{"code": code}]}]}


RESULTS: list[tuple[str, Json, bool]] = [
    ("an organism", coded("112283007", "Escherichia coli"), True),
    ("an organism of which no word is known", coded("1", "Cardiobacterium hominis"), True),
    ("no growth in a code", coded("264868006", "No growth"), False),
    ("negative in a code", coded("260385009", "Negative"), False),
    ("an organism in words", {"valueString": "Klebsiella pneumoniae"}, True),
    ("gram-negative rods", {"valueString": "Gram-negative rods"}, True),
    ("coagulase-negative staphylococci", {"valueString": "Coagulase negative Staphylococcus"}, True),
    ("no growth in words", {"valueString": "No growth at 5 days."}, False),
    ("negative in words", {"valueString": "NEGATIVE"}, False),
    ("no such organism", {"valueString": "No Staphylococcus aureus isolated"}, False),
    ("one bottle of two", {"valueString": "Aerobic: Staphylococcus epidermidis. Anaerobic: no growth."}, True),
    ("nothing told yet", {"valueString": "Pending"}, False),
    ("words that tell nothing", {"valueString": "Final"}, False),
    ("words that tell nothing, flagged as positive", {"valueString": "See report"} | flagged("POS"), True),
    ("flagged as abnormal", flagged("A"), True),
    ("flagged as negative", flagged("NEG"), False),
    ("normal flora", {"valueString": "Normal skin flora"}, False),
    ("an organism in urine", {"valueString": "Escherichia coli", "specimen": {"display": "Urine"}}, False),
    ("an organism of the nose", {"valueString": "MRSA", "code": {"text": "Culture, nares"}}, False),
    ("a report of an organism", {"resourceType": "DiagnosticReport", "conclusion": "Candida albicans in 1 of 2 bottles"}, True),
    ("a report that denies", {"resourceType": "DiagnosticReport", "conclusion": "No growth to date."}, False),
    ("a report of an organism in a code", {"resourceType": "DiagnosticReport", "conclusionCode": [{"text": "Listeria monocytogenes"}]}, True),
    ("a report that says nothing", {"resourceType": "DiagnosticReport"}, False),
    ("malformed elements", {"valueString": 7, "interpretation": "POS", "specimen": "x", "conclusionCode": 3}, False),
]  # fmt: skip


@pytest.mark.parametrize(("result", "positive"), [one[1:] for one in RESULTS], ids=[one[0] for one in RESULTS])
def test_what_a_culture_grew(result: Json, positive: bool) -> None:
    """An organism counts however it is told; what denies, waits or tells nothing does not."""
    culture = BLOOD | result
    assert grew(culture, culture) is positive
