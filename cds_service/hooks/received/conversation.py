"""What one call settles of its answer's form.

That is the CRD version, and the configuration options that this service offers. An option that is not known is ignored;
one whose value is of the wrong type keeps its default, and the log names it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, Final

from cds_service.fhir.coverage_information import TEMPORARY, CrdVersion
from cds_service.hooks.received import all_hooks, order_sign
from cds_service.hooks.received.hook import Hook
from cds_service.hooks.received.messages import version_of
from cds_service.hooks.received.request import HookRequest
from cds_service.security.caller import NOWHERE, Caller, Home

log = logging.getLogger("cds_service")
CONFIGURATION: Final = "davinci-crd.configuration"
TOPICS: Final = "http://terminology.hl7.org/CodeSystem/cdshooks-card-type"
MOST_CARDS: Final = 20


@dataclass(frozen=True, slots=True)
class Option:
    """One configuration option, as discovery declares it.

    ``default`` holds where a call says nothing.
    """

    code: str
    name: str
    description: str
    default: bool | int = True

    def declared(self) -> dict[str, Any]:
        """Return the option as an entry of ``davinci-crd.configuration-options``."""
        kind = "boolean" if isinstance(self.default, bool) else "integer"
        return {
            "code": self.code,
            "type": kind,
            "name": self.name,
            "description": self.description,
            "default": self.default,
        }

    def fits(self, value: Any) -> bool:
        """Tell whether the option may have a value.

        The value must be true or false or, for a numeric option, a whole number that is not negative.
        """
        if isinstance(self.default, bool):
            return isinstance(value, bool)
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0


OPTIONS: Final = (
    Option(
        "coverage-info",
        "Coverage Information",
        "Whether coverage, prior authorization and documentation are asserted on the orders.",
    ),
    Option(
        "unsolicited-determ",
        "Unsolicited determinations",
        "Whether a prior authorization may be called satisfied before one is asked for.",
    ),
    Option(
        "guideline",
        "Guidelines",
        "Whether cards are returned that ask for what the applicable policy still needs, or refer to another policy.",
    ),
    Option(
        "off-guideline",
        "Off guideline",
        "Whether cards are returned for orders that the applicable policy does not support as documented.",
    ),
    Option(
        "therapy-alternatives-req",
        "Required alternatives",
        "Whether cards are returned that propose the order which the applicable policy names instead.",
    ),
    Option(
        "max-cards",
        "Maximum cards",
        "How many cards are returned at most, the most serious first.",
        MOST_CARDS,
    ),
    Option(
        "adaptive-forms",
        "Adaptive forms",
        "Whether the form that is named asks a few questions at a time and goes on as answers leave something open. "
        "Without it, and where the service keeps nothing to go on from, the form asks all that is open at once.",
        default=False,
    ),
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """The form that a call wants its answer in.

    ``hook_instance`` is the call's name in the log. ``home`` is where the ids hold that it names.
    """

    version: CrdVersion = "2.2"
    options: dict[str, bool | int] = field(default_factory=dict)
    hook_instance: str = ""
    hook: Hook = order_sign.HOOK
    home: Home = NOWHERE

    @property
    def early(self) -> bool:
        """Whether the orders are still being written.

        That is so for a hook that CRD calls secondary, which asks for no documentation.
        """
        return self.hook.early

    @property
    def drafting(self) -> bool:
        """Whether the reader of the cards writes the orders.

        Such a reader can take an order back or order something else instead.
        """
        return self.hook.drafting

    @property
    def topics(self) -> str:
        """The code system of card topics."""
        return TEMPORARY if self.version == "2.0.1" else TOPICS

    @property
    def most_cards(self) -> int:
        """The most cards that may be returned."""
        return int(self.options.get("max-cards", MOST_CARDS))

    @property
    def adaptive(self) -> bool:
        """Whether adaptive forms are wanted, and can be had."""
        return bool(self.options.get("adaptive-forms", False))

    def wants(self, code: str) -> bool:
        """Tell whether the call wants answers under an option or topic.

        What is no option is always wanted.
        """
        return bool(self.options.get(code, True))

    def associated(self, order: str) -> dict[str, Any]:
        """Return a card's extension that names the order it speaks of.

        The order is named by ``Type/id``; for an order inside another resource, that resource is named.
        """
        order = order.partition("#")[0]
        return {"davinci-crd.associated-resource": [order if self.version == "2.0.1" else {"reference": order}]}


def conversation_of(request: HookRequest[Any], configured: CrdVersion, caller: Caller, *, keeps: bool = False) -> Conversation:
    """Read what a request says of the answer's form.

    ``configured`` is the CRD version for requests that name none, ``caller`` who makes it. ``keeps`` tells that what the
    chart says is kept, without which no adaptive form goes on.
    """
    extension = request.extension or {}
    version = version_of(extension, configured)
    given = extension.get(CONFIGURATION)
    if given is not None and not isinstance(given, dict):
        _ignored(request, CONFIGURATION)
        given = None
    options: dict[str, bool | int] = {}
    for option in OPTIONS if given else ():
        value = (given or {}).get(option.code)
        if value is not None and not option.fits(value):
            _ignored(request, option.code)
        elif value is not None:
            options[option.code] = value
    if not keeps:
        options.pop("adaptive-forms", None)
    return Conversation(version, options, request.hook_instance, all_hooks()[request.hook], caller.home(request.fhir_server))


def _ignored(request: HookRequest[Any], option: str) -> None:
    extra = {"hook_instance": request.hook_instance, "option": option}
    log.warning("a configuration option has a value of the wrong type; its default is used", extra=extra)
