"""The page of one logged decision, behind its card's signed link.

It shows outcomes and references to resources. It shows values of evidence only where the log keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, render_template
from werkzeug.wrappers import Response as AnyResponse

from cds_service.content.content import Content
from cds_service.content.wording import finding_in_words, place_of
from cds_service.decision import DecisionOutcome
from cds_service.hooks.answered.decision_links import linked
from cds_service.hooks.settings import Settings
from cds_service.policy.criterion import Check, Outcome
from cds_service.policy.finding import MET, NOT_MET
from cds_service.policy.model import Policy
from cds_service.said.ordered import ordered
from cds_service.said.outcome import SAID
from cds_service.store.decided import decision_of_card
from cds_service.store.failures import StoreFailed
from cds_service.store.outcomes import LoggedCriterion, read_outcomes
from cds_service.store.store import Store
from cds_service.store.tables import DecisionRow
from cds_service.web.clock import Clock
from cds_service.web.code_meaning import codings_of
from cds_service.web.finding_view import FindingRow, logged_row, readable
from cds_service.web.in_force import held_policy, publisher
from cds_service.web.problem_page import problem_page

WRITTEN_WITHIN = timedelta(minutes=10)
"""How long a missing decision may still be being written.

It is then on its way to the store.
"""
WRONG = "The link is wrong, or older than the thirty days that it is good for."
GONE = "The decision is no longer kept."
OUT_OF_REACH = "The decision log cannot be read at the moment. Try again later; orders are answered meanwhile."


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """A logged decision as its page shows it.

    ``edited`` tells that the policy's criteria are no longer those it was judged by. ``label`` is what the ordered code
    is called here.
    """

    row: DecisionRow
    said: str
    policy: Policy | None
    trees: tuple[tuple[str, FindingRow], ...]
    reasons: tuple[str, ...]
    asks: tuple[tuple[str, str], ...]
    edited: bool
    values: tuple[Mapping[str, Any], ...]
    label: str = ""
    payer: str = ""


def add_decision_page(pages: Blueprint, content: Content, settings: Settings, store: Store | None, clock: Clock) -> None:
    """Add the page `/decisions/<token>`.

    Without a store or a secret that signs links, every such address answers 404.
    """

    @pages.get("/decisions/<token>")
    def decision(token: str) -> AnyResponse:
        found = linked(token, settings.link_secret, clock())
        if store is None or found is None:
            return _private(problem_page(404, WRONG))
        try:
            row = decision_of_card(store.engine, found.card, found.made)
        except StoreFailed:
            return _private(problem_page(503, OUT_OF_REACH))
        if row is None:
            if clock() - found.made > WRITTEN_WITHIN:
                return _private(problem_page(404, GONE))
            return _private(Response(render_template("decision_pending.html")))
        return _private(Response(render_template("decision.html", decision=logged_decision(row, content, settings.log_values))))


def _private(page: Response) -> Response:
    """Keep a page out of caches and search engines.

    The address of the page is its key, so other sites are not told it either.
    """
    page.headers.update({"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"})
    return page


def logged_decision(row: DecisionRow, content: Content, values: bool) -> LoggedDecision:
    """Make a logged decision of its row.

    ``values`` tells whether to show what the evidence said, where the row has kept it.
    """
    policy = held_policy(content, row.policy, row.version) if row.policy and row.version else None
    outcome = DecisionOutcome(row.outcome)
    judged = read_outcomes(row.outcomes, policy, row.because) if policy else ()
    trees: list[tuple[str, FindingRow]] = []
    for tree in judged:
        if policy:
            heading, wanted = _heading(policy, tree.criterion.id)
            trees.append((heading, logged_row(tree, policy, wanted, row.assumed, row.because)))
    return LoggedDecision(
        row,
        SAID[outcome],
        policy,
        readable(trees),
        tuple(_reasons(policy, row, judged)) if policy else tuple(row.because),
        tuple((fact, _question(policy, fact, content)) for fact in row.asks),
        bool(policy and row.outcomes and not judged),
        tuple(row.evidence or ()) if values else (),
        _label(row.code, policy, content) if row.code and policy else "",
        publisher(policy, content) if policy else "",
    )


def _label(code: str, policy: Policy, content: Content) -> str:
    """Return what a code of the policy's lists is called.

    The words are those of cards.
    """
    coding = next((one for one in codings_of(code) if set(policy.order_sets) & set(content.terminology.holding(*one[:2]))), None)
    return ordered(coding, policy, content).name


def _heading(policy: Policy, root: str) -> tuple[str, Any]:
    for rule in policy.settled_first:
        if rule.when.id == root:
            return f"Settled first: {rule.then}", NOT_MET if rule.then == "not necessary" else MET
    if policy.necessary_when.id == root:
        return "Necessary when", MET
    return "Not necessary when", NOT_MET


def _reasons(policy: Policy, row: DecisionRow, judged: tuple[LoggedCriterion, ...]) -> Iterator[str]:
    """Yield a sentence for each criterion that settled the order.

    Each has its place in the document. An id that the policy no longer has is yielded as it is.
    """
    known = {criterion.id: criterion for criterion in policy.criteria()}
    for id_ in row.because:
        if id_ in known:
            outcome = next((found for tree in judged if (found := _outcome(tree, id_))), None)
            yield f"{finding_in_words(known[id_], outcome)} {place_of(known[id_].cite, policy)}"
        else:
            yield id_


def _outcome(judged: LoggedCriterion, id_: str) -> Outcome | None:
    """Return the logged outcome of a criterion, anywhere in a tree.

    Returns None where the tree has no outcome of it.
    """
    if judged.criterion.id == id_ and judged.outcome is not None:
        return judged.outcome
    return next((found for part in judged.parts if (found := _outcome(part, id_))), None)


def _question(policy: Policy | None, fact: str, content: Content) -> str:
    for criterion in policy.criteria() if policy else ():
        if isinstance(criterion, Check) and criterion.fact == fact and criterion.ask:
            return criterion.ask
    entry = content.catalogue[fact].entry if fact in content.catalogue else None
    return (entry.ask or entry.means) if entry else fact
