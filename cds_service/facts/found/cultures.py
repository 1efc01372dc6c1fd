"""What cultures grew, as hints at an infection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from cds_service.facts.found.dated import day_made
from cds_service.facts.found.measurements import DAYS, DONE
from cds_service.facts.found.wording import named_any
from cds_service.fhir.elements import Resource, codings, concept_words, items, own_reference, text
from cds_service.policy.evidence import Evidence, Standing
from cds_service.sitting import DatedChart

LONGEST: Final = 1000
"""How much of a result in words is read, in characters."""
_KINDS: Final = ("Observation", "DiagnosticReport")
_UNDER_WAY: Final = ("partial", "appended")
_CLAUSE: Final = re.compile(r"[;.,\n]")
_NOTHING: Final = re.compile(
    r"\bno\b|\bnone\b|\bnot\b|(?<!gram )(?<!gram-)(?<!coagulase )(?<!coagulase-)(?<!coag )\bneg(?:ative)?\b|\bsterile\b"
    r"|\bnormal\b|\busual\b|\bmixed\b|\bflora\b|\bcontamina|\bpending\b|\bin progress\b|\bcancel|\breject|\binsufficient\b|\bqns\b"
)
"""What says of a culture that it grew nothing, or nothing that tells."""
_GREW: Final = re.compile(
    r"\bpositive\b|\bgrew\b|\bgrowth of\b|staph|strep|enterococc|enterobact|escherichia|\be\.? ?coli\b|klebsiella|pseudomonas"
    r"|proteus|serratia|acinetobact|bacteroides|clostrid|candida|listeria|salmonella|haemophilus|neisseria|cutibact|propionibact"
    r"|corynebact|mycobact|\bcocci\b|\bbacill|\brods?\b|\byeast\b|\bmrsa\b|\bmssa\b|\bvre\b|\besbl\b"
)
"""What says that it grew something."""
_ELSEWHERE: Final = re.compile(
    r"urin|nares|nasal|nose|nasopharyn|stool|fec|faec|rectal|throat|pharyn|sputum|bronch|trach|respir|vagin|cervi|genital"
    r"|urethr|\beye\b|conjunctiv|\bear\b|nail|hair|skin scrap"
)
"""Where a culture comes from that tells of no infection of the whole body, nor of one where a device is to go."""
_POSITIVE: Final = frozenset({"POS", "A", "AA", "DET"})
_NEGATIVE: Final = frozenset({"NEG", "ND", "N"})
_NO_GROWTH: Final = frozenset({"264868006", "260385009", "260415000", "250425007", "LA6577-6", "LA11883-8", "281269004"})
"""Codes of SNOMED CT and LOINC by which a culture grew nothing."""


def grown(codes: str, seen: DatedChart, anywhere: bool = False, not_of: Iterable[str] = ()) -> Iterator[Evidence]:
    """Find the cultures with a code in ``codes`` that grew something.

    They are hints: what grew may be a contaminant, and no diagnosis says that it makes the patient ill. With
    ``anywhere``, it does not matter where they come from; what is of one of ``not_of`` says nothing.
    """
    for kind in _KINDS:
        for hit in seen.chart.coded(kind, codes):
            culture = hit.resource
            status = text(culture.get("status"))
            if (status in DONE or status in _UNDER_WAY) and grew(
                hit.holder if kind == "Observation" else culture, culture, anywhere, not_of
            ):
                when = day_made(culture, seen.as_of, *DAYS)
                note = "a culture grew something, and no diagnosis says what it means"
                yield Evidence(True, when, own_reference(culture), standing=Standing.UNCERTAIN, note=note, shown=hit.coding.text)


def grew(holder: Mapping[str, Any], culture: Resource, anywhere: bool = False, not_of: Iterable[str] = ()) -> bool:
    """Tell whether a culture grew something that tells of an infection.

    ``holder`` is the result itself, or its component that holds the value. With ``anywhere``, it does not matter where
    it comes from; one of ``not_of`` says nothing.
    """
    of = _folded((*_of(culture), *concept_words(holder.get("code"))))
    if (not anywhere and _ELSEWHERE.search(of)) or named_any([of], not_of):
        return False
    interpreted = {coding.code for one in items(holder.get("interpretation")) for coding in codings(one)}
    concepts = [holder.get("valueCodeableConcept"), *items(holder.get("conclusionCode"))]
    coded = [coding.code for concept in concepts for coding in codings(concept)]
    said = [text(holder.get("valueString")), text(holder.get("conclusion"))]
    said += [words for concept in concepts for words in concept_words(concept)]
    words = [one for one in map(_folded, said) if one]
    if any(map(_says_it_grew, words)):
        return True
    if any(code in _NO_GROWTH for code in coded) or any(map(_NOTHING.search, words)) or interpreted & _NEGATIVE:
        return False
    return bool(coded or interpreted & _POSITIVE)


def _of(culture: Resource) -> Iterable[str]:
    """Return the words that may say what was cultured."""
    specimens = [one.get("display") for one in (*items(culture.get("specimen")), culture.get("specimen")) if isinstance(one, dict)]
    sites = concept_words(culture.get("bodySite"))
    return [*concept_words(culture.get("code")), *map(text, specimens), *sites]


def _folded(said: str | Iterable[str]) -> str:
    words = said if isinstance(said, str) else " ".join(said)
    return " ".join(words[:LONGEST].lower().split())


def _says_it_grew(words: str) -> bool:
    """Tell whether a clause says that something grew, unless it denies it."""
    return any(_GREW.search(clause) and not _NOTHING.search(clause) for clause in _CLAUSE.split(words))
