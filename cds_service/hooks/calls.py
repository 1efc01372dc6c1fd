"""A hook's call, from its bytes to those of its reply.

It is the same for whichever server received the call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from time import perf_counter
from typing import Final

import orjson

from cds_service.content.content import Content
from cds_service.hooks import account
from cds_service.hooks.answer import ManyOrders, Turn, answer
from cds_service.hooks.answered.replies import JSON, Reply, failure, refusal, too_deep
from cds_service.hooks.discovery import SERVICE_ID
from cds_service.hooks.gathered.client_server import ClientServers
from cds_service.hooks.received.faults import Unusable
from cds_service.hooks.settings import Settings
from cds_service.security.caller import NOBODY, Caller
from cds_service.store.store import Store

ROUTE: Final = "/cds-services/<service>"
"""The route of a call.

The log and the metrics name it until the hook is known.
"""
FEW: Final = 4
"""The most orders judged between two turns of the event loop.

Each takes less than a millisecond as a rule.
"""


@dataclass(frozen=True, slots=True)
class Calls:
    """What answers calls over a content.

    ``today`` tells the day of a call. Decisions go to ``store``; what is missing is read through ``servers``. ``clock``
    tells the time in seconds, by which the length of a call is measured.
    """

    content: Content
    settings: Settings
    today: Callable[[], date]
    store: Store | None = None
    servers: ClientServers | None = None
    clock: Callable[[], float] = perf_counter

    def reply(self, body: bytes, caller: Caller = NOBODY, service: str = SERVICE_ID, most: int | None = None) -> Reply:
        """Reply to one call of a service.

        A fault of the request, or of ours, is a reply too. Raises only ManyOrders, for more than ``most`` orders.
        """
        try:
            turn = Turn(self.clock, None, most)
            answered = answer(body, self.content, self.today(), self.settings, self.store, caller, self.servers, service, turn)
            return Reply(200, JSON, orjson.dumps(answered))
        except ManyOrders:
            raise
        except Unusable as error:
            return refusal(error)
        except RecursionError:
            return too_deep()
        except Exception as error:
            return failure(error, ROUTE)

    def at_once(self, body: bytes, service: str = SERVICE_ID) -> Reply | None:
        """Reply to a small call of anyone at once, without a thread.

        The call gets its log line and its place in the metrics. Returns None, and records nothing, where the call holds
        more than a few orders or would wait for the decision log: such a call is worth a thread of its own.
        """
        if self.store and self.store.crowded:
            return None
        account.begin(f"POST {ROUTE}")
        try:
            reply = self.reply(body, service=service, most=FEW)
        except ManyOrders:
            account.forget()
            return None
        account.end(reply.status, len(body))
        return reply
