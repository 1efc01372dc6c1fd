"""Public keys of clients, read from JWK sets (RFC 7517).

Only keys that can verify a signature are read, each under its own id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

Key = ECKey | RSAKey
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of a JWK that are secret."""
CURVES = frozenset({"P-256", "P-384", "P-521"})
SHORTEST_MODULUS = 342
"""Shortest RSA modulus, in characters of base64url.

It is that of 2048 bits (RFC 7518, 3.3).
"""
MOST_KEYS = 100


def entries(jwk_set: Any) -> list[Any]:
    """Return the entries of a JWK set.

    Raises ValueError when it is none.
    """
    keys = jwk_set.get("keys") if isinstance(jwk_set, Mapping) else None
    if not isinstance(keys, list) or len(keys) > MOST_KEYS:
        raise ValueError(f"a JWK set is meant: 'keys' with a list of at most {MOST_KEYS} keys")
    return keys


def public_key(entry: Any) -> tuple[str, Key]:
    """Return the id and the key of one entry.

    Raises ValueError, in words without the key, for one that cannot verify tokens.
    """
    if not isinstance(entry, dict):
        raise ValueError("a key is a JSON object")  # noqa: TRY004 - a fault of the file
    if PRIVATE & entry.keys() or entry.get("kty") == "oct":
        raise ValueError("it holds private or symmetric key material, which belongs to the client alone; give the public key")
    kid = entry.get("kid")
    if not isinstance(kid, str) or not kid:
        raise ValueError("a key needs a 'kid', by which tokens name it")
    if entry.get("use", "sig") != "sig":
        raise ValueError("its 'use' is not 'sig', so it does not verify tokens")
    kind = entry.get("kty")
    if kind == "RSA" and len(str(entry.get("n", ""))) < SHORTEST_MODULUS:
        raise ValueError("an RSA key of at least 2048 bits is needed")
    if kind not in ("RSA", "EC") or (kind == "EC" and entry.get("crv") not in CURVES):
        raise ValueError("an RSA key, or an EC key on P-256, P-384 or P-521, is meant")
    try:
        key: Key = RSAKey.import_key(entry) if kind == "RSA" else ECKey.import_key(entry)
        _ = key.public_key
    except (JoseError, ValueError, TypeError, KeyError):
        raise ValueError("the key cannot be read") from None
    return kid, key


def usable(jwk_set: Any) -> dict[str, Key]:
    """Return the usable keys of a fetched set by their ids.

    Others are passed over. Raises ValueError when it is no JWK set.
    """
    keys: dict[str, Key] = {}
    for entry in entries(jwk_set):
        try:
            kid, key = public_key(entry)
        except ValueError:
            continue
        keys.setdefault(kid, key)
    return keys
