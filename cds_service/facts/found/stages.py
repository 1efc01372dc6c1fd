"""Whether a stage of cancer is the last one.

That is stage IV, or distant metastases. Charts name stages by many code systems (AJCC, UICC, FIGO, local ones) and in
words, all of which say "IV" or "M1" alike.
"""

from __future__ import annotations

import re
from typing import Any, Final

from cds_service.fhir.elements import codings, items, text

LONGEST: Final = 80
"""Longest text that may be a stage, in characters."""
_GROUP: Final = re.compile(
    r"(?:(?:ajcc(?: [5-9]th)?(?: edition| ed)?|uicc|figo"
    r"|tnm|ann arbor|lugano|clinical|pathologic|pathological|anatomic|prognostic|overall|cancer|disease|current"
    r"|american joint committee on cancer|c|p|yp|yc|r)[ :]*)*"
    r"(stage(?: group)?[ :]*)?(0|is|i{1,3}|iv|[1-4])[ ]?[a-d]?[0-9]?(?: disease| cancer)?(?: qualifier value| finding)?"
)
_DISTANT: Final = re.compile(
    r"(?:(?:american joint committee on cancer|ajcc|uicc) )?[cpry]{0,2} ?m ?([01])[a-d]?(?: category| stage)?(?: qualifier value)?"
)
_TNM: Final = re.compile(
    r"(?P<group>.*?) ?[cpyra]{0,2}t(?:[0-4x]|is)[a-d]?[0-9]? ?[cpyra]{0,2}n[0-3x][a-c]?(?: (?:mi|sn|f))? ?"
    r"[cpyra]{0,2}m(?P<distant>[01x])[a-d]?"
)
"""A stage written out: the group, if any, then tumour, nodes and metastases."""
_SYSTEMS: Final = ("cancerstaging", "ajcc", "uicc", "figo")


def is_advanced(concept: Any) -> bool | None:
    """Tell whether a stage is IV or M1, coded or in words.

    False for a stage below; None for what is no stage, or says both.
    """
    if not isinstance(concept, dict):
        return None
    written = [text(concept.get("text"))]
    written += [text(coding.get("display")) for coding in items(concept.get("coding")) if isinstance(coding, dict)]
    written += [coding.code for coding in codings(concept) if any(name in coding.system.lower() for name in _SYSTEMS)]
    answers = {answer for words in written if (answer := stage_said(words)) is not None}
    return answers.pop() if len(answers) == 1 else None


def stage_said(words: str) -> bool | None:
    """Tell whether words are stage IV or M1.

    False for a stage below; None for words that are something else.
    """
    if not words or len(words) > LONGEST:
        return None
    folded = re.sub(r"[^a-z0-9]+", " ", words.lower()).strip()
    distant = _DISTANT.fullmatch(folded)
    if distant:
        return distant[1] == "1"
    written_out = _TNM.fullmatch(folded)
    if written_out:
        return _agreed(written_out["group"], written_out["distant"])
    group = _GROUP.fullmatch(folded)
    if group is None or (group[1] is None and group[2] in ("is",)):
        return None
    return group[2] in ("iv", "4")


def _agreed(group: str, distant: str) -> bool | None:
    """Tell what a group and its metastases say together.

    Stage IV may be without distant metastases; without a group, none of them leaves the stage open.
    """
    advanced = stage_said(group)
    if distant != "1":
        return advanced
    return True if advanced or not group else None
