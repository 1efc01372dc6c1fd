"""A hole in a family of ICD-10-CM.

The search for holes and the file of excuses both use it.
"""

from __future__ import annotations

from typing import NamedTuple


class Hole(NamedTuple):
    """What a fact leaves out of a category.

    The category has three characters, and the fact reads a part of it. What is left out is given in as few families as
    can be.
    """

    fact: str
    category: str
    families: tuple[str, ...]
    sets: tuple[str, ...]
