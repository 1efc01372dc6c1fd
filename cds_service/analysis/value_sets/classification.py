"""The whole of ICD-10-CM, as a maintained package brings it.

It tells which codes there are, which are billable, and what lies below which.
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Final

PACKAGE: Final = "simple_icd_10_cm"
_SHAPE: Final = re.compile(r"[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?")


class NotInstalled(Exception):
    """The package with the classification is not installed.

    The message says how to get it.
    """

    def __init__(self) -> None:
        super().__init__("this needs the whole ICD-10-CM; install it with: pip install 'cds-service[dev]'")


class Classification:
    """The codes of one release.

    Codes are asked for in any case, with or without their dot, and given with it.
    """

    def __init__(self, codes: Iterable[str], title: Callable[[str], str], release: str) -> None:
        """Index the codes.

        ``title`` gives the name of a code that is written with its dot; ``release`` says which release this is.
        """
        self._written = {code.replace(".", ""): code for code in codes if _SHAPE.fullmatch(code)}
        self._keys = sorted(self._written)
        self._title = title
        self.release = release

    def knows(self, code: str) -> bool:
        """Tell whether there is such a code, billable or not."""
        return _key(code) in self._written

    def is_billable(self, code: str) -> bool:
        """Tell whether there is such a code, and nothing below it."""
        key = _key(code)
        return key in self._written and self._after(key) == self._at(key) + 1

    def billable(self, code: str) -> tuple[str, ...]:
        """Return the billable codes at and below a code.

        Returns none where there is no such code.
        """
        key = _key(code)
        if key not in self._written:
            return ()
        held = self._keys[self._at(key) : self._after(key)]
        return tuple(
            self._written[one] for one, following in zip(held, [*held[1:], ""], strict=True) if following[: len(one)] != one
        )

    def title(self, code: str) -> str:
        """Return the name of a code."""
        return self._title(self._written[_key(code)])

    def families(self, codes: Iterable[str], below: str) -> tuple[str, ...]:
        """Return the fewest codes that stand for exactly these billable codes.

        They are at and below ``below``.
        """
        wanted = frozenset(codes)
        held = self.billable(below)
        inside = [code for code in held if code in wanted]
        if not inside:
            return ()
        if len(inside) == len(held):
            return (self._written[_key(below)],)
        return tuple(family for child in self._children(_key(below)) for family in self.families(wanted, child))

    def _children(self, key: str) -> list[str]:
        """Return the codes directly below one."""
        found: list[str] = []
        for one in self._keys[self._at(key) + 1 : self._after(key)]:
            if not found or not one.startswith(found[-1]):
                found.append(one)
        return found

    def _at(self, key: str) -> int:
        return bisect_left(self._keys, key)

    def _after(self, key: str) -> int:
        return bisect_left(self._keys, f"{key}~")


def _key(code: str) -> str:
    return code.upper().replace(".", "")


def is_installed() -> bool:
    """Tell whether the package with the classification is installed."""
    return find_spec(PACKAGE) is not None


@lru_cache(maxsize=1)
def whole_classification() -> Classification:
    """Return the classification that the installed package brings.

    It takes some seconds; commands and tests use it, and no service does. Raises NotInstalled.
    """
    if not is_installed():
        raise NotInstalled
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the package reads its data in a way that Python gives up
        package = import_module(PACKAGE)
    release = f"simple-icd-10-cm {version('simple-icd-10-cm')}"
    return Classification(package.get_all_codes(True), package.get_description, release)
