"""The operations page: what was decided, what blocks, what is overridden, and how long it takes. For operators only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, Response, render_template, request

from cds_service.content import Content
from cds_service.hooks.cards import OVERRIDE_REASONS
from cds_service.operators import TOKEN, refused
from cds_service.store.database import StoreFailed
from cds_service.store.statistics import STEPS, Decided, Statistics, statistics
from cds_service.store.store import Store
from cds_service.web.charts import Chart, rows, stacked
from cds_service.web.clock import Clock
from cds_service.web.problem_page import problem_page

RANGES = (7, 30, 90)
OUTCOMES = ("necessary", "not-documented", "not-necessary", "referred", "not-addressed")
"""The outcomes as they are stacked, from below."""
FOR_OPERATORS = {
    401: f"The numbers are for operators. The user may be anything; the password is what {TOKEN} says.",
    403: f"The numbers are for operators. To see them, set {TOKEN}, or start the service with --operators-port.",
}


@dataclass(frozen=True, slots=True)
class StatsView:
    """The numbers with their charts. ``outcomes`` are those that occurred; ``named`` gives facts their meaning in words."""

    since: date
    total: int
    outcomes: tuple[str, ...]
    days: tuple[tuple[str, dict[str, int]], ...]
    policies: tuple[tuple[str, dict[str, int]], ...]
    over_time: Chart
    by_policy: Chart
    blocking: Chart
    latency: Chart
    steps: tuple[tuple[str, int], ...]
    counted: Statistics


def add_stats_page(pages: Blueprint, content: Content, store: Store | None, clock: Clock) -> None:
    """Hangs up `/stats`. It is never open to the world: ``cds_service.operators`` says to whom."""
    reasons = dict(OVERRIDE_REASONS)

    @pages.get("/stats")
    def stats() -> Response:
        status = refused(request)
        if status:
            page = problem_page(status, FOR_OPERATORS[status])
            if status == 401:
                page.headers["WWW-Authenticate"] = 'Basic realm="cds_service operators", charset="UTF-8"'
            return page
        if store is None:
            return problem_page(404, "The service runs without a store, so nothing is counted.")
        asked = request.args.get("days", "")
        days = int(asked) if asked in map(str, RANGES) else RANGES[1]
        today = clock().replace(hour=0, minute=0, second=0, microsecond=0)
        since = today - timedelta(days=days - 1)
        try:
            counted = statistics(store.engine, since)
        except StoreFailed:
            return problem_page(503, "The decision log cannot be read at the moment. Orders are answered meanwhile.")
        view = stats_view(counted, since.date(), days)
        means = {name: content.catalogue[name].entry.means.rstrip(".") for name in content.catalogue.facts}
        page = Response(
            render_template("stats.html", view=view, days=days, ranges=RANGES, reasons=reasons, means=means, store=store)
        )
        page.headers["Cache-Control"] = "no-store"
        return page


def stats_view(counted: Statistics, since: date, days: int) -> StatsView:
    """The numbers of some days as the page shows them; days without decisions are there and empty."""
    by_day: dict[str, dict[str, int]] = {(since + timedelta(days=n)).isoformat(): {} for n in range(days)}
    by_policy: dict[str, dict[str, int]] = {}
    for one in counted.decided:
        _add(by_day.setdefault(one.day.isoformat(), {}), one)
        _add(by_policy.setdefault(one.policy or "no policy held", {}), one)
    policies = sorted(by_policy.items(), key=lambda pair: (-sum(pair[1].values()), pair[0]))
    steps = _steps(counted.latency.groups)
    return StatsView(
        since,
        sum(one.times for one in counted.decided),
        tuple(outcome for outcome in OUTCOMES if any(one.outcome == outcome for one in counted.decided)),
        tuple(by_day.items()),
        tuple(policies),
        stacked([(day[5:], parts) for day, parts in by_day.items()], OUTCOMES),
        rows(policies, OUTCOMES),
        rows([(one.fact, {"bar": one.times}) for one in counted.blocking], ("bar",)),
        stacked([(label, {"bar": count}) for label, count in steps], ("bar",), len(steps)),
        tuple(steps),
        counted,
    )


def _add(parts: dict[str, int], one: Decided) -> None:
    parts[one.outcome] = parts.get(one.outcome, 0) + one.times


def _steps(groups: Sequence[int]) -> list[tuple[str, int]]:
    labels = [f"≤ {limit:g}" for limit in STEPS] + [f"> {STEPS[-1]:g}"]
    return list(zip(labels, groups, strict=True))
