"""How the store says that its database did not do as asked.

Failures are told without the values of the statement that failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class StoreFailed(Exception):
    """An error for a database that did not do as asked.

    Nothing was kept. ``why`` is the database's own code, never a value.
    """

    def __init__(self, error: BaseException) -> None:
        self.why = reason(error)
        super().__init__(self.why)


def reason(error: BaseException) -> str:
    """Return the code of a failure; the error's words may quote values.

    The code is ``SQLITE_BUSY`` or its like, PostgreSQL's SQLSTATE, or the name of the error.
    """
    original = getattr(error, "orig", None) or error
    for name in ("sqlite_errorname", "sqlstate"):
        code = getattr(original, name, None)
        if code:
            return str(code)
    return type(original).__name__


@contextmanager
def failures_told() -> Iterator[None]:
    """Turn whatever goes wrong with the database into StoreFailed."""
    try:
        yield
    except StoreFailed:
        raise
    except Exception as error:
        raise StoreFailed(error) from None
