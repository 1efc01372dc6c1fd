"""Entries whose properties are worked out as they are read.

So no two threads work one out later.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from cds_service.policy.entry import Entry


class SettledEntry(Entry):
    """An entry that works out each of its cached properties on load.

    A ValueError of one is a fault of the file.
    """

    _settled: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        members = [(name, member) for owner in cls.__mro__ for name, member in vars(owner).items()]
        cls._settled = tuple([name for name, member in members if isinstance(member, cached_property)])

    def model_post_init(self, _: Any) -> None:
        for name in self._settled:
            getattr(self, name)
