"""The configuration of a service, with every flag and every variable.

Each is defined once, in the fields here. The flags of ``cds-service serve``, the variables and the page
``docs/configuration.md`` are made of these fields.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from cds_service.configuration.normal_url import normal_url

PREFIX: Final = "CDS_SERVICE_"
"""The beginning of every variable's name."""
WHOLE: Final = "a whole number from 1 to 9999"


@dataclass(frozen=True, slots=True)
class Setting:
    """The description of one setting.

    ``says`` is what it decides, ``meant`` what may be written, ``flag`` how it is typed after ``serve`` (empty where it
    has only a variable), ``topic`` the part of the page it stands in, and ``otherwise`` what holds where nobody says
    anything, in words.
    """

    topic: str
    says: str
    meant: str
    flag: str = ""
    metavar: str = ""
    otherwise: str = ""


def _list(written: object) -> object:
    return tuple(written.split()) if isinstance(written, str) else written


def _normal(written: object) -> object:
    return normal_url(written) if isinstance(written, str) else written


Words = Annotated[tuple[str, ...], BeforeValidator(_list)]
"""Several values; in a variable they are separated by spaces."""
Number = Annotated[int, Field(ge=1, le=9999)]
Port = Annotated[int, Field(ge=1, le=65535)]
Secret = Annotated[str, Field(repr=False)]

WHERE, CONTENT, CALLERS, CALLED, PROXY, KEPT, OPERATORS, ANSWERS, BOUNDS = (
    "Where it listens",
    "What is held",
    "Who may call",
    "Whom it calls",
    "Behind a proxy",
    "What is kept",
    "For operators",
    "How it answers",
    "Limits",
)
TOPICS: Final = (WHERE, CONTENT, CALLERS, CALLED, PROXY, KEPT, OPERATORS, ANSWERS, BOUNDS)
"""The parts of the page, in its order."""


class Configuration(BaseModel):
    """What an operator decided, safe where nothing is said.

    A variable is ``CDS_SERVICE_`` and the field's name in capitals. The address and the port have ``LISTEN`` in theirs:
    Kubernetes sets ``CDS_SERVICE_HOST`` and ``CDS_SERVICE_PORT`` for a service that is called ``cds``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen_address: Annotated[
        str,
        Setting(WHERE, "Address to listen at; 0.0.0.0 is every IPv4 address of this machine.", "an address", "--host", "ADDRESS"),
    ] = "127.0.0.1"
    listen_port: Annotated[Port, Setting(WHERE, "Port to listen at.", "a port from 1 to 65535", "--port")] = 8080
    workers: Annotated[
        Number | None,
        Setting(
            WHERE,
            "Processes that answer.",
            WHOLE,
            "--workers",
            otherwise="one for each processor that it may use, or one alone where tokens are checked without a store",
        ),
    ] = None
    pin: Annotated[
        bool | None,
        Setting(
            WHERE,
            "Whether each worker keeps to a processor of its own.",
            "1 or 0",
            "--pin/--no-pin",
            otherwise="where there is a worker for each",
        ),
    ] = None

    content: Annotated[
        Path | None,
        Setting(
            CONTENT,
            "Folder with policies/, facts/ and value_sets/.",
            "a folder",
            "--content",
            "DIR",
            "the content that comes with the package",
        ),
    ] = None
    value_sets: Annotated[
        Path | None,
        Setting(CONTENT, "Folder of value sets that take the place of those of the same name.", "a folder", otherwise="none"),
    ] = None

    clients: Annotated[
        Path | None,
        Setting(CALLERS, "File of the clients that may call.", "a file", "--clients", "FILE", "anyone may who reaches it"),
    ] = None
    open: Annotated[
        bool,
        Setting(CALLERS, "Let anyone call who reaches an address that is not this machine's own.", "1 or 0", "--open"),
    ] = False
    smart: Annotated[
        Path | None,
        Setting(CALLERS, "File of the EHRs that may launch the SMART app.", "a file", "--smart", "FILE", "none"),
    ] = None
    allow_origins: Annotated[
        Words,
        Setting(
            CALLERS,
            "Site whose scripts in a browser may call (CORS), such as https://sandbox.cds-hooks.org; '*' is any, 'none' is none.",
            "origins, such as https://sandbox.cds-hooks.org",
            "--allow-origin",
            "ORIGIN",
            "pages of this machine where anyone may call and it listens to this machine alone, else none",
        ),
    ] = ()

    fhir_servers: Annotated[
        Words,
        Setting(CALLED, "FHIR server that an open service may read.", "URL prefixes", "--fhir-server", "PREFIX", "none"),
    ] = ()
    private_networks: Annotated[
        Words,
        Setting(
            CALLED,
            "Private network in which FHIR servers and key sets may stand, such as 10.20.0.0/16.",
            "networks, such as 10.20.0.0/16",
            "--private-network",
            "NETWORK",
            "none: the public internet alone is called",
        ),
    ] = ()
    ca_bundle: Annotated[
        Path | None,
        Setting(
            CALLED,
            "File of certificates (PEM) to trust in place of the public ones.",
            "a file",
            "--ca-bundle",
            "FILE",
            "the public ones",
        ),
    ] = None
    development: Annotated[bool, Setting(CALLED, "Allow calls to this machine, there by http too.", "1 or 0", "--development")] = (
        False
    )
    terminology_authorization: Annotated[
        Secret,
        Setting(
            CALLED, "Authorization header for the server of 'value-sets expand'.", "the whole header", otherwise="none is sent"
        ),
    ] = ""

    public_url: Annotated[
        str,
        BeforeValidator(_normal),
        Setting(
            PROXY,
            "What stands before /cds-services in the clients' calls; tokens are for it, pages link below its path.",
            "a URL",
            "--public-url",
            "URL",
            "the address that is called",
        ),
    ] = ""
    proxies: Annotated[
        Words,
        Setting(
            PROXY,
            "Address or network of a proxy whose X-Forwarded-Prefix counts.",
            "addresses or networks, such as 10.0.0.5",
            "--proxy",
            "ADDRESS",
            "the header is ignored",
        ),
    ] = ()

    store: Annotated[
        str | None,
        Field(repr=False),
        Setting(
            KEPT,
            "Database of decisions and feedback: sqlite:////folder/store.sqlite, postgresql://user@host/name, or 'none'.",
            "a URL",
            "--store",
            "URL",
            "a file in the user's data folder",
        ),
    ] = None
    log_values: Annotated[bool, Setting(KEPT, "Decisions keep their evidence with values and dates: patient data.", "1 or 0")] = (
        False
    )
    keep_comments: Annotated[bool, Setting(KEPT, "Feedback keeps the clinician's comment: it may be patient data.", "1 or 0")] = (
        False
    )

    context_days: Annotated[
        int,
        Field(ge=0, le=365),
        Setting(
            KEPT,
            "Days for which what charts say of orders that are asked about is kept, for their forms; 0 keeps nothing.",
            "a number of days from 0 to 365",
        ),
    ] = 30

    operators_port: Annotated[
        Port | None,
        Setting(
            OPERATORS,
            "Port of this machine alone, at which /metrics and /stats are told without a token.",
            "a port from 1 to 65535",
            "--operators-port",
            "PORT",
            "none",
        ),
    ] = None
    metrics_token: Annotated[
        Secret,
        Setting(
            OPERATORS,
            "Token with which /metrics and /stats are told at the service's port.",
            "a secret",
            otherwise="nobody is told",
        ),
    ] = ""

    crd_version: Annotated[
        str, Setting(ANSWERS, "Da Vinci CRD version of answers to clients that name none.", "2.0, 2.0.1 or 2.2")
    ] = "2.2"
    prefetch: Annotated[
        Literal["all", "least"],
        Setting(
            ANSWERS,
            "What discovery asks for by prefetch: 'all' that the policies read, or the 'least' that every call needs.",
            "'all' or 'least'",
        ),
    ] = "all"
    strict: Annotated[
        bool,
        Setting(
            ANSWERS,
            "Refuse an order with any fault, and a call without one recognised Coverage (CRD 2.2.1, hook-13).",
            "1 or 0",
        ),
    ] = False
    link_secret: Annotated[
        Secret,
        Setting(
            ANSWERS,
            "Signs the links of cards to their decision, with the public URL; the same for every machine.",
            "at least 32 random characters",
            otherwise="cards link no decision",
        ),
    ] = ""

    largest_body: Annotated[Number, Setting(BOUNDS, "Largest body of a request, in MiB.", WHOLE)] = 16
    body_seconds: Annotated[Number, Setting(BOUNDS, "Seconds that a body may take to arrive.", WHOLE)] = 10
    call_seconds: Annotated[Number, Setting(BOUNDS, "Seconds after which a call's orders are not judged.", WHOLE)] = 5


def said_of(name: str) -> Setting:
    """Return the description of a setting."""
    (found,) = [one for one in Configuration.model_fields[name].metadata if isinstance(one, Setting)]
    return found


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def in_environment(name: str) -> str:
    """Return the environment's value of one setting.

    For commands that need a single one, whatever the others are; empty where nothing is said.
    """
    return os.environ.get(variable(name), "")


def called(name: str) -> str:
    """Return a setting's name for a message: its variable and flag."""
    flag = said_of(name).flag
    return f"{variable(name)} ({flag})" if flag else variable(name)


def wrong(name: str) -> str:
    """Return the sentence for a value that cannot be used."""
    return f"{called(name)}: {said_of(name).meant} is meant"
