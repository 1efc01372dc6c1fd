"""National Drug Codes in the many ways in which charts write them.

A code consists of labeler, product and package. The Food and Drug Administration assigns ten digits in three parts
(4-4-2, 5-3-2 or 5-4-1) and claims write eleven (5-4-2), each part filled up with zeros. Ten digits without hyphens do
not say which part is short.
"""

from __future__ import annotations

import re
from typing import Final

_PARTS: Final = re.compile(r"(\d{4,5})[-* ](\d{3,4})(?:[-* ](\d{1,2}))?", re.ASCII)
_DIGITS: Final = re.compile(r"\d{9,11}", re.ASCII)
_HYPHENS: Final = re.compile(r"[-* ]")
LONGEST: Final = 20
"""Longest code that is looked at, in characters."""


def ndc_digits(code: str) -> str:
    """Return the digits of an NDC.

    Eleven digits for a package, nine for a product (labeler and product), ten where the parts cannot be told. The
    ``N4`` that claims put before it is dropped. What is no NDC comes back without hyphens.
    """
    bare = code.strip()
    if len(bare) > LONGEST:
        return bare
    bare = bare.removeprefix("N4")
    found = _PARTS.fullmatch(bare)
    if not found:
        return _HYPHENS.sub("", bare)
    labeler, product, package = found.groups()
    return labeler.zfill(5) + product.zfill(4) + (package.zfill(2) if package else "")


def ndc_products(code: str) -> tuple[str, ...]:
    """Return the products that an NDC may mean, nine digits each.

    One product as a rule, three for ten digits without hyphens, none for what is no NDC.
    """
    digits = ndc_digits(code)
    if not _DIGITS.fullmatch(digits):
        return ()
    if len(digits) != 10:
        return (digits[:9],)
    return tuple(dict.fromkeys((f"0{digits[:8]}", f"{digits[:5]}0{digits[5:8]}", digits[:9])))
