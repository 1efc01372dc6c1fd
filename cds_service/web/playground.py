"""The playground: an order and a chart that a person makes up.

They are answered at once and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, Final

import orjson
from flask import Blueprint, Response, abort, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from cds_service.content.content import Content
from cds_service.fhir.resource_types import KEYS
from cds_service.hooks.settings import Settings
from cds_service.policy.model import Policy
from cds_service.web.code_lists import CodeLists
from cds_service.web.examples import Examples
from cds_service.web.in_force import held_policy
from cds_service.web.pasted import as_call
from cds_service.web.pressed import Pressed, pressed
from cds_service.web.search import PolicySearch
from cds_service.web.sending import made_ahead, packed
from cds_service.web.try_fields import groups
from cds_service.web.try_form import HOW, PRIORITIES, RESOURCES, TryForm, empty_form, order_codes, typed_form
from cds_service.web.try_order import Chosen, named_order, other_policy, placed_order, still_asked, switched, understood
from cds_service.web.try_request import Mistyped, Slip, request_for
from cds_service.web.try_view import Answered, answered

LARGEST_FORM: Final = 2 * 1024 * 1024
"""The most bytes of a form, and so of a pasted request."""
TOO_LARGE: Final = (
    f"What was sent is larger than the {LARGEST_FORM // 1024 // 1024} MiB that this page takes; post it to the service itself."
)
OPENS_WITH: Final = ("carelon/prenatal-cfdna-screening", "Triplets")
"""The policy and the example that the README shows first.

Where they are not held, the playground opens on the first policy with an empty chart.
"""
KEPT: Final = 64
"""How many pages of a policy, version and example are kept."""


@dataclass(frozen=True, slots=True)
class Playground:
    """What the playground needs of the service."""

    content: Content
    settings: Settings
    today: Callable[[], date]
    lists: CodeLists
    examples: Examples
    search: PolicySearch
    _made: Callable[[str, str, str, date, str, str], bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make room for the pages that are kept."""
        object.__setattr__(self, "_made", lru_cache(maxsize=KEPT)(self._make))

    def make_ahead(self, policy: Policy) -> None:
        """Make the page on which a policy is tried.

        The caller must be within a request of the application.
        """
        if policy in _playable(self.content):
            names = [OPENS_WITH[1]] if policy.id == OPENS_WITH[0] else []
            for name in ("", *names):
                self._made(policy.id, policy.version.isoformat(), name, self.today(), self._address(), request.script_root)

    def chosen(self) -> Response | str:
        """Return the page for what the address chooses.

        The address names an order in words, or a policy with its version and an example.
        """
        named = request.args
        if words := named.get("order", "").strip()[:200]:
            return self._in_words(words)
        policy_id, example = named.get("policy", ""), named.get("example", "")
        if not policy_id and held_policy(self.content, OPENS_WITH[0], ""):
            policy_id, example = OPENS_WITH
        policy = held_policy(self.content, policy_id, named.get("version", "")) or held_policy(self.content, policy_id, "")
        if policy_id and (policy is None or policy.subject != "order"):
            abort(404)
        policy = policy or next(iter(_playable(self.content)), None)
        if policy is None:
            abort(404)
        known = self.examples.form(policy, example) is not None
        made = (policy.id, policy.version.isoformat(), example if known else "", self.today(), self._address(), request.script_root)
        return made_ahead(self._made(*made))

    def tried(self) -> tuple[str, int]:
        """Return the page for what was sent, with its HTTP status.

        Sent was a form, or a request of the person's own. A script that sends the header ``X-Fragment: answer`` gets
        the answer alone.
        """
        fragment = request.headers.get("X-Fragment") == "answer"
        request.max_content_length = request.max_form_memory_size = LARGEST_FORM
        try:
            sent = request.form
        except RequestEntityTooLarge:
            return render_template("answer.html" if fragment else "pasted.html", too_large=TOO_LARGE, pasted=""), 413
        if "request" in sent:
            return self._pasted(sent, fragment=fragment)
        policy = held_policy(self.content, sent.get("policy", ""), sent.get("version", ""))
        if policy is None or policy.subject != "order":
            abort(404)
        form, read = understood(typed_form(sent, policy), self.search, self.today())
        elsewhere = other_policy(form, self.content)
        if elsewhere and not fragment:
            named = elsewhere.said
            form = replace(form, policy=elsewhere.policy, example="", facts=still_asked(form, elsewhere.policy, self.content))
            return self._page(form, sent=sent, notes=(*read, f"{named} Its fields are shown now.")), 200
        return self._page(form, sent=sent, fragment=fragment, notes=read, elsewhere=elsewhere), 200

    def _make(self, policy_id: str, version: str, example: str, today: date, address: str, _prefix: str) -> bytes:
        policy = held_policy(self.content, policy_id, version)
        if policy is None:
            raise LookupError(policy_id)
        form = (self.examples.form(policy, example) if example else None) or empty_form(policy, self.lists, today)
        return packed(self._page(form, notes=switched(form, today)))

    def _in_words(self, words: str) -> str:
        """Return the page for an order that is named in words.

        The words are a code, a drug, or a policy's title.
        """
        found = named_order(words, self.search, self.content, self.lists, self.today())
        if isinstance(found, Chosen):
            return self._page(found.form, notes=(found.said,), words=words)
        form = empty_form(_playable(self.content)[0], self.lists, self.today())
        return self._page(form, notes=(found,), words=words)

    def _pasted(self, sent: MultiDict[str, str], *, fragment: bool) -> tuple[str, int]:
        """Return the page for a pasted request, with its HTTP status.

        The request takes the place of the form.
        """
        text = sent.get("request", "").strip()
        call = as_call(text.encode("utf-8", "replace"))
        exchange = self._answered(call.body)
        press = _press(sent, call.body, exchange)
        if press and press.request:
            text = orjson.dumps(press.request, option=orjson.OPT_INDENT_2).decode()
            exchange = self._answered(text.encode())
        template = "answer.html" if fragment else "pasted.html"
        notes = (call.said,) if call.said else ()
        html = render_template(template, answered=exchange, pasted=text, press=press, notes=notes, of="paste")
        return html, exchange.status

    def _answered(self, body: bytes) -> Answered:
        """Answer a request; it is neither logged nor stored."""
        return answered(body, self.content, self.today(), self.settings, self._address())

    def _address(self) -> str:
        return self.settings.public_url or request.url_root.rstrip("/")

    def _page(
        self,
        form: TryForm,
        *,
        sent: Mapping[str, str] | None = None,
        fragment: bool = False,
        notes: tuple[str, ...] = (),
        elsewhere: Any = None,
        words: str = "",
    ) -> str:
        """Render the form with the answer to it, or the answer alone."""
        tried = self._try(form)
        press = _press(sent or {}, orjson.dumps(tried.request), tried.exchange) if tried.exchange else None
        if press and press.placed:
            form = replace(form, order=replace(form.order, **placed_order(press.placed)), example="")
            tried = self._try(form)
        shown = {
            "answered": tried.exchange,
            "slips": tried.slips,
            "instead": tried.instead,
            "form": form,
            "press": press,
            "notes": notes,
            "elsewhere": elsewhere,
            "of": "chart",
        }
        if fragment:
            return render_template("answer.html", **shown)
        policy = form.policy
        asked = tried.exchange.asks if tried.exchange else ()
        return render_template(
            "try.html",
            **shown,
            words=words,
            groups=groups(form, self.content, self.lists, asked),
            policies=_playable(self.content),
            versions=[held for held in _playable(self.content) if held.id == policy.id],
            examples=[one for one in self.examples.of(policy) if one.playable],
            codes=order_codes(policy, self.lists),
            kinds=_kinds(policy, self.content),
            payers=self.content.payers,
            hows=HOW,
            resources=RESOURCES,
            priorities=PRIORITIES,
            wrong={slip.field for slip in tried.slips},
        )

    def _try(self, form: TryForm) -> _Tried:
        try:
            imagined = request_for(form, self.content)
        except Mistyped as error:
            return _Tried(slips=error.slips)
        return _Tried(imagined.request, self._answered(orjson.dumps(imagined.request)), instead=imagined.answered)


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of asking with a form.

    It is the request that the form makes and its answer, or the fields that cannot be read.
    """

    request: Mapping[str, Any] = field(default_factory=dict)
    exchange: Answered | None = None
    slips: tuple[Slip, ...] = ()
    instead: tuple[str, ...] = ()


def add_playground(pages: Blueprint, playground: Playground) -> None:
    """Add the playground to the pages."""
    pages.add_url_rule("/try", "try_", playground.chosen)
    pages.add_url_rule("/try", "tried", playground.tried, methods=["POST"])


def _press(sent: Mapping[str, str], body: bytes, exchange: Answered) -> Pressed | None:
    name, override = sent.get("press", ""), sent.get("override", "")
    return pressed(orjson.loads(body), exchange.plain, name, override) if (name or override) and exchange.plain else None


def _playable(content: Content) -> list[Policy]:
    """Return every version of the policies of orders, by title.

    Drafts are left out.
    """
    ready = [p for p in content.policies if p.subject == "order" and p.status != "draft"]
    return sorted(ready, key=lambda p: (p.title, -p.version.toordinal()))


def _kinds(policy: Policy, content: Content) -> list[str]:
    """Return the resource types that the policy's facts are searched in."""
    wanted = {need.resource for need in content.catalogue.needs(policy.facts)}
    return sorted(wanted & set(KEYS.values()) - {"Patient"})
