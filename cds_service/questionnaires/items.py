"""One question of a form: the item that asks for a fact.

It is made so that its answer is read back as the same value.

Sources: FHIR R4 Questionnaire; Structured Data Capture (units, bounds, help); nothing that a plain renderer needs to
understand.
"""

from __future__ import annotations

from typing import Any, Final

from cds_service.facts.definition import Definition
from cds_service.facts.found.forms import WHEN
from cds_service.fhir.code_systems import UCUM

Item = dict[str, Any]
_FHIR: Final = "http://hl7.org/fhir/StructureDefinition/"
_SDC: Final = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
_UNITS_IN_WORDS: Final = {"1": "number", "a": "years", "mo": "months", "wk": "weeks", "d": "days", "Cel": "°C"}
"""Names that people use for units whose codes say little."""
ON_WHICH_DAY: Final = "On which day was this so?"


def item_of(definition: Definition, base: str, why: str = "", *, dated: bool = False) -> Item:
    """Make the item that asks for a fact.

    Its ``linkId`` is the fact's name, its options are coded in a system below ``base``. ``why`` stands as help behind
    the question. ``dated`` adds an item for the day on which the answer was so. Nothing is required: who does not know
    leaves a question out, and the criterion stays not documented.
    """
    entry = definition.entry
    item: Item = {"linkId": definition.name, "text": definition.question, "type": entry.type, "required": False}
    below: list[Item] = [_help(definition.name, why)] if why else []
    if entry.choices:
        system = f"{base}CodeSystem/{definition.name}"
        options = [{"system": system, "code": choice, "display": choice} for choice in entry.choices]
        item["answerOption"] = [{"valueCoding": option} for option in options]
    if entry.type == "quantity":
        item["extension"] = [*_units(definition), *_bounds(definition)]
    if dated:
        below.append({"linkId": f"{definition.name}{WHEN}", "text": ON_WHICH_DAY, "type": "date", "required": False})
    if below:
        item["item"] = below
    return item


def coded(definition: Definition, base: str, choice: str) -> Item:
    """Return the answer that picks one of a fact's choices."""
    return {"valueCoding": {"system": f"{base}CodeSystem/{definition.name}", "code": choice, "display": choice}}


def units(definition: Definition) -> tuple[str, ...]:
    """Return the UCUM codes in which a quantity may be answered.

    Weeks come first where a fact is shown in them.
    """
    unit = definition.entry.unit
    return ("wk", unit) if definition.entry.shown_as == "weeks and days" and unit != "wk" else (unit,)


def _units(definition: Definition) -> list[Item]:
    return [{"url": f"{_FHIR}questionnaire-unitOption", "valueCoding": _unit(code)} for code in units(definition)]


def _unit(code: str) -> Item:
    said = _UNITS_IN_WORDS.get(code, code.strip("{}"))
    return {"system": UCUM, "code": code, "display": said}


def _bounds(definition: Definition) -> list[Item]:
    """Return extensions for the plausible range.

    Renderers may ignore it, so the reader checks again.
    """
    entry = definition.entry
    if entry.range is None:
        return []
    unit = {"unit": _unit(entry.unit)["display"], "system": UCUM, "code": entry.unit}
    ends = (("minQuantity", entry.range.from_), ("maxQuantity", entry.range.to))
    return [{"url": f"{_SDC}sdc-questionnaire-{name}", "valueQuantity": {"value": _plain(end), **unit}} for name, end in ends]


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number


def _help(name: str, why: str) -> Item:
    control = {"coding": [{"system": "http://hl7.org/fhir/questionnaire-item-control", "code": "help", "display": "Help-Button"}]}
    extension = [{"url": f"{_FHIR}questionnaire-itemControl", "valueCodeableConcept": control}]
    return {"linkId": f"{name}.why", "text": why, "type": "display", "extension": extension}
