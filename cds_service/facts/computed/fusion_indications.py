"""What each indication of a sacroiliac joint fusion comes to.

A diagnosis that a covered indication is *not* there is hardly ever written. So a covered indication counts as absent
where another indication is documented and the diagnoses were searched; never where nothing is documented, and never
while one is provisional or its site or cause is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from cds_service.facts.computed.sacroiliac import COVERED, OTHERS, as_choice, of_latest_day, uncertain, usable
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days

Inputs = Mapping[str, Fact]


def covered(choice: str) -> Callable[[Inputs, date], list[Evidence]]:
    """Make the rule of one covered indication.

    The rule says yes where the indication is documented. It says no where another indication is, nothing leaves this
    one possible, and the diagnoses were searched (or somebody answered what the fusion is for). Else it says nothing,
    and the indication stays open. An answer to the question of this one stands beside that; one that says yes and is
    too old to decide leaves the indication possible.
    """

    def rule(facts: Inputs, as_of: date) -> list[Evidence]:
        answered = [e for e in facts["recorded"].evidence if e.kind == "answered"]
        possible = any(e.value is True for e in uncertain(answered, as_of))
        return [*[e for e in computed(facts["indication"], as_of) if not possible or e.value is not False], *answered]

    def computed(indication: Fact, as_of: date) -> list[Evidence]:
        named = _indications(indication, as_of)
        mine = [e for e in named if e.value == choice]
        possible = [e for e in uncertain(indication.evidence, as_of) if e.value == choice]
        if mine or possible:
            return [as_choice(e, True, e.standing, e.note) for e in [*mine, *possible]]
        if _closing(indication, as_of):
            return [_absent(e) for e in named]
        specific = [e for e in uncertain(indication.evidence, as_of) if e.value in COVERED.values()]
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
            return [as_choice(e, True, Standing.USABLE, "") for e in mine]
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
    deciding = usable(indication.evidence, as_of)
    answers = of_latest_day([e for e in deciding if e.kind == "answered"])
    return [e for e in deciding if e.kind != "answered"] + answers


def _unclear(indication: Fact, as_of: date) -> list[Evidence]:
    return [e for e in uncertain(indication.evidence, as_of) if e.value is None]


def _state(fact: Fact, as_of: date) -> bool | None:
    """Return what is documented of a yes-or-no fact.

    It is yes, no, or None while it is open.
    """
    values = {e.value for e in of_latest_day(usable(fact.evidence, as_of))}
    value = values.pop() if len(values) == 1 else None
    return value if isinstance(value, bool) else None


def _possible(fact: Fact, as_of: date) -> bool:
    return any(e.value is True for e in [*uncertain(fact.evidence, as_of), *usable(fact.evidence, as_of)])


def _explicit_no(fact: Fact, as_of: date) -> bool:
    """Tell whether somebody said no.

    That is more than that another indication is documented.
    """
    return _state(fact, as_of) is False and any(e.when is not None for e in usable(fact.evidence, as_of))


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


for _choice in COVERED.values():
    rule(f"fusion for {_choice}", "indication", "recorded", joins="recorded", weighs_untold=True)(covered(_choice))
for _choice in OTHERS.values():
    rule(f"fusion only for {_choice}", *COVERED, "indication", weighs_untold=True)(only(_choice))
