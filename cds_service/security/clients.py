"""The clients file.

It says who may call, how their tokens are verified, and which FHIR servers are read for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cds_service.content_files.problems import ContentError, Problem
from cds_service.content_files.yaml_file import Place, YamlFile
from cds_service.security.addresses import Network, private_network
from cds_service.security.public_keys import Key, entries, public_key
from cds_service.security.urls import read_prefix, read_url

Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClientEntry(_Entry):
    """One client: its issuer, its keys, and what it may do.

    ``keys`` stand in place or in a file; without them, keys are those at ``jku``.
    """

    issuer: Annotated[Filled, Field(max_length=255)]
    jku: Filled | None = None
    keys: Any = None
    fhir_servers: list[Filled] = []
    private_networks: list[Filled] = []
    replay: Literal["refuse", "allow"] = "refuse"
    tenants: list[Filled] = []


class ClientsEntry(_Entry):
    """A clients file."""

    discovery: Literal["open", "protected"] = "open"
    clients: Annotated[list[ClientEntry], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Client:
    """One client that may call.

    ``keys`` are pinned keys by id; where there are any, ``jku`` is what its tokens name, and is never fetched. Its servers
    may stand in its ``private_networks``. No ``tenants`` means any.
    """

    issuer: str
    jku: str | None
    keys: dict[str, Key]
    fhir_servers: tuple[str, ...]
    replay_allowed: bool
    tenants: frozenset[str]
    private_networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Clients:
    """All clients by issuer, and whether discovery needs a token too."""

    by_issuer: dict[str, Client]
    discovery_protected: bool


def read_clients(path: Path, *, development: bool = False) -> Clients:
    """Read a clients file.

    Raises ContentError with everything that is wrong with it. ``development`` allows http URLs; the guard of outbound
    calls still keeps them to this machine.
    """
    file = YamlFile(path, path.name)
    problems: list[Problem] = []
    try:
        entry = file.read_as(ClientsEntry)
    except ContentError as error:
        problems += error.problems
    pinned: list[dict[str, Key]] = []
    seen: set[str] = set()
    listed = file.data.get("clients")
    for position, raw in enumerate(listed if isinstance(listed, list) else []):
        place: Place = ("clients", position)
        pinned.append({})
        if not isinstance(raw, dict):
            continue
        problems += _raw_problems(file, place, raw, seen, "http" if development else "https")
        if raw.get("keys") is not None:
            pinned[-1], found = _pinned(file, place, raw["keys"], path.parent)
            problems += found
    if problems:
        raise ContentError(problems)
    made = (
        Client(
            c.issuer,
            c.jku,
            keys,
            tuple(c.fhir_servers),
            c.replay == "allow",
            frozenset(c.tenants),
            tuple(map(private_network, c.private_networks)),
        )
        for c, keys in zip(entry.clients, pinned, strict=True)
    )
    return Clients({client.issuer: client for client in made}, entry.discovery == "protected")


def _raw_problems(file: YamlFile, place: Place, raw: dict[str, Any], seen: set[str], least: str) -> Iterator[Problem]:
    """Yield what is wrong with a client that the grammar cannot say."""
    issuer = raw.get("issuer")
    if isinstance(issuer, str):
        if issuer in seen:
            yield file.problem((*place, "issuer"), "the issuer stands here twice; one entry for each is meant")
        seen.add(issuer)
    if raw.get("jku") is None and raw.get("keys") is None:
        yield file.problem(place, "a client has 'keys', the keys themselves, or 'jku', the URL that they are fetched from")
    if isinstance(raw.get("jku"), str):
        yield from _url_problems(file, (*place, "jku"), raw["jku"], least, prefix=False)
    servers = raw.get("fhir_servers")
    for number, server in enumerate(servers if isinstance(servers, list) else []):
        if isinstance(server, str):
            yield from _url_problems(file, (*place, "fhir_servers", number), server, least, prefix=True)
    networks = raw.get("private_networks")
    for number, network in enumerate(networks if isinstance(networks, list) else []):
        try:
            private_network(str(network))
        except ValueError as error:
            yield file.problem((*place, "private_networks", number), f"'private_networks': {network}: {error}")


def _url_problems(file: YamlFile, place: Place, url: str, least: str, *, prefix: bool) -> Iterator[Problem]:
    try:
        address = read_prefix(url) if prefix else read_url(url)
    except ValueError as error:
        yield file.problem(place, f"'{place[2]}': not a URL that may be called: {error}")
        return
    if address.scheme < least:
        yield file.problem(place, f"'{place[2]}': https is required")


def _pinned(file: YamlFile, place: Place, keys: Any, folder: Path) -> tuple[dict[str, Key], list[Problem]]:
    """Read the pinned keys of one client.

    They stand in place, or in a JSON file beside the clients file. Returns the keys by id, and the problems.
    """
    place, beside = (*place, "keys"), isinstance(keys, str)
    if isinstance(keys, str):
        try:
            keys = orjson.loads((folder / keys).read_bytes())
        except OSError:
            return {}, [file.problem(place, "'keys': the file that it names cannot be read")]
        except orjson.JSONDecodeError:
            return {}, [file.problem(place, "'keys': the file that it names is not JSON")]
    try:
        found = entries(keys)
    except ValueError as error:
        return {}, [file.problem(place, f"'keys': {error}")]
    known: dict[str, Key] = {}
    problems = [] if found else [file.problem(place, "'keys': there is no key in it")]
    for position, entry in enumerate(found):
        at = place if beside else (*place, "keys", position)
        try:
            kid, key = public_key(entry)
        except ValueError as error:
            problems.append(file.problem(at, f"key {position + 1}: {error}"))
            continue
        if known.setdefault(kid, key) is not key:
            problems.append(file.problem(at, f"key {position + 1}: another key has the same 'kid'"))
    return known, problems
