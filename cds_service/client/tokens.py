"""Keys and tokens of a client (CDS Hooks 2.0, "Trusting CDS Clients")."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid4

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, import_key

PRIVATE: Final = "client-private.json"
PUBLIC: Final = "client-keys.json"
ALGORITHMS: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
LIFE: Final = 300
"""Seconds that a token is good for.

CDS Hooks asks for a few minutes.
"""


class UnusableKey(ValueError):
    """An error for a file that holds no private key.

    The message says so.
    """


class Signer(NamedTuple):
    """The private key, its algorithm, and the issuer the service knows."""

    key: Key
    algorithm: str
    issuer: str

    def token(self, audience: str, now: datetime, *, seconds: int = LIFE, tenant: str = "") -> str:
        """Sign a token for one call; ``audience`` is the address called."""
        issued = int(now.timestamp())
        claims: dict[str, Any] = {"iss": self.issuer, "aud": audience, "iat": issued, "exp": issued + seconds, "jti": str(uuid4())}
        header = {"alg": self.algorithm, "typ": "JWT", "kid": self.key.kid}
        return jwt.encode(header, claims | ({"tenant": tenant} if tenant else {}), self.key, algorithms=[self.algorithm])


def make_key(folder: Path, kid: str) -> tuple[Path, Path]:
    """Write a new key in two files, and return both.

    The private one is for its owner alone; the public one is a key set. Raises FileExistsError where there is a private
    key already, OSError where nothing can be written.
    """
    key = ECKey.generate_key("P-384", {"kid": kid, "use": "sig", "alg": "ES384"})
    private, public = folder / PRIVATE, folder / PUBLIC
    with os.fdopen(os.open(private, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(orjson.dumps(key.as_dict(private=True), option=orjson.OPT_INDENT_2))
    public.write_bytes(orjson.dumps({"keys": [key.as_dict(private=False)]}, option=orjson.OPT_INDENT_2))
    return private, public


def signer_of(file: Path, issuer: str) -> Signer:
    """Read the private key of a file.

    Raises UnusableKey.
    """
    try:
        raw = orjson.loads(file.read_bytes())
        key = import_key(raw, raw["kty"] if raw["kty"] in ("EC", "RSA") else "EC")
    except OSError:
        raise UnusableKey(f"{file}: there is no such file that can be read") from None
    except (JoseError, ValueError, TypeError, KeyError):
        raise UnusableKey(f"{file}: it is no key; 'cds-service client key' makes one") from None
    algorithm = "RS384" if raw.get("kty") == "RSA" else ALGORITHMS.get(raw.get("crv", ""), "")
    if not key.is_private or not algorithm or not key.kid:
        raise UnusableKey(f"{file}: a private key is meant, RSA or of a curve P-256, P-384 or P-521, with a 'kid'")
    return Signer(key, raw.get("alg") or algorithm, issuer)
