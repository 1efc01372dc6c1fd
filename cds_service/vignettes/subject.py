"""What a file of vignettes is about: orders, or responses to a questionnaire."""

from __future__ import annotations

from cds_service.content import Content
from cds_service.yaml_file import YamlFile


def judges_responses(file: YamlFile, content: Content) -> bool:
    """Whether a file of vignettes is of a policy that judges a QuestionnaireResponse and no order."""
    return any(p.id == file.data.get("policy") and p.subject == "questionnaire-response" for p in content.policies)
