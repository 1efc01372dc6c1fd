"""What a vignette file is about: orders, or questionnaire responses."""

from __future__ import annotations

from cds_service.content.content import Content
from cds_service.content_files.yaml_file import YamlFile


def judges_responses(file: YamlFile, content: Content) -> bool:
    """Tell whether the vignettes are about questionnaire responses.

    That is so where their policy judges a QuestionnaireResponse, and no order.
    """
    return any(p.id == file.data.get("policy") and p.subject == "questionnaire-response" for p in content.policies)
