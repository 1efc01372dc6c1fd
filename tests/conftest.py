"""What all tests share: the shipped content read once, a service over it, and vignette files collected as tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings

from cds_service.__main__ import OBJECTS
from cds_service.cli import terminal
from cds_service.content.content import Content, read_content, shipped_content
from cds_service.serving.app import create_app
from cds_service.vignettes.over_http import differences_over_http
from cds_service.vignettes.read import Vignette, read_vignettes
from cds_service.vignettes.responses import (
    ResponseVignette,
    differences_as_response,
    differences_of_answers,
    judged_as_facts,
    read_response_vignettes,
)
from cds_service.vignettes.run import decide_as_facts, differences_as_facts

TOP = Path(__file__).parent.parent
TODAY = date(2026, 11, 23)
STARTING = frozenset({"launched", "registered"})
"""Fixtures that start an EHR with a FHIR server."""
LONGEST_NAME = 120
"""The most characters of a parameter that names its test."""

gc.set_threshold(OBJECTS, 50, 50)  # as the command line does: what is collected and read here is held to the end
os.environ.pop("COLUMNS", None)  # set for pytest's own lines; commands print as into a pipe

settings.register_profile(
    "commit",
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
settings.register_profile("ci", settings.get_profile("commit"), max_examples=200)
settings.register_profile("nightly", settings.get_profile("commit"), max_examples=3000)
settings.load_profile("ci" if os.environ.get("CI") else "commit")  # another: pytest --hypothesis-profile nightly


@lru_cache(maxsize=1)
def held_content() -> Content:
    """The shipped content, read once for the whole run."""
    return read_content(shipped_content())


@lru_cache(maxsize=1)
def held_app() -> Flask:
    """A service over the shipped content, on a fixed day."""
    return create_app(held_content(), today=lambda: TODAY)


@cache
def held_vignettes(file: Path) -> tuple[Vignette, ...]:
    """The vignettes of a file over the shipped content, read once for the whole run."""
    return tuple(read_vignettes(file, file.relative_to(TOP).as_posix(), held_content()))


def app_over(content: Content) -> Flask:
    """A service over a content; the shipped one has one for the whole run."""
    return held_app() if content is held_content() else create_app(content, today=lambda: TODAY)


@pytest.fixture(scope="session", autouse=True)
def commands_share_the_content() -> Iterator[None]:
    """Commands that run in this process take the shipped content that is held, and read any other.

    What a command reads for itself is tried where one runs in a process of its own.
    """

    def read(root: Path, own: Path | None = None) -> Content:
        return held_content() if own is None and root.resolve() == TOP else read_content(root, own)

    with patch.object(terminal, "read_content", read):
        yield


@pytest.fixture
def environment_of_its_own() -> Iterator[None]:
    """No setting of the user reaches a test, and none of a test outlives it."""
    with patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith("CDS_SERVICE_")]:
            del os.environ[name]
        yield


@pytest.fixture
def content() -> Content:
    """The shipped content."""
    return held_content()


@pytest.fixture
def client() -> FlaskClient:
    """A client of the service over the shipped content."""
    return held_app().test_client()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--kills 20`` ends a replay at twenty random moments in place of a few."""
    parser.addoption("--kills", type=int, default=2, help="random moments at which tests of replay kill it (default 2)")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A test is not named by a long text: it may be a megabyte, or a key that each process of the suite makes anew."""
    return argname if isinstance(val, str | bytes) and len(val) > LONGEST_NAME else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs a server, keeps together what shares one or a file's own preparations, and begins with the long ones.

    With pytest-xdist all tests of a group run in one process (``--dist loadgroup``), so each server is started once.
    """
    for item in items:
        of_servers = {"integration", "browser"}.intersection(item.path.parts)
        if of_servers or STARTING.intersection(getattr(item, "fixturenames", ())) or _on_postgresql(item):
            item.add_marker(pytest.mark.server)
        item.add_marker(pytest.mark.xdist_group(_shares(item)))
    items.sort(key=lambda item: (item.get_closest_marker("server") is None, item.get_closest_marker("slow") is None))


def _on_postgresql(item: pytest.Item) -> bool:
    return "postgresql" in getattr(getattr(item, "callspec", None), "params", {}).values()


def _shares(item: pytest.Item) -> str:
    """What a test shares with others: a server that is long in starting, or its file."""
    if _on_postgresql(item):
        return "PostgreSQL"
    if "hapi" in getattr(item, "fixturenames", ()):
        return "HAPI"
    return "Chromium" if "browser" in item.path.parts else item.path.name


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was collected stays to the end; it need not be looked through for garbage again."""
    gc.freeze()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Every YAML file under ``tests/vignettes`` is a test file."""
    if file_path.suffix == ".yaml" and "vignettes" in file_path.parts:
        return VignetteTests.from_parent(parent, path=file_path)
    return None


class VignetteTests(pytest.File):
    """One vignette file: two tests for each vignette."""

    def collect(self) -> Iterator[pytest.Item]:
        """Reads the file; problems in it fail collection with their lines."""
        name = self.path.relative_to(TOP).as_posix()
        for vignette in held_vignettes(self.path):
            for way in ("as facts", "over HTTP"):
                yield VignetteTest.from_parent(self, name=f"{vignette.name} [{way}]", vignette=vignette, way=way)
        for response in read_response_vignettes(self.path, name, held_content()):
            for way in ("as facts", "as a response"):
                yield VignetteTest.from_parent(self, name=f"{response.name} [{way}]", vignette=response, way=way)


class VignetteTest(pytest.Item):
    """One vignette run one way; a failure shows what differs and the finding tree."""

    def __init__(self, *, vignette: Vignette | ResponseVignette, way: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.vignette, self.way = vignette, way

    def runtest(self) -> None:
        """The decision is the one the vignette expects."""
        content = held_content()
        if isinstance(self.vignette, ResponseVignette):
            as_facts = self.way == "as facts"
            found = differences_of_answers(self.vignette) if as_facts else differences_as_response(self.vignette, content)
        elif self.way == "as facts":
            found = differences_as_facts(self.vignette, content)
        else:
            found = differences_over_http(self.vignette, content, app_over)
        if found:
            raise AssertionError("\n".join([self.vignette.story, *found, *_tree(self.vignette, content)]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Wrong decisions are told in words; anything else with its traceback."""
        if isinstance(excinfo.value, AssertionError):
            return f"{self.vignette.file}:{self.vignette.line}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the vignette stands."""
        return self.path, self.vignette.line - 1, self.name


def _tree(vignette: Vignette | ResponseVignette, content: Content) -> list[str]:
    from cds_service.policy.finding import Finding

    lines: list[str] = []

    def show(finding: Finding, depth: int) -> None:
        mark = {"met": "+", "not met": "-", "not documented": "?"}[finding.outcome.value]
        basis = f" ({finding.basis.value})" if finding.basis else ""
        lines.append(f"{'  ' * depth}{mark} {finding.criterion.id}{basis}")
        for part in finding.parts:
            show(part, depth + 1)

    if isinstance(vignette, ResponseVignette):
        for one in judged_as_facts(vignette, vignette.policy).criteria:
            show(one.finding, 0)
        return lines
    decision = decide_as_facts(vignette, content)
    for tree in (decision.necessary, decision.exclusions):
        if tree:
            show(tree, 0)
    return lines
