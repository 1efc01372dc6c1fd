"""The options of commands.

They are made of what the configuration says of each setting.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cds_service.configuration.configuration import Configuration
from cds_service.configuration.naming import said_of, variable


def option(name: str) -> Any:
    """Return the option of a setting.

    It has the setting's flag, its variable, and what it decides.
    """
    said, default = said_of(name), Configuration.model_fields[name].default
    otherwise = said.otherwise or (f"{default}" if default and default is not True else "")
    says = f"{said.says.rstrip('.')}; by default {otherwise}." if otherwise else said.says
    says += " May be repeated." if default == () else ""
    return typer.Option(said.flag, metavar=said.metavar or None, envvar=variable(name), help=says, show_default=False)


Host = Annotated[str | None, option("listen_address")]
Port = Annotated[int | None, option("listen_port")]
Workers = Annotated[int | None, option("workers")]
Pin = Annotated[bool | None, option("pin")]
ContentFolder = Annotated[Path | None, option("content")]
ClientsFile = Annotated[Path | None, option("clients")]
SmartFile = Annotated[Path | None, option("smart")]
Open = Annotated[bool | None, option("open")]
AllowOrigins = Annotated[list[str] | None, option("allow_origins")]
FhirServers = Annotated[list[str] | None, option("fhir_servers")]
PrivateNetworks = Annotated[list[str] | None, option("private_networks")]
CaBundle = Annotated[Path | None, option("ca_bundle")]
Development = Annotated[bool | None, option("development")]
PublicUrl = Annotated[str | None, option("public_url")]
Proxies = Annotated[list[str] | None, option("proxies")]
StoreUrl = Annotated[str | None, option("store")]
OperatorsPort = Annotated[int | None, option("operators_port")]
