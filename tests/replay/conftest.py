"""A small population that the tests of engines share, and what it comes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service.fhir.elements import Resource
from cds_service.replay.population import as_patient, of_every_type, write_export
from cds_service.replay.run import Engine, replay
from tests.conftest import held_content
from tests.replay.direct import KEY, terms
from tests.replay.test_rows_against_http import vignettes

PEOPLE = 60


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of sixty people after vignettes of all policies, with a broken line and a stranger's resource."""
    content = held_content()
    usable = [one for one in vignettes(content) if not one.not_searched and not one.own_lists]
    held: list[Resource] = list(of_every_type())
    for number, one in enumerate(usable[:: len(usable) // PEOPLE]):
        held += as_patient(one, content, f"v{number}")
    folder = tmp_path_factory.mktemp("people")
    write_export(held, folder)
    (folder / "Broken.ndjson").write_bytes(
        b'{"resourceType": \n{"resourceType": "Condition", "subject": {"reference": "Patient/x"}}\n'
    )
    return folder


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a key, so that two runs have the same pseudonyms."""
    path = tmp_path_factory.mktemp("key") / "key"
    path.write_bytes(KEY)
    return path


@pytest.fixture(scope="session")
def whole(people: Path, key: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing stopped, with one worker."""
    out = tmp_path_factory.mktemp("whole") / "out"
    replay(people, out, terms(keep_ids=False), Engine(workers=1), key=key)
    return out


@pytest.fixture
def content_root() -> Path:
    """The folder of the shipped content."""
    return held_content().root
