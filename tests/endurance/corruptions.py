"""A journal that is corrupted in any of ten ways is told by every reader, or does no harm.

`python -m tests.endurance.corruptions --count 1000` makes real small trials (completed, stopped,
resumed several times, with stacked members, killed), corrupts a copy of a journal again and again,
and looks at what each corruption led to:

`told`: every reader names file and line, `run` refuses, and nothing on disk is changed;
`equal`: what is read is equal in every row, cost and status;
`again`: of a trial that is not complete lines are missing that came after the last flush, and they
come again when it goes on: then it ends with the rows and steps of a trial that nobody disturbed.

Anything else is `silent` or a `traceback`, and gives exit status 1. A few corruptions are put
before the real commands as well.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.paper import Refused
from harness.plan.specs import Spec
from harness.record import journal
from harness.record.journal import Damaged, Result
from harness.run import runner, session
from harness.show import report
from harness.trial import Pace
from tests.lab.throwaway import METHOD, home, make_paper

ROOT = Path(__file__).resolve().parents[2]
NEVER = 1e9
TOLD, EQUAL, AGAIN, SILENT, TRACEBACK = "told", "equal", "again", "silent", "traceback"
OUTCOMES = (TOLD, EQUAL, AGAIN, SILENT, TRACEBACK)
STACKED = METHOD.replace(
    'yield {"loss": model.weight**2}',
    'yield from ({"loss": model.weight**2 + k, "member": k} for k in range(3))',
).replace(
    'yield {"loss": float("nan") if turn == config.nan_at else loss}',
    'yield from ({"loss": loss + k, "member": k} for k in range(3))',
)
ATTEMPT = """
import sys
from pathlib import Path
from harness.run import runner
from harness.trial import Pace
runner.execute(Path(sys.argv[1]), Pace(float(sys.argv[2]), 1e9))
"""

# -- ten ways to spoil a file ---------------------------------------------------------------------


def bit(content: bytes, draw: random.Random) -> bytes:
    """Flip one bit."""
    place = draw.randrange(len(content))
    return _with(content, place, 1, bytes([content[place] ^ 1 << draw.randrange(8)]))


def byte(content: bytes, draw: random.Random) -> bytes:
    """Exchange one byte for another."""
    place = draw.randrange(len(content))
    return _with(content, place, 1, bytes([content[place] ^ draw.randrange(1, 256)]))


def deleted(content: bytes, draw: random.Random) -> bytes:
    """Leave out one byte."""
    return _with(content, draw.randrange(len(content)), 1, b"")


def inserted(content: bytes, draw: random.Random) -> bytes:
    """Put one byte in between, in front or at the end."""
    return _with(content, draw.randint(0, len(content)), 0, bytes([draw.randrange(256)]))


def truncated(content: bytes, draw: random.Random) -> bytes:
    """Cut the end off, from one byte to everything."""
    return content[: draw.randrange(len(content))]


def zeros(content: bytes, draw: random.Random) -> bytes:
    """Overwrite a stretch with zeros, in half of the cases up to the end."""
    place = draw.randrange(len(content))
    rest = len(content) - place
    size = draw.choice([rest, draw.randint(1, min(rest, 512))])
    return _with(content, place, size, bytes(size))


def last_byte(content: bytes, draw: random.Random) -> bytes:
    """Lose or change the last byte."""
    return content[:-1] + draw.choice([b"", bytes([content[-1] ^ draw.randrange(1, 256)])])


def doubled(content: bytes, draw: random.Random) -> bytes:
    """Write a line twice."""
    lines = content.splitlines(keepends=True)
    place = draw.randrange(len(lines))
    return b"".join([*lines[: place + 1], *lines[place:]])


def dropped(content: bytes, draw: random.Random) -> bytes:
    """Leave out a line."""
    lines = content.splitlines(keepends=True)
    del lines[draw.randrange(len(lines))]
    return b"".join(lines)


def swapped(content: bytes, draw: random.Random) -> bytes:
    """Exchange two lines."""
    lines = content.splitlines(keepends=True)
    one, other = draw.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _with(content: bytes, place: int, size: int, new: bytes) -> bytes:
    return content[:place] + new + content[place + size :]


KINDS: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    each.__name__: each
    for each in (
        *(bit, byte, deleted, inserted, truncated),
        *(zeros, last_byte, doubled, dropped, swapped),
    )
}

# -- trials ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Subject:
    """A trial below its own folder of runs, and what one that nobody disturbed measures."""

    name: str
    paper: Path
    runs: Path
    measured: Sequence[str]
    steps: float

    @property
    def folder(self) -> Path:
        """The trial's folder, below `runs`."""
        (folder,) = journal.find(self.runs)
        return folder


def subjects(place: Path) -> list[Subject]:
    """Make the trials whose journals are corrupted."""
    plain = make_paper(place / "papers", "plain")
    stacked = make_paper(place / "papers", "stacked", STACKED)
    stops: Sequence[tuple[str, Path, Sequence[int | None]]] = (
        ("completed", plain, (None,)),
        ("stopped", plain, (9,)),
        ("resumed", plain, (4, 5, 1, None)),
        ("members", stacked, (None,)),
        ("members stopped", stacked, (3, 8)),
    )
    made = []
    for name, paper, turns in stops:
        folder = home(paper, place / name, budget_name="smoke")
        for turn in turns:
            runner.execute(folder, Pace(NEVER, NEVER, stop_after=turn))
        made.append(_subject(name, paper, place))
    made += [_killed("killed early", plain, place, NEVER, 1), _killed("killed", plain, place)]
    completed = _killed("killed and completed", plain, place)
    runner.execute(completed.folder, Pace(NEVER, NEVER))
    return [*made, completed]


def _killed(name: str, paper: Path, place: Path, pace: float = 0.0, kills: int = 2) -> Subject:
    """Return a trial that was killed so often; at the pace `NEVER` before its first flush."""
    folder = home(paper, place / name, budget_name="smoke", kill_at=13, kills=kills)
    for _ in range(kills):
        command = [sys.executable, "-c", ATTEMPT, str(folder), str(pace)]
        subprocess.run(command, cwd=ROOT, check=False)
    return _subject(name, paper, place)


def _subject(name: str, paper: Path, place: Path) -> Subject:
    """Return a trial with what the same paper measures when nobody disturbs it."""
    whole = home(paper, place / "whole" / paper.name, budget_name="smoke")
    runner.execute(whole, Pace(NEVER, NEVER))
    result = journal.read(whole)
    return Subject(name, paper, place / name, journal.measured(result), result.total("steps"))


# -- what a corruption leads to -------------------------------------------------------------------


def judge(subject: Subject, spoilt: bytes, place: Path) -> str:
    """Corrupt a copy of a trial and return what became of it."""
    runs, folder = copied(subject, spoilt, place)
    try:
        return _judge(subject, runs, folder)
    except Exception:  # noqa: BLE001  (what is looked for is that there is none)
        sys.stdout.write(traceback.format_exc())
        return TRACEBACK
    finally:
        shutil.rmtree(place)


def copied(subject: Subject, spoilt: bytes, place: Path) -> tuple[Path, Path]:
    """Copy a trial and its runs, with another journal; return both folders."""
    runs = place / "runs"
    shutil.copytree(subject.runs, runs)
    folder = runs / subject.folder.relative_to(subject.runs)
    (folder / journal.NAME).write_bytes(spoilt)
    return runs, folder


def _judge(subject: Subject, runs: Path, folder: Path) -> str:
    problem = _told(runs, folder)
    if problem is not None:
        return TOLD if _refused(problem, runs, folder) else SILENT
    was, now = journal.read(subject.folder), journal.read(folder)
    same = _content(was) == _content(now)
    if was.status == "completed":
        return EQUAL if same and runner.execute(folder).status == "completed" else SILENT
    runner.execute(folder, Pace(NEVER, NEVER))
    ended = journal.read(folder)
    whole = ended.status == "completed" and journal.measured(ended) == subject.measured
    if not whole or ended.total("steps") != subject.steps:
        return SILENT
    return EQUAL if same else AGAIN


def _told(runs: Path, folder: Path) -> str | None:
    """Return what reading says is wrong with the journal, if it says so: file and line."""
    try:
        journal.read(folder)
    except Damaged as damage:
        return str(damage)
    return None


def _refused(problem: str, runs: Path, folder: Path) -> bool:
    """Tell whether all who read journals tell the problem, and nothing is changed by that."""
    before = (folder / journal.NAME).read_bytes()
    _, problems = report.read_results(runs, runs / "reports")  # `report`, `verify`, `confirm`
    listed = journal.read_all(runs)[1]  # and `python -m harness.record`
    try:
        session.prepare([Spec.read(folder)], runs)
        return False
    except Refused as refusal:
        said = str(refusal)
    try:
        runner.execute(folder)
        return False
    except Refused as refusal:
        worker = str(refusal)
    named = problem.startswith(f"{folder / journal.NAME}: line ") and "\n" not in problem
    alike = problems == listed == [problem] and said.startswith(problem) and worker == problem
    return named and alike and (folder / journal.NAME).read_bytes() == before


def _content(result: Result) -> dict[str, object]:
    return {**asdict(result), "folder": ""}


# -- real commands --------------------------------------------------------------------------------


def commanded(subject: Subject, spoilt: bytes, place: Path) -> list[str]:
    """Put a corrupted trial, beside a sound one, before real commands; return what is wrong."""
    runs, folder = copied(subject, spoilt, place)
    sound = home(subject.paper, runs, budget_name="smoke", seed=7)
    runner.execute(sound, Pace(NEVER, NEVER))
    damaged = _told(runs, folder) is not None
    spec = Spec.read(folder)
    options = [f"--set={change}" for change in spec.overrides.split(", ") if change]
    wheres = ["--runs", str(runs), "--reports", str(place / "reports")]
    own = ["--runs", str(runs), "--seed", "0", "--jobs", "1", "--device", "cpu", "--no-tracking"]
    commands = {
        "report": ["harness", "report", str(subject.paper), *wheres],
        "verify": ["harness", "verify", str(subject.paper), "--budget", "smoke", *wheres],
        "record": ["harness.record", str(runs)],
        "run": ["harness", "run", str(subject.paper), *own, *options],
    }
    wrong = []
    for verb, command in commands.items():
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        said = " ".join((done.stdout + done.stderr).split())
        status = (2 if verb == "run" else 1) if damaged else None
        if "Traceback" in said or (damaged and f"{folder / journal.NAME}: line " not in said):
            wrong.append(f"{verb}: {said[-500:]}")
        elif status not in (None, done.returncode) or (verb == "run" and not damaged
                                                       and done.returncode != 0):  # fmt: skip
            wrong.append(f"{verb}: exit status {done.returncode}: {said[-500:]}")
    shutil.rmtree(place)
    return wrong


# -- the count ------------------------------------------------------------------------------------


def corruptions(
    known: Sequence[Subject], count: int, draw: random.Random
) -> Iterator[tuple[str, Subject, bytes]]:
    """Yield (kind, subject, corrupted journal), all kinds and subjects alike often."""
    for number in range(count):
        kind = list(KINDS)[number % len(KINDS)]
        subject = known[number // len(KINDS) % len(known)]
        content = (subject.folder / journal.NAME).read_bytes()
        yield kind, subject, KINDS[kind](content, draw)


def table(found: Counter[tuple[str, str]]) -> str:
    """Return the count of every kind and what it led to."""
    lines = ["".join([f"{'':>12}", *(f"{outcome:>11}" for outcome in OUTCOMES)])]
    for kind in (*KINDS, "all"):
        counts = [
            sum(n for (k, o), n in found.items() if kind in (k, "all") and o == outcome)
            for outcome in OUTCOMES
        ]
        lines.append("".join([f"{kind:>12}", *(f"{number:>11}" for number in counts)]))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Corrupt as often as asked; print what each kind led to."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=1000, help="corruptions in all")
    parser.add_argument("--commands", type=int, default=10, help="so many before real commands")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    draw, found, wrong = random.Random(asked.seed), Counter[tuple[str, str]](), list[str]()
    with tempfile.TemporaryDirectory(prefix="corruptions-") as name:
        place = Path(name).resolve()
        known = subjects(place)
        every = max(1, asked.count // asked.commands) if asked.commands else asked.count + 1
        for number, (kind, subject, spoilt) in enumerate(corruptions(known, asked.count, draw)):
            outcome = judge(subject, spoilt, place / "case")
            found[kind, outcome] += 1
            if outcome in (SILENT, TRACEBACK):
                wrong.append(f"{number}: {kind} of '{subject.name}': {outcome}")
            if number % every == every // 2:
                told = commanded(subject, spoilt, place / "case")
                wrong += [f"{number}: {kind} of '{subject.name}': {each}" for each in told]
    sys.stdout.write("\n".join([*wrong, table(found), ""]))
    sys.stdout.write(
        f"{sum(found.values())} corruptions (seed {asked.seed}), {len(wrong)} wrong\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
