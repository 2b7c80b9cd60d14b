"""How trials fare on SLURM, by what its controller is made to say."""

from __future__ import annotations

import os
import pickle
from contextlib import closing

import pytest

from harness.paper import Refused
from harness.record import journal
from harness.run.runner import Outcome
from harness.run.slurm import watcher
from harness.run.slurm.batch import NOTE, Batch, open_batches
from harness.run.slurm.controller import Unreachable
from harness.run.slurm.watcher import Watcher

CONFIG = "MaxArraySize            = 1001"
DONE = Outcome("completed")


class Lab:
    """A watcher of some trials, what it submitted and what it said."""

    def __init__(self, runs, count, jobs=4, asked=None):
        self.runs = runs
        self.folders = [runs / "paper" / f"seed{n}" for n in range(count)]
        for folder in self.folders:
            folder.mkdir(parents=True, exist_ok=True)
        self.submitted, self.said, self.refuses = [], [], []
        self.watcher = Watcher(runs, self.folders, self.submit, self.said.append)
        self.watcher.deal(jobs, asked or {})

    def submit(self, batch, parallel, flags):
        batch.write()
        if self.refuses:
            raise self.refuses.pop(0)
        self.submitted.append((batch, parallel, flags))
        return str(10 + len(self.submitted))

    def look(self):
        """Look again, as if the pauses were over."""
        self.watcher._glance = self.watcher._next = 0.0
        self.watcher.look()

    def returns(self, batch, number, outcome):
        content = pickle.dumps(("success", outcome))
        (batch.logs / f"{number}_0_result.pkl").write_bytes(content)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(watcher, "LATE", 0.0)
    monkeypatch.setattr(watcher, "FRESH", 0.0)


def begun(folder, **end):
    with closing(journal.Journal(folder)) as lines:
        lines.append("start", spec={}, provenance={})
        if end:
            lines.append("end", **end)


def squeue(*lines):
    return "".join(f"{line}\n" for line in lines)


def state(lab, **tasks):
    """Let squeue tell the states of the tasks of the first array."""
    name = lab.submitted[0][0].name
    return squeue(*(f"11_{task[1:]}|{word}|{name}|None" for task, word in tasks.items()))


def test_trials_are_submitted_and_what_they_return_is_believed(tmp_path, answers):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 2)
    lab.look()
    ((batch, parallel, _),) = lab.submitted
    assert (batch.trials, parallel) == (lab.folders, 4)
    assert "2 trials are submitted to SLURM: job 11" in lab.said[0]
    answers({"squeue": state(lab, _0="RUNNING", _1="PENDING")})
    lab.look()
    assert lab.watcher.outcomes == {}
    lab.returns(batch, "11_0", DONE)
    lab.returns(batch, "11_1", Outcome("refused", "it runs elsewhere"))
    lab.look()
    assert lab.watcher.outcomes[lab.folders[0]] == DONE
    assert lab.watcher.outcomes[lab.folders[1]].error == "it runs elsewhere"
    assert not lab.watcher.open
    assert open_batches(tmp_path) == []


def test_more_trials_than_an_array_holds_share_what_runs_at_once(tmp_path, answers):
    answers({"squeue": "", "scontrol": "MaxArraySize = 2"})
    lab = Lab(tmp_path, 7, jobs=3, asked={"dependency": "after:9"})
    lab.look()
    assert [len(batch.trials) for batch, _, _ in lab.submitted] == [2, 2, 2, 1]
    assert [parallel for _, parallel, _ in lab.submitted] == [1, 1, 1, 1]
    dependencies = [flags["dependency"] for _, _, flags in lab.submitted]
    assert dependencies == ["after:9"] * 3 + ["after:9,afterany:11"]
    assert "7 trials are submitted to SLURM: jobs 11, 12, 13, 14;" in lab.said[0]
    alone = Lab(tmp_path / "alone", 4, jobs=5)
    alone.look()
    assert [parallel for _, parallel, _ in alone.submitted] == [3, 2]


def test_a_controller_that_is_away_at_submission_is_one_line_and_waited_for(tmp_path, answers):
    answers({})
    lab = Lab(tmp_path, 1)
    lab.look()
    lab.look()
    assert lab.watcher.open
    assert lab.submitted == []
    (line,) = lab.said
    assert line.startswith("SLURM does not answer, its jobs go on by themselves")
    answers({"squeue": "", "scontrol": CONFIG})
    lab.look()
    assert len(lab.submitted) == 1
    assert lab.said[-1] == "SLURM answers again"


def test_pauses_grow_while_the_controller_is_away_and_stay_bounded(tmp_path, answers):
    answers({})
    lab = Lab(tmp_path, 1)
    for _ in range(10):
        lab.look()
    assert lab.watcher._pause == watcher.RARELY
    asked = answers({"squeue": "", "scontrol": CONFIG})
    before = len(asked)
    lab.watcher.look()  # the pause is not over
    assert len(asked) == before


def test_what_was_submitted_without_an_answer_is_taken_back_first(tmp_path, answers):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 2)
    lab.refuses = [Unreachable("sbatch: Socket timed out on send/recv operation")]
    lab.look()
    (doubtful,) = open_batches(tmp_path)
    asked = answers({"squeue": squeue(f"9_0|PENDING|{doubtful.name}|None"), "scancel": ""})
    lab.look()
    assert ("scancel", "9") in asked
    ((batch, _, _),) = lab.submitted
    assert batch.name != doubtful.name
    assert [each.name for each in open_batches(tmp_path)] == [batch.name]


def test_a_cluster_that_refuses_ends_the_run_in_one_line(tmp_path, answers):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 1)
    lab.refuses = [Refused("sbatch: Invalid account or account/partition combination specified")]
    with pytest.raises(Refused, match="--launcher slurm: sbatch: Invalid account"):
        lab.look()


def test_a_full_queue_is_waited_for(tmp_path, answers):
    answers({"squeue": "", "scontrol": "MaxArraySize = 1"})
    lab = Lab(tmp_path, 2)
    full = "sbatch: Job violates accounting/QOS policy (job submit limit, user's size)"
    lab.submit(Batch(tmp_path, []), 1, {})
    lab.submitted.clear()
    taken = iter([False, True, False])
    submit = lab.submit

    def sometimes(*arguments):
        if next(taken):
            raise Refused(full)
        return submit(*arguments)

    lab.watcher._submit = sometimes
    lab.look()
    assert len(lab.submitted) == 1
    assert any("the rest follows when there is room" in line for line in lab.said)
    lab.look()
    assert len(lab.submitted) == 2


def test_jobs_of_a_command_that_died_are_found_and_not_submitted_twice(tmp_path, answers):
    left = Batch(tmp_path, [tmp_path / "paper" / f"seed{n}" for n in (0, 1, 2)])
    left.write()
    name = left.name
    lines = (f"7_0|COMPLETED|{name}|None", f"7_1|RUNNING|{name}|None", f"7_2|PENDING|{name}|None")
    answers({"squeue": squeue(*lines), "scontrol": CONFIG})
    lab = Lab(tmp_path, 4)
    lab.look()
    ((batch, _, _),) = lab.submitted
    assert batch.trials == [lab.folders[0], lab.folders[3]]
    assert lab.said[0] == "2 trials are in SLURM's queue already: jobs 7_1, 7_2"
    lab.returns(left, "7_1", DONE)
    lab.returns(batch, "11_0", DONE)
    answers({"squeue": squeue(*lines, f"11_1|PENDING|{batch.name}|None")})
    lab.look()
    assert set(lab.watcher.outcomes) == {lab.folders[0], lab.folders[1]}


def test_notes_of_jobs_that_are_long_gone_are_taken_back(tmp_path, answers):
    old, new = (Batch(tmp_path, [tmp_path / "paper" / "seed0"]) for _ in range(2))
    for batch in (old, new):
        batch.write()
    os.utime(old.logs, (1, 1))
    answers({"squeue": "", "scontrol": CONFIG})
    Lab(tmp_path, 1).look()
    assert not (old.logs / NOTE).exists()
    assert (new.logs / NOTE).exists()


def test_a_job_that_died_is_told_with_its_reason_and_log(tmp_path, answers):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 3)
    lab.look()
    batch = lab.submitted[0][0]
    log = batch.logs / "11_0_0_log.out"
    log.write_text("starting\nslurmstepd: error: Detected 1 oom-kill event(s)\nsrun: done\n")
    answers({"squeue": state(lab, _0="OUT_OF_MEMORY", _1="TIMEOUT", _2="CANCELLED")})
    lab.look()
    first, second, third = (lab.watcher.outcomes[folder] for folder in lab.folders)
    assert first.status == second.status == "failed"
    told = "job 11_0: OUT_OF_MEMORY: slurmstepd: error: Detected 1 oom-kill event(s)"
    assert first.error == f"{told}; log: {log}"
    assert second.error == "job 11_1: TIMEOUT"  # it wrote nothing
    assert third == Outcome("stopped", "job 11_2: CANCELLED")


def test_a_job_that_nobody_knows_any_more_is_judged_by_its_journal(tmp_path, answers):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 3)
    begun(lab.folders[2])
    lab.look()
    begun(lab.folders[0], status="completed", error="", stopped_by="steps", cost={})
    answers({"squeue": "", "sacct": "11_1|NODE_FAIL\n"})
    lab.look()
    assert lab.watcher.outcomes[lab.folders[0]] == DONE
    assert "job 11_1: NODE_FAIL" in lab.watcher.outcomes[lab.folders[1]].error
    assert "job 11_2: gone" in lab.watcher.outcomes[lab.folders[2]].error


def test_a_damaged_journal_of_a_job_that_is_gone_is_told(tmp_path, answers):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 1)
    lab.look()
    begun(lab.folders[0], status="completed", error="", stopped_by="steps", cost={})
    path = lab.folders[0] / journal.NAME
    path.write_bytes(path.read_bytes().replace(b'"kind": "start"', b'"kind": "smart"'))
    answers({"squeue": ""})
    lab.look()
    outcome = lab.watcher.outcomes[lab.folders[0]]
    assert outcome.status == "failed"
    assert "line 1" in outcome.error


def test_accounts_that_are_down_are_asked_once(tmp_path, answers):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 3)
    lab.look()
    asked = answers({"squeue": ""})  # and sacct does not answer
    lab.look()
    assert len([command for command in asked if command[0] == "sacct"]) == 1
    assert len(lab.watcher.outcomes) == 3


def test_a_trial_that_shows_life_runs_whatever_the_controller_forgot(
    tmp_path, answers, monkeypatch
):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 1)
    lab.look()
    (lab.folders[0] / "heartbeat.json").write_text("{}")
    monkeypatch.setattr(watcher, "FRESH", 60.0)
    lab.look()
    assert lab.watcher.open
    os.utime(lab.folders[0] / "heartbeat.json", (1, 1))
    lab.look()
    assert not lab.watcher.open


def test_a_trial_that_was_stopped_may_come_back_from_the_queue(tmp_path, answers):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 2)
    lab.look()
    batch = lab.submitted[0][0]
    for task in (0, 1):
        lab.returns(batch, f"11_{task}", Outcome("stopped", "stopped on request"))
    answers({"squeue": state(lab, _0="PENDING", _1="COMPLETED")})
    lab.look()
    assert lab.watcher.outcomes == {lab.folders[1]: Outcome("stopped", "stopped on request")}


def test_a_preempted_trial_is_submitted_again(tmp_path, answers):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 1)
    lab.look()
    answers({"squeue": squeue(f"11|PREEMPTED|{lab.submitted[0][0].name}|None")})
    lab.look()
    lab.look()
    assert [batch.trials for batch, _, _ in lab.submitted] == [lab.folders] * 2


def test_a_job_that_waits_for_what_never_comes_is_told_once(tmp_path, answers):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 1)
    lab.look()
    line = f"11|PENDING|{lab.submitted[0][0].name}|PartitionTimeLimit"
    answers({"squeue": squeue(line)})
    lab.look()
    lab.look()
    assert lab.said.count("job 11 waits: PartitionTimeLimit") == 1


# -- asked to stop --------------------------------------------------------------------------------


def test_all_jobs_are_cancelled_and_waited_for(tmp_path, answers):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 3)
    lab.look()
    asked = answers({"squeue": state(lab, _0="CANCELLED"), "scancel": ""})
    lab.watcher.cancel()
    assert ("scancel", "11") in asked
    assert lab.said[-1] == "3 trials are cancelled in SLURM; what runs saves first"


def test_of_another_commands_array_only_the_own_tasks_are_cancelled(tmp_path, answers):
    left = Batch(tmp_path, [tmp_path / "paper" / f"seed{n}" for n in (0, 1, 9)])
    left.write()
    lines = [f"7_{task}|RUNNING|{left.name}|None" for task in (0, 1, 2)]
    answers({"squeue": squeue(*lines), "scontrol": CONFIG})
    lab = Lab(tmp_path, 2)
    lab.look()
    asked = answers({"squeue": "", "scancel": ""})
    lab.watcher.cancel()
    assert ("scancel", "7_0", "7_1") in asked


def test_a_controller_that_is_away_leaves_the_jobs_alone_and_says_so(tmp_path, answers):
    answers({"squeue": "", "scontrol": CONFIG})
    lab = Lab(tmp_path, 1)
    lab.look()
    answers({})
    lab.watcher.cancel()
    assert "are not cancelled and go on" in lab.said[-1]
    assert "the same command finds them" in lab.said[-1]
