"""A policy version as its page shows it.

Its criteria, facts and presumptions are made into rows, in the document's order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from cds_service.content.content import Content
from cds_service.content.wording import OURS, ours_in_words, place_of, test_in_words
from cds_service.facts.definition import Definition
from cds_service.fhir.codes import Coding
from cds_service.policy.criterion import AtLeast, Check, Criterion, NoneOf, Remark
from cds_service.policy.model import FirstRule, Policy
from cds_service.web.code_lists import CodeList, CodeLists
from cds_service.web.code_meaning import governed
from cds_service.web.policy_rows import CriterionRow, FactRow, OrderList, PresumptionRow, RemarkRow, RuleRow

OPEN_LEVELS = 2
"""How many levels of a tree are open at first."""
TYPES = {
    "boolean": "yes or no",
    "quantity": "a number",
    "date": "a day",
    "code": "a code",
    "choice": "one of several",
}


class PolicyView:
    """The maker of the rows of one policy version.

    Criteria that share an id each get a place of their own on the page.
    """

    def __init__(self, policy: Policy, content: Content) -> None:
        self._policy, self._content = policy, content
        seen: Counter[str] = Counter()
        self._anchors: dict[int, str] = {}
        for criterion in policy.criteria():
            seen[criterion.id] += 1
            self._anchors[id(criterion)] = f"c-{criterion.id}" + (f"-{seen[criterion.id]}" if seen[criterion.id] > 1 else "")

    def criterion(self, criterion: Criterion, level: int = 1) -> CriterionRow:
        """Make the row of a criterion and of everything below it."""
        place = place_of(criterion.cite, self._policy)
        remark = self.remark(criterion.remark) if criterion.remark else None
        anchor = self._anchors[id(criterion)]
        if not isinstance(criterion, Check):
            parts = tuple(self.criterion(part, level + 1) for part in criterion.parts)
            below = sum(1 + part.below for part in parts)
            opened = level < OPEN_LEVELS
            return CriterionRow(
                criterion.id, anchor, criterion.says, place, how_many(criterion), parts, below, opened, remark=remark
            )
        presumption = criterion.presumption
        return CriterionRow(
            criterion.id,
            anchor,
            criterion.says,
            place,
            self._wanted(criterion),
            fact=criterion.fact,
            means=self._means(criterion.fact),
            codes=self._codes(criterion),
            silence=f"taken as {presumption.treat_as.value}" if presumption else "asked for",
            presumed=presumption.because if presumption else "",
            left_open=criterion.open_because,
            ours=ours_in_words(criterion),
            remark=remark,
        )

    def remark(self, remark: Remark) -> RemarkRow:
        """Make the row of a remark, with the case it holds in."""
        when = self.criterion(remark.when) if remark.when else None
        return RemarkRow(remark.says, place_of(remark.cite, self._policy), when)

    def rule(self, rule: FirstRule) -> RuleRow:
        """Make the row of a rule settled first."""
        return RuleRow(self.criterion(rule.when), rule.then, tuple(self._means(fact) for fact in rule.asks), rule.referred_to)

    def trees(self) -> list[tuple[str, CriterionRow]]:
        """Return the criteria under the headings of the policy's subject."""
        policy, of_orders = self._policy, self._policy.subject == "order"
        headed: list[tuple[str, Criterion | None]] = [
            ("Necessary when" if of_orders else "Met when", policy.necessary_when),
            ("Not necessary when" if of_orders else "Unlikely to be recommended when", policy.not_necessary_when),
            ("More likely when", policy.more_likely_when),
        ]
        return [(heading, self.criterion(criterion)) for heading, criterion in headed if criterion]

    def facts(self) -> list[FactRow]:
        """Return a row for every fact that the policy rests on.

        The inputs of derived facts are included.
        """
        checks: dict[str, list[Check]] = {}
        for criterion in self._policy.criteria():
            if isinstance(criterion, Check):
                checks.setdefault(criterion.fact, []).append(criterion)
        names = self._content.catalogue.closure(self._policy.facts)
        return [self._fact(self._content.catalogue[name], checks.get(name, [])) for name in names]

    def presumptions(self) -> list[PresumptionRow]:
        """Return every presumption of the policy, in the document's order."""
        return [
            PresumptionRow(self._anchors[id(c)], c.says, c.presumption.treat_as.value, c.presumption.because, c.presumption.always)
            for c in self._policy.criteria()
            if isinstance(c, Check) and c.presumption
        ]

    def _wanted(self, check: Check) -> str:
        """Write the test of a check in words, without names of facts."""
        said = test_in_words(replace(check, since=None), self._content.terminology).removeprefix(f"{check.fact}: ")
        if check.test.compare == "is" and isinstance(check.test.value, bool):
            said = said.replace(f"is {check.test.written}", "yes" if check.test.value else "no")
        if check.test.compare == "in":
            held = self._content.terminology.sets.get(check.test.written)
            said = said.replace(f"in {check.test.written} ({held.title})", f"one of: {held.title}") if held else said
        if check.test.compare == "is" and isinstance(check.test.value, str):
            said = said.replace(f"is '{check.test.written}'", f"“{check.test.written}”")
        return f"{said}, {self._since(check.since)}" if check.since else said

    def _since(self, fact: str) -> str:
        """Write from which day on evidence counts.

        It is said by the first clause of what the fact of that day means.
        """
        said = self._means(fact).partition(";")[0].partition(". ")[0]
        return f"since {said[:1].lower()}{said[1:]}"

    def _codes(self, check: Check) -> tuple[str, str] | None:
        held = self._content.terminology.sets.get(check.test.written) if check.test.compare == "in" else None
        return (held.id, held.title) if held else None

    def _means(self, fact: str) -> str:
        return self._content.catalogue[fact].entry.means.rstrip(".")

    def _fact(self, definition: Definition, checks: Iterable[Check]) -> FactRow:
        entry, sets = definition.entry, self._content.terminology.sets
        unit = f" in {entry.unit.strip('{}')}" if entry.unit and entry.unit != "1" else ""
        choices = f": {', '.join(entry.choices)}" if entry.choices else ""
        sources = tuple(
            (
                source.name.replace("_", " "),
                tuple((id_, sets[id_].title) for id_ in dict.fromkeys(source.kind.value_sets()) if id_ in sets),
            )
            for source in entry.from_
        )
        derived = entry.derived
        return FactRow(
            definition.name,
            entry.means,
            f"{TYPES[entry.type]}{unit}{choices}",
            entry.ask,
            sources,
            derived.rule if derived else "",
            tuple(derived.takes.values()) if derived else (),
            tuple(dict.fromkeys(_look_back(check, self._since) for check in checks if check.within or check.since)),
            tuple({self._anchors[id(check)]: (self._anchors[id(check)], check.says) for check in checks}.values()),
        )


def how_many(criterion: AtLeast | NoneOf) -> str:
    """Say how many of its parts a criterion wants, of how many."""
    parts = len(criterion.parts)
    match criterion:
        case NoneOf():
            return f"none of these {parts}" if parts > 1 else "not this"
        case AtLeast(count=count) if parts == 1:
            return "this"
        case AtLeast(count=count) if count == parts:
            return f"all {parts} of these" if parts > 2 else "both of these"
        case AtLeast(count=1):
            return f"any one of these {parts}"
        case AtLeast(count=count):
            return f"at least {count} of these {parts}"


def order_lists(policy: Policy, content: Content, lists: CodeLists) -> list[OrderList]:
    """Return the lists of codes that a policy governs.

    Each comes with what follows for an order with one of its codes.
    """
    return [OrderList(held, _list_means(held, policy, content)) for held in map(lists.of, policy.order_sets) if held]


def _list_means(held: CodeList, policy: Policy, content: Content) -> str:
    systems = content.terminology.sets[held.id].systems
    first = next((Coding(system, codes[0]) for system, codes in systems.items() if codes), None)
    return governed(first, policy, content) if first else ""


def _look_back(check: Check, since_words: Callable[[str], str]) -> str:
    within = f"within {check.within}{OURS if check.our_window else ''}"
    since = since_words(check.since) if check.since else ""
    return f"{since}, else {within}" if since and check.within else since or within
