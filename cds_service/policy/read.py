"""Reads a policy file into the model: every problem at once, each with its line and what was meant."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from cds_service.policy import grammar
from cds_service.policy.answers import read_answers
from cds_service.policy.model import (
    Alternative,
    AtLeast,
    Authorization,
    Check,
    Citation,
    Comparison,
    Criterion,
    FirstRule,
    NoneOf,
    Outcome,
    Passage,
    Policy,
    Presumption,
    Remark,
    Source,
    Test,
    facts_of,
    walk,
)
from cds_service.policy.ours import names_threshold, names_window
from cds_service.policy.values import Interval, LookBack
from cds_service.problems import ContentError, Problem
from cds_service.yaml_file import Place, YamlFile

_QUANTITY = re.compile(r"(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>\S.*)?")


def read_policy(path: Path, name: str) -> Policy:
    """Reads one policy version; ``name`` is how messages call the file.

    Raises ContentError with all problems that the file alone shows; what it refers to is checked by ``content``.
    """
    file = YamlFile(path, name)
    return _Reader(file, file.read_as(grammar.PolicyEntry)).policy(path)


class _Reader:
    """Turns the entries of one file into the model and gathers what is wrong on the way."""

    def __init__(self, file: YamlFile, entry: grammar.PolicyEntry) -> None:
        self.file = file
        self.entry = entry
        self.problems: list[Problem] = []

    def policy(self, path: Path) -> Policy:
        e = self.entry
        if path.stem != e.version.isoformat():
            self._wrong(("version",), f"the file is named {path.name}; a version is named by the date it takes effect, {e.version}")
        if f"{path.parent.parent.name}/{path.parent.name}" != e.policy:
            self._wrong(("policy",), f"the file lies in {path.parent.parent.name}/{path.parent.name}, so that is the policy's id")
        if e.effective.until and e.effective.until < e.effective.from_:
            self._wrong(("effective",), "it ends before it begins")
        for index, passage in enumerate(e.not_encoded):
            self._source_known(passage.source, ("not_encoded", index, "source"))
        sets = e.applies_to.orders.value_set if e.applies_to.orders else []
        criteria, against = ("necessary_when", "not_necessary_when") if e.subject == "order" else ("met_when", "unlikely_when")
        policy = Policy(
            id=e.policy,
            version=e.version,
            title=e.title,
            status=e.status,
            effective_from=e.effective.from_,
            effective_until=e.effective.until,
            supersedes=e.supersedes,
            payer=e.applies_to.payer,
            lines_of_business=tuple(e.applies_to.lines_of_business),
            order_sets=(sets,) if isinstance(sets, str) else tuple(sets),
            label=e.label or e.title,
            labels=tuple(e.labels.items()),
            sources={key: Source(s.title, s.publisher, s.url, s.retrieved, s.sha256) for key, s in e.sources.items()},
            subject=e.subject,
            necessary_when=self._criterion(getattr(e, criteria), (criteria,)),
            not_necessary_when=self._any_of(against),
            more_likely_when=self._any_of("more_likely_when"),
            settled_first=tuple(self._rule(rule, ("settled_first", i)) for i, rule in enumerate(e.settled_first)),
            not_encoded=tuple(Passage(p.source, p.at, p.because) for p in e.not_encoded),
            advice=tuple(self._advice(a, ("advice", i)) for i, a in enumerate(e.advice)),
            review_route=self._remark(e.review_route, ("review_route",)) if e.review_route else None,
            alternatives=tuple(self._alternative(a, ("alternatives", i)) for i, a in enumerate(e.alternatives)),
            authorization=tuple(self._authorization(a, ("authorization", i)) for i, a in enumerate(e.authorization)),
            answers=read_answers(e.answers, self.file.line),
            second_reader=e.review.second_reader,
            last_checked=e.last_checked.on if e.last_checked else None,
            file=self.file.name,
        )
        self._ids_once(policy)
        if self.problems:
            raise ContentError(self.problems)
        object.__setattr__(policy, "facts", facts_of(policy.criteria()))
        return policy

    def _wrong(self, place: Place, message: str) -> None:
        self.problems.append(self.file.problem(place, message))

    def _source_known(self, source: str, place: Place) -> None:
        if source not in self.entry.sources:
            self._wrong(place, f"there is no source '{source}' in this file; it names {', '.join(self.entry.sources)}")

    def _any_of(self, key: str) -> AtLeast | None:
        entry = getattr(self.entry, key)
        if entry is None:
            return None
        node = self._criterion(entry, (key,))
        return node if isinstance(node, AtLeast) else None

    def _rule(self, rule: grammar.RuleEntry, place: Place) -> FirstRule:
        return FirstRule(self._criterion(rule.when, (*place, "when")), rule.then, tuple(rule.asks), rule.referred_to)

    def _alternative(self, entry: grammar.AlternativeEntry, place: Place) -> Alternative:
        system, _, code = entry.order.partition(" ")
        if not code:
            self._wrong((*place, "order"), f"'{entry.order}' is not a system and a code; write it as 'CPT 81420'")
        return Alternative(tuple(entry.instead_of), system, code, entry.label, self._cite(entry.cite, (*place, "cite")))

    def _authorization(self, entry: grammar.AuthorizationEntry, place: Place) -> Authorization:
        when = self._criterion(entry.when, (*place, "when")) if entry.when else None
        return Authorization(Remark(entry.says, self._cite(entry.cite, (*place, "cite"))), entry.needed, when)

    def _cite(self, cite: grammar.CitationEntry, place: Place) -> Citation:
        self._source_known(cite.source, (*place, "source"))
        gives = tuple(map(str, cite.gives))
        for index, written in enumerate(gives):
            if not _QUANTITY.fullmatch(written):
                said = f"'{written}' is not a number with its unit; write what the document gives as '9 weeks' or '2'"
                self._wrong((*place, "gives", index), said)
        return Citation(cite.source, cite.at, cite.quote, gives)

    def _remark(self, remark: grammar.RemarkEntry, place: Place) -> Remark:
        return Remark(remark.says, self._cite(remark.cite, (*place, "cite")))

    def _advice(self, entry: grammar.AdviceEntry, place: Place) -> Remark:
        when = self._criterion(entry.when, (*place, "when")) if entry.when else None
        return Remark(entry.says, self._cite(entry.cite, (*place, "cite")), when)

    def _criterion(self, entry: Any, place: Place) -> Criterion:
        shared: dict[str, Any] = {
            "id": entry.id,
            "says": entry.says,
            "cite": self._cite(entry.cite, (*place, "cite")),
            "remark": self._remark(entry.remark, (*place, "remark")) if entry.remark else None,
            "line": self.file.line(place) if place[-1:] and isinstance(place[-1], int) else self.file.line((*place, "id")),
        }
        match entry:
            case grammar.CheckEntry():
                return self._check(entry, place, shared)
            case grammar.NoneEntry():
                return NoneOf(parts=self._parts(entry.none, (*place, "none")), as_one=entry.reported_as_one, **shared)
            case grammar.AllEntry():
                parts = self._parts(entry.all, (*place, "all"))
                guard = (self._criterion(entry.applies_when, (*place, "applies_when")),) if entry.applies_when else ()
                guarded = {"guarded": bool(guard)} | shared
                return AtLeast(count=len(guard + parts), parts=guard + parts, as_one=entry.reported_as_one, **guarded)
            case grammar.AnyEntry():
                return AtLeast(count=1, parts=self._parts(entry.any, (*place, "any")), as_one=entry.reported_as_one, **shared)
            case _:
                parts = self._parts(entry.of, (*place, "of"))
                return AtLeast(count=entry.at_least, parts=parts, as_one=entry.reported_as_one, **shared)

    def _parts(self, entries: list[Any], place: Place) -> tuple[Criterion, ...]:
        return tuple(self._criterion(entry, (*place, index)) for index, entry in enumerate(entries))

    def _check(self, entry: grammar.CheckEntry, place: Place, shared: dict[str, Any]) -> Check:
        presumption = None
        if entry.if_not_documented:
            p = entry.if_not_documented
            presumption = Presumption(Outcome(p.treat_as), p.because, p.always)
        within = None
        if entry.within:
            try:
                within = LookBack.parse(entry.within)
            except ValueError as error:
                self._wrong((*place, "within"), str(error))
        test = self._test(entry, place)
        shared["open_because"] = entry.if_not_met.because if entry.if_not_met else ""
        shared["ours"] = entry.ours
        threshold = test.value.low if isinstance(test.value, Interval) else None
        shared["our_threshold"] = threshold is not None and names_threshold(entry.ours, threshold, test.unit)
        shared["our_window"] = within is not None and names_window(entry.ours, within)
        return Check(fact=entry.fact, test=test, within=within, since=entry.since, presumption=presumption, ask=entry.ask, **shared)

    def _test(self, entry: grammar.CheckEntry, place: Place) -> Test:
        if entry.in_ is not None:
            return Test("in", entry.in_, written=entry.in_)
        if isinstance(entry.is_, bool):
            return Test("is", entry.is_, written="yes" if entry.is_ else "no")
        if isinstance(entry.is_, str) and not _QUANTITY.fullmatch(entry.is_):
            return Test("is", entry.is_, written=entry.is_)
        thresholds: dict[Comparison, int | float | str | None] = {
            "is": entry.is_,
            "is_at_least": entry.is_at_least,
            "is_above": entry.is_above,
            "is_at_most": entry.is_at_most,
            "is_below": entry.is_below,
        }
        for compare, written in thresholds.items():
            if written is None:
                continue
            found = _QUANTITY.fullmatch(str(written).strip())
            if not found:
                self._wrong((*place, compare), f"'{written}' is not a number with its unit; write it as '9 wk' or '18 years'")
                return Test(compare)
            return Test(compare, Interval.exactly(float(found["number"])), found["unit"] or "", str(written))
        return Test("documented")

    def _ids_once(self, policy: Policy) -> None:
        """An id may stand twice only for the same fact and test (the document lists some criteria twice)."""
        seen: dict[str, Criterion] = {}
        for root in (policy.necessary_when, policy.not_necessary_when, policy.more_likely_when):
            for criterion in walk(root) if root else ():
                first = seen.setdefault(criterion.id, criterion)
                if first is not criterion and not _same_question(first, criterion):
                    said = (
                        f"the id '{criterion.id}' already stands at line {first.line} for another question; give this one its own"
                    )
                    self.problems.append(Problem(self.file.name, criterion.line, said))


def _same_question(one: Criterion, other: Criterion) -> bool:
    if isinstance(one, Check) and isinstance(other, Check):
        return (one.fact, one.test, one.within, one.since) == (other.fact, other.test, other.within, other.since)
    if isinstance(one, AtLeast | NoneOf) and type(one) is type(other):
        counts = [criterion.count for criterion in (one, other) if isinstance(criterion, AtLeast)]
        same = len(one.parts) == len(other.parts) and len(set(counts)) <= 1
        return same and all(_same_question(a, b) for a, b in zip(one.parts, other.parts, strict=True))
    return False
