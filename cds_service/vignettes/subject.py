"""What a vignette file is about: orders, or questionnaire responses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from cds_service.content.content import Content
from cds_service.content_files.problems import ContentError, Problem
from cds_service.content_files.yaml_file import YamlFile
from cds_service.policy.model import Policy


def judges_responses(file: YamlFile, content: Content) -> bool:
    """Tell whether the vignettes are about questionnaire responses.

    That is so where their policy judges a QuestionnaireResponse, and no order.
    """
    return any(p.id == file.data.get("policy") and p.subject == "questionnaire-response" for p in content.policies)


def policy_of(file: YamlFile, id_: str, version: date, content: Content) -> Policy:
    """Return the policy version that a file of vignettes is about.

    Raises ContentError where it is not held.
    """
    policy = next((p for p in content.policies if (p.id, p.version) == (id_, version)), None)
    if policy is None:
        unknown = "version" if any(p.id == id_ for p in content.policies) else "policy"
        raise ContentError([file.problem((unknown,), f"no policy {id_} with version {version} is held")])
    return policy


def named_again(file: YamlFile, names: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for each vignette named as another before it."""
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            yield file.problem(("vignettes", number, "name"), f"another vignette is named '{name}'")
        seen.add(name)
