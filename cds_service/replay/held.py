"""What a worker holds while it replays.

The content, the content that it is compared with, and the resources that belong to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from cds_service.content.content import Content, read_content
from cds_service.content.library import Library
from cds_service.content_files.problems import ContentError
from cds_service.fhir.elements import Resource, own_reference
from cds_service.fhir.medication import Medications
from cds_service.fhir.payors import Payors
from cds_service.fhir.resource_types import ASKED_FOR
from cds_service.replay.terms import SHARED, CannotReplay, Terms

_NEVER_MISSED: Final = frozenset({"Encounter", "Medication"})
"""Types that count as searched even where the source holds none.

An order need not have an encounter, and a medicine that is missing is reported.
"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is read once in each worker, and never changed.

    ``unsearched`` are the types that the source holds nothing of and was not asked for: of them, silence says nothing.

    ``with_patients`` tells that the source holds Patients, so that a patient without one is not of the source.
    """

    terms: Terms
    content: Content
    other: Content | None
    medications: Medications
    payors: Payors
    organizations: dict[str, Resource]
    unsearched: frozenset[str]
    with_patients: bool


Contents = tuple[Content, Content | None]
"""The content, and the one that it is compared with, if any."""


def contents_of(terms: Terms) -> Contents:
    """Read the content, and that of a comparison.

    Raises CannotReplay where one of them is not the same as when the run began.
    """
    content = content_at(Path(terms.content), terms)
    if content.revision != terms.revision:
        said = f"the content changed: the run began with revision {terms.revision}, and {terms.content} is {content.revision} now"
        raise CannotReplay(said)
    other = compared(content, terms)
    if other is not None and _revision(other, terms) != terms.compare_revision:
        raise CannotReplay(f"the content that is compared changed: {terms.compare} is {_revision(other, terms)} now")
    return content, other


def stock(terms: Terms, contents: Contents, shared: Iterable[Resource], held_types: Iterable[str]) -> Shelf:
    """Put the resources that belong to nobody beside the contents.

    ``held_types`` are the types that the source holds.
    """
    content, other = contents
    resources = list(shared)
    payers = [one for one in resources if one["resourceType"] == "Organization"]
    searched = frozenset(held_types) | frozenset(terms.searched) | _NEVER_MISSED
    unsearched = (ASKED_FOR - searched) | (content.catalogue.searched - ASKED_FOR)
    by_name: dict[str, Resource] = {}
    for one in payers:
        by_name.setdefault(own_reference(one), one)
    medications = Medications(one for one in resources if one["resourceType"] in SHARED and one["resourceType"] != "Organization")
    return Shelf(terms, content, other, medications, Payors(payers), by_name, unsearched, "Patient" in searched)


def content_at(folder: Path, terms: Terms) -> Content:
    """Read the content of a folder.

    Raises CannotReplay with every problem in it.
    """
    try:
        return read_content(folder, terms.own_lists)
    except (ContentError, OSError) as error:
        problems = [str(one) for one in error.problems] if isinstance(error, ContentError) else [str(error)]
        raise CannotReplay("\n".join(["the content cannot be used:", *problems])) from None


def compared(content: Content, terms: Terms) -> Content | None:
    """Return the content of the comparison, if there is one.

    It is that of a folder, or the same content with one version of a policy in force on every day.
    """
    named, at, version = terms.compare.partition("@")
    if not terms.compare:
        return None
    if not at or Path(terms.compare).is_dir():
        return content_at(Path(terms.compare), terms)
    policy = content.library.version(named, version) if version else None
    if policy is None:
        held = ", ".join(f"{one.id}@{one.version}" for one in content.policies)
        raise CannotReplay(f"{terms.compare}: it is neither a content folder nor a version that is held ({held})")
    always = replace(policy, effective_from=date.min, effective_until=None)
    policies = tuple(always if one is policy else one for one in content.policies if one is policy or one.id != named)
    return replace(content, policies=policies, library=Library(policies, content.terminology))


def compare_revision(content: Content, terms: Terms) -> str:
    """Return the revision that the content of the comparison must have.

    It is empty where nothing is compared. Raises CannotReplay.
    """
    other = compared(content, terms)
    return _revision(other, terms) if other else ""


def _revision(other: Content, terms: Terms) -> str:
    return f"{other.revision} {terms.compare}" if "@" in terms.compare else other.revision
