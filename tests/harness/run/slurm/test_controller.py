"""What SLURM's controller says, from the text of its commands."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from harness.paper import Refused
from harness.run.slurm import controller
from harness.run.slurm.controller import Job, Unreachable


def command(folder: Path, text: str) -> str:
    path = folder / "squeue"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_command_answers_fails_or_takes_too_long(tmp_path):
    assert controller.ask(command(tmp_path, "echo 12")) == "12\n"
    with pytest.raises(Refused, match="Invalid partition name"):
        controller.ask(command(tmp_path, "echo Invalid partition name >&2; exit 1"))
    away = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
    with pytest.raises(Unreachable, match="connect failure"):
        controller.ask(command(tmp_path, f"echo '{away}' >&2; exit 1"))
    with pytest.raises(Unreachable, match=r"no answer within 0\.1 s"):
        controller.ask(command(tmp_path, "exec sleep 30"), patience=0.1)
    with pytest.raises(Refused, match="no nowhere_to_be_found on this machine"):
        controller.ask("nowhere_to_be_found")


def test_tasks_are_told_one_by_one_and_what_holds_for_the_rest(answers):
    answers({"squeue": "7_0|FAILED|trials-a|NonZeroExitCode\n7|CANCELLED|trials-a|None\n"})
    array = controller.arrays(["trials-a"])["trials-a"]
    assert array.task(0) == Job("7_0", "FAILED", "NonZeroExitCode")
    assert array.task(5) == Job("7", "CANCELLED", "None")
    assert array.numbers == []
    answers({"squeue": "8_3|RUNNING|trials-b|None\n"})
    array = controller.arrays(["trials-b"])["trials-b"]
    assert array.task(2) is None
    assert array.numbers == ["8"]


def test_nothing_is_asked_about_no_jobs(answers):
    asked = answers({})
    assert controller.arrays([]) == {}
    assert asked == []


@pytest.mark.parametrize("word", ["RUNNING", "PENDING", "COMPLETING", "REQUEUED", "A_NEW_WORD"])
def test_a_state_that_is_no_end_is_none(word):
    assert not Job("1", word).ended


@pytest.mark.parametrize("word", ["OUT_OF_MEMORY", "TIMEOUT", "NODE_FAIL", "CANCELLED"])
def test_an_end_is_one(word):
    assert Job("1", word).ended


@pytest.mark.parametrize(
    ("reason", "stuck"),
    [
        ("Priority", False),
        ("JobArrayTaskLimit", False),
        ("QOSMaxCpuPerUserLimit", False),
        ("PartitionTimeLimit", True),
        ("DependencyNeverSatisfied", True),
        ("JobHeldUser", True),
        ("ReqNodeNotAvail, UnavailableNodes:n1", True),
    ],
)
def test_a_job_that_waits_for_more_than_its_turn_is_stuck(reason, stuck):
    assert bool(Job("1", "PENDING", reason).stuck) == stuck
    assert not Job("1", "RUNNING", reason).stuck


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90", 90),
        ("90:30", 90.5),
        ("4:00:00", 240),
        ("1-0", 1440),
        ("2-12", 3600),
        ("1-00:00:30", 1440.5),
        ("infinite", None),
        ("soon", None),
    ],
)
def test_time_limits_in_every_form(text, minutes):
    assert controller.minutes(text) == minutes


def test_what_the_cluster_allows(answers):
    answers(
        {
            "scontrol": "MaxArraySize     = 4001\nSchedulerParameters = max_array_tasks=200",
            "sinfo": "main*|infinite\nshort|30:00\n",
        }
    )
    assert controller.largest_array() == 200
    assert controller.longest(None) is None
    answers({"scontrol": "nothing", "sinfo": "short|30:00\n"})
    assert controller.largest_array() == controller.LARGEST
    assert controller.longest("short") == 30


def test_what_has_just_ended_is_cancelled_too(answers):
    answers({"scancel": Refused("scancel: Kill job error on job id 7: Invalid job id specified")})
    controller.cancel(["7"])
    answers({"scancel": Refused("scancel: Access/permission denied")})
    with pytest.raises(Refused, match="denied"):
        controller.cancel(["7"])


def test_the_accounts_tell_the_end_of_a_forgotten_job(answers):
    answers({"sacct": "7_0|CANCELLED by 1000\n7_1|OUT_OF_MEMORY\n"})
    found = controller.forgotten(["7_0", "7_1"])
    assert found == {"7_0": Job("7_0", "CANCELLED"), "7_1": Job("7_1", "OUT_OF_MEMORY")}
