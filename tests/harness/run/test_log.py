"""What a run says where no terminal is."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from harness.plan.specs import Spec
from harness.run.home import HEARTBEAT
from harness.run.log import EVERY, NAMED, Log, shown
from harness.run.progress import Bars
from tests.lab.running import ended, started
from tests.lab.throwaway import home, make_paper

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d "


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def trials(tmp_path: Path) -> dict[Path, Spec]:
    paper = make_paper(tmp_path)
    homes = [home(paper, tmp_path / "runs", seed=seed) for seed in range(NAMED + 3)]
    return {folder: Spec.read(folder) for folder in homes}


def beat(folder: Path, turn: int) -> None:
    content = {"phase": "train", "turn": turn, "horizon": 12, "steps": 2 * turn, "seconds": 3.0}
    (folder / HEARTBEAT).write_text(json.dumps({**content, "metrics": {"test_loss": 0.25}}))


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


def lines(screen: io.StringIO) -> list[str]:
    """Return what was said since the last look, less the time, which every line has."""
    said = screen.getvalue().splitlines()
    screen.seek(screen.truncate(0))
    assert all(re.match(TIME, line) for line in said)
    return [re.sub(TIME, "", line) for line in said]


def test_a_line_when_a_trial_begins_and_when_it_ends(trials, screen):
    log, (one, two, *_) = Log(Console(file=screen, width=60), trials), trials
    with log.progress:
        log.refresh([one])
        assert lines(screen) == ["begins fit seed 0"]
        log.refresh([one])
        log.finish(one, "[green]done[/] fit seed 0: 24 steps, 1 s")
        assert lines(screen) == ["done fit seed 0: 24 steps, 1 s"]
        log.finish(two, "done fit seed 1")  # it was over before anybody looked
        assert lines(screen) == ["begins fit seed 1", "done fit seed 1"]


def test_a_line_each_minute_on_all_that_run(trials, screen):
    clock, (one, two, *rest) = Clock(), trials
    log = Log(Console(file=screen, width=60), trials, clock)
    beat(one, 6)
    log.refresh([one, two])
    clock.now = EVERY - 1
    log.refresh([one, two])
    assert lines(screen) == ["begins fit seed 0", "begins fit seed 1"]
    clock.now = EVERY
    log.refresh([one, two])
    log.refresh([one, two])
    assert lines(screen) == [
        "0/7 trials, about 13:00 min left, 2 run; "
        "fit seed 0: train 12 steps 3 s test_loss 0.250; "
        "fit seed 1: no steps to count, about 0 s in all"
    ]
    log.finish(one, "done")
    clock.now = 2 * EVERY
    log.refresh([two, *rest])
    *_, line = lines(screen)
    assert line.startswith("1/7 trials, about ")
    assert line.count("fit seed ") == NAMED
    assert line.endswith("; and 2 more")


@pytest.mark.parametrize(
    ("environment", "file", "kind"),
    [
        ({"TERM": "xterm"}, Terminal, Bars),
        ({"TERM": "dumb"}, Terminal, Log),
        ({"TERM": "xterm", "NO_COLOR": "1"}, Terminal, Bars),
        ({"TERM": "xterm"}, io.StringIO, Log),
        ({"TERM": "xterm", "FORCE_COLOR": "1"}, io.StringIO, Log),
    ],
)
def test_bars_are_for_terminals_that_move(trials, environment, file, kind):
    console = Console(file=file(), _environ=environment)
    assert type(shown(console, trials)) is kind


@pytest.mark.slow
def test_a_run_into_a_pipe_is_a_log(tmp_path):
    paper, runs = make_paper(tmp_path), tmp_path / "runs"
    with started(paper, runs, "--seed", "0", "--set", "sleep=0.05") as process:
        code, said = ended(process)
    assert code == 0, said
    shared, first, second, *_ = said.splitlines()
    assert shared == "trials to run: 1; workers x threads: 1 x 1"
    assert re.fullmatch(f"{TIME}begins fit seed 0, sleep=0.05", first)
    assert re.fullmatch(f"{TIME}done fit seed 0, sleep=0.05: 40 steps, .*", second)
    assert "\x1b" not in said
