"""The reading of a policy file into the model.

It tells every problem at once, each with its line and what was meant.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from cds_service.content_files.problems import ContentError, Problem
from cds_service.content_files.yaml_file import Place, YamlFile
from cds_service.policy import grammar
from cds_service.policy.answers import read_answers
from cds_service.policy.comparing import compare as compared
from cds_service.policy.criterion import (
    AtLeast,
    Check,
    Citation,
    Comparison,
    Criterion,
    NoneOf,
    Outcome,
    Presumption,
    Remark,
    Test,
    facts_of,
    question_of,
    walk,
)
from cds_service.policy.criterion_grammar import AllEntry, AnyEntry, CheckEntry, CitationEntry, NoneEntry, RemarkEntry, TimesEntry
from cds_service.policy.model import Alternative, Authorization, Correction, FirstRule, Passage, Policy, Source
from cds_service.policy.ours import names_threshold, names_window
from cds_service.policy.values import Interval, LookBack

_QUANTITY = re.compile(r"(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>\S.*)?")


def read_policy(path: Path, name: str) -> Policy:
    """Read one policy version; ``name`` is what messages call the file.

    Raises ContentError with all problems that the file alone shows; what it refers to is checked by ``content``.
    """
    file = YamlFile(path, name)
    return _Reader(file, file.read_as(grammar.PolicyEntry)).policy(path)


class _Reader:
    """A reader of the entries of one file.

    It turns them into the model and gathers what is wrong on the way.
    """

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
            order_names=tuple(e.applies_to.orders.named) if e.applies_to.orders else (),
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
            also_called=tuple(e.also_called),
            encoded_on=e.review.encoded_on,
            second_reader=e.review.second_reader,
            last_checked=e.last_checked.on if e.last_checked else None,
            checked_by=e.last_checked.by if e.last_checked else "",
            corrections=tuple(Correction(c.on, c.what, c.why) for c in e.corrections),
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

    def _cite(self, cite: CitationEntry, place: Place) -> Citation:
        self._source_known(cite.source, (*place, "source"))
        gives = tuple(map(str, cite.gives))
        for index, written in enumerate(gives):
            if not _QUANTITY.fullmatch(written):
                said = f"'{written}' is not a number with its unit; write what the document gives as '9 weeks' or '2'"
                self._wrong((*place, "gives", index), said)
        return Citation(cite.source, cite.at, cite.quote, gives)

    def _remark(self, remark: RemarkEntry, place: Place) -> Remark:
        return Remark(remark.says, self._cite(remark.cite, (*place, "cite")))

    def _advice(self, entry: grammar.AdviceEntry, place: Place) -> Remark:
        when = self._criterion(entry.when, (*place, "when")) if entry.when else None
        return Remark(entry.says, self._cite(entry.cite, (*place, "cite")), when)

    def _criterion(self, entry: Any, place: Place) -> Criterion:
        shared: dict[str, Any] = {
            "id": entry.id,
            "says": entry.says,
            "otherwise": entry.otherwise,
            "cite": self._cite(entry.cite, (*place, "cite")),
            "remark": self._remark(entry.remark, (*place, "remark")) if entry.remark else None,
            "line": self.file.line(place) if place[-1:] and isinstance(place[-1], int) else self.file.line((*place, "id")),
        }
        match entry:
            case CheckEntry():
                return self._check(entry, place, shared)
            case NoneEntry():
                return NoneOf(parts=self._parts(entry.none, (*place, "none")), as_one=entry.reported_as_one, **shared)
            case AllEntry():
                parts = self._parts(entry.all, (*place, "all"))
                guard = (self._criterion(entry.applies_when, (*place, "applies_when")),) if entry.applies_when else ()
                guarded = {"guarded": bool(guard)} | shared
                return AtLeast(count=len(guard + parts), parts=guard + parts, as_one=entry.reported_as_one, **guarded)
            case AnyEntry():
                return AtLeast(count=1, parts=self._parts(entry.any, (*place, "any")), as_one=entry.reported_as_one, **shared)
            case _:
                parts = self._parts(entry.of, (*place, "of"))
                return AtLeast(count=entry.at_least, parts=parts, as_one=entry.reported_as_one, **shared)

    def _parts(self, entries: list[Any], place: Place) -> tuple[Criterion, ...]:
        return tuple(self._criterion(entry, (*place, index)) for index, entry in enumerate(entries))

    def _check(self, entry: CheckEntry, place: Place, shared: dict[str, Any]) -> Check:
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
        of_number = threshold is not None and names_threshold(entry.ours, threshold, test.unit)
        shared["our_threshold"] = of_number or (test.ago is not None and names_window(entry.ours, test.ago))
        shared["our_window"] = within is not None and names_window(entry.ours, within)
        if test.ago and (entry.within or entry.since or entry.times):
            self._wrong(place, "how long ago a day is, is a test by itself; leave out 'within', 'since' and 'times'")
        times = self._times(entry.times, presumption, place) if entry.times else None
        shared |= {"times": times, "first": entry.take == "first"}
        return Check(fact=entry.fact, test=test, within=within, since=entry.since, presumption=presumption, ask=entry.ask, **shared)

    def _times(self, entry: TimesEntry, presumption: Presumption | None, place: Place) -> Test:
        """Return the test of how often something happened.

        What silence is taken to mean must be what no time at all comes to.
        """
        (key,) = entry.model_fields_set
        written = getattr(entry, key)
        comparison: Comparison = "is" if key == "is_" else key  # type: ignore[assignment]
        never = compared(comparison, Interval.exactly(0), written)
        if presumption and presumption.treat_as is not never:
            said = f"where nothing is on record it happened no time, and that is '{never.value}'; silence cannot mean the opposite"
            self._wrong((*place, "if_not_documented"), said)
        return Test(comparison, Interval.exactly(written), "", str(written))

    def _test(self, entry: CheckEntry, place: Place) -> Test:
        if entry.in_ is not None:
            return Test("in", entry.in_, written=entry.in_)
        if isinstance(entry.is_, bool):
            return Test("is", entry.is_, written="yes" if entry.is_ else "no")
        if isinstance(entry.is_, str) and not _QUANTITY.fullmatch(entry.is_) and not entry.is_.endswith(" ago"):
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
            if str(written).endswith(" ago"):
                return self._ago(compare, str(written), place)
            found = _QUANTITY.fullmatch(str(written).strip())
            if not found:
                self._wrong((*place, compare), f"'{written}' is not a number with its unit; write it as '9 wk' or '18 years'")
                return Test(compare)
            return Test(compare, Interval.exactly(float(found["number"])), found["unit"] or "", str(written))
        return Test("documented")

    def _ago(self, compare: Comparison, written: str, place: Place) -> Test:
        """Return the test of how long ago a day is."""
        if compare == "is":
            self._wrong((*place, "is"), "a day is at least, above, at most or below so long ago; 'is' would be one day alone")
        try:
            return Test(compare, written=written, ago=LookBack.parse(written.removesuffix(" ago")))
        except ValueError as error:
            self._wrong((*place, compare), str(error))
            return Test(compare)

    def _ids_once(self, policy: Policy) -> None:
        """Check that an id stands twice only for the same question.

        The question is the fact and its test (the document lists some criteria twice).
        """
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
        return question_of(one) == question_of(other)
    if isinstance(one, AtLeast | NoneOf) and type(one) is type(other):
        counts = [criterion.count for criterion in (one, other) if isinstance(criterion, AtLeast)]
        same = len(one.parts) == len(other.parts) and len(set(counts)) <= 1
        return same and all(_same_question(a, b) for a, b in zip(one.parts, other.parts, strict=True))
    return False
