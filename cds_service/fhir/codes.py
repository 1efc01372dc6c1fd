"""Codes as charts write them, and as they compare.

Charts name one system in many ways (``code_systems.py``), write ICD-10-CM with and without its dot, label CPT codes as
HCPCS (both are levels of one procedure coding system) and put modifiers behind them. Two codings are equal here when a
coder would call them so.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from cds_service.fhir.code_systems import NAMES, OTHER, system_name
from cds_service.fhir.ndc import ndc_digits

_SPACE_OF: Final = {
    "CPT": "procedure",
    "HCPCS": "procedure",
    "ICD-10-CM": "icd10cm",
    "ICD-10": "icd10",
    "ICD-10-PCS": "icd10pcs",
    "ICD-9-CM": "icd9cm",
    "LOINC": "loinc",
    "SNOMED": "snomed",
    "RXNORM": "rxnorm",
    "NDC": "ndc",
}
BILLED: Final = frozenset({"procedure", "rxnorm", "ndc"})
"""Spaces of the codes by which policies list orders."""
LONGEST_CODE: Final = 64
"""Longest code that is normalized, in characters.

A longer one stays as it is.
"""
_SPACES: Final = re.compile(r"\s+")
_PCS: Final = re.compile(r"[0-9A-HJ-NP-Z]{7}")
_CM: Final = re.compile(r"[A-Z][0-9][0-9A-Z]{1,5}")
_SIX_AT_MOST: Final = frozenset("BCDFG")
"""Chapters of ICD-10-CM whose codes have at most six characters.

Seven characters without a dot that begin with one of these letters are an ICD-10-PCS code.
"""
_WITH_MODIFIERS: Final = re.compile(
    r"([A-Z]\d{4}|\d{4}[0-9A-Z])(?:[^0-9A-Z]+[0-9A-Z]{2}|[A-Z][0-9A-Z]|[2-9]\d){0,4}[^0-9A-Z]*", re.ASCII
)


class Coding(NamedTuple):
    """A code in its system, exactly as it was written.

    The chart or the client wrote it; the system is empty where none was named.
    """

    system: str
    code: str

    @property
    def text(self) -> str:
        """The coding as people say it, such as ``CPT 81420``.

        The system's short name is used whichever address the chart gave.
        """
        named = system_name(self.system)
        said = self.system if named in ("", OTHER) else named
        return f"{said} {self.code.strip()}".strip()


def sent(coding: Coding) -> Coding:
    """Return a coding as FHIR may send it.

    For a known system, a label that the chart wrote is replaced by the system's address. Blanks around the code are
    removed.
    """
    address = coding.system.strip()
    if ":" not in address or _SPACES.search(address):
        address = NAMES.get(system_name(address), address)
    return Coding(address, " ".join(coding.code.split()))


class Key(NamedTuple):
    """The normalized form by which codings are compared.

    Two codings that mean the same have the same key, however they are written.
    """

    space: str
    code: str


def is_known(system: str, code: str) -> bool:
    """Tell whether a coding names a system that is known here.

    Any address or label of the system counts. "ICD-10" counts where the shape of the code tells which ICD-10 system is
    meant.
    """
    named = system_name(system)
    return bool(named) and (named != "ICD-10" or key_of(system, code).space != system)


def is_read(system: str, code: str) -> bool:
    """Tell whether a coding names a system whose codes are read here.

    Those of ICD-9-CM and of other systems that are only known by name say nothing here: no list holds them.
    """
    return is_known(system, code) and system_name(system) not in (OTHER, "ICD-9-CM")


def key_of(system: str, code: str) -> Key:
    """Return the key by which a coding is compared.

    Ignored are case, blanks, the dot of ICD-10-CM, a procedure's modifiers, an NDC's hyphens, and which of a system's
    addresses was used.
    """
    space = _SPACE_OF.get(system_name(system), "")
    folded = code.strip().upper()
    if not space or len(folded) > LONGEST_CODE:
        return Key(system, folded)
    match space:
        case "procedure":
            return Key(space, without_modifiers(folded))
        case "icd10cm":
            return Key(space, _without_blanks(folded).replace(".", ""))
        case "icd10" | "icd10pcs":
            return _icd10(system, folded, space)
        case "ndc":
            return Key(space, ndc_digits(folded))
        case _:
            return Key(space, _without_blanks(folded))


def _without_blanks(code: str) -> str:
    return code if code.isalnum() else _SPACES.sub("", code)


def without_modifiers(code: str) -> str:
    """Return a CPT or HCPCS code without its modifiers.

    Modifiers stand behind the five characters of the code: ``27280-50``, ``27280LT``, ``J2506 JZ``.
    """
    found = _WITH_MODIFIERS.fullmatch(code)
    return found.group(1) if found else _SPACES.sub("", code)


def _icd10(system: str, code: str, space: str) -> Key:
    """Return the key of a code labelled ICD-10 or ICD-10-PCS.

    Charts use one label for the other, so the shape of the code decides.
    """
    bare = _SPACES.sub("", code)
    plain = bare.replace(".", "")
    if "." not in bare and _PCS.fullmatch(plain) and (space == "icd10pcs" or plain[0].isdigit() or plain[0] in _SIX_AT_MOST):
        return Key("icd10pcs", plain)
    if _CM.fullmatch(plain):
        return Key("icd10cm", plain)
    return Key("icd10pcs", plain) if space == "icd10pcs" else Key(system, code)


def written(text: str) -> Coding:
    """Parse a coding as policies and vignettes write it: ``CPT 81420``.

    Raises ValueError, which lists the known systems, when the system is none of them or the code is missing.
    """
    name, _, code = text.strip().partition(" ")
    if name not in NAMES or not code.strip():
        raise ValueError(f"'{text}' is not a code; write its system and code, as 'CPT 81420' (systems: {', '.join(NAMES)})")
    return Coding(NAMES[name], code.strip())
