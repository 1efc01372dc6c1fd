"""A policy as a readable outline.

It says what the policy governs, its criteria in words, what silence means, and what counts as evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from cds_service.content.content import Content
from cds_service.content.wording import (
    counted,
    effective,
    ours_in_words,
    place_of,
    review,
    silence_in_words,
    test_in_words,
    value_set,
)
from cds_service.facts.definition import Definition
from cds_service.policy.criterion import Check, Citation, Criterion, Remark
from cds_service.policy.model import FirstRule, Policy


def outline(policy: Policy, content: Content) -> Iterator[RenderableType]:
    """Yield the outline of a policy version, part by part."""
    yield from _heading(policy, content)
    of_orders = policy.subject == "order"
    yield _title("Orders it governs" if of_orders else "What it judges")
    if not of_orders:
        yield Text("  the answers of a QuestionnaireResponse, and no order")
    for id_ in policy.order_sets:
        yield Text(f"  {value_set(id_, content.terminology, codes=True)}")
    if policy.settled_first:
        yield _title("Settled before the criteria, the first that is met")
        for rule in policy.settled_first:
            yield _rule(rule, policy, content)
    yield _title("Necessary when" if of_orders else "Met when")
    yield criterion_tree(policy.necessary_when, policy, content)
    if policy.not_necessary_when:
        yield _title("Not necessary when" if of_orders else "Unlikely to be recommended when")
        yield criterion_tree(policy.not_necessary_when, policy, content)
    if policy.more_likely_when:
        yield _title("More likely when")
        yield criterion_tree(policy.more_likely_when, policy, content)
    yield _title("What counts as evidence")
    for name in content.catalogue.closure(policy.facts):
        yield _fact(content.catalogue[name], content)
    yield from _advice(policy)


def _title(words: str) -> Text:
    return Text(f"\n{words}", "bold")


def _heading(policy: Policy, content: Content) -> Iterator[Text]:
    versions = sorted((held for held in content.policies if held.id == policy.id), key=lambda held: held.version)
    yield Text(policy.title, "bold")
    yield Text(f"  policy     {policy.id}, version {policy.version} ({policy.status})")
    lines = f" ({', '.join(policy.lines_of_business)})" if policy.lines_of_business else ""
    yield Text(f"  payer      {policy.payer}{lines}")
    yield Text(f"  effective  {effective(policy)}")
    yield Text(f"  versions   {', '.join(f'{held.version} ({held.status})' for held in versions)}")
    yield Text(f"  review     {review(policy)}")
    for key, source in policy.sources.items():
        yield Text(f"  source     {key}: {source.title}, {source.publisher}{f', {source.url}' if source.url else ''}")


def _rule(rule: FirstRule, policy: Policy, content: Content) -> Tree:
    tree = criterion_tree(rule.when, policy, content)
    follows = f"then: {rule.then}"
    if rule.asks:
        follows += f", asking for {', '.join(rule.asks)}"
    if rule.referred_to:
        follows += f" to {rule.referred_to}"
    tree.add(Text(follows, "bold"))
    return tree


def criterion_tree(criterion: Criterion, policy: Policy, content: Content) -> Tree:
    """Draw a criterion in words, with its place and id.

    Its parts, or its test and what silence means, stand below it.
    """
    label = Text.assemble(criterion.says, " ", (place_of(criterion.cite, policy), "dim"), (f" {criterion.id}", "cyan"))
    tree = Tree(label, guide_style="dim")
    if criterion.remark:
        tree.add(_remark(criterion.remark, policy))
    if isinstance(criterion, Check):
        tree.add(Text(test_in_words(criterion, content.terminology)))
        if criterion.ours:
            tree.add(Text(ours_in_words(criterion), "dim"))
        tree.add(Text(silence_in_words(criterion), "dim"))
        return tree
    parts = tree.add(Text(counted(criterion), "italic"))
    for part in criterion.parts:
        parts.children.append(criterion_tree(part, policy, content))
    return tree


def _fact(definition: Definition, content: Content) -> Tree:
    entry = definition.entry
    unit = f" in {entry.unit}" if entry.unit and entry.unit != "1" else ""
    tree = Tree(Text.assemble((definition.name, "cyan"), f" ({entry.type}{unit}): {entry.means}"), guide_style="dim")
    for source in entry.from_:
        named = [value_set(id_, content.terminology) for id_ in source.kind.value_sets()]
        tree.add(Text(f"{source.name.replace('_', ' ')}{': ' if named else ''}{'; '.join(named)}", "dim"))
    if entry.derived:
        tree.add(Text(f"derived by the rule '{entry.derived.rule}' from {', '.join(entry.derived.takes.values())}", "dim"))
    return tree


def _remark(remark: Remark, policy: Policy) -> Text:
    return Text.assemble(f"{remark.says} ", (place_of(remark.cite, policy), "dim"))


def _advice(policy: Policy) -> Iterator[RenderableType]:
    remarks = [*policy.advice, *([policy.review_route] if policy.review_route else [])]
    if remarks:
        yield _title("Advice")
    for remark in remarks:
        yield Text.assemble("  ", _remark(remark, policy))
    if policy.alternatives:
        yield _title("What the document names instead")
    for other in policy.alternatives:
        says = f"  {other.label} ({other.system} {other.code}), instead of {', '.join(other.instead_of)} "
        yield Text.assemble(says, (place_of(other.cite, policy), "dim"))


def passages(policy: Policy) -> Iterator[RenderableType]:
    """Yield every place of the document.

    Those encoded come first, with the criteria that cite them, then those not encoded with the reason.
    """
    cited: dict[str, dict[str, None]] = {}
    for cite, by in _citations(policy):
        cited.setdefault(place_of(cite, policy), {})[by] = None
    yield _title("Places of the document that are encoded")
    for place, ids in cited.items():
        yield Text.assemble("  ", (place, "dim"), " ", (", ".join(ids), "cyan"))
    yield _title("Passages that are not encoded")
    for passage in policy.not_encoded:
        yield Text.assemble("  ", (place_of(Citation(passage.source, passage.at), policy), "dim"), f" {passage.because}")


def _citations(policy: Policy) -> Iterable[tuple[Citation, str]]:
    for criterion in policy.criteria():
        yield criterion.cite, criterion.id
        if criterion.remark:
            yield criterion.remark.cite, f"{criterion.id} (remark)"
    for remark in policy.advice:
        yield remark.cite, "(advice)"
    if policy.review_route:
        yield policy.review_route.cite, "(review route)"
    for other in policy.alternatives:
        yield other.cite, f"(alternative {other.system} {other.code})"
