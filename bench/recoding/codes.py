"""Other addresses, labels and spellings of the same codes, hospital codes beside them, and other codes that mean the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from bench.recoding.labels import label
from bench.recoding.places import Json, World, chart, codings, concepts, drafts, everything
from bench.recoding.rewrite import Rewrite
from cds_service.fhir.code_systems import CPT, HCPCS, ICD10CM, LOINC, NDC, RXNORM, SNOMED, system_name
from cds_service.fhir.codes import key_of
from cds_service.fhir.value_sets import Carried, Terminology

ADDRESSES = {
    CPT: (
        "https://www.ama-assn.org/go/cpt", "http://terminology.hl7.org/CodeSystem/CPT", "urn:oid:2.16.840.1.113883.6.12", "CPT",
        "http://www.ama-assn.org/go/cpt|2026", "http://www.ama-assn.org/go/cpt/", "2.16.840.1.113883.6.12",
    ),
    HCPCS: (
        "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "http://terminology.hl7.org/CodeSystem/HCPCS",
        "http://terminology.hl7.org/CodeSystem/hcpcs-Level-II", "https://bluebutton.cms.gov/resources/codesystem/hcpcs",
        "urn:oid:2.16.840.1.113883.6.285", "urn:oid:2.16.840.1.113883.6.14", "HCPCS",
    ),
    ICD10CM: (
        "http://hl7.org/fhir/sid/icd-10-cm|2025", "http://hl7.org/fhir/sid/icd-10", "https://hl7.org/fhir/sid/icd-10-cm",
        "urn:oid:2.16.840.1.113883.6.90", "ICD-10-CM", "ICD10", "icd10cm",
    ),
    SNOMED: (
        "https://snomed.info/sct", "http://snomed.info/sct/731000124108", "http://snomed.info/sct/731000124108/version/20250301",
        "http://snomed.info/sct|http://snomed.info/sct/731000124108", "urn:oid:2.16.840.1.113883.6.96", "SNOMED CT",
        "http://snomed.info/sct/",
    ),
    LOINC: (
        "https://loinc.org", "http://loinc.org/", "http://loinc.org|2.80", "urn:oid:2.16.840.1.113883.6.1", "LOINC", "LN",
        "https://loinc.org/",
    ),
    RXNORM: (
        "https://www.nlm.nih.gov/research/umls/rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm/", "RxNorm", "RXNORM",
        "urn:oid:2.16.840.1.113883.6.88", "2.16.840.1.113883.6.88", "http://www.nlm.nih.gov/research/umls/rxnorm|2025",
    ),
    NDC: (
        "https://hl7.org/fhir/sid/ndc", "urn:oid:2.16.840.1.113883.6.69", "NDC", "http://hl7.org/fhir/sid/ndc/", "ndc",
        "2.16.840.1.113883.6.69", "http://hl7.org/fhir/sid/ndc|2025",
    ),
}  # fmt: skip
"""Other ways in which charts write the address of a system, as many of each."""
HOSPITAL = "urn:oid:1.2.840.114350.1.13.0.1.7.2"
"""A hospital's own system: known to nobody else."""
CANONICAL = {"ICD-10-CM": ICD10CM, "SNOMED": SNOMED, "LOINC": LOINC}


def _address(number: int) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in everything(request):
            for coding in codings(resource):
                if coding["system"] in ADDRESSES:
                    coding["system"] = ADDRESSES[coding["system"]][number]
                    changed = True
        return changed

    return apply


def _spelled(change: Callable[[str, str], str]) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in everything(request):
            for coding in codings(resource):
                if coding["system"] in ADDRESSES and (written := change(coding["system"], coding["code"])) != coding["code"]:
                    coding["code"] = written
                    changed = True
        return changed

    return apply


def _without_dot(system: str, code: str) -> str:
    if system != ICD10CM:
        return code
    return code.replace(".", "") if "." in code else f"{code[:3]}.{code[3:]}" if len(code) > 3 else code


def _modified(modifier: str) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for order in drafts(request):
            for coding in codings({name: order[name] for name in ("code", "medicationCodeableConcept") if name in order}):
                if coding["system"] in (CPT, HCPCS):
                    coding["code"] += modifier
                    changed = True
        return changed

    return apply


def _beside(first: bool) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in everything(request):
            for concept in list(concepts(resource)):
                if any(coding.get("system") in ADDRESSES for coding in concept["coding"] if isinstance(coding, dict)):
                    own = {"system": HOSPITAL, "code": f"HX{world.random.randrange(10**5)}"}
                    concept["coding"] = [own, *concept["coding"]] if first else [*concept["coding"], own]
                    changed = True
        return changed

    return apply


def _of_chart(change: Callable[[Json], None]) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in chart(request):
            for coding in list(codings(resource)):
                if coding["system"] in ADDRESSES:
                    change(coding)
                    changed = True
        return changed

    return apply


def _drop_system(coding: Json) -> None:
    del coding["system"]


def _unknown_system(coding: Json) -> None:
    coding["system"] = "http://hospital.example/codes"


def _displayed(text: bool) -> Callable[[Json, World], bool]:
    """Every code with what it is called, as its display or as the words of its concept."""

    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in chart(request):
            for concept in list(concepts(resource)):
                for coding in codings({"one": concept}):
                    said = label(world.content.root, coding["system"], coding["code"])
                    holder, name = (concept, "text") if text else (coding, "display")
                    if said and name not in holder:
                        holder[name] = said
                        changed = True
        return changed

    return apply


Signature = frozenset[tuple[str, str]]


def _signature(held: Mapping[str, Carried | None]) -> Signature:
    return frozenset((id_, repr(carried)) for id_, carried in held.items())


@lru_cache(maxsize=4)
def _by_meaning(terminology: Terminology) -> dict[tuple[str, Signature], list[str]]:
    """The codes of each system by the sets that hold them and what they carry there: codes of one entry mean the same."""
    found: dict[tuple[str, Signature], list[str]] = {}
    seen: set[tuple[str, str]] = set()
    for held in terminology.sets.values():
        for system, listed in held.systems.items():
            for code in listed:
                key = key_of(system, code)
                if (key.space, key.code) in seen:
                    continue
                seen.add((key.space, key.code))
                meaning = _signature(terminology.holding(system, code))
                if meaning:
                    found.setdefault((system_name(system), meaning), []).append(code)
    return found


def _heals(code: str) -> bool:
    """Whether a code of ICD-10-CM says more than its sets: that an injury is in its healing. No other code means that."""
    plain = code.replace(".", "").strip().upper()
    return len(plain) == 7 and plain[0] in "ST" and plain[6] == "D"


def _instead(source: str, target: str) -> Callable[[Json, World], bool]:
    """Every diagnosis in one system in a code of the other that the same sets hold, with the same value."""

    def apply(request: Json, world: World) -> bool:
        changed = False
        known = _by_meaning(world.content.terminology)
        used: dict[str, str] = {}
        for resource in chart(request):
            for coding in list(codings(resource)):
                if system_name(coding["system"]) != source or _heals(coding["code"]):
                    continue
                before = coding["code"]
                meaning = _signature(world.content.terminology.holding(coding["system"], before))
                others = [code for code in known.get((target, meaning), ()) if code not in (before, *used.values())]
                if meaning and (others or before in used):
                    used[before] = used.get(before) or world.random.choice(others)
                    coding["system"], coding["code"] = CANONICAL[target], used[before]
                    changed = True
        return changed

    return apply


def _both(source: str, target: str) -> Callable[[Json, World], bool]:
    """Every diagnosis with a code of the other system beside it that means the same, as EHRs map one to the other."""

    def apply(request: Json, world: World) -> bool:
        changed = False
        known = _by_meaning(world.content.terminology)
        for resource in chart(request):
            for concept in list(concepts(resource)):
                first = next(codings({"one": concept}), None)
                if first is None or system_name(first["system"]) != source or _heals(first["code"]):
                    continue
                meaning = _signature(world.content.terminology.holding(first["system"], first["code"]))
                others = known.get((target, meaning), ())
                if meaning and others:
                    concept["coding"] = [{"system": CANONICAL[target], "code": world.random.choice(others)}, *concept["coding"]]
                    changed = True
        return changed

    return apply


CODES = (
    *(Rewrite(f"address {number + 1}", _address(number)) for number in range(7)),
    Rewrite("codes padded", _spelled(lambda _, code: f" {code} ")),
    Rewrite("codes in small letters", _spelled(lambda _, code: code.lower())),
    Rewrite("ICD-10-CM the other way with its dot", _spelled(_without_dot)),
    Rewrite("modifier after a hyphen", _modified("-59")),
    Rewrite("modifier at once", _modified("LT")),
    Rewrite("modifier after a blank", _modified(" 50")),
    Rewrite("a hospital's code first", _beside(first=True)),
    Rewrite("a hospital's code last", _beside(first=False)),
    Rewrite("codes with displays", _displayed(text=False)),
    Rewrite("codes with words", _displayed(text=True)),
    Rewrite("no system in the chart", _of_chart(_drop_system), may_ask=True),
    Rewrite("an unknown system in the chart", _of_chart(_unknown_system), may_ask=True),
    Rewrite("SNOMED CT instead of ICD-10-CM", _instead("ICD-10-CM", "SNOMED")),
    Rewrite("ICD-10-CM instead of SNOMED CT", _instead("SNOMED", "ICD-10-CM")),
    Rewrite("SNOMED CT beside ICD-10-CM", _both("ICD-10-CM", "SNOMED")),
    Rewrite("ICD-10-CM beside SNOMED CT", _both("SNOMED", "ICD-10-CM")),
    Rewrite("another ICD-10-CM code of the same sets", _instead("ICD-10-CM", "ICD-10-CM")),
    Rewrite("another SNOMED CT code of the same sets", _instead("SNOMED", "SNOMED")),
    Rewrite("another LOINC code of the same sets", _instead("LOINC", "LOINC")),
)
