"""The pages with their addresses.

The library with its search, the policies and the value sets are made here; other modules add theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final

from flask import Blueprint, Flask, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from cds_service.content.content import Content
from cds_service.content.wording import effective, place_of, review
from cds_service.hooks.settings import Settings
from cds_service.policy.criterion import Check
from cds_service.policy.model import Policy
from cds_service.store.store import Store
from cds_service.web.clock import Clock, now
from cds_service.web.code_lists import CodeLists
from cds_service.web.decision_page import add_decision_page
from cds_service.web.examples import Examples
from cds_service.web.in_force import held_policy, publisher
from cds_service.web.library_view import shelves
from cds_service.web.playground import Playground, add_playground
from cds_service.web.policy_changes import changes
from cds_service.web.policy_view import PolicyView, order_lists
from cds_service.web.search import PolicySearch
from cds_service.web.sending import add_assets, asset_address, guarded, made_ahead, packed
from cds_service.web.stats_page import add_stats_page

NAME: Final = "Coverage criteria"
"""What the pages are called.

People read it; programs know the service by the name of its package.
"""
AHEAD: Final = "cds_service pages"
"""The key in Flask's ``app.extensions`` of the function that makes pages ahead."""


def render_ahead(app: Flask) -> None:
    """Make policy pages and playground forms before somebody asks for them.

    Reading a policy's vignettes takes the most of a second, and so nobody waits for it.
    """
    app.extensions[AHEAD](app)


def web_pages(
    content: Content,
    settings: Settings,
    today: Callable[[], date],
    store: Store | None = None,
    clock: Clock = now,
    token: str = "",
) -> Blueprint:
    """Make the pages of a content.

    What they show of the content is made once, when it is first asked for. What a person types is never kept. Operators
    show their ``token`` for the numbers.
    """
    pages = Blueprint("web", __name__, template_folder="templates")
    lists, examples = CodeLists(content), Examples(content)
    search = PolicySearch(content, lists)
    playground = Playground(content, settings, today, lists, examples, search)

    @lru_cache(maxsize=512)
    def policy_html(policy_id: str, version: str, opened: bool, _prefix: str) -> bytes | None:
        policy = held_policy(content, policy_id, version)
        page = _policy_page(policy, content, lists, examples, opened=opened, counted=store is not None) if policy else ""
        return packed(page) if policy else None

    def ahead(app: Flask) -> None:
        for policy in content.policies:  # before anything that is kept is made, so that what the files took can be given back
            examples.of(policy)
        for policy in content.policies:
            with app.test_request_context(base_url=settings.public_url or None):
                policy_html(policy.id, policy.version.isoformat(), False, request.script_root)
                playground.make_ahead(policy)
        search.find("", today())

    pages.after_request(guarded)
    pages.record_once(lambda state: state.app.extensions.__setitem__(AHEAD, ahead))
    pages.app_context_processor(lambda: {"site": NAME, "asset": asset_address, "counted": store is not None})
    add_assets(pages)

    @pages.get("/")
    def library() -> str:
        words = request.args.get("q", "").strip()[:200]
        found = search.find(words, today()) if words else None
        return render_template(
            "library.html", shelves=shelves(content, lists, today()), found=found, content=content, policies=_count(content)
        )

    @pages.get("/policies/<payer>/<policy>/")
    def latest(payer: str, policy: str) -> AnyResponse:
        held = held_policy(content, f"{payer}/{policy}", "")
        if held is None:
            abort(404)
        return redirect(url_for("web.policy", payer=payer, policy=policy, version=held.version))

    @pages.get("/policies/<payer>/<policy>/<version>")
    def policy(payer: str, policy: str, version: str) -> Response:
        html = policy_html(f"{payer}/{policy}", version, request.args.get("open") == "all", request.script_root)
        if html is None:
            abort(404)
        return made_ahead(html)

    @pages.get("/value-sets/<id_>")
    def value_set(id_: str) -> str:
        held = lists.of(id_)
        if held is None:
            abort(404)
        users = [p for p in content.policies if id_ in p.order_sets or id_ in _value_sets(p, content)]
        return render_template("value_set.html", held=held, users=users)

    add_playground(pages, playground)
    add_decision_page(pages, content, settings, store, clock)
    add_stats_page(pages, content, store, clock, token)
    return pages


def _count(content: Content) -> int:
    return len({policy.id for policy in content.policies})


def _value_sets(policy: Policy, content: Content) -> set[str]:
    named = {
        id_ for name in content.catalogue.closure(policy.facts) for s in content.catalogue[name].sources for id_ in s.value_sets()
    }
    return named | {c.test.written for c in policy.criteria() if isinstance(c, Check) and c.test.compare == "in"}


def _policy_page(policy: Policy, content: Content, lists: CodeLists, examples: Examples, *, opened: bool, counted: bool) -> str:
    versions = sorted((held for held in content.policies if held.id == policy.id), key=lambda held: held.version)
    at = versions.index(policy)
    view = PolicyView(policy, content)
    orders = order_lists(policy, content, lists)
    return render_template(
        "policy.html",
        policy=policy,
        payer=publisher(policy, content),
        effective=effective(policy),
        review=review(policy),
        orders=orders,
        codes=len({row.written for one in orders for row in one.held.rows}),
        rules=[view.rule(rule) for rule in policy.settled_first],
        trees=view.trees(),
        criteria=len({criterion.id for criterion in policy.criteria()}),
        facts=view.facts(),
        presumptions=view.presumptions(),
        advice=[view.remark(r) for r in (*policy.advice, *((policy.review_route,) if policy.review_route else ()))],
        authorization=[(view.remark(a.remark), a.needed, view.criterion(a.when) if a.when else None) for a in policy.authorization],
        alternatives=[(other, place_of(other.cite, policy)) for other in policy.alternatives],
        examples=examples.of(policy),
        versions=versions,
        changes=changes(versions[at - 1], policy, content, lists) if at else None,
        opened=opened,
        counted=counted,
        revision=content.revision,
    )
