"""``cds-service policy new``: the skeleton of a policy, of its code list and of its vignettes, with what is left to do in it."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cds_service.analysis.lint.content_files import vignettes_of
from cds_service.cli.policy import policy_commands
from cds_service.cli.terminal import ContentFolder, content_in, local_day, refuse, to_stdout
from cds_service.fhir.codes import Coding, written

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
_ID = re.compile(r"[a-z0-9-]+/[a-z0-9-]+")
Codes = Annotated[list[str], typer.Option("--code", metavar="CODE", help="A code of the orders, as 'CPT 81420'; may be repeated.")]


@policy_commands.command("new")
def new(
    policy: Annotated[str, typer.Argument(metavar="PAYER/POLICY", help="The id of the new policy.")],
    effective: Annotated[str, typer.Option("--from", metavar="DATE", help="The day it takes effect; it names the version.")],
    title: Annotated[str, typer.Option(help="The title of the document.")],
    code: Codes,
    content: ContentFolder = None,
) -> None:
    """Write the skeleton of a policy, of its list of codes and of its vignettes; 'policy check' says what is left to do."""
    held = content_in(content)
    if not _ID.fullmatch(policy):
        refuse(f"'{policy}' is not an id; write the payer and the policy in small letters, as 'carelon/prenatal-cfdna-screening'")
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
    }
    files = {
        held.root / "policies" / payer / short / f"{version}.yaml": POLICY.format(**words),
        held.root / "value_sets" / f"{orders}.json": _value_set(orders, title, codings, local_day()),
        vignettes_of(held) / payer / short / f"{version}.yaml": VIGNETTES.format(**words),
    }
    if there := [str(path) for path in files if path.exists()]:
        refuse([f"{path}: it is there already, and is left as it is; nothing was written" for path in there])
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        to_stdout().print(f"{path} is written.", soft_wrap=True)
    to_stdout().print("Now 'cds-service policy check' says what is left to do.")


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


def _value_set(id_: str, title: str, codings: list[Coding], today: date) -> str:
    """The list of the orders' codes, as a FHIR R4 ValueSet."""
    systems: dict[str, list[str]] = {}
    for coding in codings:
        systems.setdefault(coding.system, []).append(coding.code)
    made = {
        "resourceType": "ValueSet",
        "id": id_,
        "url": f"urn:cds-service:value-set:{id_}",
        "version": str(today),
        "name": "".join(word.capitalize() for word in id_.split("-")),
        "title": f"Orders of {title}",
        "status": "draft",
        "date": str(today),
        "publisher": "cds_service",
        "compose": {
            "include": [{"system": system, "concept": [{"code": c} for c in codes]} for system, codes in systems.items()],
        },
    }
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def left_to_do(root: Path) -> list[str]:
    """Every line of a policy file that still says TODO, as ``file:line: what is left to do``."""
    found = []
    for path in sorted((root / "policies").rglob("*.yaml")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if (at := line.find("TODO")) >= 0:
                said = line[at:].removeprefix("TODO:").partition('"')[0].strip()
                found.append(f"{path.relative_to(root).as_posix()}:{number}: still to do: {said}")
    return found
