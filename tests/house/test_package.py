"""The package: its content is inside the wheel, and its documents are the ones that the code generates."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from importlib import import_module
from pathlib import Path

from pathspec import GitIgnoreSpec
from pydantic import BaseModel

from cds_service.content.content import Content
from cds_service.facts.evidence_page import evidence_page
from cds_service.facts.page import facts_page

TOP = Path(__file__).parent.parent.parent


def test_the_wheel_carries_the_content(tmp_path: Path) -> None:
    """A wheel built from this tree holds every policy, fact, value set, example, vignette, migration, template and static file."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=TOP, check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    held = {name.removeprefix("cds_service/shipped/") for name in zipfile.ZipFile(wheel).namelist() if "/shipped/" in name}
    for folder, pattern in (("policies", "**/*.yaml"), ("facts", "*.yaml"), ("value_sets", "*.csv")):
        assert {path.relative_to(TOP).as_posix() for path in (TOP / folder).glob(pattern)} <= held
    assert "hooks.json" in held
    assert {f"examples/{path.name}" for path in (TOP / "docs/examples").glob("*.json")} <= held
    assert any(name.startswith("vignettes/") for name in held)
    assert {f"lint/{path.name}" for path in (TOP / "docs/lint").glob("*.md")} <= held
    migrations = {path.relative_to(TOP).as_posix() for path in (TOP / "cds_service/store/migrations").glob("**/*.py")}
    assert len(migrations) >= 4
    pages = {
        path.relative_to(TOP).as_posix()
        for folder in ("templates", "static")
        for path in (TOP / "cds_service/web" / folder).iterdir()
    }
    assert len(pages) >= 14
    assert migrations | pages <= set(zipfile.ZipFile(wheel).namelist())


def test_no_grammar_is_compiled() -> None:
    """The folders that are compiled hold no class that pydantic reads, but in modules that are named as left out."""
    hooks = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]
    taken, left_out = (GitIgnoreSpec.from_lines(hooks["mypyc"][name]) for name in ("include", "exclude"))
    compiled = [path for path in Path("cds_service").rglob("*.py") if taken.match_file(path) and not left_out.match_file(path)]
    assert len(compiled) > 100
    for path in compiled:
        name = ".".join(path.with_suffix("").parts)
        classes = [one for one in vars(import_module(name)).values() if isinstance(one, type) and one.__module__ == name]
        assert not [one for one in classes if issubclass(one, BaseModel)], f"{path} is compiled and holds a grammar"


def test_the_page_of_evidence_is_current(content: Content) -> None:
    """docs/evidence.md is what the kinds of evidence say of themselves."""
    assert (TOP / "docs/evidence.md").read_text() == evidence_page(content.catalogue), "run: cds-service policy evidence --write"


def test_the_facts_page_is_current(content: Content) -> None:
    """docs/facts.md is what the catalogue renders to."""
    assert (TOP / "docs/facts.md").read_text() == facts_page(content.catalogue), "run: cds-service policy facts --write"


def test_no_file_names_a_registry_or_a_machine() -> None:
    """No tracked file holds the address of a package registry or an absolute path of somebody's machine."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, check=True, capture_output=True, text=True).stdout  # noqa: S607
    forbidden = ["pypi" + ".org", "python" + "hosted", "registry.npm" + "js", "/ro" + "ot/", "/wo" + "rk/", "/ho" + "me/"]
    for name in filter(None, listed.split("\0")):
        path = TOP / name
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not [needle for needle in forbidden if needle in text], name
