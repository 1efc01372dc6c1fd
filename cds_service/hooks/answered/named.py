"""UUIDs made of names (RFC 9562, version 5).

The same name always has the same UUID.
"""

from __future__ import annotations

from hashlib import sha1
from uuid import UUID


def uuid_of(space: UUID, name: str) -> str:
    """Return the UUID of a name in a space, as text.

    It equals the text of ``uuid.uuid5``, but no UUID object is made: a call makes several.
    """
    made = bytearray(sha1(space.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    made[6] = made[6] & 0x0F | 0x50
    made[8] = made[8] & 0x3F | 0x80
    text = made.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
