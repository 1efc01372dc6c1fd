"""Facts of the malignancy that are computed.

They are whether it is myeloid, how far it has spread, and the conditions beside it. Each rule takes named facts and the
date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from cds_service.case import UNCONFIRMED
from cds_service.facts.computed.chemotherapy import ORDERS
from cds_service.facts.evidence_days import first, last, latest
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

STAGED: Final = 90
"""Days for which a stage below IV excludes that the cancer spread."""

Inputs = Mapping[str, Fact]


@rule("malignancy lineage", "recorded")
def malignancy_lineage(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether the malignancy is non-myeloid or myeloid.

    With both on record, it is the one that the order gives as its reason. A cancer that is on record in words alone
    leaves it open, whenever it was recorded; words that name a myeloid one say nothing new beside one. A myeloid one is
    the only one where all diagnoses were searched, and no other is suspected.
    """
    found = [_by_its_words(e) for e in facts["recorded"].evidence]
    usable = [e for e in found if e.standing is Standing.USABLE]
    reasons = [e for e in usable if e.resource.startswith(ORDERS)]
    if len({e.value for e in reasons}) == 1:
        return reasons
    lineages = {e.value for e in usable}
    by_words = (e for e, read in zip(facts["recorded"].evidence, found, strict=True) if read is not e)
    suspected = any(_suspected(e) for e in found) or any(_lineage(e.shown) == "non-myeloid" for e in by_words)
    if len(lineages) < 2 and not (lineages == {"myeloid"} and (suspected or facts["recorded"].unsearched)):
        return found
    note = "another is suspected" if suspected else "another may be among what was not searched"
    if len(lineages) > 1:
        note = "there are a myeloid and a non-myeloid malignancy"
    return [e._replace(standing=Standing.UNCERTAIN, note=note) if e in usable else e for e in found]


def _suspected(evidence: Evidence) -> bool:
    """Tell whether a malignancy that is not myeloid is suspected."""
    if evidence.standing is not Standing.UNCERTAIN or evidence.value != "non-myeloid":
        return False
    return any(f"the diagnosis is {status}" in evidence.note for status in (*UNCONFIRMED, "not confirmed"))


_MYELOID: Final = re.compile(r"myeloid|myelodysplas|myeloprolif|myelofib|polycyth|thrombocyth|\b(aml|apl|cml|cmml|mds|mpn)\b")
"""Words by which a malignancy is myeloid."""
_LYMPHOID: Final = re.compile(r"lymph|hairy cell|\bcll\b")
"""Words by which a leukaemia is not myeloid."""
_EITHER: Final = re.compile(r"leuk|mast cell")
"""Words by which a malignancy may be myeloid."""
_SOLID: Final = re.compile(r"cancer|carcinoma|malignan|sarcoma|melanoma|myeloma|tumou?r|blastoma|glioma|mesothelioma|metasta")
"""Words by which a malignancy is not myeloid, unless others say so."""


def _lineage(words: str) -> str | None:
    """Return the lineage that words name without doubt.

    Words of chemotherapy alone name none.
    """
    said = words.lower()
    myeloid = _MYELOID.search(said) is not None
    if _LYMPHOID.search(said):
        return None if myeloid else "non-myeloid"
    if myeloid:
        return None if _SOLID.search(said) else "myeloid"
    if _EITHER.search(said) or ("chemotherap" in said and not _SOLID.search(said)):
        return None
    return "non-myeloid"


def _by_its_words(evidence: Evidence) -> Evidence:
    if evidence.value is not None or evidence.standing is not Standing.UNCERTAIN or not evidence.shown:
        return evidence
    lineage = _lineage(evidence.shown)
    return evidence if lineage is None else evidence._replace(value=lineage)


@rule("advanced cancer", "metastasis", "stage")
def advanced_cancer(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether the cancer is metastatic or of stage IV.

    It is known by a metastasis or a stage, whichever is newer. A stage below IV says no for a quarter of a year after
    it was set, and nothing beside a metastasis on record. Where diagnoses were not all searched there may be one.
    """
    found = list(facts["metastasis"].evidence)
    spread = any(e.standing is not Standing.DISCOUNTED and e.value is not False for e in found)
    for e in facts["stage"].evidence:
        if e.value is False and e.standing is Standing.USABLE and facts["metastasis"].unsearched:
            found.append(e._replace(standing=Standing.UNCERTAIN, note="a metastasis may be among what was not searched"))
            continue
        if e.value is False and e.standing is Standing.USABLE and (spread or last(e) < as_of - timedelta(STAGED)):
            note = "a metastasis is on record" if spread else "set too long ago to say that it has not spread since"
            found.append(e._replace(standing=Standing.DISCOUNTED, note=note))
        else:
            found.append(e)
    return found


@rule("condition count", "recorded", joins="recorded")
def condition_count(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute how many different conditions of a list there are.

    Those on record are the least: a problem list may lack some. The latest number that was answered holds beside them where
    it is no lower; what came on record after it may come on top.
    """
    found = [e for e in facts["recorded"].evidence if first(e) <= as_of]
    recorded = [e for e in found if e.standing is Standing.USABLE and isinstance(e.value, str)]
    since = [min([first(one) for one in recorded if one.value == value]) for value in {e.value for e in recorded}]
    told = [e for e in found if isinstance(e.value, Interval)]
    answered = latest([e for e in told if e.standing is Standing.USABLE])
    if answered and all(isinstance(e.value, Interval) and e.value.low >= len(since) for e in answered):
        return [_with_newer(e, since) for e in answered] + [e for e in told if e.standing is not Standing.USABLE]
    least = Interval(float(len(since)), math.inf)
    return [Evidence(least, Days.on(as_of), e.resource, e.kind, shown=str(e.value)) for e in recorded] + told


def _with_newer(answer: Evidence, since: list[date]) -> Evidence:
    """Return an answered number with what came on record since."""
    value, newer = answer.value, len([day for day in since if day > last(answer)])
    if not newer or not isinstance(value, Interval):
        return answer
    return answer._replace(value=Interval(value.low, value.high + newer, value.low_open, value.high_open))
