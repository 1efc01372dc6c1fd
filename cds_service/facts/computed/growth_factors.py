"""Facts of growth factors that are computed.

They are which one is ordered, and what happened with another. Each rule takes named facts and the date of service, and
gives the evidence of one fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing

Inputs = Mapping[str, Fact]


@rule("another product", "ordered", "class", "recorded", "ingredient")
def another_product(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether a product other than the ordered one is on record.

    A record that names an ingredient alone names no product: where the product ordered is one of that ingredient, it
    may be that one, and is asked.
    """
    ordered = {e.value for e in facts["ordered"].evidence if e.standing is Standing.USABLE}
    found: list[Evidence] = []
    products = facts["recorded"].evidence
    for e in products:
        if e.standing is Standing.USABLE and e.value in ordered:
            found.append(e._replace(value=None, standing=Standing.DISCOUNTED, note=f"{e.value} is the product ordered"))
        else:
            found.append(_other(e))
    named = {e.resource for e in products if e.resource and e.value is not None}
    classes = {e.value for e in facts["class"].evidence if e.standing is Standing.USABLE}
    for e in facts["ingredient"].evidence:
        if e.resource in named:
            continue
        if e.standing is Standing.USABLE and (not classes or e.value in classes):
            note = f"it names {e.value} and no product: it may be the one ordered"
            found.append(e._replace(value=None, standing=Standing.UNCERTAIN, note=note))
        else:
            found.append(_other(e))
    return found


def _other(evidence: Evidence) -> Evidence:
    shown = f"{evidence.value}: {evidence.shown}" if evidence.value else evidence.shown
    return evidence._replace(value=True if evidence.value else None, shown=shown)
