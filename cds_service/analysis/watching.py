"""A content folder that is watched while its author works.

What a save changed is read again, and what it comes to is told at once. A changed policy, or changed vignettes, are
read and tried alone; with a changed fact or value set everything is read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from cds_service.analysis.asked import all_asked
from cds_service.analysis.lint.content_files import vignettes_of
from cds_service.analysis.mutate import killings
from cds_service.content.binding import bind
from cds_service.content.content import Content, read_content
from cds_service.content.forms import policy_form
from cds_service.content.library import Library
from cds_service.content_files.problems import ContentError
from cds_service.policy.model import Policy
from cds_service.policy.read import read_policy
from cds_service.vignettes.read import read_vignettes
from cds_service.vignettes.responses import read_response_vignettes

Stamps = dict[Path, tuple[int, int]]
FOLDERS = ("policies", "facts", "value_sets", "vignettes", "tests/vignettes")


class Watched:
    """A content folder with what was read of it last.

    ``content`` is None while it does not hold together.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stamps: Stamps = {}
        self.content: Content | None = None

    def changed(self) -> list[Path]:
        """Return the files that changed since this was last asked.

        They were saved, made or removed.
        """
        now = self._stamped()
        found = sorted(path for path in {*now, *self._stamps} if now.get(path) != self._stamps.get(path))
        self._stamps = now
        return found

    def told(self, changed: list[Path]) -> Iterator[str]:
        """Read what changed and yield what is wrong, or shown.

        What is shown is what the vignettes and the mutants of its policies show.
        """
        try:
            content, policies = self._read(changed)
        except ContentError as error:
            self.content = None
            yield from (str(problem) for problem in error.problems)
            return
        self.content = content
        for policy in policies:
            yield from self._shown(policy, content)
        if not policies:
            yield f"{len(content.policies)} policy versions hold together."

    def _read(self, changed: list[Path]) -> tuple[Content, list[Policy]]:
        """Return the changed content, and the policies to try."""
        held = self.content
        names = [path.relative_to(self._root).as_posix() for path in changed]
        of_policies = [name for name in names if name.startswith("policies/") and name.count("/") == 3]
        tried = {_policy_of(name) for name in names} - {""}
        rest = [name for name in names if not _policy_of(name)]
        if held is None or rest or any(not (self._root / name).is_file() for name in of_policies):
            held = read_content(self._root)
        else:
            for name in of_policies:
                held = _with_policy(held, self._root / name, name)
        return held, [policy for policy in held.policies if policy.id in tried and policy.status != "draft"]

    def _shown(self, policy: Policy, content: Content) -> Iterator[str]:
        file = vignettes_of(content) / policy.id / f"{policy.version}.yaml"
        if not file.is_file():
            yield f"{policy.file}: no vignettes try it"
            return
        name = file.relative_to(self._root).as_posix()
        try:
            read = read_vignettes(file, name, content) or read_response_vignettes(file, name, content)
        except ContentError as error:
            yield from (str(problem) for problem in error.problems)
            return
        ready = all_asked(read, content)
        wrong = [one for one in ready if one.wrong]
        yield from (f"{one.vignette.file}:{one.vignette.line}: {one.vignette.name}: {'; '.join(one.wrong)}" for one in wrong)
        yield f"{policy.id} {policy.version}: {len(ready) - len(wrong)} of {len(ready)} vignettes as expected"
        if not wrong:
            found = killings(policy, ready, content)
            yield from (f"{one.mutant}: no vignette would notice" for one in found if one.by is None)
            yield f"{policy.id} {policy.version}: {sum(one.by is not None for one in found)} of {len(found)} mutants caught"

    def _stamped(self) -> Stamps:
        files = chain.from_iterable((self._root / folder).rglob("*") for folder in FOLDERS)
        own = self._root / "content.yaml"
        found: Stamps = {}
        for path in (*files, own):
            try:
                stat = path.stat()
            except OSError:
                continue
            if path.suffix in (".yaml", ".json", ".csv"):
                found[path] = (stat.st_mtime_ns, stat.st_size)
        return found


def _policy_of(name: str) -> str:
    """Return the id of the policy that a file belongs to.

    The file is a policy's or has its vignettes; empty for any other.
    """
    for folder in ("policies/", "vignettes/", "tests/vignettes/"):
        parts = name.removeprefix(folder).split("/") if name.startswith(folder) else []
        if len(parts) == 3:
            return "/".join(parts[:2])
    return ""


def _with_policy(held: Content, path: Path, name: str) -> Content:
    """Return the content with one policy version read again.

    Raises ContentError with what is wrong with it.
    """
    bound, problems = bind(read_policy(path, name), held.catalogue, held.terminology)
    if problems:
        raise ContentError(problems)
    policies = (*(one for one in held.policies if one.file != name), bound)
    forms = {**held.forms, bound.form: policy_form(bound, held.catalogue)}
    return replace(held, policies=policies, library=Library(policies, held.terminology), forms=forms)
