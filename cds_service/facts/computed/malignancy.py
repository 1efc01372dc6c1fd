"""Facts of the malignancy that are computed.

They are whether it is myeloid, how far it has spread, and the conditions beside it. Each rule takes named facts and the
date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from cds_service.case import UNCONFIRMED
from cds_service.facts.computed.chemotherapy import ORDERS
from cds_service.facts.evidence_days import last
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
    leaves it open; one that is no leukaemia by its words is no myeloid one either. A myeloid one is the only one where
    all diagnoses were searched, and no other is suspected.
    """
    found = [_by_its_words(e) for e in facts["recorded"].evidence]
    usable = [e for e in found if e.standing is Standing.USABLE]
    reasons = [e for e in usable if e.resource.startswith(ORDERS)]
    if len({e.value for e in reasons}) == 1:
        return reasons
    lineages = {e.value for e in usable}
    suspected = any(_suspected(e) for e in found)
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


_MYELOID: Final = ("leuk", "aml", "mds", "dysplas", "myelopro", "myelofib", "myeloid", "polycyth", "thrombocyth", "mast cell")
"""Parts of words by which a malignancy may be myeloid."""


def _by_its_words(evidence: Evidence) -> Evidence:
    if evidence.value is not None or evidence.standing is not Standing.UNCERTAIN or not evidence.shown:
        return evidence
    words = evidence.shown.lower()
    return evidence if any(part in words for part in _MYELOID) else evidence._replace(value="non-myeloid")


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


@rule("condition count", "recorded")
def condition_count(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute how many different conditions of a list are on record.

    The number is a least one: a problem list may lack some.
    """
    usable = [e for e in facts["recorded"].evidence if e.standing is Standing.USABLE and isinstance(e.value, str)]
    usable = [e for e in usable if e.when is None or e.when.first <= as_of]
    least = Interval(float(len({e.value for e in usable})), math.inf)
    return [Evidence(least, Days.on(as_of), e.resource, e.kind, shown=str(e.value)) for e in usable]
