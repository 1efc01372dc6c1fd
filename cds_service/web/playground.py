"""The playground: an order and a chart as a person makes them up, answered at once and kept nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import orjson
from flask import Blueprint, abort, render_template, request

from cds_service.content import Content
from cds_service.hooks.answer import Settings
from cds_service.policy.model import Policy
from cds_service.web.code_lists import CodeLists
from cds_service.web.try_form import Mistyped, TryForm, empty_form, example_form, fields, order_codes, request_for, typed_form
from cds_service.web.try_view import Answered, answered
from cds_service.web.vignette_shelf import VignetteShelf

LARGEST_FORM = 1024 * 1024
"""Characters of a pasted request."""


def add_playground(
    pages: Blueprint, content: Content, settings: Settings, today: Callable[[], date], lists: CodeLists, shelf: VignetteShelf
) -> None:
    """Hangs the playground up among the pages. It answers by the service's own steps, and neither logs nor stores."""

    @pages.get("/try")
    def try_() -> str:
        chosen = held_policy(content, request.args.get("policy", ""), request.args.get("version", "")) or next(
            iter(_playable(content)), None
        )
        if chosen is None:
            abort(404)
        vignette = shelf.named(chosen, request.args.get("example", ""))
        form = example_form(vignette) if vignette else empty_form(chosen, lists, today())
        return _playground(form)

    @pages.post("/try")
    def tried() -> str:
        fragment = request.headers.get("X-Fragment") == "answer"
        pasted = request.form.get("request", "").strip()
        if pasted:
            body = pasted[:LARGEST_FORM].encode()
            exchange = answered(body, content, today(), settings, request.host_url.rstrip("/"))
            return render_template("answer.html" if fragment else "pasted.html", answered=exchange, pasted=pasted, mistyped="")
        chosen = held_policy(content, request.form.get("policy", ""), request.form.get("version", ""))
        if chosen is None or chosen.subject != "order":
            abort(404)
        try:
            form = typed_form(request.form, tuple(request.form.getlist("unsent")), chosen, lists, today())
        except Mistyped as error:
            return _playground(empty_form(chosen, lists, today()), str(error), fragment)
        return _playground(form, fragment=fragment)

    def _playground(form: TryForm, mistyped: str = "", fragment: bool = False) -> str:
        exchange: Answered | None = None
        if not mistyped:
            try:
                body = orjson.dumps(request_for(form, content))
                exchange = answered(body, content, today(), settings, request.host_url.rstrip("/"))
            except Mistyped as error:
                mistyped = str(error)
        if fragment:
            return render_template("answer.html", answered=exchange, mistyped=mistyped)
        return render_template(
            "try.html",
            form=form,
            fields=fields(form, content),
            policies=_playable(content),
            examples=shelf.of(form.policy),
            codes=order_codes(form.policy, lists),
            kinds=_kinds(form.policy, content),
            answered=exchange,
            mistyped=mistyped,
        )


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
    return sorted({need.resource for need in content.catalogue.needs(policy.facts)} - {"Patient"})
