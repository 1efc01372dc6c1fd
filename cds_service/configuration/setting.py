"""What one setting is: what it decides, and what may be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from cds_service.configuration.normal_url import normal_url

WHOLE: Final = "a whole number from 1 to 9999"


@dataclass(frozen=True, slots=True)
class Setting:
    """The description of one setting.

    ``says`` is what it decides, ``meant`` what may be written, ``flag`` how it is typed after ``serve`` (empty where it
    has only a variable), ``topic`` the part of the page it stands in, and ``otherwise`` what holds where nobody says
    anything, in words.
    """

    topic: str
    says: str
    meant: str
    flag: str = ""
    metavar: str = ""
    otherwise: str = ""


def _list(written: object) -> object:
    return tuple(written.split()) if isinstance(written, str) else written


def _normal(written: object) -> object:
    return normal_url(written) if isinstance(written, str) else written


Words = Annotated[tuple[str, ...], BeforeValidator(_list)]
"""Several values; in a variable they are separated by spaces."""
Url = Annotated[str, BeforeValidator(_normal)]
"""A URL as browsers write it, without its last slash."""
Number = Annotated[int, Field(ge=1, le=9999)]
Port = Annotated[int, Field(ge=1, le=65535)]
Secret = Annotated[str, Field(repr=False)]

WHERE, CONTENT, CALLERS, CALLED, PROXY, KEPT, OPERATORS, ANSWERS, BOUNDS = (
    "Where it listens",
    "What is held",
    "Who may call",
    "Whom it calls",
    "Behind a proxy",
    "What is kept",
    "For operators",
    "How it answers",
    "Limits",
)
TOPICS: Final = (WHERE, CONTENT, CALLERS, CALLED, PROXY, KEPT, OPERATORS, ANSWERS, BOUNDS)
"""The parts of the page, in its order."""
