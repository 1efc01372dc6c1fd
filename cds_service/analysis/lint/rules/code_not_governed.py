"""A test against order codes that the policy does not govern.

It tests the order's own code against a set of which no code is governed.
"""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.facts.kinds.order import OrderCodeEvidence
from cds_service.fhir.codes import Key


def _find(files: ContentFiles) -> Iterator[Breach]:
    catalogue = files.content.catalogue
    of_orders = {name for name in catalogue if any(isinstance(source, OrderCodeEvidence) for source in catalogue[name].sources)}
    for file in files.policies:
        governed = {key for id_ in file.policy.order_sets for key in _codes(files, id_)}
        for placed, check in file.checks:
            if check.fact not in of_orders or check.test.compare != "in" or not isinstance(check.test.value, str):
                continue
            tested = _codes(files, check.test.value)
            if tested and governed.isdisjoint(tested):
                said = f"no code of '{check.test.value}' is among the orders that this policy governs, so this is never met"
                yield Breach(
                    file.name, file.line_of(placed, "in"), check.id, said, "name the set that was meant, or govern its codes"
                )


def _codes(files: ContentFiles, id_: str) -> frozenset[Key]:
    held = files.content.terminology.sets.get(id_)
    return frozenset((*held.codes, *held.categories)) if held else frozenset()


RULE = Rule("code-not-governed", "references", "error", _find)
