"""Content with a slip in it, as a hand on the keyboard makes them: a value of another kind, a line lost or twice, a key misspelt."""

from __future__ import annotations

import traceback
from pathlib import Path
from random import Random
from typing import Final

from typer.testing import CliRunner

from cds_service.cli import app
from tests.analysis.lint.home_oxygen import FILES, VIGNETTES

MORE: Final = {
    "policies/meadowlark/payer.yaml": "payer: meadowlark\nname: Meadowlark Health Plan\nadopts: []\nlines_of_business:\n  - {id: all, plan_classes: [a]}\n",
    "policies/excused.yaml": "outcomes:\n  - {fact: emergency, never: [met], because: It is never so here.}\nmutants: []\n",
    "policies/lint-exclusions.yaml": "exclusions: []\n",
    "value_sets/tobacco.csv": "# title: Tobacco\n# version: 2026-01-01\nsystem,code,label,meaning\nICD-10-CM,F17.2*,smokes,yes\n",
    "facts/derived.yaml": "\n".join(
        (
            "any_sign: {means: Any., type: boolean, derived: {any_of: [edema, smokes]}}",
            "since_visit: {means: Days., type: quantity, unit: d, range: {from: 0, to: 9999}, derived: {days_between: {from: visit_date}}}",
            "tobacco: {means: T., type: boolean, ask: T?, from: [{condition: {codes: tobacco, speaks_for: 1 year}}]}",
            "",
        )
    ),
    VIGNETTES: FILES[VIGNETTES]
    + "\n".join(
        (
            "  - name: In words",
            "    story: Every way of writing.",
            "    each_code: [HCPCS E1390, HCPCS E1391]",
            "    as_of: 2026-05-05",
            "    not_searched: [Condition]",
            "    chart: {visit_date: 2026-05-01, edema: [provisional yes on 2026-04-01, no], smokes: true, oxygen_saturation: <90}",
            "    fhir:",
            "      - resourceType: Observation",
            "        status: final",
            "        code: {coding: [{system: http://loinc.org, code: 59408-5}]}",
            "    expect: {outcome: not documented, because: [necessary], asks: [edema], assumed: [], authorization: needed}",
            "",
        )
    ),
}
ODD: Final = (
    "", "null", "[]", "{}", "12", "-1", "0.5", "true", "no", "x", "'x'", "[x]", "{x: y}", "2026-13-01", "2026-01-01", "1e999", ".nan",
    "0601", "99999999999999999999", "99999 years", "15 years ago", "0 days", "&a *a", "!!python/object:os.system x", "'", "\u00e9\u2028", "- x",
    "E1390", "HCPCS", "meadowlark/none", "%", "below", "provisional", "yes on 2026", "12 % on tomorrow", "@", "\t", "{", "a: b: c", "<<: *x",
)  # fmt: skip
COMMANDS: Final = (
    ["policy", "check", "--verbose"],
    ["policy", "check", "--mutants"],
    ["policy", "test"],
    ["policy", "cover"],
    ["policy", "lint", "--severity", "info"],
    ["policy", "list"],
    ["explain", "meadowlark/home-oxygen"],
    ["policy", "hooks"],
    ["policy", "facts"],
    ["value-sets", "export"],
)


def lay_out_more(folder: Path) -> None:
    """Write the content into a folder."""
    for name, text in {**FILES, **MORE}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def slip(text: str, random: Random) -> str:
    """Return the text with one slip."""
    lines = text.split("\n")
    at = random.randrange(len(lines))
    line = lines[at]
    match random.randrange(7):
        case 0 | 1 | 2 if ":" in line:
            places = [index for index, letter in enumerate(line) if letter == ":"]
            place = random.choice(places)
            end = (
                next((i for i in range(place + 1, len(line)) if line[i] in ",}]"), len(line))
                if "{" in line or "[" in line
                else len(line)
            )
            lines[at] = f"{line[: place + 1]} {random.choice(ODD)}{line[end:]}"
        case 3:
            del lines[at]
        case 4:
            lines.insert(at, line)
        case 5 if line.strip():
            place = random.randrange(len(line))
            lines[at] = line[:place] + random.choice(ODD) + line[place + 1 :]
        case _:
            words = line.split(" ")
            words[random.randrange(len(words))] = random.choice(ODD)
            lines[at] = " ".join(words)
    return "\n".join(lines)


def crashes(folder: Path, commands: tuple[list[str], ...] = COMMANDS) -> list[str]:
    """Return the commands that end in a traceback on a folder, each with what was raised last."""
    found = []
    for command in commands:
        done = CliRunner().invoke(app, [*command, "--content", str(folder)])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            where = traceback.extract_tb(done.exception.__traceback__)[-1]
            found.append(f"{' '.join(command)}: {done.exception!r} at {Path(where.filename).name}:{where.lineno}")
    return found
