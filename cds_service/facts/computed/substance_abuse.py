"""Whether alcohol or a drug is abused now.

It is computed from diagnoses, their remissions, and the opioids that are prescribed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from cds_service.facts.restated import but, doubtful, spoken, usable
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing

UNNAMED: Final = "other drugs"
"""The substance of a code that may not say which."""
TAKES: Final[frozenset[str]] = frozenset(
    {"abuse", "dependence", "opioid_dependence", "remission", "prescribed", "hints", "screens", "care"}
)

Inputs = Mapping[str, Fact]


@rule("active substance abuse", *TAKES)
def substance_abuse(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute active abuse of or dependence on alcohol or a drug.

    A later code of remission of the same substance ends it. Opioid dependence in a patient on prescribed opioids is
    asked about: coders use it for physical dependence. So it is where medicines were not searched, or one was not read.
    A treatment of addiction of which no diagnosis says that it is over is asked about.
    """
    remissions = [e for e in usable(facts["remission"]) if e.when is None or e.when.first <= as_of]
    prescribed = bool(spoken(facts["prescribed"]) or facts["prescribed"].unsearched)
    recorded: list[Evidence] = []
    for name in ("abuse", "dependence", "opioid_dependence"):
        for e in facts[name].evidence:
            later = [r for r in remissions if not r.when or not e.when or r.when.last >= e.when.last]
            if e.standing is Standing.DISCOUNTED:
                recorded.append(e)
            elif any(r.value == e.value and e.value != UNNAMED for r in later):
                continue
            elif later and (e.value == UNNAMED or any(r.value == UNNAMED for r in later)):
                recorded.append(doubtful(e, "a later remission does not say for certain of which substance", True))
            elif e.standing is Standing.UNCERTAIN:
                recorded.append(doubtful(e, e.note, True))
            elif name == "opioid_dependence" and prescribed:
                recorded.append(doubtful(e, "opioid dependence in a patient who is, or may be, on prescribed opioids", True))
            else:
                recorded.append(but(e, True))
    open_ = [e for e in recorded if e.standing is not Standing.DISCOUNTED]
    hints = [*spoken(facts["hints"]), *spoken(facts["screens"])]
    hints += [
        doubtful(e, "a treatment of addiction, and no diagnosis says how it went", True)
        for e in spoken(facts["care"])
        if not any(r.when is None or e.when is None or r.when.last >= e.when.first for r in remissions)
    ]
    return [*recorded, *hints] if open_ or hints else [*recorded, *(but(e, False) for e in remissions)]
