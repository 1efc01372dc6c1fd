"""The vignettes of a policy as its pages use them.

Of each there is a name, a story, an outcome, and the form that shows it. A vignette file is read once; only these rows
and the compressed forms are kept. The vignettes themselves, some twenty megabytes of them, are not.
"""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from cds_service.content.content import Content
from cds_service.content_files.problems import ContentError
from cds_service.policy.model import Policy
from cds_service.vignettes.read import Vignette, read_vignettes
from cds_service.web.try_form import FactTyped, OrderTyped, TryForm, example_form


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """A vignette on a page.

    ``playable`` tells whether the playground can show it.
    """

    name: str
    story: str
    outcome: str
    said: str
    playable: bool


@dataclass(frozen=True, slots=True)
class _Held:
    rows: tuple[ExampleRow, ...]
    forms: bytes
    """The forms of playable vignettes by name, as compressed JSON."""


class Examples:
    """The examples of each policy version.

    A file is read when its policy is first shown.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._read = lru_cache(maxsize=1024)(self._read_file)  # a few kilobytes a version

    def of(self, policy: Policy) -> tuple[ExampleRow, ...]:
        """Return the examples of one version, in the file's order."""
        return self._held(policy).rows

    def form(self, policy: Policy, name: str) -> TryForm | None:
        """Return the form as an example fills it.

        Returns None where there is no such example that a form can show.
        """
        held = self._held(policy)
        if not any(row.playable and row.name == name for row in held.rows):
            return None
        written: dict[str, Any] = orjson.loads(zlib.decompress(held.forms))[name]
        order, facts = OrderTyped(**written.pop("order")), tuple(FactTyped(**fact) for fact in written.pop("facts"))
        return TryForm(policy, order, facts=facts, **written | {"unsent": tuple(written["unsent"])})

    def _held(self, policy: Policy) -> _Held:
        return self._read(policy.id, policy.version.isoformat())

    def _read_file(self, policy_id: str, version: str) -> _Held:
        policy = next(p for p in self._content.policies if (p.id, p.version.isoformat()) == (policy_id, version))
        vignettes = vignettes_of(policy, self._content)
        playable = [one for one in vignettes if policy.subject == "order" and not one.own_lists]
        forms = {one.name: _written(example_form(one)) for one in playable}
        names = {one.name for one in playable}
        rows = tuple(ExampleRow(v.name, v.story, v.outcome.value, v.expect.outcome, v.name in names) for v in vignettes)
        return _Held(rows, zlib.compress(orjson.dumps(forms), 9))


def vignettes_of(policy: Policy, content: Content) -> tuple[Vignette, ...]:
    """Read the vignettes of one version that a form can show.

    They come in the file's order. A content without vignettes has none to show; files with problems are left out.
    """
    root = Path(content.root)
    inside = root / "vignettes"
    folder = inside if inside.is_dir() else root / "tests" / "vignettes"
    path = folder / policy.id / f"{policy.version}.yaml"
    if not path.is_file():
        return ()
    try:
        return tuple(one for one in read_vignettes(path, path.name, content) if not _as_written(one))
    except ContentError:
        return ()


def _written(form: TryForm) -> dict[str, Any]:
    """Return a form as plain data, without its policy.

    The policy is known by where the form is kept.
    """
    own = {name: getattr(form, name) for name in ("as_of", "unsent", "payer", "example")}
    return own | {"order": asdict(form.order), "facts": [asdict(fact) for fact in form.facts]}


def _as_written(vignette: Vignette) -> bool:
    """Tell whether a vignette holds records as a client writes them.

    No form of the playground can show these.
    """
    return bool(vignette.fhir or vignette.also_signed or vignette.order.fhir)
