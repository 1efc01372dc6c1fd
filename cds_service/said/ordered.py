"""What is ordered, in our words.

A product is called by its name, a procedure by our label and its code.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cds_service.content.content import Content
from cds_service.fhir.codes import Coding, key_of
from cds_service.fhir.elements import items, text
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.order import Order
from cds_service.policy.model import Policy
from cds_service.said.markdown import cut

LONGEST: Final = 40
"""The most characters of a medicine's name given by the order."""
_NUMBERED: Final = frozenset({"rxnorm", "ndc"})
"""Systems whose codes are numbers without a meaning of their own."""


class Ordered(NamedTuple):
    """What is ordered.

    ``name`` is in our words, ``code`` is without the system, and ``words``, for a medicine, are the order's own.

    ``words`` are the client's: whoever shows them must make them safe. ``known_by_name`` tells that people know the
    thing without its code.
    """

    name: str
    code: str
    words: str = ""
    known_by_name: bool = False

    @property
    def short(self) -> str:
        """The name, with the code where people need it.

        Examples: ``Neulasta``, ``cfDNA microdeletion test (81422)``.
        """
        if self.known_by_name:
            return self.name
        return f"{self.name} ({self.code})" if self.name and self.code else self.name or self.code or "Order"


def ordered(coding: Coding | None, policy: Policy | None, content: Content, order: Order | None = None) -> Ordered:
    """Return what an order asks for.

    It is called by the product that its code stands for, else by our label of the code, else by the policy's.

    A medicine is called by the order's own words where its product is not known, or where the words do not name the
    product: whoever ordered an ingredient must not read the name of a brand.
    """
    words = words_of(order, coding) if order else ""
    if coding is None:
        return Ordered(policy.label if policy else "", "", words)
    code = cut(coding.code, LONGEST)
    product = _product(coding, policy, content)
    if product or words:
        same = not words or product.casefold() in words.casefold()
        return Ordered(product if product and same else words, code, words, known_by_name=True)
    label = _label(coding, policy, content)
    begins = label.partition(" ")[0]
    return Ordered(f"{label[:1].upper()}{label[1:]}" if begins.islower() else label, code)


def words_of(order: Order, coding: Coding | None) -> str:
    """Return the words of a medicine that is ordered.

    They are the order's own, else the display of a coding. They are empty for other orders.
    """
    numbered = coding is not None and key_of(coding.system, coding.code).space in _NUMBERED
    if not (numbered or order.kind == "MedicationRequest"):
        return ""
    concepts = [one for name in CODE_ELEMENTS.get(order.kind, ()) for one in items(order.resource.get(name))]
    concepts += [order.medicine] if order.medicine else []
    named = [concept for concept in concepts if isinstance(concept, dict)]
    said = [text(concept.get("text")) for concept in named]
    said += [text(one.get("display")) for concept in named for one in items(concept.get("coding")) if isinstance(one, dict)]
    return cut(next((found for found in [*said, order.said.name] if found.strip()), ""), LONGEST)


def _product(coding: Coding, policy: Policy | None, content: Content) -> str:
    """Return the product that the code carries.

    It stands in one of the sets of orders that the policy governs.
    """
    held = content.terminology.holding(coding.system, coding.code) if policy else {}
    values = [carried.value for id_ in (policy.order_sets if policy else ()) if (carried := held.get(id_))]
    return next((value for value in values if isinstance(value, str)), "")


def _label(coding: Coding, policy: Policy | None, content: Content) -> str:
    """Return the label of a code.

    It is what the policy calls the codes of one of its lists, else our label of the code, else what the policy calls
    all that it governs.
    """
    if policy is None:
        return ""
    held, key = content.terminology.holding(coding.system, coding.code), key_of(coding.system, coding.code)
    listed = [label for id_, label in policy.labels if id_ in held]
    sets = [content.terminology.sets[id_] for id_ in policy.order_sets if id_ in content.terminology.sets]
    return next(iter([*listed, *(label for one in sets if (label := one.labels.get(key)))]), policy.label)
