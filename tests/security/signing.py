"""Keys and tokens of imaginary clients."""

from __future__ import annotations

import json
import time
from functools import lru_cache
from typing import Any
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from cds_service.hooks.discovery import SERVICE_ID

NOW = int(time.time())
"""The moment of the tests: tokens are issued and judged by it, however long the tests run."""
PUBLIC_URL = "https://cds.example/payer"
DISCOVERY = f"{PUBLIC_URL}/cds-services"
SERVICE = f"{DISCOVERY}/{SERVICE_ID}"
ISSUER = "https://ehr.example"
Json = dict[str, Any]


@lru_cache
def key(kid: str = "k1", kind: str = "P-384") -> ECKey | RSAKey:
    """A private key, the same for the same name."""
    named: Any = {"kid": kid}
    return RSAKey.generate_key(2048, named) if kind == "RSA" else ECKey.generate_key(kind, named)


def key_set(*keys: ECKey | RSAKey) -> Json:
    """The JWK set that a client publishes."""
    return {"keys": [one.as_dict(private=False) for one in keys]}


def token(signer: Any = None, header: Json | None = None, alg: str = "ES384", **claims: Any) -> str:
    """A good token for the service, but for what is named; a claim or header of None is left out."""
    now = NOW
    good = {"iss": ISSUER, "aud": SERVICE, "iat": now, "exp": now + 300, "jti": str(uuid4())} | claims
    head = {"alg": alg, "typ": "JWT", "kid": "k1"} | (header or {})
    payload = {name: value for name, value in good.items() if value is not None}
    return jws.serialize_compact(
        {name: value for name, value in head.items() if value is not None},
        json.dumps(payload).encode(),
        signer or key(),
        registry=jws.JWSRegistry(algorithms=[head["alg"]], strict_check_header=False),
    )


SHARED = OctKey.import_key("a secret that both would know, long enough for any of them to be used")
