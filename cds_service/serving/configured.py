"""What a configuration comes to.

That is the content, the settings of the hooks, and whether anything in it cannot be used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds_service.configuration.configuration import Configuration
from cds_service.configuration.naming import called, secret_named
from cds_service.hooks.answered.decision_links import SHORTEST_SECRET
from cds_service.hooks.received.messages import VERSIONS
from cds_service.hooks.settings import Settings
from cds_service.serving.origins import origins_of
from cds_service.serving.prefix import named_proxies, prefix_of

if TYPE_CHECKING:
    from cds_service.smart.registry import Registry


def settings_of(configuration: Configuration) -> Settings:
    """Make the settings of the hooks.

    Raises ValueError for a CRD version that is not spoken, and for a secret that could be guessed.
    """
    if configuration.crd_version not in VERSIONS:
        known = ", ".join(VERSIONS)
        raise ValueError(f"{called('crd_version')}: {configuration.crd_version} is no CRD version spoken here; {known} are")
    secret = configuration.link_secret
    if secret and len(secret) < SHORTEST_SECRET:
        raise ValueError(f"{called('link_secret')}: it signs links, so it is at least {SHORTEST_SECRET} random characters")
    return Settings(
        crd_version=VERSIONS[configuration.crd_version],
        log_values=configuration.log_values,
        keep_comments=configuration.keep_comments,
        public_url=configuration.public_url,
        link_secret=secret,
        strict=configuration.strict,
        seconds=configuration.call_seconds,
        context_days=configuration.context_days,
        least_prefetch=configuration.prefetch == "least",
    )


def registry_of(configuration: Configuration) -> Registry | None:
    """Read the EHRs that may launch the SMART app.

    The configuration names their file; where it names none, there are none. Raises ContentError.
    """
    if configuration.smart is None:
        return None
    from cds_service.smart.registry import read_registry  # noqa: PLC0415 - ten megabytes of cryptography, of no use without EHRs

    return read_registry(configuration.smart, secret_named, development=configuration.development)


def check_configuration(configuration: Configuration) -> None:
    """Check what the fields of a configuration alone cannot say.

    Raises ValueError with a line for each field that cannot be used.
    """
    wrong = []
    for made in (settings_of, origins_of, prefix_of, named_proxies):
        try:
            made(configuration)
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("\n".join(wrong))
