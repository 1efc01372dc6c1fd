"""What the playground shows of one answer.

It shows cards as an EHR renders them, coverage-information, decisions, and the raw exchange.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Final

import orjson
from markdown_it import MarkdownIt
from markupsafe import Markup

from cds_service.content.content import Content
from cds_service.fhir.coverage_information import URL as COVERAGE_INFORMATION
from cds_service.hooks.account import unaccounted
from cds_service.hooks.answer import decide_request
from cds_service.hooks.discovery import service_id
from cds_service.hooks.received import order_sign
from cds_service.hooks.received.faults import RequestIssue, Unusable, operation_outcome
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.response import response_for
from cds_service.hooks.settings import Settings
from cds_service.web.finding_view import DecisionView, decision_view

MOST_ASKED: Final = 5
"""The most facts that are asked for at once.

The others could settle it another way.
"""


@dataclass(frozen=True, slots=True)
class CardView:
    """A card as an EHR renders it.

    ``detail`` is its Markdown as HTML that holds nothing active. Buttons are pairs of their label and their name: a
    suggestion's UUID, or the card's with a reason's code.
    """

    summary: str
    detail: Markup
    indicator: str
    source: str
    topic: str
    suggestions: tuple[tuple[str, str], ...]
    overrides: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """An exchange: what was sent and what came back.

    The same stands there for people. ``issues`` say why a request was refused.
    """

    request: str
    response: str
    curl: str
    status: int
    cards: tuple[CardView, ...] = ()
    decisions: tuple[DecisionView, ...] = ()
    coverage: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    issues: tuple[RequestIssue, ...] = ()
    plain: Mapping[str, Any] = field(default_factory=dict)
    """The response as it was read again."""

    @property
    def asks(self) -> tuple[str, ...]:
        """The facts that would settle what is open, the shortest way."""
        return tuple(dict.fromkeys(fact for decision in self.decisions for fact, _ in decision.asks))[:MOST_ASKED]


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    """Return a parser of GitHub's Markdown without HTML.

    HTML in a text is shown as it stands.
    """
    return MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")


def answered(body: bytes, content: Content, today: date, settings: Settings, address: str) -> Answered:
    """Answer a request as the service would, keeping nothing.

    ``address`` is the service's own, for the ``curl`` command.
    """
    shown = _pretty(body)
    service = f"{address}/cds-services/{service_id(order_sign.HOOK.name)}"
    curl = f"curl -s -H 'Content-Type: application/json' -d {shlex.quote(_compact(body))} {service}"
    try:
        with unaccounted():
            asked = parse_request(body, settings.crd_version)
            unnamed = asked.model_copy(update={"hook_instance": "playground"})  # log lines name the call
            decided = decide_request(unnamed, content, today, settings)
        raw = orjson.dumps(response_for(asked, body, decided, content, today, settings))
    except Unusable as error:
        return Answered(shown, _pretty(orjson.dumps(operation_outcome(error.issues))), curl, error.status, issues=error.issues)
    plain = orjson.loads(raw)
    return Answered(
        shown,
        _pretty(raw),
        curl,
        200,
        tuple(_card(card) for card in plain["cards"]),
        tuple(decision_view(case, decision, content) for case, decision in decided),
        tuple(_coverage(plain.get("systemActions", ()))),
        plain=plain,
    )


def _pretty(body: bytes) -> str:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def _compact(body: bytes) -> str:
    try:
        return orjson.dumps(orjson.loads(body)).decode()
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def _card(card: Mapping[str, Any]) -> CardView:
    source = card["source"]
    return CardView(
        card["summary"],
        Markup(_markdown().render(card.get("detail", ""))),  # noqa: S704 - rendered with HTML off
        card["indicator"],
        source["label"],
        source.get("topic", {}).get("display", ""),
        tuple((suggestion["label"], suggestion["uuid"]) for suggestion in card.get("suggestions", ())),
        tuple((reason["display"], f"{card['uuid']} {reason['code']}") for reason in card.get("overrideReasons", ())),
        tuple((link["label"], link["url"]) for link in card.get("links", ()) if link["url"].startswith(("https://", "http://"))),
    )


def _coverage(actions: Any) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    found = []
    for action in actions:
        resource = action["resource"]
        for extension in resource.get("extension", ()):
            if extension.get("url") == COVERAGE_INFORMATION:
                parts = tuple((part["url"], _said(part)) for part in extension.get("extension", ()))
                found.append((f"{resource['resourceType']}/{resource['id']}", parts))
    return found


def _said(part: Mapping[str, Any]) -> str:
    if "extension" in part:
        return "; ".join(f"{inner['url']}: {_said(inner)}" for inner in part["extension"])
    value = next((value for name, value in part.items() if name.startswith("value")), "")
    if isinstance(value, dict):
        codings = ", ".join(str(coding.get("code", "")) for coding in value.get("coding", ()))
        return str(value.get("text") or value.get("reference") or codings or value.get("code") or value.get("value") or "")
    return str(value)
