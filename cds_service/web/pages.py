"""The addresses of the pages, and the headers that keep anything but the service's own assets out of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache

from flask import Blueprint, Flask, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from cds_service.content import Content
from cds_service.hooks.answer import Settings
from cds_service.policy.model import Policy
from cds_service.store.store import Store
from cds_service.web.clock import Clock, now
from cds_service.web.code_lists import CodeLists
from cds_service.web.decision_page import add_decision_page
from cds_service.web.library_view import shelves
from cds_service.web.playground import Playground, add_playground, held_policy
from cds_service.web.policy_view import changes, criterion_row, fact_rows, presumptions, remark_row, rule_row, trees
from cds_service.web.search import PolicySearch
from cds_service.web.stats_page import add_stats_page
from cds_service.web.vignette_shelf import VignetteShelf
from cds_service.wording import effective, place_of, review

POLICIES = "cds_service pages"
"""The key of an application's extensions under which the policies of its pages stand."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Sent with every page: nothing but the service's own style sheet and script runs, whatever a text on the page says."""


def guarded(page: Response) -> Response:
    """A page with the headers that keep foreign content out of it."""
    for name, value in HEADERS.items():
        page.headers.setdefault(name, value)
    return page


def render_ahead(app: Flask) -> None:
    """Makes every policy's page before somebody asks for it; reading its vignettes takes the most of a second."""
    for id_, version in app.extensions[POLICIES]:
        payer, name = id_.split("/")
        with app.test_request_context():
            app.view_functions["web.policy"](payer=payer, policy=name, version=version)


def web_pages(
    content: Content, settings: Settings, today: Callable[[], date], store: Store | None = None, clock: Clock = now
) -> Blueprint:
    """The pages of a content. What they show of it is made once, when it is first asked for; what is typed is never kept."""
    pages = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
    lists, shelf = CodeLists(content), VignetteShelf(content)

    @lru_cache(maxsize=1)
    def search() -> PolicySearch:
        return PolicySearch(content, lists)

    @lru_cache(maxsize=512)
    def policy_html(policy_id: str, version: str) -> str | None:
        policy = held_policy(content, policy_id, version)
        return _policy_page(policy, content, lists, shelf) if policy else None

    pages.after_request(guarded)
    held_here = [(policy.id, policy.version.isoformat()) for policy in content.policies]
    pages.record_once(lambda state: state.app.extensions.__setitem__(POLICIES, held_here))

    @pages.get("/")
    def library() -> str:
        words = request.args.get("q", "").strip()[:200]
        found = search().find(words) if words else []
        return render_template("library.html", shelves=shelves(content, lists), words=words, found=found, content=content)

    @pages.get("/policies/<payer>/<policy>/")
    def latest(payer: str, policy: str) -> AnyResponse:
        held = held_policy(content, f"{payer}/{policy}", "")
        if held is None:
            abort(404)
        return redirect(url_for("web.policy", payer=payer, policy=policy, version=held.version))

    @pages.get("/policies/<payer>/<policy>/<version>")
    def policy(payer: str, policy: str, version: str) -> Response:
        html = policy_html(f"{payer}/{policy}", version)
        if html is None:
            abort(404)
        return Response(html)

    @pages.get("/value-sets/<id_>")
    def value_set(id_: str) -> str:
        held = lists.of(id_)
        if held is None:
            abort(404)
        users = [p for p in content.policies if id_ in p.order_sets or id_ in _value_sets(p, content)]
        return render_template("value_set.html", held=held, users=users)

    add_playground(pages, Playground(content, settings, today, lists, shelf))
    add_decision_page(pages, content, settings, store, clock)
    add_stats_page(pages, content, store, clock)
    return pages


def _value_sets(policy: Policy, content: Content) -> set[str]:
    named = {
        id_ for name in content.catalogue.closure(policy.facts) for s in content.catalogue[name].sources for id_ in s.value_sets()
    }
    return named | {c.test.written for c in policy.criteria() if hasattr(c, "test") and c.test.compare == "in"}


def _policy_page(policy: Policy, content: Content, lists: CodeLists, shelf: VignetteShelf) -> str:
    versions = sorted((held for held in content.policies if held.id == policy.id), key=lambda held: held.version)
    at = versions.index(policy)
    payers = {payer.id: payer.name for payer in content.payers}
    return render_template(
        "policy.html",
        policy=policy,
        payer=payers.get(policy.payer, policy.payer),
        effective=effective(policy),
        review=review(policy),
        order_lists=[held for held in map(lists.of, policy.order_sets) if held],
        rules=[rule_row(rule, policy, content) for rule in policy.settled_first],
        trees=trees(policy, content),
        facts=fact_rows(policy, content),
        presumptions=presumptions(policy),
        advice=[remark_row(r, policy, content) for r in (*policy.advice, *((policy.review_route,) if policy.review_route else ()))],
        authorization=[
            (remark_row(a.remark, policy, content), a.needed, criterion_row(a.when, policy, content) if a.when else None)
            for a in policy.authorization
        ],
        alternatives=[(other, place_of(other.cite, policy)) for other in policy.alternatives],
        vignettes=shelf.of(policy),
        versions=versions,
        changes=changes(versions[at - 1], policy, content) if at else [],
        before=versions[at - 1] if at else None,
    )
