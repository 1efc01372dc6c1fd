"""The cookies of launches and sessions.

They are for the browser alone and for one path; also in a frame, where an EHR may show one.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response

from cds_service.smart.registry import Issuer


def set_cookie(page: Response, name: str, value: str, path: str, seconds: float, issuer: Issuer, public_url: str) -> None:
    """Set a cookie.

    In a frame of another site it is kept for that site alone (``Partitioned``).
    """
    framed = bool(issuer.frames)
    page.set_cookie(
        name,
        value,
        max_age=max(0, int(seconds)),
        path=f"{urlsplit(public_url).path}{path}",
        secure=framed or public_url.startswith("https:"),
        httponly=True,
        samesite="None" if framed else "Lax",
        partitioned=framed,
    )


def drop_cookie(page: Response, name: str, path: str, issuer: Issuer, public_url: str) -> None:
    """Take a cookie back."""
    set_cookie(page, name, "", path, 0, issuer, public_url)
