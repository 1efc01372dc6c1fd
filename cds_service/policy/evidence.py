"""What a chart says: a fact with its evidence.

Each piece of evidence has its day, its source and its standing.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal, NamedTuple

from cds_service.policy.values import Days, Value


class Standing(Enum):
    """What a thing found in the chart is worth as evidence.

    ``USABLE`` decides. ``UNCERTAIN`` (provisional, unreadable, ambiguous) decides nothing but ends the silence: no
    presumption holds beside it but one that holds ``always``. ``DISCOUNTED`` (too old, another patient's, cancelled)
    is named and does nothing.
    """

    USABLE = "usable"
    UNCERTAIN = "uncertain"
    DISCOUNTED = "discounted"


UNPLACED: Final = "the system of its code is not known here"
"""The note of evidence whose code system is not known.

Its code would say so if its system were known.
"""


UNTOLD: Final = "it does not say what it is"
"""The note of evidence without a code that is read and without words: it could be anything of its kind."""
ONLY_WORDS: Final = "its words speak of it, and its code is none that is read here"
NAMED_ONLY: Final = "it is named only in words"
NOT_RECOGNISED: Final = "it is a medicine that could not be read"
NOT_SENT: Final = "it is a medicine that could not be read, for what it refers to was not sent"
AGAINST_CODE: Final = "the words of the order speak against its code"
_UNREAD: Final = (ONLY_WORDS, NAMED_ONLY, NOT_RECOGNISED, NOT_SENT, UNPLACED, UNTOLD, AGAINST_CODE)
"""The notes of evidence that is there and not understood; they stand here, so that all who look for them mean the same."""


class Evidence(NamedTuple):
    """One thing that the chart says about a fact.

    ``when`` is the day it speaks of, None when it carries no date. ``resource`` is where the chart says it, as
    ``Type/id``. ``note`` gives the reason when ``standing`` is not usable. ``instant`` is the moment as the record
    writes it, where it states one, for rules that count hours.
    """

    value: Value | None
    when: Days | None = None
    resource: str = ""
    kind: Literal["recorded", "answered", "attested", "assumed"] = "recorded"
    standing: Standing = Standing.USABLE
    note: str = ""
    shown: str = ""
    instant: str = ""


def is_unread(evidence: Evidence) -> bool:
    """Tell whether evidence is there and not understood.

    That is another doubt than a provisional diagnosis: it may be as sure as what was read.
    """
    return evidence.standing is Standing.UNCERTAIN and any(note in evidence.note for note in _UNREAD)


class Fact(NamedTuple):
    """All that a chart says about one fact.

    It is said for one date of service. ``unsearched`` names the resource types that could have held more and were not
    searched: that is another silence than a search that found nothing.
    """

    name: str
    evidence: tuple[Evidence, ...] = ()
    unsearched: tuple[str, ...] = ()
