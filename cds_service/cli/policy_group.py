"""The group ``cds-service policy``.

The modules of its commands are read when one of them is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import typer

from cds_service.cli.listed import LazyGroup, Listed

COMMANDS: Mapping[str, Listed] = {
    "list": Listed(
        "policy", "list_policies", "List every version of every policy, with what it covers and whether a person has reviewed it."
    ),
    "show": Listed(
        "policy", "show", "As 'explain', and every passage of the document: encoded by which criteria, or not encoded and why."
    ),
    "new": Listed(
        "policy_new",
        "new",
        "Write the skeleton of a policy, of its payer, codes and vignettes; with --content DIR, begin that folder where need be.",
    ),
    "check": Listed(
        "policy_check",
        "check_content",
        "Read all content and lint it: each problem as 'file:line: what'. Exit 1 when it cannot be used or lint finds an error.",
    ),
    "test": Listed(
        "policy_test",
        "run_vignettes",
        "Run the vignettes of the policies twice, as facts and as FHIR, and say which decide otherwise than expected.",
    ),
    "cover": Listed(
        "policy_proof",
        "cover",
        "Print in how many vignettes each criterion was met, not met, not documented, and deciding; '-' where that cannot be.",
    ),
    "watch": Listed(
        "policy_watch",
        "watch",
        "Watch a content folder: at every save, check what changed, run its vignettes and try its mutants. Ctrl-C ends it.",
    ),
    "lint": Listed(
        "policy_lint",
        "lint_content",
        "Say which mistakes lint finds, each as 'file:line: severity rule: what (what to do)'; exit 1 when it shows any.",
    ),
    "table": Listed(
        "policy_proof",
        "table",
        "Print what is shown of every policy: criteria, facts, lint issues, criteria seen, mutants killed, the solver's answers.",
    ),
    "solve": Listed(
        "policy_solve",
        "solve",
        "Ask a solver what policies can decide and which criteria change nothing; every answer with a chart, as a vignette.",
    ),
    "compare": Listed(
        "policy_solve",
        "compare_policies",
        "Compare two versions of a policy, or the policies of two payers: what changed, and whether the second is stricter.",
    ),
    "facts": Listed(
        "policy_test", "print_facts", "Print the catalogue of facts: what each means, its question and what counts as evidence."
    ),
    "evidence": Listed(
        "policy_test", "print_evidence", "Print the kinds of evidence: each with an example, its keys and what silence means."
    ),
    "hooks": Listed(
        "policy",
        "hooks",
        "Print the discovery document that the policies make necessary: which data the service asks its clients to prefetch.",
    ),
    "schema": Listed(
        "policy", "schema", "Print the JSON Schema of policy files, for editors that complete and check while you write."
    ),
}
"""The commands of the group, in the order of its help."""


class PolicyGroup(LazyGroup):
    """The group of the commands about policies."""

    table: ClassVar[Mapping[str, Listed]] = COMMANDS


policy_commands = typer.Typer(
    cls=PolicyGroup,
    help="Read, list and check the policies that are encoded.",
    no_args_is_help=True,
    callback=lambda: None,
)
