"""What the code of a record and its body site say together.

Charts write *Malignant neoplasm* with the lung as the body site; neither alone speaks of lung cancer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from cds_service.fhir.elements import Resource, concept_words, items
from cds_service.fhir.vocabulary import LONGEST, Vocabulary

SITED: Final = frozenset({"Condition", "Procedure", "ServiceRequest"})
"""The resource types whose body sites are read in words."""
_BESIDE: Final = re.compile(
    r"\((?:body structure|disorder|finding|morphologic abnormality)\)|^structure of\b|\bstructure\b|\bentire\b"
)
"""Words of SNOMED CT that say no more of a site, or of a diagnosis."""
_SIDE: Final = re.compile(r"\b(?:left|right|bilateral)\b")
_MOST: Final = 4
"""How many names of a record, and of its sites, are read together."""


def sited_words(resource: Resource, vocabulary: Vocabulary) -> Iterator[Any]:
    """Yield what a record says of its body sites, as concepts.

    They count only where the code and the site together speak of a fact: ``Fracture`` and ``Pelvis``.
    """
    concept = resource.get("code")
    sites = [words for site in items(resource.get("bodySite")) for words in concept_words(site)]
    if not sites or not isinstance(concept, dict):
        return
    heard = vocabulary.heard
    coded = [{name: one.get(name) for name in ("system", "code")} for one in items(concept.get("coding")) if isinstance(one, dict)]
    for name in concept_words(concept)[:_MOST]:
        for site in sites[:_MOST]:
            what, where = _plain(name), _SIDE.sub(" ", _plain(site))
            alone = {*heard[name], *heard[site]}
            for both in (f"{what} of {' '.join(where.split())}", f"{' '.join(where.split())} {what}"):
                if not alone.issuperset(heard[both]):
                    yield {"coding": coded, "text": both}


def _plain(words: str) -> str:
    return " ".join(_BESIDE.sub(" ", words[: LONGEST // 2].lower()).split())
