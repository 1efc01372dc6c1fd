"""The vignettes of the content's policies, read when a page first shows them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from cds_service.content import Content
from cds_service.policy.model import Policy
from cds_service.problems import ContentError
from cds_service.vignettes.read import Vignette, read_vignettes


class VignetteShelf:
    """The vignettes by policy version. A content without vignettes has none to show; files with problems are left out, and so are
    vignettes that no form can show."""

    def __init__(self, content: Content) -> None:
        self._content = content
        root = Path(content.root)
        inside = root / "vignettes"
        self._folder = inside if inside.is_dir() else root / "tests" / "vignettes"
        self._read = lru_cache(maxsize=2)(self._read_file)  # a policy has up to a megabyte of them

    def of(self, policy: Policy) -> tuple[Vignette, ...]:
        """The vignettes of one version, in the file's order."""
        return self._read(policy.id, policy.version.isoformat())

    def named(self, policy: Policy, name: str) -> Vignette | None:
        """One vignette by its name."""
        return next((vignette for vignette in self.of(policy) if vignette.name == name), None)

    def _read_file(self, policy: str, version: str) -> tuple[Vignette, ...]:
        path = self._folder / policy / f"{version}.yaml"
        if not path.is_file():
            return ()
        try:
            return tuple(one for one in read_vignettes(path, path.name, self._content) if not _as_written(one))
        except ContentError:
            return ()


def _as_written(vignette: Vignette) -> bool:
    """Whether a vignette holds records as a client writes them, which no form of the playground can show."""
    return bool(vignette.fhir or vignette.also_signed or vignette.order.fhir)
