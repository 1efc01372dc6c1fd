"""The layers in which content lies.

It lies in one folder, or in a folder of one's own over the facts and value sets that come with the package.
``content.yaml`` in a folder says ``layers_over: shipped``; a folder without that file is whole by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cds_service.content_files.problems import ContentError, Problem
from cds_service.content_files.yaml_file import YamlFile
from cds_service.policy.entry import Entry

FILE: Final = "content.yaml"
FOLDERS: Final = ("policies", "facts", "value_sets")
BELOW: Final = "shipped/"
"""The prefix of file names from the layer below, in messages."""


class LayersEntry(Entry):
    """A ``content.yaml``: what the folder lies over."""

    layers_over: Literal["shipped"]


@dataclass(frozen=True, slots=True)
class Layers:
    """A content folder, and the folder below it, if any.

    Its facts and value sets add to those of the folder below. It is whole by itself where ``below`` is None.
    """

    root: Path
    below: Path | None = None

    def folders(self, kind: Literal["facts", "value_sets"]) -> Iterator[tuple[Path, str]]:
        """Yield the folders of a kind, from below.

        Each comes with its name in messages.
        """
        if self.below is not None:
            yield self.below / kind, f"{BELOW}{kind}"
        yield self.root / kind, kind

    def path_of(self, name: str) -> Path:
        """Return the file that messages call ``name``."""
        if self.below is not None and name.startswith(BELOW):
            return self.below / name.removeprefix(BELOW)
        return self.root / name


def read_layers(root: Path, shipped: Path) -> Layers:
    """Return the layers of a content folder.

    The folder has what it needs by itself. ``shipped`` is the content that comes with the package. Raises ContentError
    when a folder is missing, or ``content.yaml`` is not of its grammar.
    """
    below = None
    if (root / FILE).is_file():
        below = {"shipped": shipped}[YamlFile(root / FILE, FILE).read_as(LayersEntry).layers_over]
        if root.resolve() == below.resolve():
            raise ContentError([Problem(FILE, 1, "the content that comes with the package cannot lie over itself")])
    needed = FOLDERS if below is None else FOLDERS[:1]
    missing = [folder for folder in needed if not (root / folder).is_dir()]
    if missing:
        said = f"it has no folder {' and no folder '.join(missing)}; a content folder has {', '.join(FOLDERS)}"
        hint = f"; with a file {FILE} that says 'layers_over: shipped' it needs only its policies" if below is None else ""
        raise ContentError([Problem(str(root), 0, said + hint)])
    return Layers(root, below)
