"""Codes and the systems they belong to, as charts write them and as they compare.

Charts name one system by many URIs, write ICD-10-CM with and without its dot, and label CPT codes as HCPCS
(both are levels of one procedure coding system). Two codings are equal here when a coder would call them so.
"""

from __future__ import annotations

from typing import Final, NamedTuple

CPT: Final = "http://www.ama-assn.org/go/cpt"
HCPCS: Final = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ICD10CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
NDC: Final = "http://hl7.org/fhir/sid/ndc"
UCUM: Final = "http://unitsofmeasure.org"

NAMES: Final = {
    "CPT": CPT,
    "HCPCS": HCPCS,
    "ICD-10-CM": ICD10CM,
    "LOINC": LOINC,
    "SNOMED": SNOMED,
    "RXNORM": RXNORM,
    "NDC": NDC,
    "ICD-10-PCS": "http://www.cms.gov/Medicare/Coding/ICD10",
}
"""Short names of code systems, as policies, vignettes and traces write them, and their URIs."""

_SPACE_OF: Final = {
    CPT: "procedure",
    "urn:oid:2.16.840.1.113883.6.12": "procedure",
    HCPCS: "procedure",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "procedure",
    "http://terminology.hl7.org/CodeSystem/HCPCS": "procedure",
    "https://bluebutton.cms.gov/resources/codesystem/hcpcs": "procedure",
    "urn:oid:2.16.840.1.113883.6.285": "procedure",
    "urn:oid:2.16.840.1.113883.6.14": "procedure",
    ICD10CM: "icd10cm",
    "urn:oid:2.16.840.1.113883.6.90": "icd10cm",
    LOINC: "loinc",
    "urn:oid:2.16.840.1.113883.6.1": "loinc",
    SNOMED: "snomed",
    "urn:oid:2.16.840.1.113883.6.96": "snomed",
    RXNORM: "rxnorm",
    "urn:oid:2.16.840.1.113883.6.88": "rxnorm",
    NDC: "ndc",
    "urn:oid:2.16.840.1.113883.6.69": "ndc",
    "http://www.cms.gov/Medicare/Coding/ICD10": "icd10pcs",
    "urn:oid:2.16.840.1.113883.6.4": "icd10pcs",
}
_SHORT_NAMES: Final = {uri: name for name, uri in NAMES.items()}


class Coding(NamedTuple):
    """A code in its system, exactly as the chart or the client wrote it."""

    system: str
    code: str

    @property
    def text(self) -> str:
        """The coding as people say it: ``CPT 81420``."""
        return f"{_SHORT_NAMES.get(self.system, self.system)} {self.code}"


class Key(NamedTuple):
    """What two equal codings have in common, however they are written."""

    space: str
    code: str


def key_of(system: str, code: str) -> Key:
    """The key that a coding compares by: case does not count, nor ICD-10-CM's dot, nor which URI names the system."""
    space = _SPACE_OF.get(system) or _SPACE_OF.get(system.rstrip("/"), system)
    folded = code.strip().upper()
    match space:
        case "icd10cm":
            folded = folded.replace(".", "")
        case "ndc":
            folded = folded.replace("-", "")
    return Key(space, folded)


def is_known(system: str, code: str) -> bool:
    """Whether a coding names a system that is known here, by any of its addresses."""
    return key_of(system, code).space in _SPACES


_SPACES: Final = frozenset(_SPACE_OF.values())


def written(text: str) -> Coding:
    """The coding that a policy or vignette writes as ``CPT 81420``.

    Raises ValueError naming the known systems when the system is none of them.
    """
    name, _, code = text.strip().partition(" ")
    if name not in NAMES or not code.strip():
        raise ValueError(f"'{text}' is not a code; write its system and code, as 'CPT 81420' (systems: {', '.join(NAMES)})")
    return Coding(NAMES[name], code.strip())
