"""Everything read from disk: value sets, facts, policies.

They are cross-checked as a whole, and then immutable. Nothing is half loaded: either all of it holds together, or one
ContentError says everything that does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files as package_files
from itertools import pairwise
from pathlib import Path

from cds_service.content.binding import bind
from cds_service.content.forms import PolicyForm, policy_form
from cds_service.content.layers import FILE, FOLDERS, Layers, read_layers
from cds_service.content.library import Library
from cds_service.content.payers import Payer, read_payers
from cds_service.content_files.problems import ContentError, Problem
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.fact_files import read_catalogue
from cds_service.fhir.medicines import NO_MEDICINES, read_medicines
from cds_service.fhir.value_set_files import read_value_set, value_set_paths
from cds_service.fhir.value_sets import Terminology, ValueSet
from cds_service.policy.model import Policy
from cds_service.policy.read import read_policy

EXPANSIONS = "expansions"
"""The folder below ``value_sets`` with the meaning of each set.

It holds what the sets mean, written out; it decides nothing, and is not read here.
"""


@dataclass(frozen=True, slots=True)
class Content:
    """The content that a deployment holds.

    ``revision`` is a hash of all content files; records of decisions name it. ``forms`` are what the forms of each policy
    version ask, by ``Policy.form``. ``root`` is the folder that it was read from, ``below`` the one whose facts and value
    sets it adds to, if any.
    """

    root: Path
    terminology: Terminology
    catalogue: Catalogue
    policies: tuple[Policy, ...]
    library: Library
    payers: tuple[Payer, ...]
    revision: str
    forms: Mapping[str, PolicyForm]
    below: Path | None = None

    @property
    def layers(self) -> Layers:
        """Where its files lie."""
        return Layers(self.root, self.below)


def shipped_content() -> Path:
    """Return the folder of the content that comes with the package.

    It lies inside the wheel, or is the checkout's top folder.
    """
    inside = Path(str(package_files("cds_service"))) / "shipped"
    return inside if inside.is_dir() else inside.parents[1]


def medicine_tables(root: Path) -> Path:
    """Return the folder of the tables of medicines.

    It is that of the content, else the one that comes with the package.
    """
    own = root / "value_sets" / "medicines"
    return own if own.is_dir() else shipped_content() / "value_sets" / "medicines"


def read_content(root: Path, own_value_sets: Path | None = None) -> Content:
    """Read the content under ``root`` and what it lies over.

    It reads ``policies/``, ``facts/`` and ``value_sets/`` there, and the facts and value sets of the layer below. Files
    in ``own_value_sets`` take the place of those of the same id: a plan's own lists, set without touching a policy.
    Raises ContentError with every problem there is.
    """
    layers = read_layers(root, shipped_content())
    sets, broken, problems = _read_value_sets(layers, own_value_sets)
    try:
        medicines = read_medicines(medicine_tables(root))
    except ContentError as error:
        problems += error.problems
        medicines = NO_MEDICINES
    terminology = Terminology(sets, broken, medicines)
    catalogue, found = read_catalogue(layers.folders("facts"), terminology)
    problems += found
    policies: list[Policy] = []
    for path in sorted((root / "policies").glob("*/*/*.yaml")):
        try:
            policy = read_policy(path, path.relative_to(root).as_posix())
        except ContentError as error:
            problems += error.problems
            continue
        bound, found = bind(policy, catalogue, terminology)
        problems += found
        policies.append(bound)
    problems += _period_problems(policies)
    payers, found = read_payers(root, policies)
    problems += found
    if problems:
        raise ContentError(problems)
    held = tuple(policies)
    forms = {policy.form: policy_form(policy, catalogue) for policy in held if policy.status != "draft"}
    library, revision = Library(held, terminology), revision_of_files(root, own_value_sets)
    return Content(root, terminology, catalogue, held, library, payers, revision, forms, layers.below)


def _read_value_sets(layers: Layers, own: Path | None) -> tuple[dict[str, ValueSet], list[str], list[Problem]]:
    """Read the value sets, each by its id.

    Returns also the ids of those that could not be read, and what is wrong with them.
    """
    files: dict[str, tuple[Path, str]] = {}
    problems: list[Problem] = []
    for folder, called in layers.folders("value_sets"):
        for path in value_set_paths(folder):
            name = f"{called}/{path.name}"
            if path.stem in files:
                said = f"the value set '{path.stem}' is already in {files[path.stem][1]}; give this one an id of its own"
                problems.append(Problem(name, 0, said))
            else:
                files[path.stem] = (path, name)
    files |= {path.stem: (path, f"{path.parent.name}/{path.name}") for path in value_set_paths(own)} if own else {}
    sets: dict[str, ValueSet] = {}
    broken: list[str] = []
    for id_, (path, name) in files.items():
        try:
            sets[id_] = read_value_set(path, name)
        except ContentError as error:
            problems += error.problems
            broken.append(id_)
    return sets, broken, problems


def _period_problems(policies: Iterable[Policy]) -> Iterator[Problem]:
    """Yield a problem for each version that overlaps the next one.

    One date of service has one version of a policy.
    """
    by_id: dict[str, list[Policy]] = {}
    for policy in policies:
        by_id.setdefault(policy.id, []).append(policy)
    for versions in by_id.values():
        versions.sort(key=lambda policy: policy.effective_from)
        for earlier, later in pairwise(versions):
            if earlier.effective_until is None or earlier.effective_until >= later.effective_from:
                said = f"it is still in force when {later.version} begins; give it 'until', the day before {later.effective_from}"
                yield Problem(earlier.file, 0, said)


def revision_of_files(root: Path, own_value_sets: Path | None) -> str:
    """Return the hash of all content files as they are now.

    What they say is not read.
    """
    layers = read_layers(root, shipped_content())
    digest = hashlib.sha256()
    for path in value_set_paths(own_value_sets) if own_value_sets else ():
        digest.update(path.name.encode() + path.read_bytes())
    held = [(layers.root, folder) for folder in FOLDERS]
    held += [(layers.below, folder) for folder in FOLDERS[1:]] if layers.below is not None else []
    for root, folder in held:
        expansions = root / "value_sets" / EXPANSIONS
        for path in sorted(path for path in (root / folder).rglob("*") if path.is_file() and path.parent != expansions):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    if layers.below is not None:
        digest.update((layers.root / FILE).read_bytes())
    tables = medicine_tables(layers.root)
    for path in sorted(tables.glob("*.csv")) if layers.root not in tables.parents else ():
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]
