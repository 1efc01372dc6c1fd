"""The answers of a policy: what an outcome asserts of coverage.

This module also checks whether every answer that a policy can give is one that CRD allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Final

from cds_service.content_files.problems import Problem
from cds_service.fhir.coverage_information import CRD_VERSIONS, Assertion, as_extension
from cds_service.fhir.coverage_invariants import violations
from cds_service.policy.answers import OUTCOMES, Answer
from cds_service.policy.model import Policy

MOST: Final = 1024
"""How many answers are kept with what is made of them.

A policy has a handful.
"""


@lru_cache(maxsize=MOST)
def authorized(answer: Answer, needed: bool | None) -> Answer:
    """Return an answer with what the document says of prior authorization.

    ``needed`` is what it says, None when it says nothing. An answer that the criteria satisfy the authorization, or
    that the performer asks for it, stands where one is needed. What only made sense with the answer as it was written
    goes: the information needed, and documentation with the authorization.
    """
    if needed is None or answer.covered == "not-covered":
        return answer
    kept = answer.pa_needed in ("satisfied", "performpa")
    said = replace(answer, pa_needed=(answer.pa_needed if kept else "auth-needed") if needed else "no-auth")
    if not said.conditional:
        said = replace(said, info_needed=())
    if said.pa_needed in ("no-auth", "satisfied"):
        said = replace(said, doc_purpose=tuple(purpose for purpose in said.doc_purpose if purpose != "withpa"))
    return said


@lru_cache(maxsize=MOST)
def undecided(answer: Answer, *, early: bool) -> Answer:
    """Return an answer as a technical failure leaves it open.

    What it left to conditions is *indeterminate*, as is the documentation needed. In CRD 2.0.1 (``early``), which has
    no such code, it is *conditional* on other information.
    """
    code = "conditional" if early else "indeterminate"
    covered, pa = (code if said == "conditional" else said for said in (answer.covered, answer.pa_needed))
    info = ("OTH",) if early else ()
    return replace(
        answer, covered=covered, pa_needed=pa, doc_needed=(code,), doc_purpose=(), info_needed=info, reason="", questionnaires=()
    )


@lru_cache(maxsize=MOST)
def undocumented(answer: Answer) -> Answer:
    """Return an answer without the documentation that it flags.

    The hooks that CRD calls secondary want it so (`hook-19`).
    """
    said = replace(answer, doc_needed=(), doc_purpose=(), questionnaires=())
    return said if said.conditional else replace(said, info_needed=())


@lru_cache(maxsize=MOST)
def asked_by(answer: Answer, forms: tuple[str, ...]) -> Answer:
    """Return an answer with the forms that ask for its documentation.

    The forms are named by their canonicals. The documentation is then clinical, and a person gives it.
    """
    needed = answer.doc_needed if "clinical" in answer.doc_needed else ("clinical", *answer.doc_needed)
    return replace(answer, doc_needed=needed, questionnaires=tuple(dict.fromkeys((*answer.questionnaires, *forms))))


def answer_problems(policy: Policy) -> Iterator[Problem]:
    """Yield what is wrong with the answers of a policy, by line.

    They must be ones that CRD allows, and stand for rules that there are. Judged criteria never deny.
    """
    for outcome, answer in policy.answers.outcomes.items():
        yield from _problems(policy, answer, outcome, "")
    for id_, answer in policy.answers.rules.items():
        settled = list(dict.fromkeys(rule.then for rule in policy.settled_first if rule.when.id == id_))
        addressed = [outcome for outcome in settled if outcome in OUTCOMES]
        if not settled:
            yield Problem(policy.file, answer.line, f"answers: there is no rule '{id_}' in settled_first")
        elif not addressed:
            yield Problem(policy.file, answer.line, f"answers: the rule '{id_}' does not address the order, so it has no answer")
        for outcome in addressed:
            yield from _problems(policy, answer, outcome, id_)


def unlisted_problems(answer: Answer) -> Iterator[str]:
    """Yield what is wrong with an answer for unaddressed orders.

    It is a payer's answer for orders that no policy addresses: nothing was judged, so nothing is denied.
    """
    if answer.covered == "not-covered":
        yield "not-covered denies, and nothing was judged; say 'conditional' with what the plan wants to know"
    if answer.pa_needed == "satisfied":
        yield "a prior authorization cannot be satisfied where nothing was judged"
    yield from sorted({said for sent in (answer, undocumented(answer)) for said in _broken(sent)})


def _problems(policy: Policy, answer: Answer, outcome: str, rule: str) -> Iterator[Problem]:
    where = f"answers, {rule or outcome}"
    if answer.covered == "not-covered" and not (rule and outcome == "not necessary"):
        said = "not-covered denies; it is for a rule settled first that makes an order not necessary, never for judged criteria"
        yield Problem(policy.file, answer.line, f"{where}: {said}")
    if answer.covered == "not-covered" and not answer.reason:
        yield Problem(policy.file, answer.line, f"{where}: not-covered states its rule in 'reason'")
    if answer.pa_needed == "satisfied" and outcome != "necessary":
        yield Problem(policy.file, answer.line, f"{where}: only a necessary order has satisfied its prior authorization")
    wanted = {None} if rule else {None, *(entry.needed for entry in policy.authorization)}
    given = [authorized(answer, needed) for needed in wanted]
    if outcome == "not documented":
        given += [asked_by(one, ("urn:form",)) for one in given]
    broken = {said for one in given for sent in (one, undocumented(one)) for said in _broken(sent)}
    yield from (Problem(policy.file, answer.line, f"{where}: {said}") for said in sorted(broken))


def _broken(answer: Answer) -> Iterator[str]:
    satisfied = "id" if answer.pa_needed == "satisfied" else ""
    assertion = Assertion("Coverage/1", answer, date.min, "id", satisfied_pa_id=satisfied)
    for version in CRD_VERSIONS:
        yield from violations(as_extension(assertion, version), version)
