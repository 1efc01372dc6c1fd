"""Nothing in the package is there for nobody."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from vulture import Vulture

ROOT: Final = Path(__file__).resolve().parent.parent.parent
REGISTERED: Final = [
    "@*.command",
    "@*.callback",
    "@*.route",
    "@*.get",
    "@*.post",
    "@*.after_request",
    "@rule",
    "@field_validator",
    "@model_validator",
]
"""What hangs a function up by decorating it: nothing names it any more."""
DECLARED: Final = re.compile(r"^class (\w+)\(EvidenceKind\b", re.MULTILINE)
"""What is known by being a kind of evidence: nothing names it any more."""
BY_LIBRARIES: Final = {
    "alembic": {"down_revision", "downgrade"},
    "fhir.resources and pydantic": {"model_config", "model_post_init", "resource_type"},
    "Flask and Werkzeug": {"strict_slashes", "max_content_length", "max_form_memory_size", "log_request"},
    "granian": {"worker"},
    "http.server": {"log_message", "daemon_threads", "allow_reuse_port"},
    "joserfc": {"max_header_length"},
    "logging": {"logMultiprocessing", "logProcesses", "logThreads"},
    "requests and urllib3": {
        "_new_conn",
        "ConnectionCls",
        "init_poolmanager",
        "pool_kwargs",
        "pool_classes_by_scheme",
        "poolmanager",
    }
    | {"cert", "verify", "conn", "cert_verify"},
    "rich": {"no_wrap"},
    "SQLAlchemy": {"isolation_level", "is_disconnect", "impl", "cache_ok", "process_bind_param", "process_result_value"}
    | {"type_annotation_map"},
}
"""Names that a library looks for."""
READ_BY_AUTHORS: Final = (
    "cds_service/*/templates/*.html",
    "docs/language.md",
    "docs/facts.md",
    "policies/**/*.yaml",
    "facts/*.yaml",
)
"""Where else a name of the package is used: by pages, and by those who write content."""
UNNAMED: Final = {"user_id", "performer", "not_necessary", "not_documented"}
"""What a call must bring and nobody reads, and what is found by the words of an outcome."""


@pytest.mark.slow
def test_nothing_is_dead() -> None:
    """Every function, class and field of the package is named: in code, in a text there, on a page, in content, or by a library."""
    found = Vulture(ignore_decorators=REGISTERED)
    found.scavenge([str(ROOT / folder) for folder in ("cds_service", "bench", "tests")])
    named = UNNAMED.union(*BY_LIBRARIES.values())
    for pattern in READ_BY_AUTHORS:
        for file in ROOT.glob(pattern):
            named |= set(re.findall(r"\w+", file.read_text(encoding="utf-8")))
    for file in ROOT.glob("cds_service/**/*.py"):
        text = file.read_text(encoding="utf-8")
        named |= {*re.findall(r'"(\w+)"', text), *DECLARED.findall(text)}
    dead = [one for one in found.get_unused_code(min_confidence=60) if one.name not in named]
    assert [
        f"{one.filename.relative_to(ROOT)}:{one.first_lineno}: {one.name}" for one in dead if "cds_service" in one.filename.parts
    ] == []


def test_what_libraries_look_for_is_there() -> None:
    """No name stays excused that the package has not any more."""
    words = set(re.findall(r"\w+", "\n".join(file.read_text(encoding="utf-8") for file in ROOT.glob("cds_service/**/*.py"))))
    assert {name for name in UNNAMED.union(*BY_LIBRARIES.values()) if name not in words} == set()
