"""Facts of growth factors that are computed: which one is ordered, and what happened with another.

Each rule takes named facts and the date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from cds_service.policy.model import Evidence, Fact, Standing

Inputs = Mapping[str, Fact]


def ordered_growth_factor(facts: Inputs, as_of: date) -> list[Evidence]:
    """What the order names: by its product codes, and by an ingredient only where no code names a product.

    An ingredient is shared by products of different classes, so it never stands beside a product.
    """
    return list(facts["product"].evidence) or list(facts["ingredient"].evidence)


def another_product(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether something is on record of a product other than the one ordered."""
    ordered = {e.value for e in facts["ordered"].evidence if e.standing is Standing.USABLE}
    found = []
    for e in facts["recorded"].evidence:
        if e.standing is Standing.USABLE and e.value in ordered:
            found.append(e._replace(value=None, standing=Standing.DISCOUNTED, note=f"{e.value} is the product ordered"))
        else:
            shown = f"{e.value}: {e.shown}" if e.value else e.shown
            found.append(e._replace(value=True if e.value else None, shown=shown))
    return found
