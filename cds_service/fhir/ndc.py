"""National Drug Codes: labeler, product and package, in the many ways in which charts write them.

The Food and Drug Administration assigns ten digits in three parts (4-4-2, 5-3-2 or 5-4-1) and claims write eleven (5-4-2), each
part filled up with zeros. Ten digits without hyphens do not say which part is short.
"""

from __future__ import annotations

import re
from typing import Final

_PARTS: Final = re.compile(r"(\d{4,5})[-* ](\d{3,4})(?:[-* ](\d{1,2}))?", re.ASCII)
_DIGITS: Final = re.compile(r"\d{9,11}", re.ASCII)
_HYPHENS: Final = re.compile(r"[-* ]")
LONGEST: Final = 20
"""Characters of the longest code that is looked at."""


def ndc_digits(code: str) -> str:
    """An NDC in its digits: eleven of a package, nine of a product (labeler and product), ten where the parts are not told.

    Claims put ``N4`` before it. What is no NDC comes back without hyphens.
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
    """The products that an NDC may be of, nine digits each: one; three of ten digits without hyphens; none of what is no NDC."""
    digits = ndc_digits(code)
    if not _DIGITS.fullmatch(digits):
        return ()
    if len(digits) != 10:
        return (digits[:9],)
    return tuple(dict.fromkeys((f"0{digits[:8]}", f"{digits[:5]}0{digits[5:8]}", digits[:9])))
