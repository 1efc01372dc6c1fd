"""The playground: an order and a chart as a person makes them up, answered at once and kept nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import orjson
from flask import Blueprint, abort, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from cds_service.content import Content
from cds_service.fhir.resource_types import KEYS
from cds_service.hooks.answer import Settings
from cds_service.policy.model import Policy
from cds_service.web.code_lists import CodeLists
from cds_service.web.try_form import HOW, PRIORITIES, RESOURCES, TryForm, empty_form, example_form, fields, order_codes, typed_form
from cds_service.web.try_request import Mistyped, Slip, request_for
from cds_service.web.try_view import Answered, answered
from cds_service.web.vignette_shelf import VignetteShelf

LARGEST_FORM = 2 * 1024 * 1024
"""Bytes of a form, and so of a pasted request."""
TOO_LARGE = (
    f"What was sent is larger than the {LARGEST_FORM // 1024 // 1024} MiB that this page takes; post it to the service itself."
)


@dataclass(frozen=True, slots=True)
class Playground:
    """What the playground needs of the service."""

    content: Content
    settings: Settings
    today: Callable[[], date]
    lists: CodeLists
    shelf: VignetteShelf

    def chosen(self) -> str:
        """The page for what the address chooses: a policy, its version, an example."""
        named = request.args
        policy = held_policy(self.content, named.get("policy", ""), named.get("version", ""))
        policy = policy or held_policy(self.content, named.get("policy", ""), "")
        if named.get("policy") and (policy is None or policy.subject != "order"):
            abort(404)
        policy = policy or next(iter(_playable(self.content)), None)
        if policy is None:
            abort(404)
        vignette = self.shelf.named(policy, named.get("example", ""))
        fits = vignette is not None and not vignette.own_lists  # a plan's own lists are not held here
        return self.page(example_form(vignette) if vignette and fits else empty_form(policy, self.lists, self.today()))

    def tried(self) -> tuple[str, int]:
        """The page for what was sent: a form, or a request of one's own. A script asks for the answer alone."""
        fragment = request.headers.get("X-Fragment") == "answer"
        request.max_content_length = request.max_form_memory_size = LARGEST_FORM
        try:
            sent = request.form
        except RequestEntityTooLarge:
            return render_template("answer.html" if fragment else "pasted.html", too_large=TOO_LARGE, pasted=""), 413
        pasted = sent.get("request", "").strip()
        if "request" in sent:
            exchange = self.answered(pasted.encode("utf-8", "replace"))
            return render_template("answer.html" if fragment else "pasted.html", answered=exchange, pasted=pasted), exchange.status
        policy = held_policy(self.content, sent.get("policy", ""), sent.get("version", ""))
        if policy is None or policy.subject != "order":
            abort(404)
        return self.page(typed_form(sent, policy), fragment=fragment), 200

    def answered(self, body: bytes) -> Answered:
        """The answer to a request; neither logged nor stored."""
        return answered(body, self.content, self.today(), self.settings, request.host_url.rstrip("/"))

    def page(self, form: TryForm, *, fragment: bool = False) -> str:
        """The form with the answer to it, or the answer alone."""
        exchange: Answered | None = None
        slips: tuple[Slip, ...] = ()
        instead: tuple[str, ...] = ()
        try:
            imagined = request_for(form, self.content)
        except Mistyped as error:
            slips = error.slips
        else:
            exchange, instead = self.answered(orjson.dumps(imagined.request)), imagined.answered
        if fragment:
            return render_template("answer.html", answered=exchange, slips=slips, instead=instead, form=form)
        policy = form.policy
        return render_template(
            "try.html",
            form=form,
            fields=fields(form, self.content, self.lists),
            policies=_playable(self.content),
            versions=[held for held in _playable(self.content) if held.id == policy.id],
            examples=[one for one in self.shelf.of(policy) if not one.own_lists],
            codes=order_codes(policy, self.lists),
            kinds=_kinds(policy, self.content),
            payers=self.content.payers,
            hows=HOW,
            resources=RESOURCES,
            priorities=PRIORITIES,
            answered=exchange,
            slips=slips,
            wrong={slip.field for slip in slips},
            instead=instead,
        )


def add_playground(pages: Blueprint, playground: Playground) -> None:
    """Hangs the playground up among the pages."""
    pages.add_url_rule("/try", "try_", playground.chosen)
    pages.add_url_rule("/try", "tried", playground.tried, methods=["POST"])


def held_policy(content: Content, policy_id: str, version: str) -> Policy | None:
    """A version of a policy by its date, the latest when none is named; None when none is held."""
    held = sorted((p for p in content.policies if p.id == policy_id), key=lambda p: p.version)
    return next((p for p in held if p.version.isoformat() == version), None) if version else next(iter(held[::-1]), None)


def _playable(content: Content) -> list[Policy]:
    """The policies of orders that are in force, each version, by title."""
    ready = [p for p in content.policies if p.subject == "order" and p.status != "draft"]
    return sorted(ready, key=lambda p: (p.title, -p.version.toordinal()))


def _kinds(policy: Policy, content: Content) -> list[str]:
    """The resource types that the policy's facts are searched in."""
    wanted = {need.resource for need in content.catalogue.needs(policy.facts)}
    return sorted(wanted & set(KEYS.values()) - {"Patient"})
