"""The lists of commands: what help says of a command is what its module says, and help reads no content."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cds_service.cli.listed import TOP, Listed, command_of
from cds_service.cli.policy_group import COMMANDS


@pytest.mark.parametrize(("name", "listed"), [*TOP.items(), *COMMANDS.items()], ids=lambda one: one if isinstance(one, str) else "")
def test_help_says_what_the_command_says(name: str, listed: Listed) -> None:
    """The first paragraph of a command's own help stands in the list."""
    said = command_of(name, listed).help.partition("\n\n")[0]
    assert " ".join(said.split()) == listed.help


def test_help_reads_nothing_that_it_does_not_need() -> None:
    """Neither FHIR nor the store nor Flask is loaded to print the help of a group."""
    script = (
        "import sys\nfrom typer.testing import CliRunner\nfrom cds_service.cli import app\n"
        "said = [CliRunner().invoke(app, [*group, '--help']).output for group in ([], ['policy'])]\n"
        "assert 'value-sets' in said[0] and 'compare' in said[1], said\n"
        "print(sorted({'flask', 'sqlalchemy', 'fhir', 'dateutil', 'z3'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
