"""``cds-service client``: a client's key and tokens, and trials.

It tries any CDS Hooks service as a client does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.text import Text

from cds_service.cli.terminal import refuse, to_stdout
from cds_service.content.content import shipped_content

if TYPE_CHECKING:
    from cds_service.client.tokens import Signer

client_commands = typer.Typer(
    name="client", help="Connect a client: its key, its tokens, and a trial of a service.", no_args_is_help=True
)

Key = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The client's private key (a JWK).")]
Issuer = Annotated[str, typer.Option("--issuer", metavar="URL", help="The client's name, as the service has it registered.")]
Tenant = Annotated[str, typer.Option("--tenant", help="The tenant that tokens name, where the service lists tenants.")]
Audience = Annotated[str, typer.Option("--audience", metavar="URL", help="The address that the token is for, as it is called.")]


@client_commands.command("key")
def key(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where both files are written.")],
    kid: Annotated[str, typer.Option("--kid", help="The name of the key; a new key has a new name.")] = "",
) -> None:
    """Write a new key for a client: the private one, which stays there, and the public one, to be registered."""
    from cds_service.client.tokens import PRIVATE, make_key  # noqa: PLC0415 - cryptography, of no use to the other commands

    try:
        folder.mkdir(parents=True, exist_ok=True)
        private, public = make_key(folder, kid or datetime.now(UTC).strftime("%Y-%m-%d"))
    except FileExistsError:
        refuse(f"{folder / PRIVATE}: there is a key already; a new one goes into another folder")
    except OSError as error:
        refuse(f"{folder}: nothing can be written there: {error.strerror}")
    to_stdout().print(f"{private}: the private key; keep it\n{public}: the public key; register it", soft_wrap=True)


@client_commands.command("token")
def token(
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The client's private key (a JWK).")],
    issuer: Issuer,
    audience: Audience,
    seconds: Annotated[int, typer.Option(min=1, max=3600, help="Seconds for which it is good.")] = 300,
    tenant: Tenant = "",
) -> None:
    """Print a token for one call, good for a few minutes."""
    typer.echo(_signer(key, issuer).token(audience, datetime.now(UTC), seconds=seconds, tenant=tenant))


@client_commands.command("try")
def try_(
    url: Annotated[str, typer.Argument(metavar="URL", help="The service's address; /cds-services is added where it is missing.")],
    request: Annotated[
        Path | None, typer.Option("--request", metavar="FILE", help="An order-sign request to send; by default an example.")
    ] = None,
    key: Key = None,
    issuer: Issuer = "",
    tenant: Tenant = "",
    fhir_server: Annotated[str, typer.Option("--fhir-server", metavar="URL", help="FHIR server from which prefetch is read.")] = "",
    fhir_token: Annotated[
        str, typer.Option("--fhir-token", envvar="FHIR_TOKEN", help="Access token for it.", show_envvar=True)
    ] = "",
    patient: Annotated[str, typer.Option("--patient", metavar="ID", help="The patient's id there.")] = "",
    ca_bundle: Annotated[
        Path | None, typer.Option("--ca-bundle", metavar="FILE", help="Certificates (PEM) to trust in place of the public ones.")
    ] = None,
    feedback: Annotated[bool, typer.Option(help="Report on a card; what is reported is kept by the service.")] = True,
) -> None:
    """Try a service as a client does: discovery, prefetch, order-sign, feedback. Exit 1 when anything is wrong, said in words.

    With --fhir-server and --patient, prefetch is read from there as the service asks for it.
    """
    from cds_service.client.trial import ClientTrial, TrialServer  # noqa: PLC0415 - HTTP, of no use to the other commands

    if bool(key) != bool(issuer):
        refuse("a token needs both: --key, the private key, and --issuer, the name that the service has registered")
    if bool(fhir_server) != bool(patient):
        refuse("prefetch is read of a patient from a server: name both, --fhir-server and --patient")
    signer = _signer(key, issuer) if key else None
    address = url.rstrip("/") if url.rstrip("/").endswith("/cds-services") else f"{url.rstrip('/')}/cds-services"
    fhir = TrialServer(fhir_server, fhir_token) if fhir_server else None
    trial = ClientTrial(
        address,
        lambda audience: signer.token(audience, datetime.now(UTC), tenant=tenant) if signer else "",
        fhir,
        str(ca_bundle) if ca_bundle else None,
        feedback,
    )
    console, wrong = to_stdout(), 0
    for step, good, words in trial.told(_of(_read(request), patient)):
        wrong += good is False
        mark, colour = {True: ("ok", "green"), False: ("wrong", "bold red"), None: ("", "")}[good]
        console.print(Text.assemble((f"{mark:5} ", colour), f"{step}: {words}"), soft_wrap=True)
    if wrong:
        raise typer.Exit(1)


def _signer(key: Path, issuer: str) -> Signer:
    from cds_service.client.tokens import UnusableKey, signer_of  # noqa: PLC0415 - as above

    try:
        return signer_of(key, issuer)
    except UnusableKey as error:
        refuse(str(error))


def _read(file: Path | None) -> dict[str, Any]:
    root = shipped_content()
    inside = root / "examples"
    path = file or (inside if inside.is_dir() else root / "docs" / "examples") / "triplets.json"
    try:
        read = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        refuse(f"{path}: it cannot be read as JSON")
    if not isinstance(read, dict) or not isinstance(read.get("context"), dict):
        refuse(f"{path}: an order-sign request is meant, with a 'context'")
    return read


def _of(request: dict[str, Any], patient: str) -> dict[str, Any]:
    """Return the request as one of another patient."""
    if not patient:
        return request
    old = str(request["context"].get("patientId", ""))
    text = orjson.dumps(request["context"]).replace(f'"Patient/{old}"'.encode(), f'"Patient/{patient}"'.encode())
    return request | {"context": orjson.loads(text) | {"patientId": patient}, "prefetch": {}}
