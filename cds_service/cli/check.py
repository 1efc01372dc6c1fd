"""``cds-service check``: the decisions for a request file, with why.

The orders are decided as the service would decide them.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.text import Text

from cds_service.case import Case
from cds_service.cli.finding_tree import LEGEND, FindingTree
from cds_service.cli.options import ContentFolder
from cds_service.cli.terminal import content_in, local_day, refuse, to_stdout
from cds_service.content.content import Content
from cds_service.decision import Decision, DecisionOutcome
from cds_service.hooks.answer import decide_request
from cds_service.hooks.received.faults import RequestIssue, Unusable
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.policy.finding import MET, NOT_MET
from cds_service.said.as_data import as_data
from cds_service.said.asked import questions, unread_of

COLOURS = {
    DecisionOutcome.NECESSARY: "bold green",
    DecisionOutcome.NOT_NECESSARY: "bold red",
    DecisionOutcome.NOT_DOCUMENTED: "bold yellow",
    DecisionOutcome.NOT_ADDRESSED: "bold",
    DecisionOutcome.REFERRED: "bold cyan",
}
WITHOUT_POLICY = {
    "not-listed": "no policy held here lists this code",
    "unknown-code-system": "the code names no code system that is known here; a policy would list it if it did",
    "named-in-words": "only its words name what this policy governs; send the code, and it is judged",
    "not-decided": "the service failed on this order; its log says where",
    "unreadable-date": "the date of the order is no day",
    "no-version-held": "a policy lists this code, and no version held here covers the date of service",
}


def check(
    request: Annotated[str, typer.Argument(metavar="REQUEST.json", help="A CDS Hooks request in a file; '-' reads stdin.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the decisions as JSON, as the service sends them.")] = False,
    content: ContentFolder = None,
    today: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DATE", help="The day of the call, for orders without a date; today by default."
        ),
    ] = None,
    values: Annotated[bool, typer.Option(help="Print what the chart says, or leave it out.")] = True,
) -> None:
    """Judge the orders of a request file and show why, criterion by criterion.

    The exit code is 0 when every order was decided (whatever the outcome), 2 when the request cannot be used, 1 when a file cannot.
    """
    body = _body(request)
    held = content_in(content)
    try:
        day = today.date() if today else local_day()
        decided = decide_request(parse_request(body), held, day, Settings())
    except Unusable as error:
        refuse([_issue(issue, request) for issue in error.issues], 2)
    if as_json:
        rows = [as_data(decision, held, values) for _, decision in decided]
        typer.echo(orjson.dumps({"decisions": rows}, option=orjson.OPT_INDENT_2).decode())
        return
    console = to_stdout()
    if not decided:
        console.print("No order of this request asks for something to be done.")
    for number, (case, decision) in enumerate(decided):
        if number:
            console.print()
        show_decision(console, case, decision, held, values)


def _body(request: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if request == "-" else Path(request).read_bytes()
    except IsADirectoryError:
        refuse(f"{request}: it is a folder, and a request file is meant")
    except FileNotFoundError:
        refuse(f"{request}: there is no such file")
    except (OSError, ValueError) as error:
        refuse(f"{request}: it cannot be read ({getattr(error, 'strerror', None) or error})")


def _issue(issue: RequestIssue, request: str) -> str:
    return f"{issue.expression or ('stdin' if request == '-' else request)}: {issue.said}"


def show_decision(console: Console, case: Case, decision: Decision, content: Content, values: bool) -> None:
    """Print a decision with its reasons, questions and finding trees."""
    coding = f" ({decision.coding.text})" if decision.coding else ""
    console.print(Text(f"{decision.order}{coding}, date of service {case.as_of}", "bold"))
    console.print(Text.assemble("outcome  ", (decision.outcome.value, COLOURS[decision.outcome])))
    if decision.policy_id:
        version = f", version {decision.policy.version}" if decision.policy else ""
        console.print(f"policy   {decision.policy_id}{version}")
    because = ", ".join(decision.because_ids)
    if decision.rule in WITHOUT_POLICY:
        because += f": {WITHOUT_POLICY[decision.rule]}"
    console.print(f"because  {because}")
    doubts = unread_of(decision) if values else {}
    for number, (fact, asked) in enumerate(zip(decision.asks, questions(decision, content), strict=True)):
        console.print(Text(f"{'' if number else 'asks':9}{fact}: {asked}{doubts.get(fact, '')}"))
    if decision.unsearched:
        console.print(f"missing  not searched, so silence means nothing: {', '.join(decision.unsearched)}")
    if decision.policy is None:
        return
    tree = FindingTree(decision.policy, content, values=values)
    rule = decision.settled_by
    if rule:
        against = FindingTree(decision.policy, content, NOT_MET if rule.then == "not necessary" else MET, values)
        console.print(Text(f"\nsettled before the criteria: {rule.then}", "bold"))
        for finding in decision.because:
            console.print(against.draw(finding))
    if decision.necessary:
        console.print(Text("\nnecessary when", "bold"))
        console.print(tree.draw(decision.necessary))
    if decision.exclusions:
        console.print(Text("\nnot necessary when", "bold"))
        console.print(FindingTree(decision.policy, content, NOT_MET, values).draw(decision.exclusions))
    console.print(Text(f"\n{LEGEND}", "dim"))
