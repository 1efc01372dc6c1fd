"""The facts of a case, each read once and when asked for.

The chart, the order and earlier answers document them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from cds_service.case import Case
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.definition import Definition
from cds_service.facts.doubted_answers import disagree, doubted
from cds_service.facts.entry import DerivedEntry
from cds_service.facts.found.answers import answers, read_answers
from cds_service.facts.found.forms import is_for_one, order_of
from cds_service.facts.kinds.evidence_kind import EvidenceKind
from cds_service.facts.settled import settled
from cds_service.facts.shelf_life import never_fallen
from cds_service.facts.unclear_records import not_placed, only_said
from cds_service.fhir.elements import own_reference
from cds_service.fhir.untold import untold
from cds_service.policy.evidence import UNTOLD, Evidence, Fact, Standing
from cds_service.policy.judge import ChartFacts
from cds_service.policy.known import FoundEvidence, Known


class Facts(ChartFacts):
    """The facts of one case by name, each read when asked for.

    ``unusable`` names resources that failed validation, with the reason.
    """

    def __init__(self, case: Case, catalogue: Catalogue, unusable: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._case = case
        self._catalogue = catalogue
        self.unusable = unusable or {}
        self._answers = case.together.once("answers", lambda: answers(case.chart.of("QuestionnaireResponse")))
        self.known = case.seen.known(self.unusable)
        self._mentioned, self._missing = case.mentioned, case.unsearched
        self._heard = case.heard(catalogue.vocabulary)
        self._unplaced = case.unplaced
        self._untold = any(id_ == untold(kind) for kind, id_ in self._unplaced) if self._unplaced else False
        self._read: dict[str, tuple[Evidence, ...]] = {}
        mentioned = self._mentioned.union([id_ for _, id_ in self._unplaced]) if self._unplaced else self._mentioned
        self._speaking = catalogue.speaking(mentioned, self._answers, self._heard)
        self._silence = catalogue.silence(self._missing)

    def among(self, names: Set[str]) -> Iterable[str]:
        """Return the facts the chart may document, or was not searched for.

        Only those among ``names`` are returned.
        """
        spoken = names & self._speaking
        return spoken | (names & self._silence.unsearched) if self._silence.unsearched else spoken

    def __missing__(self, name: str) -> Fact:
        fact = None if name in self._speaking else self._silence.facts.get(name)
        if fact is None:
            definition = self._catalogue.facts[name]
            derived = definition.derived
            fact = self._documented(definition) if derived is None else self._derived(definition, derived)
        self[name] = fact
        return fact

    def evidence(self) -> Iterator[Evidence]:
        """Yield all evidence of the facts read so far."""
        for fact in self.values():
            yield from fact.evidence

    def _derived(self, definition: Definition, derived: DerivedEntry) -> Fact:
        """Compute a derived fact.

        Where all that it takes is silent, most rules have nothing to say, and are not called. Only a rule that asks for them
        weighs records that do not say what they are: they end the silence of what any other rule finds nothing for.
        """
        name = definition.name
        takes: dict[str, Fact] = {}
        unsearched: dict[str, None] = {}
        untold: list[Evidence] = []
        silent = True
        rule = self._catalogue.rules[derived.rule]
        apart = self._untold and not rule.weighs_untold
        for as_, taken in derived.takes.items():
            fact = takes[as_] = _told(self[taken], untold) if apart else self[taken]
            if fact.unsearched:
                unsearched.update(dict.fromkeys(fact.unsearched))
            if fact.evidence:
                silent = False
        own = self._answered(definition) if name in self._answers else ()
        if silent and not own and not unsearched and name in self._catalogue.mute:
            return Fact(name, tuple(dict.fromkeys(untold))) if untold else definition.silent
        inputs = tuple(takes.values())
        known = self.known if not untold else None
        if known is not None and own and known.answered.get(definition) is not own:
            known = None  # answers for this order alone, of which no other order may have what follows
        made = known.computed((definition, bool(own)), inputs) if known is not None else None
        if made is not None:
            return made
        if own and rule.joins:
            joined = takes[rule.joins]
            takes[rule.joins] = Fact(joined.name, joined.evidence + own, joined.unsearched)
            own = ()
        computed = rule(takes, self._case.as_of, self._catalogue.tables.get(derived.table))
        found: Sequence[Evidence] = (*computed, *own)
        if name in self._answers:
            found = self._weighed(definition, found)
        elif len(found) > 1 and disagree(found):
            found = doubted(found, found, (), definition, self._catalogue, self._case.seen)
        if untold and all(one.standing is not Standing.USABLE for one in found):
            found = [*found, *dict.fromkeys(untold)]
        fact = Fact(name, tuple(found), tuple(unsearched))
        if known is not None:
            known.keep_computed((definition, bool(own)), inputs, fact)
        return fact

    def _documented(self, definition: Definition) -> Fact:
        """Find a fact in the chart, or in answers.

        It is found once for all orders of a call that add nothing to it.
        """
        name, known, case = definition.name, self.known, self._case
        found: list[Evidence] = []
        alike = False
        if name in self._speaking:
            if known is None:
                wanted = definition.wanted
                for source, speaks_by, at_orders in definition.speakers:
                    if speaks_by is None or not speaks_by.isdisjoint(self._mentioned):
                        said = source.find(case, wanted) if at_orders else source.in_chart(case.seen, wanted)
                        life = source.shelf_life
                        found += said if life is None else [life.seen(evidence, case.as_of) for evidence in said]
            else:
                parts, alike = self._parts(definition, known)
                if alike and definition in known.documented:
                    return known.documented[definition]
                found = [evidence for part in parts for evidence in part]
            if self._unplaced:
                found += not_placed(definition, self._unplaced, case, all(one.standing is not Standing.USABLE for one in found))
            if name in self._heard:
                found += only_said(definition, self._heard[name], case)
        if len(found) > 1 and len(definition.sources) > 1:
            found = list(dict.fromkeys(found))  # one record that two kinds of evidence find is one piece of evidence
        if self.unusable:
            found = [self._usable(evidence) for evidence in found]
        if definition.grows:
            found = never_fallen(found)
        if name in self._answers:
            found += self._answered(definition)
            found = list(self._weighed(definition, found))
        elif len(found) > 1 and disagree(found):
            found = list(doubted(found, found, (), definition, self._catalogue, self._case.seen))
        unsearched = tuple([kind for kind in definition.searched if kind in self._missing]) if self._missing else ()
        fact = Fact(name, tuple(found), unsearched) if found or unsearched else definition.silent
        if alike and known is not None:
            known.documented[definition] = fact
        return fact

    def _weighed(self, definition: Definition, found: Sequence[Evidence]) -> Sequence[Evidence]:
        """Weigh the answers to a fact's question beside its other evidence."""
        for_this = self._for_this(definition.name)
        weighed = settled(found, for_this, self._case.order.reference)
        return doubted(found, weighed, {one.resource for one in for_this}, definition, self._catalogue, self._case.seen)

    def _parts(self, definition: Definition, known: Known) -> tuple[list[list[Evidence]], bool]:
        """Return what each kind of evidence finds, and whether it is shared.

        It is shared if the same is found for every order of the day that adds nothing to it.
        """
        case, name = self._case, definition.name
        alike = self._missing == case.chart.unsearched and self._unplaced is case.seen.unplaced
        if name in self._heard:
            alike = alike and self._heard[name] is case.seen.heard(self._catalogue.vocabulary).get(name)
        if name in self._answers:
            alike = alike and self._asked_of_anyone(name)
        parts: list[list[Evidence]] = []
        for number, (source, speaks_by, at_orders) in enumerate(definition.speakers):
            if speaks_by is None or not speaks_by.isdisjoint(self._mentioned):
                chart = known.found.get((definition, number))
                if chart is None:
                    read = list(source.in_chart(case.seen, definition.wanted))
                    chart = known.found[definition, number] = FoundEvidence(read, self._aged(source, read))
                said = source.with_order(case, definition.wanted, chart.read) if at_orders else chart.read
                alike = alike and said is chart.read
                parts.append(chart.aged if said is chart.read else self._aged(source, said))
        return parts, alike

    def _aged(self, source: EvidenceKind, found: list[Evidence]) -> list[Evidence]:
        """Return evidence as old as it is on the date of service."""
        life = source.shelf_life
        return found if life is None else [life.seen(evidence, self._case.as_of) for evidence in found]

    def answered(self, name: str) -> tuple[Evidence, ...]:
        """Return what was answered to a fact's own question.

        That holds also where the fact is computed from others.
        """
        return self._answered(self._catalogue[name]) if name in self._answers else ()

    def _answered(self, definition: Definition) -> tuple[Evidence, ...]:
        """Return the answers to the question of a fact, as evidence."""
        name = definition.name
        if (read := self._read.get(name)) is not None:
            return read
        known = self.known if self.known is not None and self._asked_of_anyone(name) else None
        answered = known.answered.get(definition) if known is not None else None
        if answered is None:
            life = self._catalogue.answers_speak_for(name)
            given = read_answers(self._answers[name], self._case.chart.terminology, definition.wanted, self._case, life)
            answered = tuple([self._usable(evidence) for evidence in given])
            if known is not None:
                known.answered[definition] = answered
        self._read[name] = answered
        return answered

    def for_this_order(self, name: str) -> tuple[Evidence, ...]:
        """Return the usable answers given for this very order.

        They answer the fact's question; empty where nobody answered it.
        """
        return self._for_this(name) if name in self._answers else ()

    def _for_this(self, name: str) -> tuple[Evidence, ...]:
        """Return the usable answers given for this very order.

        The fact must be one that somebody answered.
        """
        mine = {own_reference(one.response) for one in self._answers[name] if order_of(one.response, self._case.order) == "this"}
        answered = self._answered(self._catalogue[name]) if mine else ()
        return tuple([one for one in answered if one.resource in mine and one.standing is Standing.USABLE])

    def _asked_of_anyone(self, name: str) -> bool:
        """Tell whether all orders and policies get a fact's same answers.

        They are the same if none was given for a certain order or to a certain form, and this order names none.
        """
        if self._case.order.resource.get("supportingInfo"):
            return False
        given = self._answers[name]
        return self._case.together.once(("anyone", name), lambda: not any(is_for_one(one.response) for one in given))

    def _usable(self, evidence: Evidence) -> Evidence:
        reason = self.unusable.get(evidence.resource)
        if reason is None:
            return evidence
        note = f"{UNTOLD}; {reason}" if UNTOLD in evidence.note else reason
        return Evidence(None, evidence.when, evidence.resource, evidence.kind, Standing.UNCERTAIN, note)


def _told(fact: Fact, untold: list[Evidence]) -> Fact:
    """Return a fact without records that do not say what they are.

    They are added to ``untold``.
    """
    left = [one for one in fact.evidence if UNTOLD in one.note]
    if not left:
        return fact
    untold += left
    return Fact(fact.name, tuple([one for one in fact.evidence if UNTOLD not in one.note]), fact.unsearched)
