"""The dating of a pregnancy: its age on the date of service.

All that states its age is weighed.
"""

from __future__ import annotations

from datetime import date

from cds_service.facts.computed.gestation import ONE_PREGNANCY, TERM, Inputs, but, carried_forward, since
from cds_service.facts.computed.one_pregnancy import ends, of_the_latest_pregnancy, outranked, rivals, spanning, unless_ended
from cds_service.facts.computed.unread_datings import blank_since, read_as_said, unread, unsettled, with_said_weeks
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Interval


@rule(
    "gestational age",
    "scan",
    "due_date",
    "age_by_due_date",
    "due_date_by_last_period",
    "last_period",
    "age_by_last_period",
    "week_code",
    "ended",
    joins="scan",
)
def gestational_age(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute gestational age on the date of service, in days.

    It is by the best route that is documented. Routes: ``scan`` (with answers to the question itself) beats
    ``due_date`` beats ``last_period`` beats ``week_code``. A due date that is counted from the last period is no better
    than it. Among scans the earliest of the pregnancy wins; among the others the latest.

    A dating is discounted where a delivery or a loss has ended its pregnancy since, where it cannot be of one pregnancy
    with a dating recorded later, and where it would make the pregnancy longer than 44 weeks or begin after the date of
    service. A dating decides nothing beside a better one that cannot be read. Datings that contradict each other within one
    pregnancy leave every age between them, and so does one that cannot be read where, taken as it is said, it would
    make another age.
    """
    routes = [
        [aged for evidence in facts["scan"].evidence for aged in carried_forward(evidence, as_of)],
        [
            *(aged for evidence in facts["due_date"].evidence for aged in since(evidence, as_of, TERM)),
            *(aged for evidence in facts["age_by_due_date"].evidence for aged in carried_forward(evidence, as_of)),
        ],
        [
            *(aged for evidence in facts["last_period"].evidence for aged in since(evidence, as_of, 0)),
            *(aged for evidence in facts["due_date_by_last_period"].evidence for aged in since(evidence, as_of, TERM)),
            *(aged for evidence in facts["age_by_last_period"].evidence for aged in carried_forward(evidence, as_of)),
        ],
        [aged for evidence in facts["week_code"].evidence for aged in carried_forward(with_said_weeks(evidence), as_of)],
    ]
    ended = ends(facts["ended"], as_of)
    found = _dated(routes, ended, as_of)
    if not any(e.standing is Standing.USABLE for e in found):
        return found
    doubtful = unread(routes)
    read = [[e] for e in doubtful] + ([doubtful] if len(doubtful) > 1 else [])
    others = [_dated(read_as_said(routes, taken), ended, as_of) for taken in read]
    return unsettled(found, others, doubtful, blank_since(routes))


def _dated(routes: list[list[Evidence]], ended: list[date], as_of: date) -> list[Evidence]:
    """Return the age by the best route, and what is not used."""
    routes = [[unless_ended(e, ended, as_of) for e in route] for route in routes]
    contradicting = rivals(routes, as_of)
    routes = of_the_latest_pregnancy(routes, as_of)
    chosen: list[Evidence] = []
    unused: list[Evidence] = []
    for rank, route in enumerate(routes):
        usable = [evidence for evidence in route if evidence.standing is Standing.USABLE]
        unused += [evidence for evidence in route if evidence.standing is not Standing.USABLE]
        if usable and not chosen:
            chosen = _earliest_of_this_pregnancy(usable) if rank == 0 else _latest(usable)
            if contradicting:
                chosen = [spanning(evidence, contradicting) for evidence in chosen]
            if outranked(chosen, routes[: max(rank, 1)], rank, as_of):
                note = "a dating that goes before it cannot be read"
                chosen = [but(evidence, Standing.UNCERTAIN, note) for evidence in chosen]
    if any(evidence.standing is Standing.USABLE for evidence in chosen):
        note = "a dating that goes before it is on file"
        unused = [but(e, Standing.DISCOUNTED, note) if e.standing is Standing.UNCERTAIN else e for e in unused]
    return chosen + unused


def _earliest_of_this_pregnancy(scans: list[Evidence]) -> list[Evidence]:
    """Return the earliest scans of the latest scan's pregnancy.

    They are all of one day.
    """
    latest = max(scans, key=lambda e: e.when.last if e.when else date.min)
    here = latest.value
    if not isinstance(here, Interval):
        return [latest]
    same = [e for e in scans if isinstance(e.value, Interval) and abs(e.value.low - here.low) <= ONE_PREGNANCY]
    first = min(e.when.first for e in same if e.when)
    return [e for e in same if e.when and e.when.first == first]


def _latest(usable: list[Evidence]) -> list[Evidence]:
    last = max(e.when.last if e.when else date.min for e in usable)
    return [e for e in usable if (e.when.last if e.when else date.min) == last]
