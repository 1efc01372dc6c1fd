"""One word for one thing: no two public classes of the package share a name."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parent.parent.parent / "cds_service"


def test_no_two_public_classes_share_a_name() -> None:
    """Whoever reads a name knows which class it is, wherever it stands."""
    named: dict[str, list[str]] = defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                named[node.name].append(file.relative_to(PACKAGE).as_posix())
    assert {name: files for name, files in named.items() if len(files) > 1} == {}
