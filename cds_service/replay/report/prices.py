"""Amounts by code, as a file states them.

They stand beside counts, and are nobody's savings.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType

from cds_service.replay.terms import CannotReplay


@dataclass(frozen=True, slots=True)
class Prices:
    """Amounts by code, and the name of the file stating them.

    Without a file, there are none.
    """

    file: str = ""
    amounts: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))


def read_prices(path: Path) -> Prices:
    """Read a CSV file with the columns ``code`` and ``amount``.

    Raises CannotReplay with every line that is wrong.
    """
    amounts: dict[str, Decimal] = {}
    wrong: list[str] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if not {"code", "amount"} <= set(rows.fieldnames or ()):
                raise CannotReplay(f"{path}:1: a header with the columns code and amount is meant")
            for row in rows:
                code, written = (row["code"] or "").strip(), (row["amount"] or "").strip()
                try:
                    amount = Decimal(written)
                except InvalidOperation:
                    wrong.append(f"{path}:{rows.line_num}: '{written}' is no amount; a number such as 1234.50 is meant")
                    continue
                if not code or not amount.is_finite() or amount < 0:
                    wrong.append(f"{path}:{rows.line_num}: a code and an amount of 0 or more are meant")
                elif code in amounts:
                    wrong.append(f"{path}:{rows.line_num}: the code {code} stands twice")
                else:
                    amounts[code] = amount
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8"
        raise CannotReplay(f"{path}: it cannot be read ({said})") from None
    if wrong:
        raise CannotReplay("\n".join(wrong))
    return Prices(path.name, MappingProxyType(amounts))
