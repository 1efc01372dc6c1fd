"""Hooks declare themselves: one module each, and nothing else knows a hook by its name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from flask.testing import FlaskClient

import cds_service
from cds_service.hooks.received import all_hooks
from cds_service.hooks.received.hook import MEDICATIONS, Hook

PACKAGE = Path(cds_service.__file__).parent
MAY_NAME_A_HOOK = ("store/tables.py", "store/migrations/versions/v0002_hook_and_proposal.py", "client/trial.py")
"""A default of the database was written for good, and a client calls services that are not ours."""


def named(path: Path) -> set[str]:
    """The hooks that a module names in a string of its code."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {one for one in strings if one in all_hooks()}


def test_a_hook_is_named_in_its_module_alone() -> None:
    """The name of a hook stands as a string in the module that declares it, and nowhere else in the package."""
    found = {str(path.relative_to(PACKAGE)): names for path in PACKAGE.rglob("*.py") if (names := named(path))}
    own = {f"hooks/received/{name.replace('-', '_')}.py": {name} for name in all_hooks()}
    assert {path: names for path, names in found.items() if path not in MAY_NAME_A_HOOK} == own


@pytest.mark.parametrize("hook", all_hooks().values(), ids=list(all_hooks()))
def test_a_hook_is_listed_and_answered(hook: Hook, client: FlaskClient) -> None:
    """Whatever declares itself is discovered under its title and called by its shape."""
    listed = {one["hook"]: one for one in client.get("/cds-services").get_json()["services"]}
    assert listed[hook.name]["title"] == hook.title
    assert hook.supports in listed[hook.name]["description"]
    assert (MEDICATIONS in listed[hook.name]["prefetch"]) is (MEDICATIONS in hook.prefetch)
    refused = client.post(f"/cds-services/{listed[hook.name]['id']}", json={"hook": hook.name, "hookInstance": "h", "context": {}})
    assert refused.status_code == 400
    assert any(element.startswith("context.") for issue in refused.get_json()["issue"] for element in issue["expression"])


def test_hooks_are_listed_in_the_order_of_their_places() -> None:
    """Discovery has the hooks in the order that they ask for."""
    assert [hook.listed for hook in all_hooks().values()] == sorted(hook.listed for hook in all_hooks().values())
