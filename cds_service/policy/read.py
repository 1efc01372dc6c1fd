"""The reading of a policy file into the model.

It tells every problem at once, each with its line and what was meant.
"""

from __future__ import annotations

from pathlib import Path

from cds_service.content_files.problems import ContentError, Problem
from cds_service.content_files.yaml_file import Place, YamlFile
from cds_service.policy import grammar
from cds_service.policy.answers import read_answers
from cds_service.policy.criterion import AtLeast, Check, Criterion, NoneOf, Remark, facts_of, question_of, walk
from cds_service.policy.model import Alternative, Authorization, Correction, FirstRule, Passage, Policy, Source
from cds_service.policy.read_criterion import CriterionReader


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
        self.criteria = CriterionReader(file, entry.sources)

    def policy(self, path: Path) -> Policy:
        e, wrong = self.entry, self.criteria.wrong
        if path.stem != e.version.isoformat():
            wrong(("version",), f"the file is named {path.name}; a version is named by the date it takes effect, {e.version}")
        if f"{path.parent.parent.name}/{path.parent.name}" != e.policy:
            wrong(("policy",), f"the file lies in {path.parent.parent.name}/{path.parent.name}, so that is the policy's id")
        if e.effective.until and e.effective.until < e.effective.from_:
            wrong(("effective",), "it ends before it begins")
        for index, passage in enumerate(e.not_encoded):
            self.criteria.source_known(passage.source, ("not_encoded", index, "source"))
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
            necessary_when=self.criteria.criterion(getattr(e, criteria), (criteria,)),
            not_necessary_when=self._any_of(against),
            more_likely_when=self._any_of("more_likely_when"),
            settled_first=tuple(self._rule(rule, ("settled_first", i)) for i, rule in enumerate(e.settled_first)),
            not_encoded=tuple(Passage(p.source, p.at, p.because) for p in e.not_encoded),
            advice=tuple(self._advice(a, ("advice", i)) for i, a in enumerate(e.advice)),
            review_route=self.criteria.remark(e.review_route, ("review_route",)) if e.review_route else None,
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
        if self.criteria.problems:
            raise ContentError(self.criteria.problems)
        object.__setattr__(policy, "facts", facts_of(policy.criteria()))
        return policy

    def _any_of(self, key: str) -> AtLeast | None:
        entry = getattr(self.entry, key)
        if entry is None:
            return None
        node = self.criteria.criterion(entry, (key,))
        return node if isinstance(node, AtLeast) else None

    def _rule(self, rule: grammar.RuleEntry, place: Place) -> FirstRule:
        return FirstRule(self.criteria.criterion(rule.when, (*place, "when")), rule.then, tuple(rule.asks), rule.referred_to)

    def _alternative(self, entry: grammar.AlternativeEntry, place: Place) -> Alternative:
        system, _, code = entry.order.partition(" ")
        if not code:
            self.criteria.wrong((*place, "order"), f"'{entry.order}' is not a system and a code; write it as 'CPT 81420'")
        return Alternative(tuple(entry.instead_of), system, code, entry.label, self.criteria.cite(entry.cite, (*place, "cite")))

    def _authorization(self, entry: grammar.AuthorizationEntry, place: Place) -> Authorization:
        when = self.criteria.criterion(entry.when, (*place, "when")) if entry.when else None
        return Authorization(Remark(entry.says, self.criteria.cite(entry.cite, (*place, "cite"))), entry.needed, when)

    def _advice(self, entry: grammar.AdviceEntry, place: Place) -> Remark:
        when = self.criteria.criterion(entry.when, (*place, "when")) if entry.when else None
        return Remark(entry.says, self.criteria.cite(entry.cite, (*place, "cite")), when)

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
                    self.criteria.problems.append(Problem(self.file.name, criterion.line, said))


def _same_question(one: Criterion, other: Criterion) -> bool:
    if isinstance(one, Check) and isinstance(other, Check):
        return question_of(one) == question_of(other)
    if isinstance(one, AtLeast | NoneOf) and type(one) is type(other):
        counts = [criterion.count for criterion in (one, other) if isinstance(criterion, AtLeast)]
        same = len(one.parts) == len(other.parts) and len(set(counts)) <= 1
        return same and all(_same_question(a, b) for a, b in zip(one.parts, other.parts, strict=True))
    return False
