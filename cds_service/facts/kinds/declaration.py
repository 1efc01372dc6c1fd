"""What each kind of evidence declares of itself, beside its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ValueType = Literal["boolean", "quantity", "date", "code", "choice"]
"""The types of facts."""
CODED: Final[frozenset[ValueType]] = frozenset({"boolean", "choice", "quantity"})
"""The types of value that codes of value sets can carry.

A code that carries nothing says yes.
"""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a kind of evidence is called, gives, and is about.

    It is called ``name`` in ``from``, and can give values of the types ``gives``. Evidence ``of`` a chart ages; that of
    the patient, of the order, of a question or of a list that the plan keeps does not. ``never_silent`` tells what
    every order has, so that nobody is ever asked.
    """

    name: str
    gives: frozenset[ValueType]
    of: Literal["chart", "patient", "order", "question", "plan"] = "chart"
    never_silent: bool = False


def types_of(*values: bool | str) -> frozenset[ValueType]:
    """Return the types of facts that these values of a file fit."""
    return frozenset(["boolean" if isinstance(value, bool) else "choice" for value in values])


def yes_or_no(name: str, of: Literal["chart", "order", "plan"] = "chart", *, never_silent: bool = False) -> Declaration:
    """Declare a kind that says yes or no, and nothing else."""
    return Declaration(name, frozenset({"boolean"}), of, never_silent)
