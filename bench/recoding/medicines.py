"""Other forms of the same medicines: products, NDC, HCPCS, Medications contained, included or by their ingredients, and words."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from bench.recoding.places import Json, World, bundle, chart
from bench.recoding.rewrite import Rewrite
from cds_service.content.content import Content
from cds_service.fhir.code_systems import HCPCS, NDC, RXNORM, system_name
from cds_service.fhir.codes import key_of

KINDS = ("MedicationRequest", "MedicationStatement", "MedicationAdministration", "MedicationDispense")
"""Resources of the chart that name a medicine."""


@lru_cache(maxsize=2)
def _rows(root: Path, name: str) -> list[list[str]]:
    with (root / "value_sets" / "medicines" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))[1:]


@lru_cache(maxsize=2)
def _tables(root: Path) -> tuple[dict[str, list[str]], dict[str, list[str]], dict[str, list[str]], dict[str, str]]:
    products = {row[0]: row[-1].split() for row in _rows(root, "products") if " " not in row[0]}
    ndcs = {product: listed.split() for product, listed, *_ in _rows(root, "ndc")}
    drugs: dict[str, list[str]] = {}
    for code, held, *_ in _rows(root, "hcpcs"):
        if " " not in held:
            drugs.setdefault(held, []).append(code)
    names = {code: name for code, name, *_ in _rows(root, "ingredients")}
    return products, ndcs, drugs, names


def _medicines(request: Json) -> list[tuple[Json, Json]]:
    """Records with a medicine coded in RxNorm, and the concept."""
    found = []
    for resource in chart(request):
        concept = resource.get("medicationCodeableConcept")
        if resource["resourceType"] in KINDS and isinstance(concept, dict) and concept.get("coding"):
            found.append((resource, concept))
    return found


def _ingredient(concept: Json) -> str:
    """The ingredient by which alone a medicine is coded; beside a product it is one that the product tells more of."""
    coding, *others = concept["coding"]
    if others:
        return ""
    return str(coding["code"]) if system_name(coding.get("system", "")) == "RXNORM" else ""


def _as(choose: Callable[[Content, str], list[tuple[str, str]]]) -> Callable[[Json, World], bool]:
    """Each ingredient as a product of it alone that is in the same sets with the same values."""

    def apply(request: Json, world: World) -> bool:
        changed = False
        holding = world.content.terminology.holding
        for _, concept in _medicines(request):
            code = _ingredient(concept)
            if not code:
                continue
            meant = dict(holding(RXNORM, code))
            same = [(system, other) for system, other in choose(world.content, code) if dict(holding(system, other)) == meant]
            if same:
                system, other = world.random.choice(same)
                concept["coding"] = [{"system": system, "code": other}]
                changed = True
        return changed

    return apply


def _products(content: Content, code: str) -> list[tuple[str, str]]:
    return [(RXNORM, product) for product in _tables(content.root)[0].get(code, ())]


def _ndcs(content: Content, code: str) -> list[tuple[str, str]]:
    products, ndcs, _, _ = _tables(content.root)
    return [(NDC, _hyphened(ndc)) for product in products.get(code, ()) for ndc in ndcs.get(product, ())]


def _hyphened(product: str) -> str:
    return f"{product[:5]}-{product[5:]}-01"


def _hcpcs(content: Content, code: str) -> list[tuple[str, str]]:
    return [(HCPCS, drug) for drug in _tables(content.root)[2].get(code, ())]


def _named(also_code: bool) -> Callable[[Json, World], bool]:
    """The medicine in words; beside its code only where none stand, since words may say a form that the code does not."""

    def apply(request: Json, world: World) -> bool:
        changed = False
        names = _tables(world.content.root)[3]
        for _, concept in _medicines(request):
            name = names.get(_ingredient(concept))
            if name and not (also_code and "text" in concept):
                concept["text"] = f"{name} 10 mg"
                if not also_code:
                    del concept["coding"]
                changed = True
        return changed

    return apply


def _contained(request: Json, world: World) -> bool:
    changed = False
    for resource, concept in _medicines(request):
        del resource["medicationCodeableConcept"]
        resource["contained"] = [*resource.get("contained", ()), {"resourceType": "Medication", "id": "med", "code": concept}]
        resource["medicationReference"] = {"reference": "#med"}
        changed = True
    return changed


def _apart(request: Json, put: Callable[[Json, list[Json]], None], ingredient: bool = False) -> bool:
    made: list[Json] = []
    for number, (resource, concept) in enumerate(_medicines(request)):
        del resource["medicationCodeableConcept"]
        medication: Json = {"resourceType": "Medication", "id": f"med-{number}", "status": "active"}
        medication |= {"ingredient": [{"itemCodeableConcept": concept}]} if ingredient else {"code": concept}
        made.append(medication)
        resource["medicationReference"] = {"reference": f"Medication/med-{number}"}
    if made:
        put(request, made)
    return bool(made)


def _under_its_key(request: Json, made: list[Json]) -> None:
    held = request["prefetch"].get("medications")
    before = [entry["resource"] for entry in held.get("entry", ())] if isinstance(held, dict) else []
    request["prefetch"]["medications"] = bundle([*before, *made])


def _among_the_others(request: Json, made: list[Json]) -> None:
    for key in ("medicationRequests", "medicationStatements", "medicationAdministrations", "medicationDispenses"):
        held = request["prefetch"].get(key)
        if isinstance(held, dict) and held.get("entry"):
            held["entry"] += [{"resource": one, "search": {"mode": "include"}} for one in made]


def _ingredients_contained(request: Json, world: World) -> bool:
    changed = False
    for resource, concept in _medicines(request):
        del resource["medicationCodeableConcept"]
        held = {"resourceType": "Medication", "id": "med", "ingredient": [{"itemCodeableConcept": concept, "isActive": True}]}
        resource["contained"] = [*resource.get("contained", ()), held]
        resource["medicationReference"] = {"reference": "#med"}
        changed = True
    return changed


def _also_product(request: Json, world: World) -> bool:
    """An NDC or product beside the ingredient, as pharmacies send both, that means the same: liposomes are another medicine."""
    changed = False
    holding = world.content.terminology.holding
    for _, concept in _medicines(request):
        code = _ingredient(concept)
        listed = _ndcs(world.content, code) or _products(world.content, code) if code else []
        meant = dict(holding(RXNORM, code)) if code else {}
        others = [(system, other) for system, other in listed if meant.items() <= dict(holding(system, other)).items()]
        if others:
            system, other = world.random.choice(others)
            concept["coding"] = [{"system": system, "code": other}, *concept["coding"]]
            changed = True
    return changed


def _eleven(request: Json, world: World) -> bool:
    changed = _as(_ndcs)(request, world)
    for _, concept in _medicines(request):
        for coding in concept["coding"]:
            if coding.get("system") == NDC:
                coding["code"] = key_of(NDC, coding["code"]).code
    return changed


MEDICINES = (
    Rewrite("product instead of ingredient", _as(_products)),
    Rewrite("NDC instead of ingredient", _as(_ndcs)),
    Rewrite("NDC of eleven digits", _eleven),
    Rewrite("HCPCS instead of ingredient", _as(_hcpcs)),
    Rewrite("a product or NDC beside the ingredient", _also_product),
    Rewrite("medicine contained", _contained),
    Rewrite("medicine contained, by its ingredient", _ingredients_contained),
    Rewrite("medicine under its own key", lambda request, _: _apart(request, _under_its_key)),
    Rewrite("medicine included in the search", lambda request, _: _apart(request, _among_the_others)),
    Rewrite("medicine included, by its ingredient", lambda request, _: _apart(request, _among_the_others, ingredient=True)),
    Rewrite("medicine in words", _named(also_code=False), may_ask=True),
    Rewrite("medicine in words and code", _named(also_code=True)),
)
