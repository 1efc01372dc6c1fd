"""Where a coded diagnosis is denied or doubted by its own words.

Clinicians overwrite the text of an entry and leave its code: *Dementia, ruled out* beside the code of dementia. Words
decide nothing against a code, but such an entry is no certain diagnosis either: it asks.
"""

from __future__ import annotations

import re
from typing import Any, Final

from cds_service.fhir.elements import items, text

_LONGEST: Final = 300
"""How much of a text is read, in characters."""
_DENIED: Final = re.compile(
    r"^\W*(?:no (?:evidence|signs?|indication) of(?! disease| recurren| metasta| progress| residual)"
    r"|negative for|denie[sd]|not confirmed"
    r"|r/o|rule[sd]? out|suspect(?:ed)?|possible|possibly|probable|presumed|questionable|concern for|evaluat(?:e|ion) for"
    r"|work ?up for|family history of|family hx of|fhx?)\b"
    r"|\b(?:has been |have been |was |were |now |not )?(?:ruled out|excluded|not confirmed|unconfirmed|unlikely|doubtful|suspected"
    r"|questionable)\W*(?:by \w+\W*(?:\w+\W*)?|on [\d/-]+\W*|in \d{4}\W*)?$"
)
"""What begins or ends a text that denies or doubts the whole of what it names.

What stands inside (*without behavioral disturbance*) may belong to a part, and is left alone.
"""


def spoken_against(concept: Any) -> str:
    """Return why a diagnosis is in doubt by its own words, or nothing.

    ``concept`` is its code. A text that repeats the name of a coding is no words of its own: some codes are named so.
    """
    said = text(concept.get("text"))[:_LONGEST].casefold() if isinstance(concept, dict) else ""
    found = _DENIED.search(said) if said else None
    if found is None:
        return ""
    names = [text(one.get("display")).casefold() for one in items(concept.get("coding")) if isinstance(one, dict)]
    if said in names:
        return ""
    return f'the diagnosis is not confirmed: its own words say "{found.group().strip(" ,;:.()-")}"'
