"""Code systems, and the many ways in which charts name them.

One system has several addresses, an OID and labels.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

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
"""URIs of code systems by short name.

Policies, vignettes and traces write the short names.
"""

OTHER: Final = "other"
"""The name of every system that is known but not read.

Examples are vaccines, taxonomies and HL7's own tables.
"""

_WRITTEN_AS: Final = {
    "CPT": (
        "ama-assn.org/go/cpt",
        "ama-assn.org/cpt",
        "2.16.840.1.113883.6.12",
        "cpt",
        "cpt4",
        "c4",
        "amacpt",
    ),
    "HCPCS": (
        "cms.gov/medicare/coding/hcpcsreleasecodesets",
        "cms.gov/medicare/coding/medhcpcsgeninfo",
        "bluebutton.cms.gov/resources/codesystem/hcpcs",
        "2.16.840.1.113883.6.285",
        "2.16.840.1.113883.6.14",
        "hcpcs",
        "hcpc",
        "hcpcs2",
        "hcpcsii",
        "hcpcsleveli",
        "hcpcslevel1",
        "hcpcslevelii",
        "hcpcslevel2",
    ),
    "ICD-10-CM": (
        "cdc.gov/nchs/icd/icd-10-cm",
        "2.16.840.1.113883.6.90",
        "icd10cm",
        "icd10us",
        "i10c",
    ),
    "ICD-10": ("2.16.840.1.113883.6.3", "icd10", "i10"),
    "ICD-10-PCS": (
        "cms.gov/medicare/coding/icd10",
        "2.16.840.1.113883.6.4",
        "icd10pcs",
        "i10p",
    ),
    "ICD-9-CM": (
        "2.16.840.1.113883.6.2",
        "2.16.840.1.113883.6.42",
        "2.16.840.1.113883.6.103",
        "2.16.840.1.113883.6.104",
        "hl7.org/fhir/sid/icd-9-cm/diagnosis",
        "hl7.org/fhir/sid/icd-9-cm/procedure",
        "icd9cm",
        "icd9",
        "i9c",
        "i9",
    ),
    "LOINC": ("loinc.org", "2.16.840.1.113883.6.1", "loinc", "ln"),
    "SNOMED": ("snomed.info/sct", "2.16.840.1.113883.6.96", "snomed", "snomedct", "snomedctus", "sct"),
    "RXNORM": (
        "nlm.nih.gov/research/umls/rxnorm",
        "purl.bioontology.org/ontology/rxnorm",
        "2.16.840.1.113883.6.88",
        "rxnorm",
        "rxcui",
    ),
    "NDC": ("fda.gov/ndc", "2.16.840.1.113883.6.69", "ndc", "ndc11", "nationaldrugcode"),
    OTHER: (
        "fdasis.nlm.nih.gov",
        "whocc.no/atc",
        "ada.org/cdt",
        "nucc.org/provider-taxonomy",
        "ncithesaurus.stage.nci.nih.gov",
        "ncicb.nci.nih.gov/xml/owl/evs/thesaurus.owl",
        "unitsofmeasure.org",
        "2.16.840.1.113883.12.292",
        "2.16.840.1.113883.6.59",
        "2.16.840.1.113883.6.8",
        "2.16.840.1.113883.6.43.1",
        "2.16.840.1.113883.6.101",
        "2.16.840.1.113883.4.9",
        "cvx",
        "unii",
        "atc",
        "icdo3",
    ),
}
"""How charts write each system.

Addresses stand without scheme, ``www.``, version and last slash; OIDs as they are; labels without punctuation.
"""

_NAME_OF: Final = {written: name for name, all_written in _WRITTEN_AS.items() for written in all_written}
_OF_HL7: Final = ("hl7.org/fhir/sid/", "terminology.hl7.org/codesystem/", "hl7.org/fhir/")
"""Prefixes of addresses that HL7 gives to code systems.

HL7 names its own systems and those of others below these; the last word of such an address names the system.
"""
LONGEST_SYSTEM: Final = 200
"""Longest system address that is looked at, in characters.

A longer one is treated as an unknown system.
"""
_PUNCTUATION: Final = re.compile(r"[^a-z0-9]+")
_BEGINNING: Final = re.compile(r"(?:urn:)?oid:|(?:https?://)?(?:www\.)?")


def system_name(system: str) -> str:
    """Return the short name of a system by any address or label.

    Returns ``OTHER`` for a system that is known but not read here, and the empty string for an unknown one.
    """
    return _system_name(system) if len(system) <= LONGEST_SYSTEM else ""


@lru_cache(maxsize=1024)
def _system_name(system: str) -> str:
    address = system.strip().lower().partition("|")[0].partition("?")[0].rstrip("/ ")
    address = _BEGINNING.sub("", address, count=1)
    if address.startswith("snomed.info/sct/"):
        return "SNOMED"
    for base in _OF_HL7:
        if address.startswith(base):
            return _NAME_OF.get(address) or _NAME_OF.get(_PUNCTUATION.sub("", address[len(base) :]), OTHER)
    return _NAME_OF.get(address) or (_NAME_OF.get(_PUNCTUATION.sub("", address), "") if "/" not in address else "")
