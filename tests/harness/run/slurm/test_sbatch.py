"""What a user asks SLURM for, and what is refused in one line before any work."""

from __future__ import annotations

import pytest

from harness.paper import Refused
from harness.run.slurm import sbatch
from harness.run.slurm.controller import Unreachable
from tests.lab.answers import HELP


def test_flags_are_read_in_every_form(tmp_path):
    given = ["partition=gpu", "--mem_per_cpu=4G", "exclusive", "comment=a = b"]
    assert sbatch.flags(given) == {
        "partition": "gpu",
        "mem-per-cpu": "4G",
        "exclusive": True,
        "comment": "a = b",
    }


def test_a_file_may_be_a_list_or_a_batch_script(tmp_path):
    path = tmp_path / "flags"
    path.write_text("# ours\npartition=gpu\n\n--time=4:00:00\nexclusive\n")
    listed = {"partition": "gpu", "time": "4:00:00", "exclusive": True}
    assert sbatch.flags([f"@{path}"]) == listed
    assert sbatch.flags([f"@{path}", "partition=cpu"]) == {**listed, "partition": "cpu"}
    path.write_text("#!/bin/bash\n#SBATCH --partition=gpu\n#SBATCH --mem=4G\nmodule load x=1\n")
    assert sbatch.flags([f"@{path}"]) == {"partition": "gpu", "mem": "4G"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("partition=", "has no value"),
        ("=gpu", "must be key=value"),
        ("", "must be key=value"),
        ("-p gpu", "must be key=value"),
        ("python", "has no value"),
        ("array=0-3", "--jobs N"),
        ("job_name=x", "not yours to choose"),
        ("@nowhere", "cannot be read"),
    ],
)
def test_nonsense_is_refused_with_its_words(text, why):
    with pytest.raises(Refused, match=why) as refusal:
        sbatch.flags([text])
    assert f"--slurm {text}" in str(refusal.value)


def test_a_line_of_a_file_is_named(tmp_path):
    path = tmp_path / "flags"
    path.write_text("partition=gpu\nsignal=USR1@60\n")
    with pytest.raises(Refused, match=r"flags: line 2: signal=USR1@60: 'signal' is not yours"):
        sbatch.flags([f"@{path}"])
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Refused, match="is no text"):
        sbatch.flags([f"@{path}"])


def test_an_unknown_flag_is_refused_with_the_nearest(answers):
    answers({"sbatch --help": HELP, "sbatch": ""})
    sbatch.check({"partition": "gpu", "container-image": "x.sqsh", "python": "apptainer exec x"})
    with pytest.raises(Refused, match="no flag 'partitoin'; did you mean 'partition'"):
        sbatch.check({"partitoin": "gpu"})
    with pytest.raises(Refused, match="no flag 'test-only'"):
        sbatch.check({"test-only": True})


def test_what_sbatch_would_not_take_is_refused_and_what_may_pass_is_not(answers):
    answers({"sbatch --help": HELP, "sbatch": Refused("sbatch: Invalid partition name specified")})
    with pytest.raises(Refused, match="--partition=nix: sbatch: Invalid partition name"):
        sbatch.check({"partition": "nix"})
    drained = "allocation failure: Requested node configuration is not available"
    for passing in (Refused(drained), Unreachable("sbatch: Unable to contact slurm controller")):
        answers({"sbatch --help": HELP, "sbatch": passing})
        sbatch.check({"partition": "main"})


def test_python_of_a_container_is_no_flag_of_sbatch(answers):
    asked = answers({"sbatch --help": HELP, "sbatch": ""})
    sbatch.check({"python": "apptainer exec x python3", "mem": "4G", "exclusive": True})
    assert asked[-1] == (
        "sbatch",
        "--test-only",
        "--quiet",
        "--mem=4G",
        "--exclusive",
        "--wrap=true",
    )


def test_a_machine_without_a_cluster_is_told(answers):
    answers({"sbatch --help": Refused("sbatch: Could not establish a configuration source")})
    with pytest.raises(Refused, match="Could not establish a configuration source"):
        sbatch.check({})


def test_who_asks_for_gpus_is_believed():
    assert sbatch.wants_gpus({"gres": "gpu:a100:2"})
    assert sbatch.wants_gpus({"gpus-per-task": "1"})
    assert not sbatch.wants_gpus({"partition": "gpu"})
