"""Request bodies that were compressed on their way here.

gzip and deflate are read, within the size that any body may have.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

from cds_service.hooks.received.faults import RequestIssue, Unusable

ENCODED: Final = "content-encoding"
_PLAIN: Final = frozenset({"", "identity"})
_GZIP: Final = frozenset({"gzip", "x-gzip"})
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
MOST_LAYERS: Final = 2
"""The most encodings over one another that are undone."""
MOST_MEMBERS: Final = 1000
"""The most members of one gzip body.

Programs that write in blocks need some hundred for the largest body. Each member costs time even if it is empty.
"""
PIECE: Final = 16_384
"""Bytes that are decompressed at once.

What follows a gzip member in its piece is copied for the next member.
"""
READ: Final = "gzip, deflate"


def plain_body(body: bytes, encoding: str, largest: int) -> bytes:
    """Return the body as it was before its Content-Encoding.

    It has at most ``largest`` bytes.

    Raises Unusable: 415 for an encoding that is not read, 400 for bytes that are not of that encoding, 413 for a body
    too large.
    """
    layers = [one.strip().lower() for one in encoding.split(",")]
    undone = [one for one in layers if one not in _PLAIN]
    if len(undone) > MOST_LAYERS or any(one not in _GZIP and one != "deflate" for one in undone):
        raise Unusable(415, [RequestIssue("", f"the body's Content-Encoding is not read here; {READ} are", "not-supported")])
    for one in reversed(undone):
        body = _inflated(body, one, largest)
    return body


def _inflated(body: bytes, encoding: str, largest: int) -> bytes:
    """Undo one layer of encoding.

    A body called deflate is written with the header of zlib; some clients write it without any, which is read too.
    """
    headless = encoding == "deflate" and not (len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0)
    window = _GZIP_WINDOW if encoding in _GZIP else -zlib.MAX_WBITS if headless else zlib.MAX_WBITS
    broken = Unusable(400, [RequestIssue("", f"the body is not {encoding}, as its Content-Encoding says", "structure")])
    made, members = bytearray(), 0
    reader: Any = None
    for start in range(0, len(body), PIECE):
        rest = body[start : start + PIECE]
        while rest:  # gzip allows several members one after the other
            if reader is None:
                reader, members = zlib.decompressobj(window), members + 1
                if members > MOST_MEMBERS:
                    raise Unusable(413, [RequestIssue("", f"the body is gzip of more than {MOST_MEMBERS} members", "too-long")])
            try:
                made += reader.decompress(rest, largest + 1 - len(made))
            except zlib.error:
                raise broken from None
            if len(made) > largest:
                raise Unusable(413, [RequestIssue("", f"the body is larger than {largest // 1024 // 1024} MiB", "too-long")])
            if not reader.eof:
                break
            if encoding not in _GZIP:
                return bytes(made)
            rest, reader = reader.unused_data, None
    if reader is not None or not members:
        raise broken
    return bytes(made)
