"""``cds-service policy new``: the skeleton of a policy.

It writes the policy, its payer, codes and vignettes, with what is left to do in it.
"""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cds_service.cli.options import ContentFolder
from cds_service.cli.terminal import local_day, refuse, to_stdout
from cds_service.content.content import shipped_content
from cds_service.content.layers import FILE as LAYERS
from cds_service.content.layers import FOLDERS
from cds_service.fhir.codes import Coding, written
from cds_service.fhir.value_set_files import value_set_path

POLICY = """\
# {title}
#
# TODO: read the document aloud here, in two or three sentences: when is an order necessary?

policy: {id}
version: {version}
title: {quoted}
status: draft                       # 'active' once its vignettes show it all; a draft judges nothing
effective: {{from: {version}}}

applies_to:
  payer: {payer}
  orders:
    value_set: {orders}

sources:
  document:
    title: "TODO: title and number of the document"
    publisher: "TODO: who publishes it"

not_encoded:                        # every passage that is not here, and why
  - {{source: document, at: "TODO: place", because: "TODO: why it holds no criterion"}}

review:                             # only what really happened; a person signs here
  encoded_on: {today}
  second_reader: none yet

necessary_when:
  id: necessary
  says: "TODO: what must hold, as a sentence."
  cite: {{source: document, at: "TODO: place"}}
  all:

    - id: adult                     # TODO: an example; put the document's own criteria here ('policy facts' lists the facts)
      says: The patient is 18 or older.
      cite: {{source: document, at: "TODO: place", gives: [18 years]}}
      fact: patient_age
      is_at_least: 18 years
"""

VIGNETTES = """\
# Each vignette is one imaginary member. What is not listed is not documented, and was searched.
policy: {id}
version: {version}
as_of: {version}
order: {code}

vignettes:

  - name: Just old enough
    story: Eighteen on the day of service.
    chart: {{patient_age: 18}}
    expect: {{outcome: }}             # TODO: what is right: necessary, not necessary, not documented, not addressed or referred

  - name: One year too young
    story: Seventeen on the day of service.
    chart: {{patient_age: 17}}
    expect: {{outcome: }}             # TODO: what is right

  - name: Empty chart
    story: Everything was searched, and nothing says how old the patient is.
    expect: {{outcome: }}             # TODO: what is right
"""
CODES = """\
# title: Orders of {title}
# version: {today}
system,code,label
{codes}"""

PAYER = """\
# How a member's Coverage is recognised as this payer's; nothing is asserted for a plan that is not recognised.
payer: {payer}
name: "TODO: the payer's name"
identifiers: []                     # of Coverage.payor, as {{system: "http://…", value: "…"}}
names: []                           # other names that a Coverage may give it
"""

OVER = """\
# This folder adds to the facts and value sets that come with the package. Without this file it is whole by itself.
layers_over: shipped
"""
_ID = re.compile(r"[a-z0-9-]+/[a-z0-9-]+")
Codes = Annotated[list[str], typer.Option("--code", metavar="CODE", help="A code of the orders, as 'CPT 81420'; may be repeated.")]


def new(
    policy: Annotated[str, typer.Argument(metavar="PAYER/POLICY", help="The id of the new policy.")],
    effective: Annotated[str, typer.Option("--from", metavar="DATE", help="The day it takes effect; it names the version.")],
    title: Annotated[str, typer.Option(help="The title of the document.")],
    code: Codes,
    content: ContentFolder = None,
) -> None:
    """Write the skeleton of a policy, of its payer, codes and vignettes; with --content DIR, begin that folder where need be."""
    if not _ID.fullmatch(policy):
        refuse(f"'{policy}' is not an id; write the payer and the policy in small letters, as 'carelon/prenatal-cfdna-screening'")
    root = _folder(content)
    codings = [_coding(one) for one in code]
    payer, _, short = policy.partition("/")
    version, orders = _day(effective), f"{short}-orders"
    words = {
        "id": policy,
        "version": version,
        "title": title,
        "quoted": json.dumps(title, ensure_ascii=False),
        "payer": payer,
        "orders": orders,
        "today": local_day(),
        "code": code[0],
        "codes": "".join(f"{one.text.replace(' ', ',', 1)},\n" for one in codings),
    }
    files = {
        root / "policies" / payer / short / f"{version}.yaml": POLICY.format(**words),
        root / "value_sets" / f"{orders}.csv": CODES.format(**words),
        _vignettes(root) / payer / short / f"{version}.yaml": VIGNETTES.format(**words),
    }
    listed = value_set_path(root / "value_sets", orders)
    if there := dict.fromkeys(str(path) for path in (*files, listed) if path and path.exists()):
        refuse([f"{path}: it is there already, and is left as it is; nothing was written" for path in there])
    made = {path: text for path, text in _begun(root, payer).items() if not path.exists()} | files
    for path, text in made.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            refuse(f"{path}: it cannot be written: {error.strerror}")
        to_stdout().print(f"{path} is written.", soft_wrap=True)
    where = f" --content {content}" if content else ""
    to_stdout().print(f"Now 'cds-service policy check{where}' says what is left to do.", soft_wrap=True)


def _folder(content: Path | None) -> Path:
    """Return the folder to write into.

    Ends the command where that would be a file, or an installed package.
    """
    if content is None:
        root = shipped_content()
        if root.name == "shipped":
            refuse(
                "a policy of your own is written to a folder of your own, not into the installed package; name it: --content DIR"
            )
        return root
    if content.exists() and not content.is_dir():
        refuse(f"{content}: it is a file, and a folder is meant")
    return content


def _vignettes(root: Path) -> Path:
    among_tests = root / "tests" / "vignettes"
    return among_tests if among_tests.is_dir() and not (root / "vignettes").is_dir() else root / "vignettes"


def _begun(root: Path, payer: str) -> dict[Path, str]:
    """Return what a folder of one's own needs besides a policy.

    That is what it lies over, unless it is whole by itself, and who the payer is.
    """
    needed = {root / "policies" / payer / "payer.yaml": PAYER.format(payer=payer)}
    whole = all((root / folder).is_dir() for folder in FOLDERS)
    return needed if whole else {root / LAYERS: OVER} | needed


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        refuse(f"'{text}' is not a day; write it as 2025-04-01")


def _coding(text: str) -> Coding:
    try:
        return written(text)
    except ValueError as error:
        refuse(str(error))


def left_to_do(root: Path) -> list[str]:
    """Return every line of a policy file that still says TODO.

    Each reads ``file:line: what is left to do``.
    """
    found = []
    for path in sorted((root / "policies").rglob("*.yaml")):
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if (at := line.find("TODO")) >= 0:
                said = line[at:].removeprefix("TODO:").partition('"')[0].strip()
                found.append(f"{path.relative_to(root).as_posix()}:{number}: still to do: {said}")
    return found
