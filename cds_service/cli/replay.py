"""``cds-service replay``: what the policies held would have decided.

It decides every order of an export.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from cds_service.cli.options import ContentFolder
from cds_service.cli.terminal import content_in, refuse
from cds_service.configuration.naming import in_environment


class _SourceFirst(TyperGroup):
    """``replay SOURCE`` runs; ``replay demo`` is the one other word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments, with ``run`` before those of a source."""
        return super().parse_args(ctx, args if args[:1] == ["demo"] else ["run", *(args or ["--help"])])


replay_commands = typer.Typer(cls=_SourceFirst, help="Judge every order of an export as order-sign would have; try 'replay demo'.")


Out = Annotated[Path, typer.Option("--out", metavar="OUT", help="Folder of the run. A run that was ended goes on in it.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, max=512, help="Worker processes; one for each core by default.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what run.json says, and no progress.")]
ChosenEngine = Annotated[Literal["duckdb", "spark"], typer.Option("--engine", help="DuckDB on this machine, or Apache Spark.")]
Master = Annotated[str, typer.Option("--master", metavar="URL", help="With --engine spark: its master, local[*] by default.")]
Exact = Annotated[bool, typer.Option("--exact", help="Show counts of 1 to 10 people in the report.")]
_DAY = ["%Y-%m-%d"]


@replay_commands.command("run")
def run(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Folder or file: *.ndjson, *.ndjson.gz, *.parquet, *.duckdb.")],
    out: Out,
    orders: Annotated[
        Literal["requests", "claims"],
        typer.Option("--orders", help="Orders are requests, or the items of claims."),
    ] = "requests",
    since: Annotated[datetime | None, typer.Option("--from", formats=_DAY, metavar="DATE", help="First date of service.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=_DAY, metavar="DATE", help="Last date of service.")] = None,
    policy: Annotated[list[str] | None, typer.Option("--policy", metavar="POLICY", help="Only this policy; repeatable.")] = None,
    payer: Annotated[list[str] | None, typer.Option("--payer", metavar="PAYER", help="Only this payer; repeatable.")] = None,
    as_known: Annotated[
        Literal["signed", "now"],
        typer.Option("--as-known", help="Charts as they could be read when signed, or all that had happened."),
    ] = "signed",
    searched: Annotated[
        list[str] | None,
        typer.Option("--searched", metavar="TYPE", help="A type that was exported though there is none; repeatable."),
    ] = None,
    compare: Annotated[
        str, typer.Option("--compare", metavar="CONTENT", help="A second content folder, or POLICY@VERSION, to decide by as well.")
    ] = "",
    prices: Annotated[
        Path | None, typer.Option("--prices", metavar="FILE", help="CSV with code and amount, for the report.")
    ] = None,
    largest_chart: Annotated[
        int, typer.Option("--largest-chart", min=1, max=4096, metavar="MIB", help="Charts above it are not read.")
    ] = 64,
    keep_ids: Annotated[bool, typer.Option("--keep-ids", help="Keep ids of patients and orders in place of pseudonyms.")] = False,
    values: Annotated[bool, typer.Option("--values", help="Keep values of charts in the rows.")] = False,
    exact: Exact = False,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="Key of the pseudonyms; by default made in OUT.")
    ] = None,
    table: Annotated[str, typer.Option("--table", metavar="TABLE", help="The table of a *.duckdb file.")] = "",
    engine: ChosenEngine = "duckdb",
    master: Master = "",
    workers: Workers = None,
    memory: Annotated[
        int, typer.Option("--memory", min=64, metavar="MIB", help="For DuckDB in each worker, before it spills.")
    ] = 1024,
    quiet: Quiet = False,
    as_json: AsJson = False,
    content: ContentFolder = None,
) -> None:
    """Judge every order of an export as order-sign would have answered it on that day with that chart.

    OUT holds the decisions, a ledger of all that is not among them, and a report. The exit code is 0, or 1 where the run cannot be
    done or its ledger does not add up. 'cds-service replay demo' shows it on a made-up population.
    """
    work, held = _work(), content_in(content)
    own_lists = in_environment("value_sets")
    terms = work.Terms(
        content=str(held.root.resolve()),
        revision=held.revision,
        own_value_sets=str(Path(own_lists).resolve()) if own_lists else "",
        orders=orders,
        since=since.date() if since else None,
        until=until.date() if until else None,
        policies=_known(policy or [], {one.id for one in held.policies}, "policy"),
        payers=_known(payer or [], {one.id for one in held.payers} | {one.payer for one in held.policies}, "payer"),
        as_known=as_known,
        largest_chart=largest_chart * 1024 * 1024,
        keep_ids=keep_ids,
        values=values,
        compare=compare,
        searched=tuple(searched or ()),
    )
    chosen = work.engine(engine, workers, memory, master)
    work.work(source, out, terms, chosen, held, work.Shown(quiet, as_json, exact, prices, table, key))


@replay_commands.command("demo")
def demo(
    patients: Annotated[int, typer.Option("--patients", min=1, max=10_000_000, help="How many people to make up.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same people.")] = 1,
    out: Out = Path("replay-demo"),
    engine: ChosenEngine = "duckdb",
    master: Master = "",
    workers: Workers = None,
    open_report: Annotated[bool, typer.Option("--open/--no-open", help="Open the report at the end.")] = True,
    exact: Exact = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    content: ContentFolder = None,
) -> None:
    """Make up a population from the vignettes, replay it, and open the report. Nobody in it is real."""
    work, held = _work(), content_in(content)
    shown = work.Shown(quiet, as_json, exact)
    source = work.made_up(held, patients, seed, out, shown)
    terms = work.Terms(str(held.root.resolve()), held.revision)
    report = work.work(source, out / f"run-{source.name}", terms, work.engine(engine, workers, 1024, master), held, shown)
    if open_report and not as_json:
        typer.launch(str(report))


def _work() -> ModuleType:
    """Return the module that does the work.

    Ends the command where the extra is not installed.
    """
    try:
        from cds_service.cli import replay_work  # noqa: PLC0415 - the service does without DuckDB and PyArrow
    except ImportError as error:
        refuse(f"replay needs packages that are not installed ({error.name}): pip install 'cds-service[replay]'")
    return replay_work


def _known(named: list[str], held: set[str], what: str) -> tuple[str, ...]:
    unknown = [one for one in named if one not in held]
    if unknown:
        refuse(f"no {what} '{unknown[0]}' is held; {', '.join(sorted(held))} are")
    return tuple(sorted(set(named)))
