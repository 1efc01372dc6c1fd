"""Answers that records contradict, whichever of the two is newer.

What lasts does not end because somebody answers "no", or because a test says so: either contradicts it. And a diagnosis
that was refuted after somebody answered "yes" leaves open whether the answer meant that one. Both are asked about.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from typing import Final, NamedTuple

from cds_service.facts.catalogue import Catalogue
from cds_service.facts.definition import Definition
from cds_service.facts.found.diagnosis_days import ended, recorded_on
from cds_service.facts.found.qualifiers import Stands, qualified
from cds_service.facts.found.refuted import REFUTED
from cds_service.facts.kinds.allergy import AllergyEvidence
from cds_service.facts.kinds.condition import ConditionEvidence
from cds_service.facts.kinds.evidence_kind import Wanted
from cds_service.facts.settled import OLD_NO, REPLACED
from cds_service.facts.wanted import Unreadable, carried_value
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import Resource, concept_words, own_reference, status_code
from cds_service.fhir.words_of_records import OVER
from cds_service.policy.evidence import ONLY_WORDS, Evidence, Standing
from cds_service.policy.values import Days, Value
from cds_service.sitting import DatedChart

AGAINST_LASTING: Final = "what the chart holds against it lasts, and is not recorded as over"
"""Note on a "no" beside a lasting record that says yes."""
MAY_BE_OLDER: Final = "it names no day, and an answer says no"
REFUTED_SINCE: Final = "a diagnosis that it may mean was refuted since"
"""Note on an answer that an earlier or later refutation leaves open."""
SAID_SO_BEFORE: Final = "an answer before it said yes, and may mean another diagnosis"
DOUBTS: Final = frozenset({AGAINST_LASTING, MAY_BE_OLDER, REFUTED_SINCE, SAID_SO_BEFORE})
"""The notes of answers that records put in doubt, and of records that answers do."""
_DATING: Final = ("recordedDate", "onsetDateTime", "onsetPeriod", "lastOccurrence", "date", "manufactureDate", "encounter")
_WORD: Final = re.compile(r"[^\W\d_]{5,}")
_OF_QUESTIONS: Final = frozenset({"there", "patient", "other", "which", "disease", "recorded", "infection"})


class Refuted(NamedTuple):
    """A refuted record: where it stands, its day, and what it said.

    It may be of any day where it names none. The value is None where its code is not read.
    """

    resource: str
    when: Days | None
    value: Value | None


def doubted(
    found: Sequence[Evidence],
    settled: Sequence[Evidence],
    own: Collection[str],
    definition: Definition,
    catalogue: Catalogue,
    seen: DatedChart,
) -> Sequence[Evidence]:
    """Return the evidence of a fact, with what is doubtful of answers.

    ``found`` is all that was found; ``settled`` the same after answers of the responses ``own``, given for the very order
    that is judged, settled what was open. Such a "no" holds where the chart was open before it was given, since the
    question was asked for that; a "yes" holds beside what was refuted on its day.
    """
    told = {one.value for one in settled if one.kind == "answered" and one.standing is Standing.USABLE}
    if any(_is_no(one) for one in settled):
        settled = _beside_lasting(found, settled, own, _lasting(definition, catalogue, seen))
        if any(_in_words(one, seen) for one in settled) and _may_last(definition, catalogue):
            settled = _beside_words(settled, own)
    if any(value is True or isinstance(value, str) for value in told):
        settled = _since_refuted(settled, own, list(_refuted(definition, catalogue, seen)))
    return settled


def _beside_lasting(
    found: Sequence[Evidence], settled: Sequence[Evidence], own: Collection[str], lasting: dict[str, bool]
) -> Sequence[Evidence]:
    """Leave a "no" open that is newer than what lasts.

    ``lasting`` are the records of what lasts, each with whether it is dated.
    """
    sure = [one for one in settled if one.value is True and one.standing is Standing.USABLE and one.resource in lasting]
    if not sure:
        return settled
    since = max((one.when.last for one in sure if one.when and lasting[one.resource]), default=date.min)
    open_before = any(one.resource not in own and _leaves_open(one, since) for one in found)
    denied = {
        one for one in settled if _is_no(one) and one.when and one.when.first > since and not (open_before and one.resource in own)
    }
    older = {one for one in sure if not lasting[one.resource]} if denied else set()
    return [
        one._replace(standing=Standing.UNCERTAIN, note=AGAINST_LASTING if one in denied else MAY_BE_OLDER)
        if one in denied or one in older
        else one
        for one in settled
    ]


def _in_words(evidence: Evidence, seen: DatedChart) -> bool:
    """Tell whether a diagnosis in force says yes, in words alone."""
    record = seen.chart.get(evidence.resource) if ONLY_WORDS in evidence.note else None
    return record is not None and record["resourceType"] == "Condition" and evidence.value is True and _stands(record, seen)


def _may_last(definition: Definition, catalogue: Catalogue) -> bool:
    """Tell whether a record that says the fact lasts."""
    return any(source.lasts for one in _spoken_by(definition, catalogue) for source in one.sources)


def _beside_words(settled: Sequence[Evidence], own: Collection[str]) -> Sequence[Evidence]:
    """Leave a "no" open beside words of what may last.

    One that was given for this very order answers what the words leave open.
    """
    return [
        one._replace(standing=Standing.UNCERTAIN, note=AGAINST_LASTING) if _is_no(one) and one.resource not in own else one
        for one in settled
    ]


def _is_answer(evidence: Evidence, value: Value | None) -> bool:
    return evidence.kind == "answered" and evidence.standing is Standing.USABLE and evidence.value == value


def disagree(found: Sequence[Evidence]) -> bool:
    """Tell whether a test says no beside a yes, be it words."""
    yes = any(one.value is True and (one.standing is Standing.USABLE or ONLY_WORDS in one.note) for one in found)
    return yes and any(_is_no(one) for one in found)


def _is_no(evidence: Evidence) -> bool:
    """Tell whether an answer or a test says no."""
    if evidence.value is not False or evidence.standing is not Standing.USABLE:
        return False
    return evidence.kind == "answered" or evidence.resource.startswith("Observation/")


def _leaves_open(evidence: Evidence, since: date) -> bool:
    if evidence.when is not None and evidence.when.last <= since:
        return False
    spoke = evidence.standing is Standing.USABLE or evidence.note == OLD_NO or evidence.note.endswith(REPLACED)
    said_no = evidence.value is False and spoke
    return said_no or evidence.standing is Standing.UNCERTAIN


def _since_refuted(settled: Sequence[Evidence], own: Collection[str], refuted: list[Refuted]) -> Sequence[Evidence]:
    against: dict[Evidence, set[str]] = {}
    for one in settled:
        if _is_answer(one, True) or (_is_answer(one, one.value) and isinstance(one.value, str)):
            by = {it.resource for it in refuted if _refutes(it, one, one.resource in own)}
            if by:
                against[one] = by
    if not against:
        return settled
    denying = set[str]().union(*against.values())
    return [
        one._replace(standing=Standing.UNCERTAIN, note=REFUTED_SINCE if one in against else SAID_SO_BEFORE)
        if one in against or (one.resource in denying and one.value is False and one.standing is Standing.USABLE)
        else one
        for one in settled
    ]


def _refutes(refuted: Refuted, answer: Evidence, for_this: bool) -> bool:
    if answer.when is None or (answer.value is not True and refuted.value not in (answer.value, None)):
        return False
    if refuted.when is None:
        return not for_this
    return refuted.when.last > answer.when.first if for_this else refuted.when.last >= answer.when.first


def _lasting(definition: Definition, catalogue: Catalogue, seen: DatedChart) -> dict[str, bool]:
    """Return the records of what lasts and stands.

    Each comes with whether it is dated.
    """
    found: dict[str, bool] = {}
    for name in catalogue.closure((definition.name,)):
        one = catalogue[name]
        for source in one.sources:
            for evidence in source.in_chart(seen, one.wanted) if source.lasts else ():
                record = seen.chart.get(evidence.resource)
                if record is not None and evidence.value not in (None, False) and _stands(record, seen):
                    found[evidence.resource] = any(key in record for key in _DATING)
    return found


def _stands(record: Resource, seen: DatedChart) -> bool:
    return status_code(record.get("clinicalStatus")) not in OVER and not ended(record, seen)


def _refuted(definition: Definition, catalogue: Catalogue, seen: DatedChart) -> Iterator[Refuted]:
    """Yield the refuted records that say, or may say, a fact."""
    speaking = list(_spoken_by(definition, catalogue))
    reading = [(one, source) for one in speaking for source in _refutable(one)]
    for one, source in reading:
        kind = "Condition" if isinstance(source, ConditionEvidence) else "AllergyIntolerance"
        for hit in seen.chart.coded(kind, source.codes):
            value = _value(source, hit, one.wanted)
            if value not in (None, False) and _is_refuted(hit.resource, seen) and not _elsewhere(source, hit.resource, seen):
                yield Refuted(own_reference(hit.resource), recorded_on(hit.resource, seen, False), value)
    if not any(isinstance(source, ConditionEvidence) for _, source in reading):
        return
    for record in seen.chart.withdrawn_unread:
        refuted = record["resourceType"] == "Condition" and _is_refuted(record, seen)
        if refuted and _may_name(concept_words(record.get("code")), speaking, catalogue):
            yield Refuted(own_reference(record), recorded_on(record, seen, False), None)


def _is_refuted(record: Resource, seen: DatedChart) -> bool:
    """Tell whether a record is refuted by the day of service."""
    when = recorded_on(record, seen, False)
    return status_code(record.get("verificationStatus")) == REFUTED and (when is None or when.first <= seen.as_of)


def _refutable(definition: Definition) -> Iterator[ConditionEvidence | AllergyEvidence]:
    """Yield the kinds of evidence whose records can be refuted."""
    for source in definition.sources:
        denies = isinstance(source, ConditionEvidence) and source.gives is False
        if isinstance(source, ConditionEvidence | AllergyEvidence) and not (source.uncertain or denies):
            yield source


def _spoken_by(definition: Definition, catalogue: Catalogue) -> Iterator[Definition]:
    """Yield the facts whose records say a fact, itself among them.

    A rule that names the input that it is imagined by is said by that; any other by all that it takes.
    """
    yield definition
    derived = definition.derived
    if derived is None:
        return
    taken = [derived.imagined_by] if derived.imagined_by and not derived.key else [*derived.takes.values()]
    for name in taken:
        yield from _spoken_by(catalogue[name], catalogue)


def _value(source: ConditionEvidence | AllergyEvidence, hit: Hit, wanted: Wanted) -> Value | None:
    if isinstance(source, ConditionEvidence) and source.gives is not None:
        return source.gives
    with suppress(Unreadable):
        return carried_value(hit.carried, wanted, True if wanted.type == "boolean" else None)
    return None


def _elsewhere(source: ConditionEvidence | AllergyEvidence, record: Resource, seen: DatedChart) -> bool:
    if not isinstance(source, ConditionEvidence) or not source.body_site:
        return False
    return qualified(source.body_site, "", "", record, seen.chart.terminology).stands in (Stands.SAYS_NOTHING, Stands.ELSEWHERE)


def _may_name(words: Iterable[str], speaking: Sequence[Definition], catalogue: Catalogue) -> bool:
    """Tell whether the words of an unread record may name a fact.

    What has no words may be anything. A fact without words of its own is named by its name and its question.
    """
    written = list(words)
    if not written:
        return True
    vocabulary, names = catalogue.vocabulary, {one.name for one in speaking}
    heard = {vocabulary.said[key].fact for text in written for key in vocabulary.heard[text]}
    if any(one.said for one in speaking):
        return not names.isdisjoint(heard)
    asked = {word for one in speaking for word in _WORD.findall(f"{one.question} {one.name.replace('_', ' ')}".lower())}
    asked -= _OF_QUESTIONS
    return any(word in asked for text in written for word in _WORD.findall(text.lower()))
