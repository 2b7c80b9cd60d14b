"""A trial that is killed anywhere ends with the same rows as one that never was."""

from __future__ import annotations

import errno
import hashlib
import os
import pickle
import random
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget import Limit
from harness.meter import Interrupted, Meter
from harness.paper import Refused
from harness.record import journal
from harness.training import device
from harness.trial import CHECKPOINT, PREVIOUS, Pace, Tools, Trial, stream

NEVER = 1e9
LENGTH = 10


class Model:
    """Has state_dict and load_state_dict, as modules and optimisers have."""

    def __init__(self) -> None:
        self.value = 1.0

    def state_dict(self) -> dict[str, float]:
        return {"value": self.value}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.value = state["value"]


class Generator:
    """Has get_state and set_state, as generators have."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def get_state(self) -> Any:
        return self.random.getstate()

    def set_state(self, state: Any) -> None:
        self.random.setstate(state)


class Lab:
    """Opens trials in one folder, as attempts one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.trials = folder, list[Trial]()
        self.clock = 0.0

    def tick(self) -> float:
        self.clock += 1.0
        return self.clock

    def open(self, pace: Pace | None = None, tools: Tools | None = None, **phases: int) -> Trial:
        sizes = {name: (length, 2) for name, length in (phases or {"train": LENGTH}).items()}
        meter = Meter(sizes, Limit(), clock=self.tick)
        trial = Trial(
            journal.Journal(self.folder), meter, tools or Tools(pickle.dump, pickle.load), seed=7
        )
        trial.pace = pace or Pace(NEVER, NEVER)
        self.trials.append(trial)
        return trial

    def result(self) -> journal.Result:
        return journal.read(self.folder)

    def notes(self) -> list[str]:
        entries = journal.entries(self.folder / journal.NAME)
        return [entry["text"] for entry in entries if entry["kind"] == "note"]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    for trial in lab.trials:
        trial.journal.close()


def walk(trial: Trial, act: Callable[[int], object] = lambda turn: None) -> Model:
    """Tell the story of an experiment; `act` is what happens to it in the middle of a turn."""
    model, generator = Model(), Generator(trial.stream("walk"))
    trial.restore(model=model, generator=generator)
    for turn in trial.meter.steps("train"):
        model.value += generator.random.random()
        act(turn)
        trial.append({"value": model.value})
    return model


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a trial measures that nothing happens to."""
    lab = Lab(tmp_path_factory.mktemp("whole"))
    walk(lab.open())
    lab.trials[0].journal.close()
    return journal.measured(lab.result())


def crash_at(number: int) -> Callable[[int], None]:
    def act(turn: int) -> None:
        if turn == number:
            raise ZeroDivisionError

    return act


# -- restore -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [1, 5, LENGTH - 1, LENGTH])
def test_stopped_and_resumed_gives_the_same_rows(lab: Lab, whole: list[str], stop: int) -> None:
    with pytest.raises(Interrupted, match=f"at turn {stop} of train"):
        walk(lab.open(Pace(NEVER, NEVER, stop_after=stop)))
    resumed = lab.open()
    walk(resumed)
    assert journal.measured(lab.result()) == whole
    assert len(whole) == LENGTH
    assert lab.result().lost_rows == 0
    assert resumed.meter.spent("steps") == 2 * LENGTH


def test_state_of_both_kinds_is_put_back(lab: Lab) -> None:
    with pytest.raises(Interrupted):
        walk(lab.open(Pace(NEVER, NEVER, stop_after=4)))
    expected = random.Random(stream(7, "walk"))
    total = 1.0
    for _ in range(4):
        total += expected.random()
    model, generator, trial = Model(), Generator(0), lab.open()
    trial.restore(model=model, generator=generator)
    assert model.value == total
    assert generator.random.getstate() == expected.getstate()
    assert (trial.rows, trial.meter.spent("steps")) == (4, 8)


class Plain:
    """What has state without a method: numbers by name, a list, a stream."""

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = {"first": [0.0]}
        self.rows: list[float] = []
        self.stream = random.Random(3)
        self.stream.gauss(0, 1)  # one of a pair: the other one is part of the state

    def run(self, trial: Trial) -> None:
        trial.restore(found=self.found, rows=self.rows, stream=self.stream)
        for turn in trial.meter.steps("train"):
            self.rows.append(self.stream.gauss(0, 1))
            self.found.setdefault(str(turn // 3), []).append(self.stream.random())
            trial.append({"sum": sum(self.rows), "found": len(self.found)})


@pytest.mark.parametrize("stop", range(1, LENGTH + 1))
@pytest.mark.parametrize("write", [(pickle.dump, pickle.load), (device.save, device.load)])
def test_a_dict_a_list_and_a_stream_get_their_contents_back_in_place(
    tmp_path: Path, stop: int, write: tuple[Any, Any]
) -> None:
    whole, first, again, rows = Plain(), Plain(), Plain(), []
    for folder, attempts in (("whole", (whole,)), ("parts", (first, again))):
        home = tmp_path / folder
        home.mkdir()
        lab = Lab(home)
        for plain in attempts:
            held = plain.found, plain.rows, plain.stream
            trial = lab.open(Pace(NEVER, NEVER, stop if plain is first else None), Tools(*write))
            with pytest.raises(Interrupted) if plain is first else nullcontext():
                plain.run(trial)
            assert held[0] is plain.found and held[1] is plain.rows and held[2] is plain.stream
            trial.journal.close()
        rows.append([row["values"] for row in lab.result().rows])
    assert rows[0] == rows[1]
    assert (again.found, again.rows) == (whole.found, whole.rows)
    assert again.stream.getstate() == whole.stream.getstate()


def test_object_without_state_is_refused_at_once(lab: Lab) -> None:
    with pytest.raises(Refused, match=r"restore\(model=object\): has neither state_dict nor get"):
        lab.open().restore(fine=Model(), model=object())


def test_rows_after_the_checkpoint_are_void_and_come_again(lab: Lab, whole: list[str]) -> None:
    first = lab.open()
    first.meter.on_turn, original = lambda: None, first.meter.on_turn
    first.meter.on_turn = lambda: first.save() if first.rows == 3 else original()
    with pytest.raises(ZeroDivisionError):
        walk(first, crash_at(8))
    assert len(lab.result().rows) == 8
    walk(lab.open())
    result = lab.result()
    assert journal.measured(result) == whole
    assert result.lost_rows == 5
    assert result.lost_seconds > 0


def test_without_any_checkpoint_the_trial_starts_over(lab: Lab, whole: list[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        walk(lab.open(), crash_at(6))
    walk(lab.open())
    assert journal.measured(lab.result()) == whole
    assert lab.result().lost_rows == 6


def test_row_before_restore_is_refused_when_it_would_be_written_twice(lab: Lab) -> None:
    with pytest.raises(Interrupted):
        walk(lab.open(Pace(NEVER, NEVER, stop_after=4)))
    early = lab.open()
    with pytest.raises(Refused, match=r"a row came before restore\(\)"):
        early.append({"value": 1.0})


def test_second_phase_registers_its_own_objects(lab: Lab) -> None:
    def story(trial: Trial) -> tuple[float, float]:
        searched, trained = Model(), Model()
        trial.restore(searched=searched)
        trial.append({"value": 1.0})
        for _ in trial.meter.steps("search"):
            searched.value += 1
        trial.append({"value": searched.value})
        trained.value = 100 * searched.value
        trial.restore(trained=trained)
        for _ in trial.meter.steps("train"):
            trained.value += 1
        trial.append({"value": trained.value})
        return searched.value, trained.value

    for stop in (2, 1, 4, 2):  # in the first phase, at its end, twice in the second
        with pytest.raises(Interrupted):
            story(lab.open(Pace(NEVER, NEVER, stop_after=stop), search=3, train=10))
    last = lab.open(search=3, train=10)
    assert story(last) == (4.0, 410.0)
    assert last.meter.spent("steps") == 26
    result = lab.result()
    # the first phase's row is told again by the later attempts, and stands in the journal once
    assert [row["values"]["value"] for row in result.rows] == [1.0, 4.0, 410.0]
    assert [(row["index"], row["phase"], row["turn"]) for row in result.rows] == [
        (0, "", 0),
        (1, "search", 3),
        (2, "train", 10),
    ]
    assert (result.attempts, result.lost_rows) == (0, 0)


@pytest.mark.parametrize("stop", range(1, 10))
def test_a_sweep_reuses_names_and_skips_what_is_done(lab: Lab, stop: int) -> None:
    """Each phase has a model of its own under the same name; what was found is kept apart."""

    def story(trial: Trial) -> list[float]:
        found = Model()
        trial.restore(found=found)
        for width in (1, 10, 100):
            if trial.meter.done(f"train/{width}"):
                continue
            model = Model()
            trial.restore(model=model)
            for turn in trial.meter.steps(f"train/{width}"):
                model.value += width
                if turn == 2:
                    found.value += model.value
                    trial.append({"at": width, "value": model.value})
        trial.append({"value": found.value})
        return [found.value, trial.meter.spent("steps")]

    sizes = {"train/1": 3, "train/10": 3, "train/100": 3}
    with pytest.raises(Interrupted):
        story(lab.open(Pace(NEVER, NEVER, stop_after=stop), **sizes))
    assert story(lab.open(**sizes)) == [337.0, 18.0]
    rows = [row["values"]["value"] for row in lab.result().rows]
    assert rows == [4.0, 31.0, 301.0, 337.0]
    assert lab.result().lost_rows == 0


@pytest.mark.parametrize("stop", range(1, 6))
def test_a_phase_without_rows_hides_none_that_follow(lab: Lab, stop: int) -> None:
    def story(trial: Trial) -> None:
        model = Model()
        trial.restore(model=model)
        trial.append({"value": 0.0})
        for _ in trial.meter.steps("search"):
            model.value += 1
        for _ in trial.meter.steps("train"):
            model.value += 10
        with trial.meter.timed("embed"):
            model.value += 100
        trial.append({"value": model.value})

    with pytest.raises(Interrupted):
        story(lab.open(Pace(NEVER, NEVER, stop_after=stop), search=3, train=2))
    story(lab.open(search=3, train=2))
    assert [row["values"]["value"] for row in lab.result().rows] == [0.0, 124.0]


def test_global_random_state_goes_through_the_checkpoint(lab: Lab) -> None:
    world = {"state": 1}
    tools = Tools(
        pickle.dump, pickle.load, lambda: world["state"], lambda s: world.update(state=s)
    )
    with pytest.raises(Interrupted):
        walk(
            lab.open(Pace(NEVER, NEVER, stop_after=4), tools),
            lambda turn: world.update(state=turn),
        )
    world["state"] = 99
    lab.open(tools=tools).restore(model=Model())
    assert world["state"] == 3


# -- damage --------------------------------------------------------------------------------------


def flip(content: bytes) -> bytes:
    return content[:60] + bytes([content[60] ^ 1]) + content[61:]


def unreadable(content: bytes) -> bytes:
    payload = b"not a pickle"
    return hashlib.sha256(payload).digest() + payload


DAMAGE = {
    "flipped": flip,
    "digest flipped": lambda content: bytes([content[0] ^ 255]) + content[1:],
    "cut": lambda content: content[:-5],
    "cut in its digest": lambda content: content[:11],
    "empty": lambda content: b"",
    "empty payload": lambda content: hashlib.sha256().digest(),
    "unreadable": unreadable,
}


def twice_saved(lab: Lab) -> None:
    """Leave checkpoints of turns 5 and 4, and rows up to turn 6."""
    with pytest.raises(ZeroDivisionError):
        walk(lab.open(Pace(0.0, NEVER)), crash_at(5))
    assert pickle.loads((lab.folder / CHECKPOINT).read_bytes()[32:])["rows"] == 5
    assert pickle.loads((lab.folder / PREVIOUS).read_bytes()[32:])["rows"] == 4


def spoil(path: Path, kind: str) -> None:
    path.write_bytes(DAMAGE[kind](path.read_bytes()))


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_checkpoint_falls_back_to_the_one_before(
    lab: Lab, whole: list[str], kind: str
) -> None:
    twice_saved(lab)
    spoil(lab.folder / CHECKPOINT, kind)
    trial = lab.open()
    walk(trial)
    assert journal.measured(lab.result()) == whole
    assert lab.result().lost_rows == 1
    (note,) = lab.notes()
    assert note.startswith(f"{CHECKPOINT} ")
    assert note.endswith("the one before it is used")


@pytest.mark.parametrize("kind", DAMAGE)
def test_with_both_damaged_the_trial_starts_over_and_says_so(
    lab: Lab, whole: list[str], kind: str
) -> None:
    twice_saved(lab)
    spoil(lab.folder / CHECKPOINT, "flipped")
    spoil(lab.folder / PREVIOUS, kind)
    walk(lab.open())
    assert journal.measured(lab.result()) == whole
    assert lab.result().lost_rows == 5
    assert [note.split()[0] for note in lab.notes()] == [CHECKPOINT, PREVIOUS]
    assert lab.notes()[-1].endswith("the trial starts over")


def test_only_checkpoint_damaged_starts_over(lab: Lab, whole: list[str]) -> None:
    with pytest.raises(Interrupted):
        walk(lab.open(Pace(NEVER, NEVER, stop_after=4)))
    assert not (lab.folder / PREVIOUS).exists()
    spoil(lab.folder / CHECKPOINT, "cut")
    walk(lab.open())
    assert journal.measured(lab.result()) == whole
    assert lab.notes() == [f"{CHECKPOINT} is damaged; the trial starts over"]


def test_good_checkpoint_is_used_beside_a_damaged_older_one(lab: Lab) -> None:
    twice_saved(lab)
    spoil(lab.folder / PREVIOUS, "empty")
    trial = lab.open()
    trial.restore(model=Model())
    assert (trial.rows, lab.notes()) == (5, [])


# -- saving --------------------------------------------------------------------------------------


def full_disk(*arguments: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", [1, 2, 3])  # the journal's flush, the checkpoint's
def test_full_disk_while_saving_keeps_the_last_good_checkpoint(
    lab: Lab, whole: list[str], monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    trial, calls = lab.open(Pace(0.0, NEVER)), list[int]()
    fsync = os.fsync

    def fails(handle: int) -> None:
        calls.append(handle)
        if len(calls) >= 12 + call:  # four turns have saved, with three flushes each
            full_disk()
        fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(OSError, match="No space left"):
            walk(trial)
    assert pickle.loads((lab.folder / CHECKPOINT).read_bytes()[32:])["rows"] == 4
    walk(lab.open())
    assert journal.measured(lab.result()) == whole
    assert (lab.result().lost_rows, lab.notes()) == (1, [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_checkpoint_that_does_not_fit_leaves_the_last_one(lab: Lab, whole: list[str]) -> None:
    def fill(turn: int) -> None:
        if turn == 6:
            (lab.folder / f"{CHECKPOINT}.new").symlink_to("/dev/full")

    with pytest.raises(OSError, match="No space left"):
        walk(lab.open(Pace(0.0, NEVER)), fill)
    (lab.folder / f"{CHECKPOINT}.new").unlink()  # somebody made room
    walk(lab.open())
    assert journal.measured(lab.result()) == whole
    assert (lab.result().lost_rows, lab.notes()) == (1, [])


def test_killed_between_the_two_renames_there_is_one_good_checkpoint(
    lab: Lab, whole: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, moves = Path.replace, list[str]()

    def killed(path: Path, target: Path) -> Path:
        moves.extend([path.name] * path.name.startswith(CHECKPOINT))
        if moves[-3:] == [f"{CHECKPOINT}.new", CHECKPOINT, f"{CHECKPOINT}.new"]:
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            walk(lab.open(Pace(0.0, NEVER)))
    assert not (lab.folder / CHECKPOINT).exists()
    walk(lab.open())
    assert journal.measured(lab.result()) == whole
    assert (lab.result().lost_rows, lab.notes()) == (1, [])


def test_rows_reach_the_disk_before_the_checkpoint_that_counts_them(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial, flushed = lab.open(), list[str]()
    fsync = os.fsync

    def watched(handle: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    trial.restore(model=Model())
    trial.save()
    assert flushed == [journal.NAME, f"{journal.TALLY}.new", f"{CHECKPOINT}.new"]


def test_nothing_is_saved_before_anything_was_registered(lab: Lab) -> None:
    trial = lab.open(Pace(0.0, NEVER, stop_after=2))
    with pytest.raises(Interrupted):
        list(trial.meter.steps("train"))
    assert not (lab.folder / CHECKPOINT).exists()


def test_request_to_stop_ends_the_turn_and_saves(lab: Lab) -> None:
    trial = lab.open()

    def ask(turn: int) -> None:
        trial.stop_requested = turn == 3

    with pytest.raises(Interrupted):
        walk(trial, ask)
    again = lab.open()
    again.restore(model=Model())
    assert (again.rows, again.meter.ledgers["train"].turns) == (4, 4)


def test_heartbeats_come_at_their_pace(lab: Lab) -> None:
    for pace, expected in ((Pace(NEVER, 0.0), LENGTH), (Pace(NEVER, NEVER), 0)):
        trial, beats = lab.open(pace), list[int]()
        trial.on_heartbeat = lambda trial=trial, beats=beats: beats.append(trial.rows)
        walk(trial)
        assert len(beats) == expected


# -- rows, data, streams -------------------------------------------------------------------------


def test_rows_are_stamped_with_what_was_spent(lab: Lab) -> None:
    trial = lab.open()
    trial.meter.count_flops("train", 5.0)
    walk(trial)
    third = lab.result().rows[3]
    stamps = {name: third[name] for name in ("index", "phase", "turn", "steps", "flops")}
    assert stamps == {"index": 3, "phase": "train", "turn": 3, "steps": 6.0, "flops": 15.0}


def test_data_and_artifacts(lab: Lab) -> None:
    trial = lab.open()
    trial.uses("digits", "d1gest")
    (trial.artifacts / "genotype.json").write_text("{}")
    assert lab.result().data == {"name": "digits", "hash": "d1gest"}
    assert (lab.folder / "artifacts" / "genotype.json").exists()
    assert trial.artifacts == lab.folder / "artifacts"


def test_streams_are_stable_for_ever() -> None:
    assert stream(0, "init") == int(hashlib.sha256(b"0/init").hexdigest()[:14], 16)
    assert stream(0, "init") == 11_867_732_879_391_089
    assert stream(3, "batches", 2) == stream(3, "batches", "2")


names = st.lists(st.text(st.characters(exclude_characters="/")) | st.integers(), max_size=3)


@given(st.integers(0, 9), names, st.integers(0, 9), names)
def test_streams_of_different_names_differ(
    seed: int, one: list[str | int], other_seed: int, two: list[str | int]
) -> None:
    def key(seed: int, names: list[str | int]) -> list[str]:
        return [str(seed), *map(str, names)]

    same = key(seed, one) == key(other_seed, two)
    a, b = (
        stream(s, *(str(n).encode("unicode_escape").decode() for n in names))
        for s, names in ((seed, one), (other_seed, two))
    )
    assert (a == b) == same
    assert 0 <= a < 2**56


def test_trials_stream_is_the_stream_of_its_seed(lab: Lab) -> None:
    assert lab.open().stream("init", 4) == stream(7, "init", 4)
