"""`night`: fresh seeds of what claims rest on, compared with the bands of what is committed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from harness.budget import Budget
from harness.cli.run import SAVED
from harness.cli.screen import LINE, TABLE
from harness.judge import bands
from harness.judge.bands import BROKEN, NEUTRAL, Finding, Tonight
from harness.judge.samples import Evidence
from harness.paper import Refused
from harness.plan import night, specs
from harness.plan.discover import Folder
from harness.plan.night import FRESH, Watch
from harness.plan.specs import Spec
from harness.record import tables
from harness.record.journal import Result
from harness.record.lineage import Lineage
from harness.run import launch, session, stop
from harness.run.home import NIGHTS
from harness.run.launch import DIED
from harness.run.session import Site
from harness.show import night as pages
from harness.show.board import Board
from harness.show.report import RESULTS
from harness.show.terminal import plan_table
from harness.words import duration

Group = tuple[str, str]  # paper, experiment
NEUTRAL_STATUS = 3  # the exit status of a night that could not be judged in full
# how an error begins that is not of the code: its data, this machine's memory or its disk
LOST = ("Refused: data ", "MemoryError", "OSError", DIED)
WITHOUT = f"one takes {bands.FEWEST} committed seeds of what a claim of it reads"


@dataclass(frozen=True)
class Request:
    """Which night: its date, the size of its trials, and what they compute with."""

    when: date
    budget: Budget
    isa: str
    jobs: int | None = None
    experiments: Sequence[str] = ()


@dataclass(frozen=True)
class Recorded:
    """The committed rows of papers at a budget, and what their claims watch."""

    board: Board
    watches: Sequence[Watch]
    budget: str

    @staticmethod
    def of(papers: Sequence[Folder], request: Request, reports: Path) -> Recorded:
        """Read what is committed.

        Raises:
            Refused: a row is not as it was measured, or an experiment is unknown.
        """
        lineage = Lineage.load(reports)
        rows = lineage.carried(tables.load(reports / RESULTS))
        board = Board(papers, rows, pd.DataFrame(), lineage)
        name = request.budget.name
        watches = night.watched(papers, board.everyone, name)
        if request.experiments:
            chosen = {
                (folder.name, each.name)
                for folder in papers
                for each in folder.paper.select(request.experiments)
            }
            watches = [w for w in watches if (w.folder.name, w.experiment.name) in chosen]
        return Recorded(board, watches, name)

    def rows(self, watch: Watch) -> pd.DataFrame:
        """Return the current rows of a watched experiment."""
        own = self.board.current(watch.folder, self.budget)
        found: pd.DataFrame = own[own["experiment"] == watch.experiment.name]
        return found

    def findings(self, watch: Watch) -> list[Finding]:
        """Return every metric of a watched experiment with its band, nothing judged."""
        return [
            Finding(*_group(watch), metric, tuple(claims), self._band(watch, metric))
            for metric, claims in watch.metrics.items()
        ]

    def _band(self, watch: Watch, metric: str) -> bands.Band:
        rows, name = self.rows(watch), watch.experiment.name
        if rows.empty:
            return bands.Band(np.nan, np.nan, 0, why="no committed result")
        sample = Evidence(rows, {name: watch.experiment}, self.budget).sample(name, metric)
        if np.isnan(sample.array).any():
            return bands.Band(np.nan, np.nan, 0, why=f"'{metric}' is not in every committed row")
        return bands.band(sample)

    def largest_seed(self) -> int:
        """Return the largest seed of any committed row; -1 where there is none."""
        return int(self.board.results["seed"].max()) if len(self.board.results) else -1


def keep_night(
    papers: Sequence[Folder],
    request: Request,
    dry: bool,
    runs: Path,
    reports: Path,
    summary: Path | None,
    console: Console,
) -> int:
    """Run the fresh seeds of a date, compare each metric with its band, and print a table.

    Returns:
        0 when nothing is red, 1 when a metric is, NEUTRAL_STATUS when none is but data, network
        or memory kept some from being judged, or nothing has a band, 130 when asked to stop.

    Raises:
        Refused: a budget without a size, or a fresh seed that is not beyond the committed ones.
    """
    night.room(request.budget)
    recorded = Recorded.of(papers, request, reports)
    known = {_group(watch): recorded.findings(watch) for watch in recorded.watches}
    banded = [w for w in recorded.watches if any(not f.band.why for f in known[_group(w)])]
    who = papers[0].name if len(papers) == 1 else f"{len(papers)} papers"
    title = f"night of {request.when}, {who}"
    if not banded:
        why = f"nothing has a band at budget '{request.budget.name}': {WITHOUT}"
        console.print(f"{title}: neutral: {why}", **LINE)
        return NEUTRAL_STATUS
    fresh = night.seeds(request.when)
    _require_unused(fresh, recorded.largest_seed(), request.when)
    turns = night.parts(banded, request.budget)
    turn, watches = night.tonight(turns, request.when)
    for line in _told(request, fresh, turns, turn, watches, known):
        console.print(line, **LINE)
    findings = [finding for watch in watches for finding in known[_group(watch)]]
    if dry:
        console.print(plan_table(_specs(watches, request)), **TABLE)
        console.print(pages.planned(findings, f"{title}: what it compares with"), **TABLE)
        return 0
    try:
        results = _run(watches, request, runs / NIGHTS / str(request.when), console)
    except KeyboardInterrupt:
        console.print(SAVED, **LINE)
        return stop.STATUS
    judged = [each for w in watches for each in _judged(w, known[_group(w)], results, recorded)]
    lines = [pages.count(judged), *_failures(results)]
    console.print(pages.judged(judged, title), **TABLE)
    for line in lines:
        console.print(line, **LINE)
    page = runs / NIGHTS / str(request.when) / f"{who.replace(' ', '-')}.md"
    _write(pages.summary(judged, title, lines), page, summary)
    return _status(judged)


def _require_unused(fresh: Sequence[int], largest: int, when: date) -> None:
    if largest >= fresh[0]:
        raise Refused(
            f"--date {when}: its first seed {fresh[0]} is not beyond the committed ones, "
            f"which end with {largest}; choose a later date"
        )


def _status(judged: Sequence[Finding]) -> int:
    """Return the exit status of a night."""
    words = {finding.verdict for finding in judged}
    return 1 if BROKEN in words else NEUTRAL_STATUS if NEUTRAL in words else 0


def today() -> str:
    """Return today's date where the sun is at Greenwich."""
    return str(datetime.now(UTC).date())


def _group(watch: Watch) -> Group:
    return watch.folder.name, watch.experiment.name


def _told(
    request: Request,
    fresh: Sequence[int],
    turns: Sequence[Sequence[Watch]],
    turn: int,
    watches: Sequence[Watch],
    known: Mapping[Group, Sequence[Finding]],
) -> Iterator[str]:
    """Yield what the night is: its seeds, its turn, and what each paper is expected to take."""
    yield f"{request.when}: seeds {fresh[0]} to {fresh[-1]}, budget '{request.budget.name}'"
    if len(turns) > 1:
        yield (
            f"all of it takes more than one night: part {turn + 1} of {len(turns)}, by turns, so "
            f"that every experiment runs once in {len(turns)} nights"
        )
    else:
        yield "every watched experiment runs every night"
    for name in dict.fromkeys(watch.folder.name for watch in watches):
        own = [watch for watch in watches if watch.folder.name == name]
        trials = sum(watch.trials(request.budget) for watch in own)
        metrics = sum(not f.band.why for watch in own for f in known[_group(watch)])
        seconds = sum(watch.seconds(request.budget) for watch in own)
        yield (
            f"{name}: {len(own)} experiments, {trials} trials, {metrics} metrics with a band, "
            f"{duration(seconds)} on one core"
        )


def _specs(watches: Sequence[Watch], request: Request) -> list[Spec]:
    """Return the trials of a night: the fresh seeds, the declared configs."""
    fresh, found = night.seeds(request.when), []
    for watch in watches:
        count = watch.trials(request.budget)
        asked = specs.Request(
            (watch.experiment.name,), request.budget, fresh[:count], (), "cpu", request.isa
        )
        found += specs.plan(watch.folder.alone(watch.experiment), asked)
    return found


def _run(
    watches: Sequence[Watch], request: Request, where: Path, console: Console
) -> list[Result]:
    """Run what is not complete of a night; its trials are no results: they stand in no table."""
    host = launch.machine("cpu", request.jobs, isa=request.isa)[1]
    site = Site(where, tracking=False)
    trials = session.prepare(_specs(watches, request), where)
    results = session.conduct(trials, host, site, launch.run, console)
    if any(result.status == "stopped" for result in results):
        raise KeyboardInterrupt
    return results


def _judged(
    watch: Watch, findings: Sequence[Finding], results: Sequence[Result], recorded: Recorded
) -> Iterator[Finding]:
    """Yield the findings of one experiment with tonight's values and the verdicts on them."""
    own = [r for r in results if (r.spec["paper"], r.spec["experiment"]) == _group(watch)]
    done = tables.frame(result for result in own if result.status == "completed")
    evidence = Evidence(done, {watch.experiment.name: watch.experiment}, recorded.budget)
    each = -(-FRESH // len(own))  # replicates that are gone with one trial
    gone = [result for result in own if result.status != "completed"]
    lost = each * sum(is_lost(result) for result in gone)
    failed = each * len(gone) - lost
    same = set(done["device"]) <= set(recorded.rows(watch)["device"])
    for finding in findings:
        values = np.array([])
        if len(done):
            values = evidence.sample(watch.experiment.name, finding.metric).array
        if finding.band.exact is None:
            values = values[:FRESH]
        blank = int(np.isnan(values).sum())  # a metric that code no longer gives
        values = values[~np.isnan(values)]
        tonight = Tonight(values, failed + blank, lost, same)
        word, note = bands.verdict(finding.band, finding.metric, tonight)
        yield replace(finding, values=tuple(values.tolist()), verdict=word, note=note)


def is_lost(result: Result) -> bool:
    """Tell whether a trial did not complete for a reason that is not in the code.

    That is missing data or network, a full memory or disk, a worker that was killed, a processor
    without the instruction set, and the guard, which stops what a slow machine cannot do.
    """
    return result.status != "failed" or result.error.startswith(LOST)


def _failures(results: Sequence[Result]) -> Iterator[str]:
    """Yield a line for each trial that did not complete, and one for the first of many alike."""
    told = set()
    for result in results:
        why = result.error or result.status
        if result.status != "completed" and why not in told:
            told.add(why)
            word = "lost" if is_lost(result) else "failed"
            yield f"{word}: {result.spec['paper']}: {result.spec['experiment']}: {why}"


def _write(text: str, page: Path, summary: Path | None) -> None:
    """Write a night's page beside its journals, and append it to a file where one is named."""
    page.write_text(text, encoding="utf-8")
    if summary is not None:
        with summary.open("a", encoding="utf-8") as stream:
            stream.write(text)
