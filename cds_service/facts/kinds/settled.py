"""Entries whose properties are worked out as they are read.

So no two threads work one out later.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from cds_service.policy.entry import Entry


class SettledEntry(Entry):
    """An entry that works out each of its cached properties on load.

    A ValueError of one is a fault of the file.
    """

    def model_post_init(self, _: Any) -> None:
        for owner in type(self).__mro__:
            for name, member in vars(owner).items():
                if isinstance(member, cached_property):
                    getattr(self, name)
