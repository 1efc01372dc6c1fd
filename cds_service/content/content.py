"""Everything read from disk: value sets, facts, policies.

They are cross-checked as a whole, and then immutable. Nothing is half loaded: either all of it holds together, or one
ContentError says everything that does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib.resources import files as package_files
from itertools import pairwise
from pathlib import Path

from cds_service.content.answers import answer_problems
from cds_service.content.forms import PolicyForm, policy_form
from cds_service.content.layers import FILE, FOLDERS, Layers, read_layers
from cds_service.content.library import Library
from cds_service.content.payers import Payer, read_payers
from cds_service.content_files.problems import ContentError, Problem
from cds_service.facts.catalogue import Catalogue, read_catalogue
from cds_service.facts.definition import Definition
from cds_service.facts.entry import FactEntry
from cds_service.facts.units import UnknownUnit, convert
from cds_service.fhir.codes import written
from cds_service.fhir.medicines import NO_MEDICINES, read_medicines
from cds_service.fhir.value_set_files import read_value_set, value_set_paths
from cds_service.fhir.value_sets import Terminology, ValueSet
from cds_service.policy.criterion import AtLeast, Check, Criterion, NoneOf, Test
from cds_service.policy.model import Policy
from cds_service.policy.read import read_policy
from cds_service.policy.values import Interval

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


def bind(policy: Policy, catalogue: Catalogue, terminology: Terminology) -> tuple[Policy, list[Problem]]:
    """Bind a policy to the facts and value sets that it names.

    Returns the policy with thresholds in its facts' units, and the problems of its references to facts and value sets.
    """
    problems: list[Problem] = []

    def rebuilt(criterion: Criterion) -> Criterion:
        match criterion:
            case Check():
                found = list(_check_problems(criterion, catalogue, terminology))
                problems.extend(Problem(policy.file, criterion.line, said) for said in found)
                sound = not found and criterion.fact in catalogue
                return _in_fact_units(criterion, catalogue[criterion.fact]) if sound else criterion
            case AtLeast() | NoneOf():
                return replace(criterion, parts=tuple(rebuilt(part) for part in criterion.parts))

    problems += _reference_problems(policy, catalogue, terminology)
    problems += answer_problems(policy)
    exclusions = rebuilt(policy.not_necessary_when) if policy.not_necessary_when else None
    more_likely = rebuilt(policy.more_likely_when) if policy.more_likely_when else None
    bound = replace(
        policy,
        necessary_when=rebuilt(policy.necessary_when),
        not_necessary_when=exclusions if isinstance(exclusions, AtLeast) else None,
        more_likely_when=more_likely if isinstance(more_likely, AtLeast) else None,
        settled_first=tuple(replace(rule, when=rebuilt(rule.when)) for rule in policy.settled_first),
        advice=tuple(replace(a, when=rebuilt(a.when) if a.when else None) for a in policy.advice),
        authorization=tuple(replace(a, when=rebuilt(a.when) if a.when else None) for a in policy.authorization),
    )
    return bound, problems


def _reference_problems(policy: Policy, catalogue: Catalogue, terminology: Terminology) -> Iterator[Problem]:
    """Yield what a policy names outside its criteria, and is missing.

    These are value sets of orders, facts asked for, and alternatives.
    """
    for id_ in (*policy.order_sets, *(labelled for labelled, _ in policy.labels)):
        if not terminology.knows(id_):
            where = "applies_to" if id_ in policy.order_sets else "labels"
            yield Problem(policy.file, 0, f"{where}: there is no value set '{id_}' in value_sets/")
    for rule in policy.settled_first:
        for asked in rule.asks:
            if not catalogue.knows(asked):
                said = f"it asks for '{asked}', and there is no such fact{_near(asked, catalogue)}"
                yield Problem(policy.file, rule.when.line, said)
    for name in policy.facts if policy.subject == "questionnaire-response" else ():
        if name in catalogue and not catalogue[name].only_asked:
            yield Problem(
                policy.file, 0, f"'{name}' is not only asked; what judges a questionnaire tests facts that are only asked"
            )
    known = {criterion.id for criterion in policy.criteria()}
    for alternative in policy.alternatives:
        for id_ in set(alternative.instead_of) - known:
            yield Problem(policy.file, 0, f"alternatives: there is no criterion '{id_}'")
        try:
            written(f"{alternative.system} {alternative.code}")
        except ValueError as error:
            yield Problem(policy.file, 0, f"alternatives: {error}")


def _check_problems(check: Check, catalogue: Catalogue, terminology: Terminology) -> Iterator[str]:
    for name in (check.fact, *([check.since] if check.since else [])):
        if not catalogue.knows(name):
            yield f"there is no fact '{name}' in facts/{_near(name, catalogue)}"
        if name not in catalogue:
            return
    if check.since and catalogue[check.since].entry.type != "date":
        yield f"'since' names a fact that is a day, and '{check.since}' is a {catalogue[check.since].entry.type}"
    yield from _test_problems(check, catalogue[check.fact].entry, terminology)


def _test_problems(check: Check, entry: FactEntry, terminology: Terminology) -> Iterator[str]:
    test = check.test
    if test.ago is not None and entry.type != "date":
        yield f"'{test.written}' is the test of a day, and '{check.fact}' is a {entry.type}; date its evidence with 'within'"
        return
    match test.compare, test.value, entry.type:
        case _, None, "date" if test.ago is not None:
            return
        case ("documented", _, "date") | ("is", bool(), "boolean"):
            return
        case "documented", _, type_:
            yield f"'{check.fact}' is a {type_}; it needs a test, a look-back alone tests a day"
        case "in", str(id_), "code":
            if not terminology.knows(id_):
                yield f"there is no value set '{id_}' in value_sets/"
        case "is", str() | Interval(), "choice":
            if test.written not in entry.choices:
                yield f"'{test.written}' is none of the choices of '{check.fact}': {', '.join(entry.choices)}"
        case _, Interval() as threshold, "quantity":
            yield from _threshold_problems(check, entry, threshold)
        case _, _, type_:
            yield f"the test '{test.compare}: {test.written}' does not fit '{check.fact}', which is a {type_}"


def _threshold_problems(check: Check, entry: FactEntry, threshold: Interval) -> Iterator[str]:
    test, bounds = check.test, entry.range
    try:
        number = convert(threshold.low, test.unit or entry.unit, entry.unit)
    except UnknownUnit:
        yield f"'{test.written}' is not in a unit that converts to {entry.unit}, the unit of '{check.fact}'"
        return
    if not test.unit and entry.unit != "1" and not entry.unit.startswith("{"):
        yield f"'{test.written}' has no unit; write it with one, as '{test.written} {entry.unit}'"
    elif bounds and not bounds.from_ <= number <= bounds.to:
        yield f"'{test.written}' is outside the range of '{check.fact}' ({bounds.from_:g} to {bounds.to:g} {entry.unit})"


def _in_fact_units(check: Check, definition: Definition) -> Check:
    test = check.test
    if isinstance(test.value, Interval) and definition.entry.type == "choice":
        test = Test(test.compare, test.written, "", test.written)
    elif isinstance(test.value, Interval):
        number = convert(test.value.low, test.unit or definition.entry.unit, definition.entry.unit)
        test = Test(test.compare, Interval.exactly(number), test.unit, test.written)
    return replace(check, test=test, ask=check.ask or definition.entry.ask)


def _near(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), 1)
    return f"; is '{close[0]}' meant?" if close else ""


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
