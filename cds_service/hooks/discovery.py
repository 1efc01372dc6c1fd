"""The services that clients discover.

There is one for each hook, with the prefetch that its orders need.
"""

from __future__ import annotations

from typing import Any

from cds_service.content.content import Content
from cds_service.hooks.gathered.prefetch import templates
from cds_service.hooks.received import all_hooks, order_sign
from cds_service.hooks.received.conversation import OPTIONS
from cds_service.hooks.received.hook import Hook
from cds_service.hooks.received.messages import VERSIONS

SERVICE_ID = "medical-policy"
"""The beginning of the ids of all services.

Alone it is an alias that discovery does not list: it serves every hook.
"""
_EARLY = f"Warns early of what is not supported and asks nothing yet: {order_sign.HOOK.name} does."
_WHOLE = "Says why and what is still missing, and cites the policy for every reason."
_SILENCE = (
    "Data that are not prefetched are read from fhirServer with the token of the call, where the service may read that server; "
    "else they count as not searched, and what rests on them is answered as not documented."
)
_NEEDED = "The orders themselves must be prefetched."


def service_id(hook: str) -> str:
    """Return the id of the service of a hook.

    Clients keep services by their address, so no two hooks share one.
    """
    return f"{SERVICE_ID}-{hook}"


HOOK_OF = {service_id(hook): hook for hook in all_hooks()}
"""The hook that each service is for, by the service's id."""
SERVICES = frozenset({SERVICE_ID, *HOOK_OF})
"""The ids that are answered: those listed, and the alias."""


DECLARED = tuple(version for version in VERSIONS if version.count(".") == 1)
"""The CRD versions spoken, as major.minor.

CRD's pattern for them leaves out ``2.0``, which its own text gives as the example.
"""


def discovery(content: Content, *, least: bool = False) -> dict[str, Any]:
    """Make the discovery document (`GET /cds-services`) for the content held.

    `hooks.json` is this document, checked in. With ``least``, prefetch asks only for what every call needs.
    """
    return {"services": [_service(hook, content, least) for hook in all_hooks().values()]}


def _service(hook: Hook, content: Content, least: bool) -> dict[str, Any]:
    return {
        "hook": hook.name,
        "id": service_id(hook.name),
        "title": hook.title,
        "description": (
            f"Says whether the plan's published medical policy supports {hook.supports}. {_EARLY if hook.early else _WHOLE}"
        ),
        "usageRequirements": f"{_NEEDED} {_SILENCE}" if hook.by_reference else _SILENCE,
        "version": "3.0.0",
        "prefetch": templates(content, hook, least=least),
        "extension": {
            "davinci-crd.version": list(DECLARED),
            "davinci-crd.configuration-options": [option.declared() for option in OPTIONS],
        },
    }
