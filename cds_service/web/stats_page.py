"""The operations page, for operators only.

It shows what was decided, what blocks decisions, what is overridden, and how long answers take.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, Response, render_template, request

from cds_service.content.content import Content
from cds_service.hooks.answered.cards import OVERRIDE_REASONS, REASONS_NOT_TO_ANSWER
from cds_service.security.operators import TOKEN, refused
from cds_service.store.failures import StoreFailed
from cds_service.store.statistics import STEPS, DecisionCount, Statistics, statistics
from cds_service.store.store import Store
from cds_service.web.charts import BarChart, rows, stacked
from cds_service.web.clock import Clock
from cds_service.web.in_force import held_policy
from cds_service.web.problem_page import problem_page

RANGES = (7, 30, 90)
OUTCOMES = ("necessary", "not-documented", "not-necessary", "referred", "not-addressed")
"""The outcomes in the order they are stacked, from below."""
FOR_OPERATORS = {
    401: f"The numbers are for operators. The user may be anything; the password is what {TOKEN} says.",
    403: f"The numbers are for operators. To see them, set {TOKEN}, or start the service with --operators-port.",
}


@dataclass(frozen=True, slots=True)
class StatsView:
    """The numbers with their charts and sentences.

    - ``left_open``: how many decisions waited for something to be documented.
    - ``sentences``: what the numbers come to.
    - ``asked``: the facts that were asked for, in words, each with how often.
    - ``outcomes``: the outcomes that occurred.
    """

    since: date
    total: int
    left_open: int
    sentences: tuple[str, ...]
    asked: tuple[tuple[str, str, int], ...]
    outcomes: tuple[str, ...]
    days: tuple[tuple[str, dict[str, int]], ...]
    policies: tuple[tuple[str, dict[str, int]], ...]
    over_time: BarChart
    by_policy: BarChart
    latency: BarChart
    steps: tuple[tuple[str, int], ...]
    counted: Statistics


def add_stats_page(pages: Blueprint, content: Content, store: Store | None, clock: Clock, token: str = "") -> None:
    """Add the page `/stats`.

    It is never open to the world: ``cds_service.security.operators`` says who may see it, and operators show their ``token``.
    """
    reasons = dict((*OVERRIDE_REASONS, *REASONS_NOT_TO_ANSWER))
    says = {(policy.id, criterion.id): criterion.says for policy in content.policies for criterion in policy.criteria()}

    @pages.get("/stats")
    def stats() -> Response:
        status = refused(request, token)
        if status:
            page = problem_page(status, FOR_OPERATORS[status])
            if status == 401:
                page.headers["WWW-Authenticate"] = 'Basic realm="operators", charset="UTF-8"'
            return page
        if store is None:
            return problem_page(404, "The service runs without a store, so nothing is counted.")
        policy = held_policy(content, request.args.get("policy", ""), "")
        asked = request.args.get("days", "")
        days = int(asked) if asked in map(str, RANGES) else RANGES[1]
        today = clock().replace(hour=0, minute=0, second=0, microsecond=0)
        since = today - timedelta(days=days - 1)
        try:
            counted = statistics(store.engine, since, policy.id if policy else "")
        except StoreFailed:
            return problem_page(503, "The decision log cannot be read at the moment. Orders are answered meanwhile.")
        view = stats_view(counted, since.date(), days, content)
        of = {"policy": policy, "days": days, "ranges": RANGES, "reasons": reasons}
        page = Response(render_template("stats.html", view=view, store=store, says=says, **of))
        page.headers["Cache-Control"] = "no-store"
        return page


def stats_view(counted: Statistics, since: date, days: int, content: Content) -> StatsView:
    """Make the page's view of the numbers of some days.

    Days without decisions are there and empty.
    """
    by_day: dict[str, dict[str, int]] = {(since + timedelta(days=n)).isoformat(): {} for n in range(days)}
    by_policy: dict[str, dict[str, int]] = {}
    titles = {policy.id: policy.title for policy in content.policies}
    for one in counted.decided:
        _add(by_day.setdefault(one.day.isoformat(), {}), one)
        _add(by_policy.setdefault(titles.get(one.policy, one.policy) or "No policy held", {}), one)
    policies = sorted(by_policy.items(), key=lambda pair: (-sum(pair[1].values()), pair[0]))
    steps = _steps(counted.latency.groups)
    left_open = _times(counted, "not-documented")
    return StatsView(
        since,
        sum(one.times for one in counted.decided),
        left_open,
        tuple(_sentences(counted, days)),
        tuple((one.fact, _question(one.fact, content), one.times) for one in counted.blocking),
        tuple(outcome for outcome in OUTCOMES if any(one.outcome == outcome for one in counted.decided)),
        tuple(by_day.items()),
        tuple(policies),
        stacked([(day[5:], parts) for day, parts in by_day.items()], OUTCOMES),
        rows(policies, OUTCOMES),
        stacked([(label, {"bar": count}) for label, count in steps], ("bar",), len(steps)),
        tuple(steps),
        counted,
    )


def _sentences(counted: Statistics, days: int) -> Iterator[str]:
    """Yield what the numbers come to, in sentences.

    Each says what its numbers are a part of.
    """
    total = sum(one.times for one in counted.decided)
    if not total:
        return
    said = {
        "necessary": "were necessary, and nobody was interrupted",
        "not-documented": "lacked something in the chart, which was asked for",
        "not-necessary": "were not necessary as documented",
        "referred": "were governed by another policy",
        "not-addressed": "were addressed by no policy",
    }
    parts = [f"{times} ({times / total:.0%}) {words}" for outcome, words in said.items() if (times := _times(counted, outcome))]
    yield f"Of {_counted(total, 'decision')} in {days} days, {'; '.join(parts)}."
    shown, accepted, overridden = (
        sum(getattr(one, name) for one in counted.overridden) for name in ("shown", "accepted", "overridden")
    )
    if shown:
        yield (
            f"Feedback came on criteria that stood on cards {_counted(shown, 'time')}: {overridden:,} of them overridden "
            f"({min(1.0, overridden / shown):.0%}), {accepted:,} accepted."
        )
    latency = counted.latency
    if latency.calls and latency.p50 is not None and latency.p99 is not None:
        yield (
            f"Of {_counted(latency.calls, 'call')} of all policies, half were answered within {latency.p50:.1f} ms and 99 of 100 "
            f"within {latency.p99:.1f} ms; the server and the network are not in it."
        )


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _times(counted: Statistics, outcome: str) -> int:
    return sum(one.times for one in counted.decided if one.outcome == outcome)


def _question(fact: str, content: Content) -> str:
    return content.catalogue[fact].entry.means.rstrip(".") if fact in content.catalogue else fact


def _add(parts: dict[str, int], one: DecisionCount) -> None:
    parts[one.outcome] = parts.get(one.outcome, 0) + one.times


def _steps(groups: Sequence[int]) -> list[tuple[str, int]]:
    labels = [f"≤ {limit:g}" for limit in STEPS] + [f"> {STEPS[-1]:g}"]
    return list(zip(labels, groups, strict=True))
