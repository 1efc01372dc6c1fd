"""Families of ICD-10-CM that a fact leaves out on purpose.

They stand in ``value_sets/excused.yaml``, each with the reason.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from cds_service.analysis.value_sets.classification import Classification
from cds_service.analysis.value_sets.hole import Hole
from cds_service.content_files.problems import Problem
from cds_service.content_files.yaml_file import YamlFile
from cds_service.facts.catalogue import Catalogue
from cds_service.policy.entry import Entry, Words

FILE: Final = "value_sets/excused.yaml"
HEADER: Final = """\
# Families of ICD-10-CM that a fact leaves out on purpose, though it reads a part of their three-character category; each stands for
# all below it, and ? for any character. 'cds-service value-sets check' names what is neither read nor excused, and what is excused
# and not left out any more; 'value-sets check --draft-excuses' prints this file with both put right, for a person to read.

excused:
"""
Family = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9?][0-9A-Z?](\.[0-9A-Z?]{1,4})?$")]


class ExcuseEntry(Entry):
    """Families that facts leave out on purpose.

    Without ``facts``, all facts leave them out. Each family stands for all codes below it; ``?`` stands for any
    character.
    """

    families: Annotated[list[Family], Field(min_length=1)]
    facts: list[Words] = []
    because: Words


class ExcusedFamiliesFile(Entry):
    """The file of all families that are left out on purpose."""

    excused: list[ExcuseEntry] = []


@dataclass(slots=True)
class Excuses:
    """What is excused, and which of it has been needed so far.

    What was needed is kept by entry and family.
    """

    entries: tuple[ExcuseEntry, ...] = ()
    file: YamlFile | None = None
    needed: set[tuple[int, str]] = field(default_factory=set)

    def excuses(self, fact: str, code: str) -> bool:
        """Tell whether a fact leaves a billable code out on purpose."""
        found = False
        for index, entry in enumerate(self.entries):
            if entry.facts and fact not in entry.facts:
                continue
            for family in entry.families:
                if _pattern(family).match(code.replace(".", "")):
                    self.needed.add((index, family))
                    found = True
        return found

    def redrafted(self, holes: Iterable[Hole], because: str) -> str:
        """Rewrite the file so that it excuses these holes too.

        They get the reason ``because``. What is not left out any more is dropped.
        """
        kept = [
            (entry.facts, entry.because, [family for family in entry.families if (index, family) in self.needed])
            for index, entry in enumerate(self.entries)
        ]
        new: dict[str, list[str]] = {}
        for hole in holes:
            new.setdefault(hole.fact, []).extend(hole.families)
        kept += [([fact], because, families) for fact, families in new.items()]
        return HEADER + "".join([_entry(*one) for one in kept if one[2]])

    def problems(self, classification: Classification, catalogue: Catalogue) -> list[Problem]:
        """Return what is wrong with the file itself.

        It may name families and facts that do not exist, and excuse what is not left out any more.
        """
        if self.file is None:
            return []
        found: list[Problem] = []
        for index, entry in enumerate(self.entries):
            for place, family in enumerate(entry.families):
                at = ("excused", index, "families", place)
                if "?" not in family and not classification.knows(family):
                    found.append(self.file.problem(at, f"there is no code {family} in ICD-10-CM ({classification.release})"))
                elif (index, family) not in self.needed:
                    found.append(self.file.problem(at, f"{family} excuses nothing any more; take it out"))
            for place, fact in enumerate(entry.facts):
                if fact not in catalogue:
                    found.append(self.file.problem(("excused", index, "facts", place), f"there is no fact '{fact}'"))
        return found


def _entry(facts: list[str], because: str, families: list[str]) -> str:
    wrapped = "\n      ".join(textwrap.wrap(", ".join(families), 124, break_long_words=False, break_on_hyphens=False))
    named = f"facts: [{', '.join(facts)}]\n    " if facts else ""
    said = json.dumps(because, ensure_ascii=False) if set(because) & set(":#'\"") or not because else because
    return f"\n  - {named}because: {said}\n    families: [\n      {wrapped}]\n"


@lru_cache(maxsize=8192)
def _pattern(family: str) -> re.Pattern[str]:
    return re.compile(re.escape(family.replace(".", "")).replace(r"\?", "."))


def read_excuses(root: Path) -> Excuses:
    """Read what a content folder excuses.

    Excuses nothing when it has no such file. Raises ContentError when the file is not of this grammar.
    """
    if not (root / FILE).is_file():
        return Excuses()
    file = YamlFile(root / FILE, FILE)
    return Excuses(tuple(file.read_as(ExcusedFamiliesFile).excused), file)
