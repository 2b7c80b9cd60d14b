"""The contract finds each fault that a paper can have, and names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.app import main
from harness.plan import discover
from harness.record import journal
from harness.run import contract, runner
from harness.trial import CHECKPOINT, Pace
from tests.lab.throwaway import METHOD, TORCH, as_found, make_paper  # noqa: F401

pytestmark = pytest.mark.usefixtures("as_found")
TURNS = 12  # of the throw-away paper at budget check
HALF, LAST = (f"stopped after turn {turn} of {TURNS}:" for turn in (TURNS // 2, TURNS))


def problems(folder: Path) -> list[str]:
    return list(contract.inspect(discover.load(folder)))


def changed(old: str, new: str, body: str = METHOD) -> str:
    assert old in body
    return body.replace(old, new)


def told(found: list[str], text: str) -> bool:
    return any(text in problem for problem in found)


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int | None, str, int]]:
    """The stop that was asked for in every attempt, how it ended, and how many rows there were."""
    seen: list[tuple[int | None, str, int]] = []
    execute = runner.execute

    def watched(folder: Path, pace: Pace) -> runner.Outcome:
        outcome = execute(folder, pace)
        seen.append((pace.stop_after, outcome.status, len(journal.read(folder).rows)))
        return outcome

    monkeypatch.setattr(runner, "execute", watched)
    return seen


# -- sound papers --------------------------------------------------------------------------------


def test_a_sound_folder_has_no_problem(tmp_path):
    assert problems(make_paper(tmp_path, experiments=("fit", "more/fit"))) == []


def test_a_trial_runs_whole_and_then_in_three_parts(tmp_path, attempts):
    assert problems(make_paper(tmp_path)) == []
    assert attempts == [
        (None, "completed", 5),
        (TURNS // 2, "stopped", 2),
        (TURNS - TURNS // 2, "stopped", 4),
        (None, "completed", 5),
    ]


def shorter(folder: Path, steps: int) -> Path:
    """Make the paper's trial so long at budget check."""
    text = (folder / "paper.py").read_text()
    (folder / "paper.py").write_text(changed('"steps": 12', f'"steps": {steps}', text))
    return folder


@pytest.mark.parametrize(
    ("steps", "stops"), [(1, [None, 1, None]), (2, [None, 1, 1, None]), (5, [None, 2, 3, None])]
)
def test_a_short_trial_is_stopped_where_it_has_turns(tmp_path, attempts, steps, stops):
    assert problems(shorter(make_paper(tmp_path), steps)) == []
    assert [stop for stop, _, _ in attempts] == stops


def test_a_single_turn_may_have_no_state(tmp_path):
    body = changed("trial.restore(model=model)", "trial.restore()")
    assert problems(shorter(make_paper(tmp_path, body=body), 1)) == []
    assert told(problems(shorter(make_paper(tmp_path, "two", body), 2)), "nothing was saved")


TIMED = """
import random


def run(config, trial):
    with trial.meter.timed("fit"):
        loss = random.Random(SEED).random()
    yield {"loss": loss}
"""


def test_a_trial_without_turns_runs_whole_twice(tmp_path, attempts):
    assert problems(make_paper(tmp_path, body=TIMED.replace("SEED", "trial.stream('fit')"))) == []
    assert [stop for stop, _, _ in attempts] == [None, None]


def test_a_seed_that_moves_is_found_without_turns(tmp_path):
    folder = make_paper(tmp_path, body=TIMED.replace("SEED", ""))
    assert problems(folder) == [
        f"experiment 'fit' of {folder.name}: the same seed twice gives different rows"
    ]


def test_time_that_is_charged_after_the_turns_is_no_turn(tmp_path, attempts):
    body = METHOD.replace(
        '    yield {"loss": model.weight**2}\n',
        '    with trial.meter.timed("embed"):\n        model.update()\n'
        '    yield {"loss": model.weight**2}\n',
    )
    assert problems(make_paper(tmp_path, body=body)) == []
    assert [stop for stop, _, _ in attempts] == [None, TURNS // 2, TURNS - TURNS // 2, None]


# -- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (changed('{"loss": model.weight**2}', '{"lost": 1.0}'), "its last row lacks 'loss'"),
        (changed("random.Random(seed)", "random.Random(time.time_ns())"),
         "the same seed twice gives different rows"),
        (changed('"weight": self.weight', '"weight": 1.0'), "resumed rows differ"),
        (changed("if turn == config.fail_at", "if turn == 2"), "failed: RuntimeError"),
        ("def run(config, trial):\n    yield from ()\n", "yielded no row"),
    ],
)  # fmt: skip
def test_the_contract_names_what_is_wrong_with_an_experiment(tmp_path, body, fault):
    folder = make_paper(tmp_path, body=body)
    found = problems(folder)
    assert told(found, fault), found
    assert all(f"experiment 'fit' of {folder.name}" in problem for problem in found)


LATE = changed("else loss}", "else loss + (time.time_ns() if turn > 6 else 0)}")
HIDDEN = changed("def __init__(self, seed):", "seen = 0\n\n    def __init__(self, seed):").replace(
    "self.weight -= 0.1 *", "self.seen += 1\n        self.weight -= 0.01 * self.seen *"
)
KEPT = 'return {"weight": self.weight, "random": self.random.getstate()}'
# what is not saved at the last turn only
FORGETFUL = (
    changed(KEPT, KEPT.replace("self.weight,", "self.weight * (self.turn < 12),"))
    .replace("self.weight -=", "self.turn = getattr(self, 'turn', 0) + 1\n        self.weight -=")
    .replace('self.weight = state["weight"]', 'self.weight, self.turn = state["weight"], 6')
)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (HIDDEN, f"{HALF} resumed rows differ from uninterrupted ones; restore() misses some"),
        (FORGETFUL, f"{LAST} resumed rows differ from uninterrupted ones; restore() misses some"),
        (LATE, "the same seed twice gives different rows"),
        (changed("    trial.restore(model=model)\n", ""),
         f"{HALF} nothing was saved; give restore() all that has state"),
        (changed('self.weight = state["weight"]', 'self.weight = state["wait"]'),
         f"{HALF} failed: KeyError: 'wait'"),
        (changed("torch.manual_seed(trial.stream", "torch.manual_seed(id(trial) + trial.stream",
                 TORCH), "the same seed twice gives different rows"),
    ],
    ids=["no state", "none at the end", "late clock", "no restore", "bad load", "global stream"],
)  # fmt: skip
def test_one_fault_is_one_line_that_says_where(tmp_path, body, fault):
    folder = make_paper(tmp_path, body=body)
    (problem,) = problems(folder)
    assert problem.startswith(f"experiment 'fit' of {folder.name}")
    assert fault in problem


def test_a_note_of_a_damaged_checkpoint_is_told(tmp_path, monkeypatch):
    execute, seen = runner.execute, []

    def spoiled(folder: Path, pace: Pace) -> runner.Outcome:
        outcome = execute(folder, pace)
        seen.append(outcome)
        if len(seen) == 2:
            (folder / CHECKPOINT).write_bytes(b"damaged")
        return outcome

    monkeypatch.setattr(runner, "execute", spoiled)
    found = problems(make_paper(tmp_path))
    assert told(found, f"{HALF} checkpoint.bin is damaged; the trial starts over"), found


def test_a_trial_that_does_not_stop_is_told(tmp_path, monkeypatch):
    execute = runner.execute
    monkeypatch.setattr(runner, "execute", lambda folder, pace: execute(folder))
    assert told(problems(make_paper(tmp_path)), f"{HALF} did not stop when asked to")


def test_other_steps_after_an_interruption_are_told(tmp_path):
    last = '    yield {"loss": model.weight**2}\n'
    more = '    trial.meter.ledgers["train"].steps += len(list(trial.folder.glob("check*")))\n'
    found = problems(make_paper(tmp_path, body=changed(last, last + more)))
    assert len(found) == 1
    assert f"{LAST} a resumed trial is charged other steps" in found[0]


SPEND = 'trial.meter.ledgers["train"].seconds += 2.0'


def test_a_trial_that_takes_more_than_its_budget_is_told(tmp_path):
    folder = make_paper(tmp_path, body=changed("time.sleep(config.sleep)", SPEND))
    (found,) = problems(folder)
    assert "s of device time at budget check, which is for 10 s; shrink it there" in found


def test_a_trial_without_end_is_cut_and_told(tmp_path):
    body = changed("time.sleep(config.sleep)", "time.sleep(0.01)\n        " + SPEND)
    (found,) = problems(shorter(make_paper(tmp_path, body=body), 10**6))
    assert "cut: its guard of 2:00 min stopped it at turn" in found


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('run="method:run"', 'run="metod:run"', "did you mean 'method'?"),
        ('run="method:run"', 'run="method:runs"', "did you mean 'run'?"),
        ("seeds=SEEDS", 'skipped=("nightly",)', "claim 'loss' is judged at nightly"),
    ],
)
def test_the_contract_names_declarations_that_lead_nowhere(tmp_path, old, new, fault):
    folder = make_paper(tmp_path)
    text = (folder / "paper.py").read_text()
    assert old in text
    (folder / "paper.py").write_text(text.replace(old, new))
    found = list(contract.declarations(discover.load(folder)))
    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize(
    ("shows", "fault"),
    [
        ("drawings:drawn", "shows='drawings:drawn' names no module; did you mean 'drawing'?"),
        ("nowhere.at.all:drawn", "names no module"),
        ("drawing:draw", "names no function; did you mean 'drawn'?"),
        ("textwrap:dedents", "names no function; did you mean 'dedent'?"),
        ("drawing:drawn", None),
        ("harness.paper:require", None),  # a shared module
    ],
)
def test_what_an_experiment_shows_is_resolved_like_what_it_runs(tmp_path, shows, fault):
    folder = make_paper(tmp_path)
    (folder / "drawing.py").write_text("def drawn(artifacts):\n    return 'a cell'\n")
    text = (folder / "paper.py").read_text()
    text = text.replace('run="method:run"', f'run="method:run", shows="{shows}"')
    (folder / "paper.py").write_text(text)
    found = list(contract.declarations(discover.load(folder)))
    assert (fault is None and found == []) or (fault in found[0])


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("return 'a cell'", None),
        ("return ''", "shows='drawing:drawn' returns no text"),
        ("return (artifacts / 'cell.json').read_text()", "raises FileNotFoundError"),
    ],
)
def test_the_contract_draws_what_was_found(tmp_path, body, fault):
    folder = make_paper(tmp_path)
    (folder / "drawing.py").write_text(f"def drawn(artifacts):\n    {body}\n")
    text = (folder / "paper.py").read_text()
    text = text.replace('run="method:run"', 'run="method:run", shows="drawing:drawn"')
    (folder / "paper.py").write_text(text)
    found = problems(folder)
    assert (fault is None and found == []) or (fault in found[0])


def test_a_folder_without_a_readme_is_a_problem(tmp_path):
    folder = make_paper(tmp_path)
    (folder / "README.md").unlink()
    assert list(contract.declarations(discover.load(folder))) == [
        f"{folder.name}: has no README.md"
    ]


def test_check_exits_1_and_prints_the_problem(tmp_path, capsys):
    folder = make_paper(tmp_path, body=changed('"weight": self.weight', '"weight": 1.0'))
    with pytest.raises(SystemExit) as end:
        main(["check", str(folder)])
    assert end.value.code == 1
    assert "resumed rows differ" in " ".join(capsys.readouterr().out.split())
