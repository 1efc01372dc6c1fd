"""What a sacroiliac joint fusion is for.

It is computed from the diagnoses, the order's reasons and the answers that are documented. What each indication then
comes to stands in ``fusion_indications.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from cds_service.facts.rule import rule
from cds_service.policy.evidence import UNTOLD, Evidence, Fact, Standing
from cds_service.policy.values import LookBack

TUMOR, INFECTION, TRAUMA = "sacral tumor", "sacroiliac joint infection", "pelvic trauma"
COVERED: Final[dict[str, str]] = {"tumor": TUMOR, "infection": INFECTION, "trauma": TRAUMA}
OTHERS: Final[dict[str, str]] = {
    "degenerative": "degenerative sacroiliac joint",
    "low_back_pain": "mechanical low back pain",
    "radicular_pain": "radicular pain",
    "syndrome": "sacroiliac joint syndrome",
    "other": "something else",
}

TAKES: Final[frozenset[str]] = frozenset(
    {
        *COVERED,
        *OTHERS,
        "pelvic_bone_tumor",
        "sacrectomy",
        "resection",
        "lasting_trauma",
        "repaired",
        "inflamed",
        "unread",
        "unclear",
    }
)
"""The facts that the indication is computed from."""
SPEAKS_FOR: Final[dict[str, LookBack]] = {"infection": LookBack(12, "month"), "trauma": LookBack(24, "month")}
"""How long a record speaks beside another stated reason.

It is a record of what may be over. The spans are ours, no payer's.
"""
REPAIRED: Final = "only a fracture of the pelvis needs the operation, and none is on record"
RESECTED: Final = "only a disease of the sacrum needs the sacrectomy, and no tumor is on record"
INFLAMED: Final = "inflammation may be of the joint, and no diagnosis says it"
HEALS: Final[frozenset[str]] = frozenset({"infection"})
"""Indications that are a state and no event.

After its span such a one may be over, also where no other reason is stated.
"""

Inputs = Mapping[str, Fact]


@rule("fusion indication", *TAKES, weighs_untold=True)
def fusion_indication(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute every indication that is documented, as a choice.

    It is uncertain where it is only possible. A tumor of the pelvic bones with a sacrectomy signed together is one of
    the sacrum. An infection that is old is uncertain; an injury that is old is so beside another stated reason. A
    repair of the pelvis makes an injury possible, a sacrectomy a tumor, and marked inflammation beside another
    indication an infection. ``unread`` is a reason of the order that nobody has read, ``unclear`` what says that there
    is an indication and not which: a record that does not say what it is does so of no indication by name.
    """
    unclear = _of_no_choice(facts["unclear"])
    facts = {name: _named(fact) for name, fact in facts.items()}
    documented = {name: _documented(facts[name], as_of) for name in (*COVERED, *OTHERS)}
    documented["tumor"] += _resected(facts, as_of)
    unread = _of_no_choice(facts["unread"])
    found: list[Evidence] = []
    for name, choice in (COVERED | OTHERS).items():
        beside = unread + [e for other, held in documented.items() if other != name for e in held if e.standing is Standing.USABLE]
        lasting = frozenset([e.resource for e in facts["lasting_trauma"].evidence] if choice == TRAUMA else [])
        held = [_doubted(e, name, lasting, beside, as_of) for e in documented[name]]
        held += [e for e in uncertain(facts[name].evidence, as_of) if e.value is not False]
        found += [as_choice(e, choice, e.standing, e.note) for e in held]
    if not any(e.value == TRAUMA and e.standing is Standing.USABLE for e in found):
        done = [e for e in facts["repaired"].evidence if e.standing is not Standing.DISCOUNTED and e.value is not False]
        found += [as_choice(e, TRAUMA, Standing.UNCERTAIN, REPAIRED) for e in done]
    if any(e.value in OTHERS.values() and e.standing is Standing.USABLE for e in found):
        found += [as_choice(e, INFECTION, Standing.UNCERTAIN, INFLAMED) for e in uncertain(facts["inflamed"].evidence, as_of)]
        if not any(e.value in COVERED.values() and e.standing is Standing.USABLE for e in found):
            found += [as_choice(e, TUMOR, Standing.UNCERTAIN, RESECTED) for e in _with_it(facts, as_of)]
    return list(dict.fromkeys(found + unread + unclear))


def _named(fact: Fact) -> Fact:
    """Return a fact without records that do not say what they are."""
    return Fact(fact.name, tuple([e for e in fact.evidence if UNTOLD not in e.note]), fact.unsearched)


def _documented(fact: Fact, as_of: date) -> list[Evidence]:
    """Return the evidence of the latest day that says yes.

    It is uncertain where a record of the same day says no.
    """
    latest = of_latest_day(usable(fact.evidence, as_of))
    disagree = any(e.value is False for e in latest)
    standing, note = (Standing.UNCERTAIN, "same-day records disagree") if disagree else (Standing.USABLE, "")
    return [as_choice(e, True, standing, note) for e in latest if e.value is True]


def _resected(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return tumors that a sacrectomy shows to be of the sacrum.

    They are recorded as tumors of the pelvic bones, and the sacrectomy is signed with the fusion.
    """
    signed = [e for e in usable(facts["sacrectomy"].evidence, as_of) if e.value is True]
    elsewhere = {e.resource for e in facts["tumor"].evidence if e.standing is Standing.DISCOUNTED}
    held = [e for e in _documented(facts["pelvic_bone_tumor"], as_of) if e.resource not in elsewhere]
    return [as_choice(e, True, e.standing, e.note) for e in held] if signed else []


def _doubted(e: Evidence, name: str, lasting: frozenset[str], beside: list[Evidence], as_of: date) -> Evidence:
    """Make an old indication uncertain where it may be over.

    It may be beside another stated one, where an encounter of then names it, or where it heals.
    """
    span = SPEAKS_FOR.get(name)
    if span is None or e.when is None or e.resource in lasting or e.when.first >= span.start(as_of):
        return e
    if e.resource.startswith("Encounter/"):
        return as_choice(e, True, Standing.UNCERTAIN, f"it was the reason of an encounter more than {span} ago")
    if beside:
        return as_choice(e, True, Standing.UNCERTAIN, f"it is more than {span} ago, and another reason is stated")
    return as_choice(e, True, Standing.UNCERTAIN, f"it is more than {span} ago, and may be over") if name in HEALS else e


def _with_it(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return sacrectomies that are signed with the fusion, or ordered."""
    ordered = [*facts["sacrectomy"].evidence, *facts["resection"].evidence]
    return [e for e in [*usable(ordered, as_of), *uncertain(ordered, as_of)] if e.value is not False]


def _of_no_choice(fact: Fact) -> list[Evidence]:
    """Return what says that there is an indication, and not which."""
    said = [e for e in fact.evidence if e.standing is not Standing.DISCOUNTED and e.value is not False]
    return [as_choice(e, None, Standing.UNCERTAIN, e.note) for e in said]


def usable(evidence: Iterable[Evidence], as_of: date) -> list[Evidence]:
    """Return the evidence that decides, up to the date of service."""
    return [e for e in evidence if e.standing is Standing.USABLE and (e.when is None or e.when.first <= as_of)]


def uncertain(evidence: Iterable[Evidence], as_of: date) -> list[Evidence]:
    """Return what leaves it open up to the date of service."""
    return [e for e in evidence if e.standing is Standing.UNCERTAIN and (e.when is None or e.when.first <= as_of)]


def of_latest_day(usable: list[Evidence]) -> list[Evidence]:
    """Return the evidence of the latest day.

    All that may be of the same day is returned with it; undated evidence only when nothing is dated.
    """
    dated = [(e, e.when) for e in usable if e.when is not None]
    if not dated:
        return usable
    latest = max((when for _, when in dated), key=lambda when: when.last)
    return [e for e, when in dated if when.last >= latest.first]


def as_choice(e: Evidence, value: str | bool | None, standing: Standing, note: str) -> Evidence:
    """Return the same evidence as one of an indication."""
    return Evidence(value, e.when, e.resource, e.kind, standing, note, e.shown)
