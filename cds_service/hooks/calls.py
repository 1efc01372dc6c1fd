"""The call of a hook, from the bytes of its body to those of its reply: the same for whichever server received it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import orjson

from cds_service import telemetry
from cds_service.content import Content
from cds_service.hooks.answer import NOBODY, Settings, answer
from cds_service.hooks.client_server import ClientServers
from cds_service.hooks.messages import Unusable
from cds_service.hooks.prefetch import SERVICE_ID
from cds_service.hooks.replies import JSON, Reply, failure, refusal, too_deep
from cds_service.security.caller import Caller
from cds_service.store.store import Store

ROUTE: Final = "/cds-services/<service>"
"""The route of a call, as the log and the metrics name it before the hook is known."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Answers calls over a content. ``today`` tells the day of a call; decisions go to ``store``, what is missing is read through
    ``servers``."""

    content: Content
    settings: Settings
    today: Callable[[], date]
    store: Store | None = None
    servers: ClientServers | None = None

    def reply(self, body: bytes, caller: Caller = NOBODY, service: str = SERVICE_ID) -> Reply:
        """The reply to one call of a service. Never raises: a fault of the request or of ours is a reply too."""
        try:
            answered = answer(body, self.content, self.today(), self.settings, self.store, caller, self.servers, service)
            return Reply(200, JSON, orjson.dumps(answered))
        except Unusable as error:
            return refusal(error)
        except RecursionError:
            return too_deep()
        except Exception as error:
            return failure(error, ROUTE)

    def accounted(self, body: bytes, service: str = SERVICE_ID) -> Reply:
        """The reply to a call of anyone, with its log line and its place in the metrics."""
        telemetry.begin(f"POST {ROUTE}")
        reply = self.reply(body, service=service)
        telemetry.end(reply.status, len(body))
        return reply
