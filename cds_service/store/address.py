"""The URL of the store: a SQLite file, or a PostgreSQL database."""

from __future__ import annotations

from importlib.util import find_spec

from platformdirs import user_data_path
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

NONE = "none"
"""The word that stands for no store."""


class WrongAddress(Exception):
    """An error for a store URL that cannot be used as written.

    The message says what is meant.
    """


def default_url() -> str:
    """Return the URL of the SQLite file in the user's data folder.

    It is the user who runs the service.
    """
    return URL.create("sqlite", database=str(user_data_path("cds-service", appauthor=False) / "store.sqlite")).render_as_string()


def shown(url: str) -> str:
    """Return the URL without its password."""
    return address(url).render_as_string(hide_password=True)


def address(written: str) -> URL:
    """Return the URL as the engine uses it.

    Raises WrongAddress for one that is no URL, or of a database that the store does not keep in.
    """
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        raise WrongAddress("the store is not a URL; one is sqlite:////folder/store.sqlite or postgresql://user@host/name") from None
    kind = url.get_backend_name()
    if kind == "sqlite":
        if not url.database or ":memory:" in url.database:
            raise WrongAddress("a SQLite store is a file, and its URL names none; sqlite:////folder/store.sqlite does")
        return url.set(drivername="sqlite")
    if kind not in ("postgresql", "postgres"):
        raise WrongAddress(f"the store is kept in SQLite or PostgreSQL, not in {kind}")
    if find_spec("psycopg") is None:
        raise WrongAddress("PostgreSQL needs its driver; install cds-service[postgresql]")
    return url.set(drivername="postgresql+psycopg")
