"""``cds-service proposal …``: a proposal for a physician-focused payment model.

It goes from its questionnaire to its meeting.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.text import Text

from cds_service.cli.finding_tree import MARKS
from cds_service.cli.options import ContentFolder
from cds_service.cli.terminal import content_in, local_day, refuse, to_stdout
from cds_service.content.content import Content
from cds_service.content.wording import place_of
from cds_service.policy.finding import MET, NOT_MET
from cds_service.policy.model import Policy
from cds_service.proposal import (
    POLICY_ID,
    Calendar,
    JudgedProposal,
    Judgement,
    NoSuchMeeting,
    UnusableResponse,
    before_meeting,
    from_today,
    judge_response,
    proposal_policy,
    questionnaire,
)

proposal_commands = typer.Typer(help="Check a proposal for a physician-focused payment model (PFPM).", no_args_is_help=True)


@proposal_commands.command("check")
def check(
    response: Annotated[str, typer.Argument(metavar="RESPONSE.json", help="The filled-in questionnaire, a QuestionnaireResponse.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the criteria as JSON.")] = False,
    content: ContentFolder = None,
) -> None:
    """Say of every criterion whether the answers meet it, and of the whole whether it is complete.

    The exit code is 0 when it is complete, 3 when it is incomplete, 2 when the file cannot be used, 1 when the content cannot.
    """
    held = content_in(content)
    policy = _policy(held)
    try:
        read = orjson.loads(Path(response).read_bytes())
    except OSError as error:
        refuse(f"{response}: it cannot be read ({error.strerror})", 2)
    except ValueError:
        refuse(f"{response}: it is not JSON", 2)
    try:
        judged = judge_response(read, policy, held, local_day())
    except UnusableResponse as error:
        refuse(f"{response}: {error}", 2)
    if as_json:
        typer.echo(orjson.dumps(as_data(judged, held), option=orjson.OPT_INDENT_2).decode())
    else:
        _show(to_stdout(), judged, held)
    if judged.outcome == "incomplete":
        raise typer.Exit(3)


@proposal_commands.command("questionnaire")
def print_questionnaire(content: ContentFolder = None) -> None:
    """Print the FHIR R4 Questionnaire to fill in: one question a fact, grouped by criterion."""
    held = content_in(content)
    typer.echo(orjson.dumps(questionnaire(_policy(held), held), option=orjson.OPT_INDENT_2).decode())


@proposal_commands.command("calendar")
def calendar(
    meeting: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="A public meeting: print the latest days before it."),
    ] = None,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Print the earliest days from this day on; today by default."),
    ] = None,
) -> None:
    """Print the days for the letter of intent and the proposal, and which of them are fixed."""
    if meeting and today:
        raise typer.BadParameter("--meeting and --today do not go together")
    try:
        found = before_meeting(meeting.date()) if meeting else from_today(today.date() if today else local_day())
    except NoSuchMeeting as error:
        refuse(str(error), 2)
    for line in _calendar_lines(found, "latest" if meeting else "earliest"):
        to_stdout().print(line, soft_wrap=True)


def _calendar_lines(found: Calendar, bound: str) -> list[str]:
    return [
        f"letter of intent  {bound} {found.letter}  (not binding; at least 30 days before the proposal: fixed)",
        f"proposal          {bound} {found.proposal}  (complete; at least 16 weeks before the meeting: in general)",
        "public comment    about 3 weeks  (in general)",
        f"meeting notice    latest {found.notice}  (at least 15 days before the meeting: fixed)",
        f"public meeting    {'' if bound == 'latest' else 'earliest '}{found.meeting}",
    ]


def _policy(content: Content) -> Policy:
    return proposal_policy(content) or refuse(f"this content holds no policy '{POLICY_ID}', by which proposals are judged")


def as_data(judged: Judgement, content: Content) -> dict[str, Any]:
    """Make a judgement for programs.

    It has every criterion with its place and outcome, what is missing, and what was ignored.
    """
    return {
        "policy": judged.policy.id,
        "version": judged.policy.version.isoformat(),
        "outcome": judged.outcome,
        "finished": not judged.unfinished,
        "criteria": [
            {
                "id": one.finding.criterion.id,
                "says": one.finding.criterion.says,
                "at": one.finding.criterion.cite.at,
                "source": one.finding.criterion.cite.source,
                "outcome": one.finding.outcome.value,
                "required": one.required,
            }
            for one in judged.criteria
        ],
        "missing": [{"criterion": one.finding.criterion.id, "asks": list(one.asks)} for one in judged.missing],
        "unusable": [{"linkId": name, "why": why} for name, why in judged.unusable.items()],
        "ignored": list(judged.ignored),
    }


def _show(console: Console, judged: Judgement, content: Content) -> None:
    console.print(Text(f"{judged.policy.title}, {judged.policy.id}, version {judged.policy.version}", "bold"))
    heading = ""
    for one in judged.criteria:
        if one.heading != heading:
            heading = one.heading
            console.print(Text(f"\n{heading}", "bold"))
        console.print(_line(one, judged.policy))
    console.print(Text.assemble("\noutcome  ", (judged.outcome, "bold")))
    if judged.unfinished:
        console.print("missing  the response is not finished (its status is in-progress)")
    for one in judged.missing:
        console.print(f"missing  {one.finding.criterion.id}")
        for fact in one.asks:
            console.print(f"         {fact}: {content.catalogue[fact].entry.ask}")
    for name, why in judged.unusable.items():
        console.print(f"unusable {name}: {why}")
    for name in judged.ignored:
        console.print(f"ignored  {name}: no criterion asks for it")
    console.print(
        Text(
            "\nComplete: everything is answered and the content is there. The committee says what it recommends.",
            "dim",
        )
    )


def _line(one: JudgedProposal, policy: Policy) -> Text:
    finding = one.finding
    colour = {MET: "green", NOT_MET: "red"}.get(finding.outcome, "yellow")
    place = place_of(finding.criterion.cite, policy)
    said = f"{finding.criterion.id}, {finding.outcome.value}: {finding.criterion.says}"
    return Text.assemble((f"{MARKS[finding.outcome]} ", f"bold {colour}"), said, " ", (place, "dim"))
