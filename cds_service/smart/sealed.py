"""What leaves the process and comes back, sealed.

It is encrypted and authenticated (JWE ``dir``, A256GCM), for each purpose by a key of its own, derived from the secret that signs
the links of cards (HMAC-SHA-256): a seal of one purpose opens for no other.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any, Final

import orjson
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

_HEADER: Final = {"alg": "dir", "enc": "A256GCM"}
_ALLOWED: Final = ["dir", "A256GCM"]


def seal(secret: str, purpose: str, told: dict[str, Any]) -> str:
    """Encrypt an object of JSON for a purpose."""
    return jwe.encrypt_compact(_HEADER, orjson.dumps(told), _key(secret, purpose), algorithms=_ALLOWED)


def unseal(secret: str, purpose: str, sealed: str) -> dict[str, Any] | None:
    """Open what was sealed for a purpose.

    None for what was not, or was changed.
    """
    try:
        opened = jwe.decrypt_compact(sealed, _key(secret, purpose), algorithms=_ALLOWED).plaintext
        read = orjson.loads(opened or b"")
    except (JoseError, ValueError, TypeError):
        return None
    return read if isinstance(read, dict) else None


def digest(secret: str, purpose: str, text: str) -> str:
    """Return a digest of a text that only the secret can make."""
    return hmac.new(secret.encode(), f"cds_service smart {purpose}\0{text}".encode(), sha256).hexdigest()


def _key(secret: str, purpose: str) -> OctKey:
    return OctKey.import_key(hmac.new(secret.encode(), f"cds_service smart {purpose}".encode(), sha256).digest())
