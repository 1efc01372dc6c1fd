"""What one diagnosis says of itself besides the code that is sought.

An entry often carries several codings, and a text. One of them may say that it is told of the past or of the family, or
was ruled out, or that it is of another kind. What is said so decides nothing against the code; it asks.
"""

from __future__ import annotations

import re
from typing import Any, Final

from cds_service.facts.found.wording import BY_CODE, Saying, matched
from cds_service.fhir.codes import Coding, key_of
from cds_service.fhir.elements import codings, concept_words
from cds_service.fhir.value_sets import Terminology

_NOT_OF_THE_PATIENT: Final = re.compile(r"Z(03|14|8[0-4])")
"""ICD-10-CM's codes for what was ruled out, carried only, or is of the family."""
_OF_THE_PAST: Final = re.compile(r"Z(8[5-7]|92)")
"""ICD-10-CM's codes for what a patient once had."""
OF_OTHERS: Final = "another code of the same entry says that it was ruled out, or tells of a carrier or the family"
OF_THE_PAST: Final = "another code of the same entry tells of the past"


def said_otherwise(
    concept: Any, sought: Coding, value_set: str, or_past: bool, doubted: Saying | None, terminology: Terminology
) -> str:
    """Return why an entry with a sought code may mean something else.

    It is another of its codes, not in the ``value_set`` of that one, or what ``doubted`` names. Empty where nothing does.
    """
    several = list(codings(concept))
    if len(several) > 1:
        keys = [key_of(*one) for one in several if one != sought and value_set not in terminology.holding(*one)]
        others = [key.code for key in keys if key.space == "icd10cm"]
        own = key_of(*sought)
        if own.space != "icd10cm" or not own.code.startswith("Z"):
            if any(_NOT_OF_THE_PATIENT.match(code) for code in others):
                return OF_OTHERS
            if or_past and any(_OF_THE_PAST.match(code) for code in others):
                return OF_THE_PAST
    if doubted is None:
        return ""
    sets = frozenset(id_ for coding in several for id_ in terminology.holding(coding.system, coding.code))
    what = matched(doubted, sets, concept_words(concept))
    if not what:
        return ""
    return "another code of the same entry says that it is of another kind" if what == BY_CODE else f'its own words say "{what}"'
