"""How a page is sent.

It is compressed where the browser takes that, not sent where the browser has it already, and kept by nobody else. Style
sheet, script and icon have a digest of their content in their address, so a browser keeps them for good.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, abort, request, url_for
from werkzeug.wrappers import Response as AnyResponse

STATIC: Final = Path(__file__).parent / "static"
SMALLEST: Final = 600
"""Bytes below which a page is sent uncompressed.

Such a page fits into one packet either way.
"""
PACKED_BY_US: Final = ("text/html", "text/css", "text/javascript", "image/svg+xml")
FOR_GOOD: Final = "public, max-age=31536000, immutable"
ASK_FIRST: Final = "no-cache"
"""The caching rule of pages.

A browser keeps the page, and asks each time whether it is still the same.
"""
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Headers sent with every page.

With them nothing but the service's own style sheet and script runs, whatever a text on the page says.
"""


def guarded(page: Response) -> Response:
    """Add security headers, and send no more than is needed.

    The headers keep foreign content out. What answers something typed (a POST) is kept by no cache; every other page is
    asked for again by its ETag.
    """
    for name, value in HEADERS.items():
        page.headers.setdefault(name, value)
    asked = request.method in ("GET", "HEAD")
    page.headers.setdefault("Cache-Control", ASK_FIRST if asked and page.status_code == 200 else "no-store")
    _packed(page)
    if asked and page.status_code == 200 and "no-store" not in page.headers["Cache-Control"]:
        page.add_etag(weak=True)
        page.make_conditional(request)
    return page


def packed(page: str) -> bytes:
    """Compress a page that is made ahead and sent many times."""
    return gzip.compress(page.encode(), mtime=0)


def made_ahead(compressed: bytes) -> Response:
    """Answer with a page that is held compressed.

    It is sent compressed where the browser takes that, else plain.
    """
    page = Response(compressed if _takes_gzip() else gzip.decompress(compressed), mimetype="text/html")
    if _takes_gzip():
        page.headers["Content-Encoding"] = "gzip"
    return page


def _takes_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0


def _packed(page: Response) -> None:
    if page.mimetype not in PACKED_BY_US or page.is_streamed:
        return
    page.vary.add("Accept-Encoding")
    if "Content-Encoding" in page.headers or not _takes_gzip() or len(page.get_data()) < SMALLEST:
        return
    page.set_data(gzip.compress(page.get_data(), compresslevel=6, mtime=0))
    page.headers["Content-Encoding"] = "gzip"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the pages.

    It has its type, its content plain and compressed, and the digest that stands in its address.
    """

    mimetype: str
    plain: bytes
    compressed: bytes
    digest: str


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    """Return the style sheet, the scripts and the icon, read once."""
    found = {}
    for path in sorted(STATIC.iterdir()):
        plain = path.read_bytes()
        kind = guess_type(path.name)[0] or "application/octet-stream"
        found[path.name] = Asset(kind, plain, gzip.compress(plain, mtime=0), sha256(plain).hexdigest()[:12])
    return found


def asset_address(name: str) -> str:
    """Return the address of an asset, with its digest."""
    return url_for("web.static", filename=name, v=assets()[name].digest)


def add_assets(pages: Blueprint) -> None:
    """Add the address `/static/<name>`.

    Where a request does not name the digest of the file as it is now, the browser asks again each time.
    """

    @pages.get("/static/<filename>", endpoint="static")
    def static(filename: str) -> AnyResponse:
        asset = assets().get(filename)
        if asset is None:
            abort(404)
        page = Response(asset.compressed if _takes_gzip() else asset.plain, mimetype=asset.mimetype)
        if _takes_gzip():
            page.headers["Content-Encoding"] = "gzip"
        page.headers["Cache-Control"] = FOR_GOOD if request.args.get("v") == asset.digest else ASK_FIRST
        return page
