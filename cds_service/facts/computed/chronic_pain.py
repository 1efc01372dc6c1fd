"""Facts of chronic pain that are computed.

They are its origin, what failed against it, and how long the patient is expected to live.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta

from cds_service.facts.restated import doubtful, spoken, usable
from cds_service.facts.rule import rule
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

A_MONTH: Final = timedelta(days=30.4375)
FAILED_LATELY: Final = relativedelta(months=12)
"""How far back a treatment that failed still counts.

It is used where nothing says when the pain began. The number is ours.
"""

Inputs = Mapping[str, Fact]


@rule("pain origin", "recorded", "chronic_pain", "painful", "cancer", "history", "bone")
def pain_origin(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether the pain is of malignant or nonmalignant origin.

    The order's own reason beats the chart; both origins in the chart leave it open. A bare diagnosis of chronic pain,
    or of a painful disease, says nonmalignant, but not in a patient who has or had a cancer, or where cancers were not
    searched. A pain syndrome of the chart beside an active cancer, or beside a tumour of bone or spine, leaves it open
    too.
    """
    recorded = facts["recorded"].evidence
    malignant = any(e.value == "malignant" for e in spoken(facts["recorded"]))
    cancers, tumours = spoken(facts["cancer"]), spoken(facts["bone"])
    unknown = bool(cancers or tumours or malignant or spoken(facts["history"]) or facts["cancer"].unsearched)
    weak = [*facts["chronic_pain"].evidence, *facts["painful"].evidence]
    bare = [doubtful(e, "a cancer may be behind it", e.value) if unknown and e.standing is Standing.USABLE else e for e in weak]
    found = [e for e in recorded if e.standing is Standing.USABLE and (e.when is None or e.when.first <= as_of)]
    doubted = [e for e in recorded if e.standing is not Standing.USABLE]
    stated = [e for e in found if e.resource.split("/")[0].endswith("Request")]
    if len({e.value for e in stated}) == 1:
        return stated + doubted
    if len({e.value for e in found}) > 1:
        return [doubtful(e, "pain of both origins is documented", e.value) for e in found] + doubted
    if found and not malignant and (tumours or cancers):
        return [doubtful(e, "a cancer stands beside it, and the order names no reason", e.value) for e in found] + doubted
    if found:
        return found + doubted
    tumour = [doubtful(e, "pain beside a tumour of bone or spine may be its own", "malignant") for e in tumours]
    return [*bare, *doubted, *tumour]


@rule("life expectancy", "stated", "limited", "deceased", joins="stated")
def life_expectancy(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute life expectancy as it was stated.

    It counts as long as the time that it named is not over, and is what is left of that time by now, or all of it.
    Hospice, palliative care or a terminal illness does not say how long, and makes what was stated before it doubtful;
    an answer to the question itself stands beside it. So does a record that says that the patient has died.
    """
    dead = [e for e in usable(facts["deceased"]) if e.value is True]
    limited = [e for e in facts["limited"].evidence if e.value is True and e.standing is not Standing.DISCOUNTED]
    since = max((e.when.last for e in limited if e.when and e.when.first <= as_of), default=None)
    found: list[Evidence] = []
    for e in facts["stated"].evidence:
        if e.standing is not Standing.USABLE or not e.when or not isinstance(e.value, Interval):
            found.append(e)
        elif e.kind == "answered":
            found.append(_left(e, as_of))
        elif dead:
            found.append(doubtful(e, "the patient's record says that the patient has died", e.value))
        elif since and e.when.last < since:
            found.append(doubtful(e, "hospice, palliative care or a terminal illness is documented since", e.value))
        elif e.value.high < (as_of - e.when.last) / A_MONTH:
            found.append(doubtful(e, "the time that it named is over"))
        elif "Condition" in facts["limited"].unsearched:
            found.append(doubtful(e, "hospice and terminal illness were not searched", e.value))
        else:
            found.append(_left(e, as_of))
    found += [doubtful(e, "it does not say how long the patient is expected to live") for e in limited]
    lasting = [e._replace(when=Days.on(as_of)) for e in dead if e.when is None or e.when.first <= as_of]
    return found + [doubtful(e, "the patient's record says that the patient has died") for e in lasting]


def _left(e: Evidence, as_of: date) -> Evidence:
    """Return an estimate as what may be left of it by now.

    At the least the time since is gone from it, at the most it is as it was said. One without an upper bound stays as it was said.
    """
    said = e.value
    if e.when is None or not isinstance(said, Interval) or math.isinf(said.high) or e.when.last >= as_of:
        return e
    gone = (as_of - e.when.last) / A_MONTH
    if said.high < gone:
        return doubtful(e, "the time that it named is over")
    return e._replace(value=Interval(max(0.0, said.low - gone), said.high, False, said.high_open))


@rule("noninvasive methods failed", "recorded", "spinal", "pain", "cancer", joins="recorded")
def noninvasive_failed(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return what failed or was not tolerated against the pain.

    What was stopped or answered before the pain or its cause says nothing of it, and neither does what went into the
    spine. The reason of an order only repeats them.
    """
    spinal = {e.resource: e.standing for e in facts["spinal"].evidence if e.resource and e.value is True}
    recorded = [
        doubtful(e, "whether it went into the spine is not known", True) if e.resource in spinal else e
        for e in facts["recorded"].evidence
        if spinal.get(e.resource) is not Standing.USABLE
    ]
    causes = [e for e in usable(facts["pain"]) if e.value == "malignant"] + [e for e in usable(facts["cancer"]) if e.value is True]
    recorded_on = [e.when.first for e in causes if e.when is not None and e.resource.partition("/")[0] not in CODE_ELEMENTS]
    began = min(recorded_on, default=as_of - FAILED_LATELY)
    return [
        doubtful(e, "it was before the pain that is to be treated, or before its cause", True)
        if e.standing is Standing.USABLE and e.value is True and e.when is not None and e.when.last < began
        else e
        for e in recorded
    ]
