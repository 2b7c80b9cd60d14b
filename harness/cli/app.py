"""The command line: list, run, report, verify, night, replay, confirm, check, calibrate, bench.

Commands are short and import what they need when they run, so that `list` and `--help` answer
before torch, pandas or mlflow could even load. The verbs of `trials` and `data` join them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from harness import __version__
from harness import budget as budgets
from harness.cli import completion, data, home, options, ranges, trials
from harness.cli.options import (
    KERNELS,
    REPORTS,
    RUNS,
    AllPapers,
    BudgetName,
    Budgets,
    Checkout,
    Device,
    Experiments,
    Launcher,
    Papers,
    ReportsFolder,
    RunsFolder,
    Settings,
    SlurmFlags,
    Unguarded,
)
from harness.cli.screen import TABLE, screen
from harness.paper import Refused, require
from harness.plan import discover
from harness.plan.processor import NATIVE, offered

app = typer.Typer(
    help="Run paper replications under equal budgets, judge their claims, compare them.",
    epilog="Exit status: 0 all went as asked (run: every trial completed); 1 a trial failed or "
    "was cut, a claim does not hold, numbers differ; 2 refused, in one line; 3 a night that could "
    "not be judged in full; 130 stopped.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
NAME = "harness"  # also where it is called as `python -m harness`: what shells complete


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a refusal is one line on standard error and exit status 2."""
    if not app.registered_groups:
        app.add_typer(data.app, name="data")
        app.add_typer(trials.app)
    try:
        app(args=arguments, prog_name=NAME)
    except Refused as refusal:
        _refuse(refusal)
    except OSError as error:
        from harness.run.unwritten import NO_ROOM

        if error.errno not in NO_ROOM:
            raise
        where = error.filename or "a file"
        again = "make room or make it writable; then the same command goes on"
        _refuse(Refused(f"{where}: cannot be used ({error.strerror}); {again}"))


def _refuse(refusal: Refused) -> NoReturn:
    sys.stderr.write(f"error: {' '.join(str(refusal).split())}\n")
    raise SystemExit(2)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"{NAME} {__version__}; papers: {discover.ROOT.resolve()}\n")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Version, and folder."),
    ] = False,
) -> None:
    """Run paper replications under equal budgets, judge their claims, compare them."""


@app.command("list")
def list_papers(
    papers: AllPapers = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show all papers, a line each; of those that are named experiments, claims and fields."""
    found = discover.load_each(papers) if papers else discover.load_all()
    if not found:
        raise Refused(f"no papers below {discover.ROOT.resolve()}/; go to where their folders are")
    if as_json:
        from harness.plan import catalogue

        sys.stdout.write(json.dumps(catalogue.describe(found), indent=1) + "\n")
        return
    from harness.cli.listing import list_all, list_each

    (list_each if papers else list_all)(found, screen())


@app.command()
def run(  # noqa: PLR0913  (one parameter per option)
    papers: Papers,
    experiment: Experiments = None,
    budget: BudgetName = "smoke",
    seed: Annotated[list[int] | None, typer.Option(help="Run this seed (repeatable).")] = None,
    seeds: Annotated[int | None, typer.Option(help="Run seeds 0 to N-1.")] = None,
    setting: Settings = None,
    steps: Annotated[
        int | None, typer.Option(help="Cap a replicate's phases, in SGD steps.")
    ] = None,
    gpu_days: Annotated[float | None, typer.Option(help="Cap a replicate's device time.")] = None,
    device: Device = "auto",
    isa: Annotated[str, options.isa("native, or avx2, as committed results.")] = NATIVE,
    kernels: Annotated[str, typer.Option(help=KERNELS)] = "torch",
    jobs: Annotated[int | None, typer.Option(help="Trials at once; default: share cores.")] = None,
    launcher: Launcher = "local",
    slurm: SlurmFlags = None,
    plan_only: Annotated[bool, typer.Option("--plan", help="Show what would run.")] = False,
    fresh: Annotated[bool, typer.Option(help="Start over.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="End with every claim, drawing and standing.")
    ] = False,
    unguarded: Unguarded = False,
    checkpoint_every: Annotated[float, typer.Option(help="Seconds between checkpoints.")] = 30.0,
    tracking: Annotated[bool, typer.Option(help="Bring the journals into MLflow.")] = True,
    runs: RunsFolder = RUNS,
) -> None:
    """Run experiments, resume unfinished ones, print what the paper says beside our numbers."""
    from harness.cli.kernels import planned
    from harness.cli.run import run_trials
    from harness.plan.specs import Request
    from harness.run import launch, ranks
    from harness.run.session import Site
    from harness.trial import Pace

    ranks.attend(isa, jobs)
    require(launcher, launch.LAUNCHERS, "launcher")
    require(device, completion.DEVICES, "device")
    ranges.require_within(jobs, gpu_days, checkpoint_every, launcher)
    if plan_only and fresh:
        raise Refused("--fresh and --plan: a plan starts nothing over; give one of the two")
    site = Site(runs, Pace(checkpoint=checkpoint_every), launcher, tracking, slurm or ())
    cap = budgets.standard(budget).replaced(steps, gpu_days)
    chosen = ranges.seeds(seed, seeds)
    found = discover.load_each(papers)
    kind, host = launch.machine(device, jobs, launcher=launcher, isa=isa)
    request = Request(experiment or (), cap, chosen, setting or (), kind, isa, not unguarded)
    specs = planned(found, request, kernels, launcher, screen())
    if not specs:
        raise Refused(f"nothing to run: no chosen experiment has trials at budget {budget}")
    if plan_only:
        from harness.show import terminal

        screen().print(terminal.plan_table(specs), **TABLE)
        return
    raise typer.Exit(run_trials(found, specs, host, site, fresh, full, screen()))


@app.command()
def report(
    papers: AllPapers = None,
    budget: Budgets = None,
    supersede: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PAPER:EXPERIMENT",
            help="Let its newest results stand for older ones of which there are more.",
        ),
    ] = None,
    runs: RunsFolder = RUNS,
    reports: ReportsFolder = REPORTS,
) -> None:
    """Merge the runs into reports/results.csv; exit 1 when a journal is damaged and left out."""
    from harness.cli.report import report_results

    for name in budget or ():
        budgets.standard(name)
    found = discover.load_each(papers) if papers else discover.load_all()
    asked = (budget or (), supersede or ())
    raise typer.Exit(report_results(found, *asked, runs, reports, screen()))


@app.command()
def verify(
    papers: Papers,
    budget: BudgetName = "nightly",
    current: Annotated[
        bool, typer.Option("--current", help="Fail also on results of other code, not confirmed.")
    ] = False,
    runs: RunsFolder = RUNS,
    reports: ReportsFolder = REPORTS,
) -> None:
    """Print the verdicts; exit 1 when a claim that was expected to hold does not, or may not."""
    from harness.cli.verify import verify_claims

    budgets.standard(budget)
    found = discover.load_each(papers)
    raise typer.Exit(verify_claims(found, budget, runs, reports, current, screen()))


@app.command()
def night(  # noqa: PLR0913  (one parameter per option)
    papers: AllPapers = None,
    experiment: Experiments = None,
    when: Annotated[
        str, typer.Option("--date", metavar="YYYY-MM-DD", help="Which night; default: today.")
    ] = "",
    dry: Annotated[bool, typer.Option("--dry-run", help="Show what would run.")] = False,
    budget: BudgetName = "nightly",
    isa: Annotated[str, options.isa("avx2 or native; default: avx2, or native.")] = "",
    jobs: Annotated[int | None, typer.Option(help="Trials at once; default: all cores.")] = None,
    summary: Annotated[
        Path | None,
        typer.Option(parser=home.placed, metavar="FILE", help="Append the table as Markdown."),
    ] = None,
    runs: RunsFolder = RUNS,
    reports: ReportsFolder = REPORTS,
) -> None:
    """Compare fresh seeds with recorded bands; exit 1 when one is red, 3 when data was missing."""
    from harness.cli.night import Request, keep_night, today
    from harness.plan.night import day

    ranges.require_within(jobs)
    cap, found = budgets.standard(budget), discover.load_each(papers or [str(discover.ROOT)])
    request = Request(day(when or today()), cap, isa or offered()[0], jobs, experiment or ())
    raise typer.Exit(keep_night(found, request, dry, runs, reports, summary, screen()))


@app.command()
def replay(
    result: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.measured,
            help="A trial id, as results.csv and `run` print it.",
        ),
    ],
    isa: Annotated[str, options.isa("avx2 or native; default: the recording's.")] = "",
    runs: RunsFolder = RUNS,
    reports: ReportsFolder = REPORTS,
) -> None:
    """Run again exactly what a row of a table came from, and compare."""
    from harness.cli.replay import replay_trial

    raise typer.Exit(replay_trial(result, runs, reports, isa, screen()))


@app.command()
def confirm(  # noqa: PLR0913  (one parameter per option)
    papers: AllPapers = None,
    experiment: Experiments = None,
    budget: Budgets = None,
    isa: Annotated[
        list[str] | None,
        options.isa("avx2 or native; default: the rows' own, or either."),
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="Replays at once; default: all cores.")] = None,
    beside: Checkout = None,
    runs: RunsFolder = RUNS,
    reports: ReportsFolder = REPORTS,
) -> None:
    """Replay one trial of each group that other code measured; note where every number agrees."""
    from harness.cli.confirm import DONE, Request, confirm_results

    for name in budget or ():
        require(name, DONE, "budget with results")
    ranges.require_within(jobs=jobs)
    found = discover.load_each(papers) if papers else discover.load_all()
    request = Request(experiment or (), budget or DONE, isa or offered(), jobs, beside)
    raise typer.Exit(confirm_results(found, request, runs, reports, screen()))


@app.command()
def check(
    papers: Papers,
    register: Annotated[
        bool, typer.Option("--register", help="Add new claims to claims.csv; check nothing else.")
    ] = False,
    reports: ReportsFolder = REPORTS,
) -> None:
    """Check a paper's folder against the contract that every paper meets."""
    from harness.cli.check import check_papers, register_claims

    found = discover.load_each(papers)
    if register:
        raise typer.Exit(register_claims(found, screen()))
    raise typer.Exit(check_papers(found, reports, screen()))


@app.command()
def new(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="It does not exist yet: papers/NAME.")
    ],
) -> None:
    """Write a new paper's folder, an example that passes `check`; say what to fill in."""
    from harness.cli.new import new_paper

    new_paper(folder, screen())


@app.command()
def calibrate(
    repetitions: Annotated[
        int, typer.Option(help="How often each rule is put to the test, at least 100.")
    ] = 250,
    reports: ReportsFolder = REPORTS,
) -> None:
    """Put the rules to the test on synthetic experiments; write reports/calibration.md."""
    from harness.cli.calibrate import calibrate_rules

    calibrate_rules(discover.load_all(), repetitions, reports, screen())


@app.command()
def bench(
    papers: AllPapers = None,
    reports: ReportsFolder = REPORTS,
    save: Annotated[bool, typer.Option(help="Write reports/bench.md, or the figure.")] = True,
    lr_range: Annotated[
        bool, typer.Option("--lr-range", help="Learning-rate range tests instead.")
    ] = False,
    at_scale: Annotated[
        bool,
        typer.Option("--scale", help="What thousands of trials cost instead, without papers."),
    ] = False,
    rounds: Annotated[
        int | None,
        typer.Option(help="How often each form takes its turn; default: 7 to 15, as time allows."),
    ] = None,
) -> None:
    """Time the hot paths beside their readable oracles; print ratios and share of the peak."""
    from harness.speed import lr_range as range_tests
    from harness.speed import race, scale

    if at_scale and (lr_range or papers):
        raise Refused("--scale: it times no paper; give neither papers nor --lr-range with it")
    if rounds is not None and (at_scale or lr_range):
        other = "--scale" if at_scale else "--lr-range"
        raise Refused(f"--rounds: races have rounds, {other} has none; leave one of both out")
    where = reports if save else None
    if at_scale:
        tables = scale.run(where)
    elif lr_range:
        found = discover.load_each(papers) if papers else discover.load_all()
        tables = range_tests.run(found, where)
    else:
        tables = race.run(discover.timed(papers or ()), where, rounds)
    for table in tables:
        screen().print(table, **TABLE)
