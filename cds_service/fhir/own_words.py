"""Where a coded diagnosis is denied or doubted by its own words.

Clinicians overwrite the text of an entry and leave its code: *Dementia, ruled out* beside the code of dementia. Words
decide nothing against a code, but such an entry is no certain diagnosis either: it asks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from cds_service.fhir.elements import concept_words, items, text

_LONGEST: Final = 300
"""How much of a text is read, in characters."""
_DENIED: Final = re.compile(
    r"^\W*(no (?:evidence|signs?|indication) of(?! disease| recurren| metasta| progress| residual)|negative for|denie[sd]"
    r"|not confirmed|r/o|rule[sd]? out|suspect(?:ed)?|possible|possibly|probable|presumed|questionable|concern for"
    r"|evaluat(?:e|ion) for|work[- ]?up for|family history of|family hx of|fhx?)\b"
    r"|\b(ruled out|excluded|not confirmed|unconfirmed|unlikely|doubtful|suspected|questionable)"
    r"\W*(?:by \w+\W*(?:\w+\W*)?|on [\d/-]+\W*|in \d{4}\W*)?$"
)
"""What begins or ends a text that denies or doubts the whole of what it names.

What stands inside (*without behavioral disturbance*) may belong to a part, and is left alone.
"""

_IN_REMISSION: Final = re.compile(r"(?<!not )\b(in (?:\w+ ){0,2}remission)\b")

_GONE: Final = re.compile(
    r"(?<!not )(?<!never )(?<!no longer )\b(ned|n\.e\.d\.?"
    r"|no (?:current |clinical |radiographic |radiologic )?(?:evidence|signs?) of "
    r"(?:any |active |current |residual |recurrent |metastatic )*"
    r"(?:disease(?! progress)|recurrence|malignancy|cancer|tumou?r)"
    r"|(?:disease|cancer|tumou?r|recurrence)[- ]free(?! (?:interval|survival|period))"
    r"|without evidence of (?:disease|recurrence))(?![\w-])"
)
"""What says of a cancer that nothing of it is left."""
_SURVIVED: Final = re.compile(r"(?<!not )(?<!never )\b(cured|survivor|(?<!not in )(?<!no )remission(?! induction))\b")
"""What says so in the name of a diagnosis; in a note it may be of anything."""
_OVER: Final = re.compile(
    r"^\W*((?:(?:personal|past|prior|previous|remote|distant) )?(?:medical |surgical )?(?:history|hx) of|(?:ph|pm|p)?hx\b:?|h/o|s/p"
    r"|status[- ]post|prior|previous|past|former)\b"
    r"|\b(history of|history|hx|h/o|resolved|in the past)\W*$"
)
"""What begins or ends a text that tells of the past."""


def spoken_against(concept: Any, or_past: bool = False, or_over: bool = False) -> str:
    """Return why a diagnosis is in doubt by its own words.

    ``concept`` is its code; with ``or_past`` words of a remission count too, with ``or_over`` those of a history. A
    text that repeats the name of a coding is no words of its own: some codes are named so.
    """
    said = text(concept.get("text"))[:_LONGEST].casefold() if isinstance(concept, dict) else ""
    denied = _DENIED.search(said)
    found = denied or (_IN_REMISSION.search(said) if or_past else None) or (_OVER.search(said) if or_over else None)
    if found is None:
        return ""
    if not _own_text(concept):
        return ""
    said_against = next(part for part in found.groups() if part)
    why = "the diagnosis is not confirmed" if denied else "the diagnosis may be over"
    return f'{why}: its own words say "{said_against}"'


def told_gone(condition: Mapping[str, Any]) -> str:
    """Return by which words of its record a cancer may be gone.

    They are the text and the displays of its code, and its notes. Empty where none says so.
    """
    concept = condition.get("code")
    names = [words[:_LONGEST].casefold() for words in concept_words(concept)]
    notes = [text(note.get("text"))[:_LONGEST].casefold() for note in items(condition.get("note")) if isinstance(note, dict)]
    found = next((one for one in map(_GONE.search, [*names, *notes]) if one), None) or _SURVIVED.search(_own_text(concept))
    return f'the diagnosis may be over: its own words say "{found[1]}"' if found else ""


def _own_text(concept: Any) -> str:
    """Return the text of a code that no coding is named by."""
    said = text(concept.get("text"))[:_LONGEST].casefold() if isinstance(concept, dict) else ""
    names = [text(one.get("display")).casefold() for one in items(concept.get("coding")) if isinstance(one, dict)] if said else []
    return "" if said in names else said
