"""Workers take over the content that their server read, as long as its files are what they were."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cds_service.configuration.configuration import Configuration
from cds_service.content.content import Content, read_content
from cds_service.content_files.problems import ContentError
from cds_service.serving import shared

pytestmark = pytest.mark.server

POLICY = "policies/ptac/pfpm-proposal/2017-03-07.yaml"


@pytest.fixture
def handed_over(content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Content:
    """A content in a folder of its own that the server has handed over, and that the configuration names."""
    for folder in ("policies", "facts", "value_sets"):
        shutil.copytree(content.root / folder, tmp_path / folder)
    monkeypatch.setattr(shared, "_handed_over", [])
    held = read_content(tmp_path)
    shared.hand_over_content(held)
    return held


def test_what_was_handed_over_is_not_read_again(handed_over: Content, tmp_path: Path) -> None:
    """The configuration's content is the very one that was handed over."""
    assert shared.content_of(Configuration(content=tmp_path)) is handed_over


FORKED = """
import os, sys
from cds_service.configuration.configuration import Configuration
from cds_service.serving import shared
from cds_service.content.content import read_content, shipped_content
held = read_content(shipped_content())
shared.hand_over_content(held)
worker = os.fork()
if not worker:
    os._exit(0 if shared.content_of(Configuration()) is held else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system starts workers without a copy of their server")
def test_a_forked_worker_takes_it_over() -> None:
    """A process that is forked after the hand-over has the very content of its server."""
    run = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, check=False)
    assert run.returncode == 0, run.stderr


def test_files_that_changed_since_are_read(handed_over: Content, tmp_path: Path) -> None:
    """A worker that is started later reads what the folder holds now; what does not hold together is refused then."""
    file = tmp_path / POLICY
    file.write_text(file.read_text(encoding="utf-8") + "# read once more\n", encoding="utf-8")
    again = shared.content_of(Configuration(content=tmp_path))
    assert again is not handed_over
    assert again.revision != handed_over.revision
    file.write_text("nothing", encoding="utf-8")
    with pytest.raises(ContentError):
        shared.content_of(Configuration(content=tmp_path))


def test_another_folder_is_read(handed_over: Content, content: Content) -> None:
    """What the configuration names otherwise is read, though the same files stand there."""
    found = shared.content_of(Configuration(content=content.root))
    assert found is not handed_over
    assert found.revision == handed_over.revision
    assert os.path.samefile(found.root, content.root)


def test_own_value_sets_are_read(handed_over: Content, tmp_path: Path) -> None:
    """A folder of a plan's own value sets makes another content of the same files."""
    own = tmp_path / "own"
    own.mkdir()
    shutil.copy(tmp_path / "value_sets" / "csf-preferred-products.csv", own)
    found = shared.content_of(Configuration(content=tmp_path, value_sets=own))
    assert found is not handed_over
    assert found.revision != handed_over.revision
