"""What a person answers for this very order settles open facts.

It was asked because the chart could not say.
"""

from __future__ import annotations

from collections.abc import Sequence

from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Interval, Value

SETTLED = "the answer that was given for this order settles it"
OLD_NO = "the answer 'no' is older than 30 days and names no order: it may be otherwise by now"
"""The note on an answer that says no of a day long past."""
REPLACED = "takes the place of it"
"""How the note ends on an answer that a later one of the same day replaces."""


def settled(found: Sequence[Evidence], own: Sequence[Evidence], order: str) -> Sequence[Evidence]:
    """Return the evidence of a fact together with persons' answers for it.

    ``own`` are the answers given for the order that is judged, which is ``order`` (``Type/id``). They settle what its own
    words left open, whenever they were given: it may be for a day to come. And they settle what the chart left open in
    two cases. Records of the answer's day stand back where they are uncertain or vague, or contradict each other around what the
    answer says. And where nothing else is usable, what made it so does not take the answer away. Records that agree with
    each other against the answer contradict it, and a later record is newer than it.
    """
    found = _contradicted(found)
    if not own:
        return found
    if not any(one.standing is Standing.USABLE for one in found):
        answered = {one.resource for one in own}
        return [*(one for one in found if one.resource not in answered), *own]
    days = [one.when for one in own if one.when]
    of_the_day = [
        one
        for one in found
        if one.kind != "answered" and one.when and any(one.when.last >= d.first and one.when.first <= d.last for d in days)
    ]
    sure = [one for one in of_the_day if one.standing is Standing.USABLE]
    back = [one for one in found if one.standing is Standing.UNCERTAIN and (one in of_the_day or one.resource == order)]
    if any(_vague(one.value, own) for one in sure) or _around([one.value for one in sure], own):
        back += sure
    return [one._replace(standing=Standing.DISCOUNTED, note=SETTLED) if one in back else one for one in found]


def _contradicted(found: Sequence[Evidence]) -> Sequence[Evidence]:
    """Return evidence in which an old no contradicts what says yes.

    By itself an old no says nothing.
    """
    if not any(one.note == OLD_NO for one in found):
        return found
    if all(one.standing is Standing.DISCOUNTED or one.value is False for one in found):
        return found
    return [one._replace(standing=Standing.UNCERTAIN) if one.note == OLD_NO else one for one in found]


def _vague(value: Value | None, own: Sequence[Evidence]) -> bool:
    """Tell whether a value leaves open what an answer tells.

    That is a number with bounds alone, or a span of days in which the day of the answer lies.
    """
    if not isinstance(value, Days):
        return isinstance(value, Interval) and value.low != value.high
    told = [one.value for one in own if isinstance(one.value, Days)]
    return any(
        (day.first, day.last) != (value.first, value.last) and value.first <= day.first <= day.last <= value.last for day in told
    )


def _around(values: list[Value | None], own: Sequence[Evidence]) -> bool:
    """Tell whether values differ and an answer lies among them.

    It is one of them or, of numbers, between them.
    """
    if len(set(values)) < 2:
        return False
    numbers = [value for value in values if isinstance(value, Interval)]
    if len(numbers) < len(values):
        return any(one.value in values for one in own)
    low, high = min(value.low for value in numbers), max(value.high for value in numbers)
    return any(isinstance(one.value, Interval) and low <= one.value.low and one.value.high <= high for one in own)
