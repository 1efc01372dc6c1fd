"""How the app's pages are sent.

Nobody may store them, and they are shown in a frame only where the registry says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import Response, render_template

from cds_service.smart.registry import Issuer
from cds_service.web.sending import HEADERS

_POLICY: Final = "Content-Security-Policy"


def private(page: Response, issuer: Issuer | None = None) -> Response:
    """Add what keeps a page to the person who asked for it.

    ``issuer`` is the EHR that launched it, as far as that is known.
    """
    page.headers.update({"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})
    if issuer and issuer.frames:
        page.headers[_POLICY] = HEADERS[_POLICY].replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(issuer.frames)}")
    return page


def told(status: int, title: str, said: str, issuer: Issuer | None = None, typed: Sequence[tuple[str, str]] = ()) -> Response:
    """Make a page that says what happened, and what to do.

    ``typed`` is what a person had typed, so that it is not lost.
    """
    html = render_template("smart_told.html", title=title, said=said, typed=typed)
    return private(Response(html, status, mimetype="text/html"), issuer)
