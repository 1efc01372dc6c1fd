"""What vignettes, mutants and the solver show of one policy.

It makes the row of a table, and tells what is still missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter

from cds_service.analysis.asked import AnyAsked
from cds_service.analysis.cover import Seen, Tried, tried
from cds_service.analysis.excused import Excused
from cds_service.analysis.mutants import Mutant
from cds_service.analysis.mutate import killings
from cds_service.content.content import Content
from cds_service.policy.evidence import Fact
from cds_service.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no vignette kills.

    ``why`` tells why it changes no decision; ``chart`` holds the facts of a chart that tells it from the policy, if one
    was found.
    """

    mutant: Mutant
    why: str = ""
    chart: tuple[Fact, ...] = ()

    @property
    def said(self) -> str:
        """The survivor as a problem of the vignettes, for their author."""
        return f"{self.mutant}: no vignette would notice"


@dataclass(frozen=True, slots=True)
class Proven:
    """What was shown of one policy version.

    It holds its criteria, those with a gap, its mutants, and how long this took in seconds.
    """

    policy: Policy
    criteria: tuple[Tried, ...]
    gaps: tuple[tuple[Tried, tuple[Seen, ...]], ...]
    mutants: int
    killed: int
    equivalent: tuple[Survivor, ...]
    survivors: tuple[Survivor, ...]
    seconds: float

    @property
    def problems(self) -> list[str]:
        """Everything that is missing, each as ``file:line: what``."""
        unseen = [
            f"{one.place}: '{one.criterion.id}' is never {' nor '.join(seen.value for seen in gaps)} in any vignette"
            for one, gaps in self.gaps
        ]
        return unseen + [survivor.said for survivor in self.survivors]


def prove(policy: Policy, vignettes: Sequence[AnyAsked], excused: Excused, content: Content) -> Proven:
    """Try every mutant of a policy on its vignettes.

    A mutant that survives is excused, proven to change nothing, or a gap.
    """
    began = perf_counter()
    seen = tuple(tried(policy, vignettes))
    gaps = tuple((one, missing) for one in seen if (missing := excused.missing(one)))
    results = killings(policy, vignettes, content)
    left = [weighed(result.mutant, excused, content) for result in results if result.by is None]
    equivalent = tuple(one for one in left if one.why)
    survivors = tuple(one for one in left if not one.why)
    killed = sum(result.by is not None for result in results)
    return Proven(policy, seen, gaps, len(results), killed, equivalent, survivors, perf_counter() - began)


def weighed(mutant: Mutant, excused: Excused, content: Content) -> Survivor:
    """Weigh a survivor: why it changes nothing, or a chart.

    The chart tells the mutant from the policy.
    """
    if because := excused.mutant(mutant):
        return Survivor(mutant, because)
    of_facts = not (mutant.dropped or mutant.selects or mutant.misread)
    if not of_facts or mutant.policy.subject != "order":  # the solver knows what policies decide on the facts of orders
        return Survivor(mutant)
    try:
        from cds_service.analysis.differing import READINGS, differs  # noqa: PLC0415 - z3 only where something survives
        from cds_service.analysis.solve import Example, Proof  # noqa: PLC0415 - z3 only where something survives
    except ImportError:
        return Survivor(mutant)
    answer = differs(mutant.policy, mutant.mutated, content, by=READINGS)
    match answer:
        case Proof(as_of=as_of):
            return Survivor(mutant, f"proven: no chart of {as_of} tells it from the policy")
        case Example(facts=facts):
            return Survivor(mutant, "", tuple(facts.values()))
        case _:
            return Survivor(mutant)


def draft(survivors: Iterable[Survivor], content: Content) -> str:
    """Draft a vignette file of charts that tell survivors apart.

    Each chart tells a survivor from its policy; a person says what is right for it.
    """
    from cds_service.analysis.replay import judged  # noqa: PLC0415
    from cds_service.analysis.solve import date_to_ask  # noqa: PLC0415
    from cds_service.vignettes.as_vignette import as_vignette, vignette_file  # noqa: PLC0415

    entries: list[str] = []
    policy: Policy | None = None
    for number, one in enumerate((one for one in survivors if one.chart), 1):
        policy = one.mutant.policy
        as_of = date_to_ask((policy,))
        facts = {fact.name: fact for fact in one.chart}
        told = f"It tells whether {one.mutant.changed.replace(chr(34), '')} ({one.mutant.place})."
        said = judged(policy, facts, as_of)
        entries.append(as_vignette(facts, policy, as_of, content, f"Drafted {number}", told, said))
    return vignette_file(policy, date_to_ask((policy,)), entries) if policy else ""
