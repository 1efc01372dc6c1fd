"""The file of the EHRs that may launch the app.

Only an issuer of this file is ever called or redirected to, whatever address a visitor brings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cds_service.content_files.problems import ContentError, Problem
from cds_service.content_files.yaml_file import Place, YamlFile
from cds_service.security.public_keys import Key, public_key
from cds_service.security.urls import Address, read_prefix, read_url

Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Auth = Literal["public", "private_key_jwt", "client_secret_basic"]
SHORTEST_SECRET: Final = 16
Secrets = Callable[[str], str]
"""Gives the secret that a variable holds, empty where it holds none.

Raises ValueError for a variable that may not be asked for.
"""
ALGORITHMS: Final = {"P-384": "ES384", "P-256": "ES256"}
"""The algorithm for a key on a curve.

SMART asks servers for ES384 or RS384.
"""


class IssuerEntry(BaseModel):
    """One EHR of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    iss: Filled
    name: Filled | None = None
    below: bool = False
    client_id: Filled
    auth: Auth = "public"
    key: Filled | None = None
    secret_variable: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = None
    authorization: list[Filled] = []
    frames: list[Filled] = []


class RegistryEntry(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuers: Annotated[list[IssuerEntry], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Issuer:
    """One EHR that may launch the app.

    ``below`` says that FHIR servers below ``iss`` may too, as sandboxes make them. ``authorization`` are the URL prefixes below
    which its endpoints may lie, its own origin first. ``frames`` are the sites that may show the app in a frame. ``key`` or
    ``secret`` is how the app shows that it is the client, if it has to.
    """

    iss: str
    name: str
    below: bool
    client_id: str
    auth: Auth
    authorization: tuple[str, ...]
    frames: tuple[str, ...] = ()
    key: Key | None = None
    secret: str = ""

    def covers(self, address: Address) -> bool:
        """Tell whether a FHIR server's address is this EHR's."""
        own = read_prefix(self.iss)
        return address.within(own) and (self.below or len(address.segments) == len(own.segments))


@dataclass(frozen=True, slots=True)
class Registry:
    """All EHRs that may launch the app."""

    issuers: tuple[Issuer, ...]

    def find(self, iss: str) -> Issuer | None:
        """Return the EHR whose FHIR server this is.

        None for an address that the file does not have, or that cannot be read plainly.
        """
        try:
            address = read_prefix(iss)
        except ValueError:
            return None
        found = [issuer for issuer in self.issuers if issuer.covers(address)]
        return max(found, key=lambda issuer: len(issuer.iss), default=None)

    def keys(self) -> list[dict[str, object]]:
        """Return the public halves of the app's keys, as a JWK set."""
        held = {issuer.key.kid: issuer.key for issuer in self.issuers if issuer.key}
        return [{**key.as_dict(private=False), "use": "sig", "alg": algorithm(key), "key_ops": ["verify"]} for key in held.values()]


def algorithm(key: Key) -> str:
    """Return the algorithm that a key signs by."""
    return ALGORITHMS.get(str(key.as_dict(private=False).get("crv")), "RS384")


def read_registry(path: Path, secrets: Secrets, *, development: bool = False) -> Registry:
    """Read the file of EHRs.

    Raises ContentError with everything that is wrong in it. ``secrets`` finds those that it names. ``development`` allows
    http; the guard of outbound calls still keeps that to this machine.
    """
    file = YamlFile(path, path.name)
    entry = file.read_as(RegistryEntry)
    problems: list[Problem] = []
    issuers: list[Issuer] = []
    seen: dict[Address, int] = {}
    for number, one in enumerate(entry.issuers):
        place: Place = ("issuers", number)
        found = list(_problems(file, place, one, "http" if development else "https"))
        key, wrong = _key(file, (*place, "key"), one, path.parent)
        secret, missing = _secret(file, place, one, secrets)
        found += wrong + missing
        if not found:
            address = read_prefix(one.iss)
            if address in seen:
                found.append(file.problem((*place, "iss"), "this FHIR server stands here twice; one entry for each is meant"))
            seen[address] = number
            issuers.append(_issuer(one, key, secret))
        problems += found
    if problems:
        raise ContentError(problems)
    return Registry(tuple(issuers))


def _issuer(one: IssuerEntry, key: Key | None, secret: str) -> Issuer:
    iss = one.iss.rstrip("/")
    own = "/".join(iss.split("/")[:3])
    named = tuple(prefix.rstrip("/") for prefix in one.authorization)
    frames = tuple(site.rstrip("/") for site in one.frames)
    return Issuer(iss, one.name or own, one.below, one.client_id, one.auth, (own, *named), frames, key, secret)


def _problems(file: YamlFile, place: Place, one: IssuerEntry, least: str) -> Iterator[Problem]:
    """Yield what the grammar cannot say is wrong with one EHR."""
    yield from _of_url(file, (*place, "iss"), one.iss, least)
    for number, prefix in enumerate(one.authorization):
        yield from _of_url(file, (*place, "authorization", number), prefix, least)
    for number, site in enumerate(one.frames):
        at = (*place, "frames", number)
        wrong = list(_of_url(file, at, site, least))
        if not wrong and any(read_prefix(site).segments):
            wrong = [file.problem(at, "'frames': a site is meant, as https://ehr.example, without a path")]
        yield from wrong
    if one.auth != "private_key_jwt" and one.key:
        yield file.problem((*place, "key"), f"'key': a client with 'auth: {one.auth}' signs nothing; private_key_jwt does")
    if one.auth != "client_secret_basic" and one.secret_variable:
        yield file.problem((*place, "secret_variable"), f"'secret_variable': a client with 'auth: {one.auth}' has no secret")
    if one.auth == "private_key_jwt" and not one.key:
        yield file.problem(place, "'auth: private_key_jwt' needs 'key', the name of a JSON file beside this one with a private JWK")


def _of_url(file: YamlFile, place: Place, url: str, least: str) -> Iterator[Problem]:
    name = next(step for step in reversed(place) if isinstance(step, str))
    try:
        read_url(url)
        address = read_prefix(url)
    except ValueError as error:
        yield file.problem(place, f"'{name}': not a URL that may be called: {error}")
        return
    if address.scheme < least:
        yield file.problem(place, f"'{name}': https is required")


def _secret(file: YamlFile, place: Place, one: IssuerEntry, secrets: Secrets) -> tuple[str, list[Problem]]:
    """Find the secret that a client shows.

    Returns with it what is wrong; nothing of the secret is ever repeated.
    """
    if one.auth != "client_secret_basic":
        return "", []
    if not one.secret_variable:
        said = "'auth: client_secret_basic' needs 'secret_variable', the environment variable with the secret"
        return "", [file.problem(place, said)]
    try:
        secret = secrets(one.secret_variable)
    except ValueError as error:
        return "", [file.problem((*place, "secret_variable"), f"'secret_variable': {error}")]
    if len(secret) < SHORTEST_SECRET:
        said = f"'secret_variable': the environment has no such variable, or its secret is under {SHORTEST_SECRET} characters"
        return "", [file.problem((*place, "secret_variable"), said)]
    return secret, []


def _key(file: YamlFile, place: Place, one: IssuerEntry, folder: Path) -> tuple[Key | None, list[Problem]]:
    """Read the private key that a client signs by.

    Returns with it what is wrong; nothing of the key is ever repeated.
    """
    if not one.key or one.auth != "private_key_jwt":
        return None, []
    try:
        written = orjson.loads((folder / one.key).read_bytes())
    except OSError:
        return None, [file.problem(place, "'key': the file that it names cannot be read")]
    except orjson.JSONDecodeError:
        return None, [file.problem(place, "'key': the file that it names is not JSON")]
    if not isinstance(written, dict) or "d" not in written:
        return None, [file.problem(place, "'key': a private key as a JWK is meant, with its 'd'")]
    public = {name: value for name, value in written.items() if name in ("kty", "kid", "crv", "x", "y", "n", "e", "use")}
    try:
        public_key(public)
        key: Key = RSAKey.import_key(written) if written["kty"] == "RSA" else ECKey.import_key(written)
        _ = key.private_key
    except ValueError as error:
        return None, [file.problem(place, f"'key': {error}")]
    except (JoseError, TypeError, KeyError):
        return None, [file.problem(place, "'key': the key cannot be read")]
    if written.get("crv") == "P-521":
        return None, [file.problem(place, "'key': an RSA key, or an EC key on P-384 or P-256, is meant")]
    return key, []
