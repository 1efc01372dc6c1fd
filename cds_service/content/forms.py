"""The forms of a policy: what they ask, and their canonicals.

A form asks for facts of its policy under their names. Which facts, and in which order, stands in its canonical, so that
whoever has the canonical has the form, and nothing has to be kept of it. The version changes with every question,
option or unit.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import orjson

from cds_service.content.wording import place_of
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.found.forms import OURS, form_base
from cds_service.policy import asking
from cds_service.policy.criterion import Check, walk
from cds_service.policy.evidence import Fact
from cds_service.policy.judge import judge
from cds_service.policy.model import Policy

ANSWERABLE: Final = frozenset({"boolean", "choice", "quantity", "date"})
"""The types of facts that an item of a form can take."""
MOST_PLACES: Final = 3
"""Criteria that the help of a question names."""
ADAPTIVE: Final = "adaptive"
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_SOME: Final = re.compile(r"q((?:[0-9a-z]{2})+)")


class NotHeld(LookupError):
    """A canonical under which no form is held.

    The message says why, without repeating it.
    """


@dataclass(frozen=True, slots=True)
class PolicyForm:
    """All that the forms of one policy version may ask.

    It is the standard form, from which those of orders are taken.

    ``facts`` are those that can be asked, in the order in which they would be asked of a chart without anything.
    ``helps`` says of each why: the criteria with their places. ``dated`` are those whose day counts. ``version`` is
    that of the policy with a digest of everything that is asked. ``digits`` name each fact in canonicals.
    """

    policy: Policy
    facts: tuple[str, ...]
    helps: Mapping[str, str]
    dated: frozenset[str]
    version: str
    digits: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name of the policy as it stands in canonicals."""
        return self.policy.form.partition("|")[0]

    def asking(self, facts: Iterable[str]) -> tuple[str, ...]:
        """Return those of some facts that can be asked, in their order."""
        return tuple(fact for fact in dict.fromkeys(facts) if fact in self.helps)

    def canonical(self, our_url: str, facts: tuple[str, ...] | None = None, *, adaptive: bool = False) -> str:
        """Return the canonical (``url|version``) of a form.

        The form asks for these facts; it is the standard form where none are named.
        """
        some = "" if facts is None or facts == self.facts else f".q{''.join([self.digits[fact] for fact in facts])}"
        return f"{form_base(our_url)}Questionnaire/{self.name}{f'.{ADAPTIVE}' if adaptive else some}|{self.version}"

    def chosen(self, digits: str) -> tuple[str, ...]:
        """Return the facts that the part of a canonical names.

        Raises NotHeld for what was never written so.
        """
        places = [int(digits[at : at + 2], len(_DIGITS)) for at in range(0, len(digits), 2)]
        if len(set(places)) < len(places) or any(place >= len(self.facts) for place in places):
            raise NotHeld("the form asks for what its policy does not")
        return tuple(self.facts[place] for place in places)


class NamedForm(NamedTuple):
    """A form as its canonical names it.

    It says of which policy version it is, the facts it asks for, and whether it is adaptive.
    """

    of: PolicyForm
    facts: tuple[str, ...]
    adaptive: bool = False


def policy_form(policy: Policy, catalogue: Catalogue) -> PolicyForm:
    """Work out what the forms of a policy ask."""
    trees = [tree for tree in (policy.necessary_when, policy.not_necessary_when, policy.more_likely_when) if tree]
    unread = {name: Fact(name, (), ("unread",)) for name in policy.facts}
    checks = [one for tree in trees for one in walk(tree) if isinstance(one, Check)]
    ordered = [fact for tree in trees for fact in asking.asks(judge(tree, unread, policy.effective_from))]
    ordered += [check.fact for check in checks] + [fact for rule in policy.settled_first for fact in rule.asks]
    facts = tuple(dict.fromkeys(fact for fact in ordered if fact in catalogue and catalogue[fact].entry.type in ANSWERABLE))
    dated = frozenset(check.fact for check in checks if check.within and catalogue[check.fact].entry.type == "quantity")
    helps = {fact: _help(fact, checks, policy) for fact in facts}
    asked = [[fact, helps[fact], fact in dated, *_asked(catalogue, fact)] for fact in facts]
    digest = hashlib.sha256(orjson.dumps(asked)).hexdigest()[:8]
    digits = {fact: "".join(_DIGITS[part] for part in divmod(place, len(_DIGITS))) for place, fact in enumerate(facts)}
    return PolicyForm(policy, facts, helps, dated, f"{policy.version}-{digest}", digits)


def _asked(catalogue: Catalogue, fact: str) -> list[object]:
    """Return what an item of a form shows of a fact."""
    definition = catalogue[fact]
    entry = definition.entry
    return [
        definition.question,
        entry.type,
        entry.unit,
        entry.shown_as,
        entry.choices,
        definition.wanted.low,
        definition.wanted.high,
    ]


def _help(fact: str, checks: Iterable[Check], policy: Policy) -> str:
    """Return why a fact is asked for.

    It names the criteria that test it, each with its place in the document.
    """
    said = list(dict.fromkeys(f"{check.says} {place_of(check.cite, policy)}" for check in checks if check.fact == fact))
    if not said:
        return "Asked to tell which criteria apply."
    more = [f"and {len(said) - MOST_PLACES} more"] if len(said) > MOST_PLACES else []
    return f"Asked for: {'; '.join([*said[:MOST_PLACES], *more])}"


def named_form(canonical: str, forms: Mapping[str, PolicyForm], our_url: str) -> NamedForm:
    """Return the form of a canonical.

    Without a version, it is of the policy version that was last to take effect. Raises NotHeld for a form of somebody
    else, of no policy held here, or of a version that is no more.
    """
    url, _, version = canonical.partition("|")
    base = next((base for base in dict.fromkeys((form_base(our_url), OURS)) if url.startswith(f"{base}Questionnaire/")), None)
    if base is None:
        raise NotHeld("it is no form of this service")
    name, _, which = url.removeprefix(f"{base}Questionnaire/").partition(".")
    held = [form for form in forms.values() if form.name == name]
    if not held:
        raise NotHeld("no policy of this name is held")
    found = [form for form in held if form.version == version] if version else [max(held, key=lambda form: form.policy.version)]
    if not found:
        raise NotHeld("this version of the form is retired; ask without a version for the current one")
    if which == ADAPTIVE:
        return NamedForm(found[0], (), adaptive=True)
    some = _SOME.fullmatch(which)
    if which and not some:
        raise NotHeld("no form is held under this name")
    return NamedForm(found[0], found[0].chosen(some[1]) if some else found[0].facts)
