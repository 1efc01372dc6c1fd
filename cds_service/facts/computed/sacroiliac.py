"""What a sacroiliac joint fusion is for.

It is computed from the diagnoses, the order's reasons and the answers that are documented. A diagnosis that a covered
indication is *not* there is hardly ever written. So a covered indication counts as absent where another indication is
documented and the diagnoses were searched; never where nothing is documented, and never while one is provisional or its
site or cause is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final

from cds_service.facts.rule import rule
from cds_service.policy.evidence import UNTOLD, Evidence, Fact, Standing
from cds_service.policy.values import Days, LookBack

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
        held += [e for e in _uncertain(facts[name].evidence, as_of) if e.value is not False]
        found += [_but(e, choice, e.standing, e.note) for e in held]
    if not any(e.value == TRAUMA and e.standing is Standing.USABLE for e in found):
        done = [e for e in facts["repaired"].evidence if e.standing is not Standing.DISCOUNTED and e.value is not False]
        found += [_but(e, TRAUMA, Standing.UNCERTAIN, REPAIRED) for e in done]
    if any(e.value in OTHERS.values() and e.standing is Standing.USABLE for e in found):
        found += [_but(e, INFECTION, Standing.UNCERTAIN, INFLAMED) for e in _uncertain(facts["inflamed"].evidence, as_of)]
        if not any(e.value in COVERED.values() and e.standing is Standing.USABLE for e in found):
            found += [_but(e, TUMOR, Standing.UNCERTAIN, RESECTED) for e in _with_it(facts, as_of)]
    return list(dict.fromkeys(found + unread + unclear))


def _named(fact: Fact) -> Fact:
    """Return a fact without records that do not say what they are."""
    return Fact(fact.name, tuple([e for e in fact.evidence if UNTOLD not in e.note]), fact.unsearched)


def _documented(fact: Fact, as_of: date) -> list[Evidence]:
    """Return the evidence of the latest day that says yes.

    It is uncertain where a record of the same day says no.
    """
    latest = _latest(_usable(fact.evidence, as_of))
    disagree = any(e.value is False for e in latest)
    standing, note = (Standing.UNCERTAIN, "same-day records disagree") if disagree else (Standing.USABLE, "")
    return [_but(e, True, standing, note) for e in latest if e.value is True]


def _resected(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return tumors that a sacrectomy shows to be of the sacrum.

    They are recorded as tumors of the pelvic bones, and the sacrectomy is signed with the fusion.
    """
    signed = [e for e in _usable(facts["sacrectomy"].evidence, as_of) if e.value is True]
    elsewhere = {e.resource for e in facts["tumor"].evidence if e.standing is Standing.DISCOUNTED}
    held = [e for e in _documented(facts["pelvic_bone_tumor"], as_of) if e.resource not in elsewhere]
    return [_but(e, True, e.standing, e.note) for e in held] if signed else []


def _doubted(e: Evidence, name: str, lasting: frozenset[str], beside: list[Evidence], as_of: date) -> Evidence:
    """Make an old indication uncertain where it may be over.

    It may be beside another stated one, where an encounter of then names it, or where it heals.
    """
    span = SPEAKS_FOR.get(name)
    if span is None or e.when is None or e.resource in lasting or e.when.first >= span.start(as_of):
        return e
    if e.resource.startswith("Encounter/"):
        return _but(e, True, Standing.UNCERTAIN, f"it was the reason of an encounter more than {span} ago")
    if beside:
        return _but(e, True, Standing.UNCERTAIN, f"it is more than {span} ago, and another reason is stated")
    return _but(e, True, Standing.UNCERTAIN, f"it is more than {span} ago, and may be over") if name in HEALS else e


def _with_it(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return sacrectomies that are signed with the fusion, or ordered."""
    ordered = [*facts["sacrectomy"].evidence, *facts["resection"].evidence]
    return [e for e in [*_usable(ordered, as_of), *_uncertain(ordered, as_of)] if e.value is not False]


def _of_no_choice(fact: Fact) -> list[Evidence]:
    """Return what says that there is an indication, and not which."""
    said = [e for e in fact.evidence if e.standing is not Standing.DISCOUNTED and e.value is not False]
    return [_but(e, None, Standing.UNCERTAIN, e.note) for e in said]


def covered(choice: str) -> Callable[[Inputs, date], list[Evidence]]:
    """Make the rule of one covered indication.

    The rule says yes where the indication is documented. It says no where another indication is, nothing leaves this
    one possible, and the diagnoses were searched (or somebody answered what the fusion is for). Else it says nothing,
    and the indication stays open. An answer to the question of this one stands beside that; one that says yes and is
    too old to decide leaves the indication possible.
    """

    def rule(facts: Inputs, as_of: date) -> list[Evidence]:
        answered = [e for e in facts["recorded"].evidence if e.kind == "answered"]
        possible = any(e.value is True for e in _uncertain(answered, as_of))
        return [*[e for e in computed(facts["indication"], as_of) if not possible or e.value is not False], *answered]

    def computed(indication: Fact, as_of: date) -> list[Evidence]:
        named = _indications(indication, as_of)
        mine = [e for e in named if e.value == choice]
        possible = [e for e in _uncertain(indication.evidence, as_of) if e.value == choice]
        if mine or possible:
            return [_but(e, True, e.standing, e.note) for e in [*mine, *possible]]
        if _closing(indication, as_of):
            return [_absent(e) for e in named]
        specific = [e for e in _uncertain(indication.evidence, as_of) if e.value in COVERED.values()]
        # what is possible is asked for alone; once it is answered with no, `indication_missing` asks on
        return [_absent(e) for e in specific] if not indication.unsearched else _unclear(indication, as_of)

    return rule


def only(choice: str) -> Callable[[Inputs, date], list[Evidence]]:
    """Make the rule of one excluded indication.

    The rule says whether all that is documented is that the fusion is for this, and nothing covered.
    """

    def rule(facts: Inputs, as_of: date) -> list[Evidence]:
        mine = [e for e in _indications(facts["indication"], as_of) if e.value == choice]
        absent = all(_state(facts[name], as_of) is False for name in COVERED)
        if mine and absent:
            return [_but(e, True, Standing.USABLE, "") for e in mine]
        return [Evidence(False, None, kind="assumed", shown="not all that is documented")]

    return rule


@rule("fusion indication missing", *COVERED, "indication", weighs_untold=True)
def indication_missing(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether what the fusion is for is still to be asked.

    It is where no covered indication is documented or possible, nothing that is documented closes them, and nobody
    denied all. What is documented and was denied itself closes no other.
    """
    states = [_state(facts[name], as_of) for name in COVERED]
    indication = facts["indication"]
    possible = any(state is None and _possible(facts[name], as_of) for name, state in zip(COVERED, states, strict=True))
    denied = all(_explicit_no(facts[name], as_of) for name in COVERED)
    gone = {COVERED[name] for name in COVERED if _explicit_no(facts[name], as_of)}
    closing = _closing(indication, as_of) and any(e.value not in gone for e in _indications(indication, as_of))
    settled = True in states or closing or denied or (possible and not indication.unsearched)
    so_far = [*_indications(indication, as_of), *_unclear(indication, as_of)]
    shown = "; ".join(dict.fromkeys(_said(e) for e in so_far)) or "no diagnosis, reason or answer says it"
    return [Evidence(not settled, Days.on(as_of), next((e.resource for e in so_far), ""), "assumed", shown=shown)]


def _closing(indication: Fact, as_of: date) -> bool:
    """Tell whether a documented indication rules out the silent ones.

    The silent ones are those that nothing in the chart speaks of.
    """
    named = _indications(indication, as_of)
    answered = any(e.kind == "answered" for e in named)
    return bool(named) and (answered or not (indication.unsearched or _unclear(indication, as_of)))


def _indications(indication: Fact, as_of: date) -> list[Evidence]:
    """Return the documented indications.

    Of the answers to the question itself, only those of the latest day are returned.
    """
    usable = _usable(indication.evidence, as_of)
    answers = _latest([e for e in usable if e.kind == "answered"])
    return [e for e in usable if e.kind != "answered"] + answers


def _unclear(indication: Fact, as_of: date) -> list[Evidence]:
    return [e for e in _uncertain(indication.evidence, as_of) if e.value is None]


def _usable(evidence: Iterable[Evidence], as_of: date) -> list[Evidence]:
    return [e for e in evidence if e.standing is Standing.USABLE and (e.when is None or e.when.first <= as_of)]


def _uncertain(evidence: Iterable[Evidence], as_of: date) -> list[Evidence]:
    return [e for e in evidence if e.standing is Standing.UNCERTAIN and (e.when is None or e.when.first <= as_of)]


def _latest(usable: list[Evidence]) -> list[Evidence]:
    """Return the evidence of the latest day.

    All that may be of the same day is returned with it; undated evidence only when nothing is dated.
    """
    dated = [(e, e.when) for e in usable if e.when is not None]
    if not dated:
        return usable
    latest = max((when for _, when in dated), key=lambda when: when.last)
    return [e for e, when in dated if when.last >= latest.first]


def _state(fact: Fact, as_of: date) -> bool | None:
    """Return what is documented of a yes-or-no fact.

    It is yes, no, or None while it is open.
    """
    values = {e.value for e in _latest(_usable(fact.evidence, as_of))}
    value = values.pop() if len(values) == 1 else None
    return value if isinstance(value, bool) else None


def _possible(fact: Fact, as_of: date) -> bool:
    return any(e.value is True for e in [*_uncertain(fact.evidence, as_of), *_usable(fact.evidence, as_of)])


def _explicit_no(fact: Fact, as_of: date) -> bool:
    """Tell whether somebody said no.

    That is more than that another indication is documented.
    """
    return _state(fact, as_of) is False and any(e.when is not None for e in _usable(fact.evidence, as_of))


def _absent(documented: Evidence) -> Evidence:
    """Return the absence that another indication stands for.

    It is undated: whatever is said of the absent indication itself comes first.
    """
    return Evidence(False, None, documented.resource, documented.kind, shown=_said(documented))


def _said(e: Evidence) -> str:
    """Write what is documented, and why it does not decide.

    It is written in words, with its code.
    """
    said = f"documented is {e.value}" if e.value else "documented is something that does not say which"
    return ", ".join(part for part in (said, e.shown, e.note) if part)


def _but(e: Evidence, value: str | bool | None, standing: Standing, note: str) -> Evidence:
    return Evidence(value, e.when, e.resource, e.kind, standing, note, e.shown)


for _choice in COVERED.values():
    rule(f"fusion for {_choice}", "indication", "recorded", joins="recorded", weighs_untold=True)(covered(_choice))
for _choice in OTHERS.values():
    rule(f"fusion only for {_choice}", *COVERED, "indication", weighs_untold=True)(only(_choice))
