"""A day of something said to have happened that lies ahead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from cds_service.analysis.lint.content_files import ContentFiles, PolicyFile
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.content_files.yaml_file import Place


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for place, day in _happened(file):
            if isinstance(day, date) and day > files.today:
                said = f"it is said to have happened on {day}, and today is {files.today}"
                yield Breach(file.name, file.line(*place), str(place[0]), said, "put the date right")


def _happened(file: PolicyFile) -> Iterator[tuple[Place, Any]]:
    data = file.data
    yield ("review", "encoded_on"), data["review"]["encoded_on"]
    if "last_checked" in data:
        yield ("last_checked", "on"), data["last_checked"]["on"]
    for key, source in data["sources"].items():
        yield ("sources", key, "retrieved"), source.get("retrieved")
    for index, correction in enumerate(data.get("corrections", [])):
        yield ("corrections", index, "on"), correction["on"]


RULE = Rule("date-in-the-future", "time", "error", _find)
