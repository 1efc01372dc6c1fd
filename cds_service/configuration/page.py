"""The page ``docs/configuration.md``, made of the settings.

``python -m cds_service.configuration.page`` prints it.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from cds_service.configuration.configuration import Configuration
from cds_service.configuration.naming import said_of, variable
from cds_service.configuration.setting import TOPICS

PAGE: Final = "docs/configuration.md"
HEAD: Final = """# Configuration

Every flag of `cds-service serve` and every environment variable. A flag comes before its variable. In a variable, several
values are separated by spaces; a flag with several is repeated. All is read once on start; what cannot be used is told,
everything at once, and nothing starts. A variable that begins with `CDS_SERVICE_` and is not listed here is told in the log,
for it may be a slip of the pen. A variable of your own naming is read only where the file of EHRs says that it holds the
secret of a client ([the SMART app](smart.md)); its name does not begin with `CDS_SERVICE_`.

This page is made of the code: `python -m cds_service.configuration.page > docs/configuration.md`.
"""


def page() -> str:
    """Return the page as it has to be."""
    parts = [HEAD]
    for topic in TOPICS:
        parts += [f"\n## {topic}\n", "| flag | variable | what it decides | else |", "|---|---|---|---|"]
        parts += [_row(name) for name in Configuration.model_fields if said_of(name).topic == topic]
    return "\n".join(parts) + "\n"


def _row(name: str) -> str:
    said = said_of(name)
    flag = f"`{said.flag}{f' {said.metavar}' if said.metavar else ''}`" if said.flag else ""
    return f"| {flag} | `{variable(name)}` | {said.says} | {said.otherwise or _shown(Configuration.model_fields[name].default)} |"


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return "no"
    return f"`{default}`" if isinstance(default, str | int | PurePath) else "none"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - the page is what it prints
