"""The content together with the files it was read from.

With them a rule can tell the line. The content's vignettes and the current day belong to it as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from cds_service.analysis.lint.value_set_file import ValueSetFile
from cds_service.content.content import Content
from cds_service.content_files.problems import ContentError, Problem
from cds_service.content_files.yaml_file import Place, YamlFile
from cds_service.fhir.value_set_files import value_set_paths
from cds_service.policy.criterion import AtLeast, Check, Criterion
from cds_service.policy.grammar import OF_RESPONSES
from cds_service.policy.model import Policy
from cds_service.vignettes.read import Vignette, read_vignettes
from cds_service.vignettes.responses import ResponseVignette, read_response_vignettes

SECTIONS = ("necessary_when", "not_necessary_when", *OF_RESPONSES)
"""The keys of a policy file that hold trees of criteria.

Other keys hold one under ``when``.
"""


@dataclass(frozen=True, slots=True)
class Placed:
    """A criterion with its place in its file.

    ``place[0]`` is the key of the policy under which it stands.
    """

    criterion: Criterion
    place: Place

    @property
    def section(self) -> str:
        """The key of the policy under which the criterion stands.

        Examples are ``necessary_when`` and ``settled_first``.
        """
        return str(self.place[0])


class PolicyFile:
    """One policy version and its file."""

    def __init__(self, policy: Policy, root: Path) -> None:
        self.policy, self.name, self._root = policy, policy.file, root

    @cached_property
    def _yaml(self) -> YamlFile:
        return YamlFile(self._root / self.name, self.name)

    @property
    def data(self) -> dict[str, Any]:
        """The file's plain data."""
        return self._yaml.data

    def line(self, *place: str | int) -> int:
        """Return the line of a place in the file."""
        return self._yaml.line(place)

    def line_of(self, placed: Placed, *keys: str | int) -> int:
        """Return the line of a key of a criterion.

        Without a key, it is the line at which the criterion begins.
        """
        return self._yaml.line((*placed.place, *keys)) if keys else placed.criterion.line

    @cached_property
    def criteria(self) -> tuple[Placed, ...]:
        """Every criterion of the file with its place.

        Parents come before parts, in the order of ``Policy.criteria``.
        """
        return tuple(placed for root, place in self.roots() for placed in self._below(root, place))

    @property
    def checks(self) -> Iterator[tuple[Placed, Check]]:
        """Every check of the file with its place."""
        return ((placed, placed.criterion) for placed in self.criteria if isinstance(placed.criterion, Check))

    def roots(self) -> Iterator[tuple[Criterion, Place]]:
        """Yield the trees of the file, each with its place."""
        policy = self.policy
        for index, rule in enumerate(policy.settled_first):
            yield rule.when, ("settled_first", index, "when")
        main, against = ("necessary_when", "not_necessary_when") if policy.subject == "order" else ("met_when", "unlikely_when")
        yield policy.necessary_when, (main,)
        if policy.not_necessary_when:
            yield policy.not_necessary_when, (against,)
        if policy.more_likely_when:
            yield policy.more_likely_when, ("more_likely_when",)
        for index, authorization in enumerate(policy.authorization):
            if authorization.when:
                yield authorization.when, ("authorization", index, "when")
        for index, advice in enumerate(policy.advice):
            if advice.when:
                yield advice.when, ("advice", index, "when")

    def entry(self, placed: Placed) -> dict[str, Any]:
        """Return the criterion as the file writes it."""
        entry: Any = self.data
        for step in placed.place:
            entry = entry[step]
        return dict(entry)

    def parts(self, placed: Placed) -> tuple[Placed, ...]:
        """Return the parts of a criterion with their places.

        A check has none.
        """
        criterion = placed.criterion
        if isinstance(criterion, Check):
            return ()
        entry = self.entry(placed)
        key = next(key for key in ("all", "any", "of", "none") if key in entry)
        guards = 1 if isinstance(criterion, AtLeast) and criterion.guarded else 0
        places = [(*placed.place, "applies_when")] * guards
        places += [(*placed.place, key, index) for index in range(len(criterion.parts) - guards)]
        return tuple(Placed(part, place) for part, place in zip(criterion.parts, places, strict=True))

    def _below(self, criterion: Criterion, place: Place) -> Iterator[Placed]:
        placed = Placed(criterion, place)
        yield placed
        for part in self.parts(placed):
            yield from self._below(part.criterion, part.place)

    def citations(self) -> Iterator[tuple[Place, str, str]]:
        """Yield every place that cites a passage of a source.

        Each is the place, the source's key, and the passage.
        """
        yield from _citations(self.data, ())


def _citations(node: Any, place: Place) -> Iterator[tuple[Place, str, str]]:
    if isinstance(node, dict):
        if isinstance(node.get("source"), str) and "at" in node:
            yield (*place, "at"), node["source"], str(node["at"])
        for key, value in node.items():
            yield from _citations(value, (*place, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _citations(value, (*place, index))


class ContentFiles:
    """Everything that rules look at.

    That is the content, its files with their lines, the vignettes of orders, and ``today``. ``tried`` names the policy
    files that any vignette tries, those of responses included. With ``only`` these are the policies of these ids alone,
    and what is no policy's is not looked at.
    """

    def __init__(self, content: Content, today: date, vignettes: Path | None = None, only: frozenset[str] = frozenset()) -> None:
        """Read the vignettes from their folder.

        By default it is the one that lies with the content. Raises ContentError with every problem of the vignettes.
        """
        self.content, self.today, self.only = content, today, only
        self.policies = tuple(PolicyFile(policy, content.root) for policy in content.policies if not only or policy.id in only)
        folder = vignettes or vignettes_of(content)
        files = sorted(folder.rglob("*.yaml"))
        read = _vignettes(content, folder, [path for path in files if not only or _of_any(path, folder, only)])
        self.vignettes = tuple(one for one in read if isinstance(one, Vignette))
        self.tried = frozenset(one.policy.file for one in read)
        self._facts: dict[str, YamlFile] = {}

    @cached_property
    def value_sets(self) -> tuple[ValueSetFile, ...]:
        """The value sets in the content's folder, as their files write them."""
        folder = self.content.root / "value_sets"
        if self.only:
            return ()
        return tuple(ValueSetFile(path, f"value_sets/{path.name}") for path in value_set_paths(folder))

    def fact_line(self, name: str, *place: str | int) -> int:
        """Return the line of a key of a fact in its file."""
        file = self.content.catalogue[name].file
        if file not in self._facts:
            self._facts[file] = YamlFile(self.content.layers.path_of(file), file)
        return self._facts[file].line((name, *place))

    def versions(self) -> Iterator[tuple[PolicyFile, ...]]:
        """Yield the versions of each policy, earliest first."""
        for id_ in dict.fromkeys(file.policy.id for file in self.policies):
            held = [file for file in self.policies if file.policy.id == id_]
            yield tuple(sorted(held, key=lambda file: file.policy.effective_from))


def vignettes_of(content: Content) -> Path:
    """Return the folder of vignettes that goes with a content folder.

    It lies beside the content in a wheel, and among the tests in a checkout.
    """
    inside = content.root / "vignettes"
    return inside if inside.is_dir() else content.root / "tests" / "vignettes"


def _of_any(path: Path, folder: Path, only: frozenset[str]) -> bool:
    """Tell whether a file of vignettes belongs to one of the policies.

    It does where it lies in that policy's folder.
    """
    return path.relative_to(folder).parent.as_posix() in only


def _vignettes(content: Content, folder: Path, paths: list[Path]) -> tuple[Vignette | ResponseVignette, ...]:
    read: list[Vignette | ResponseVignette] = []
    problems: list[Problem] = []
    for path in paths:
        within = path.is_relative_to(content.root)
        name = (path.relative_to(content.root) if within else path.relative_to(folder)).as_posix()
        try:
            read += read_vignettes(path, name, content) or read_response_vignettes(path, name, content)
        except ContentError as error:
            problems += error.problems
    if problems:
        raise ContentError(problems)
    return tuple(read)
