"""The command line: bad input gets one line and status 2, and a plan runs nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.run import launch
from tests.lab.commands import call
from tests.lab.throwaway import make_paper

ROOT = Path(__file__).resolve().parents[3]
MNIST = "papers/mnist1d"
HEAVY = ("torch", "torchvision", "pandas", "mlflow", "scipy", "numpy", "matplotlib", "sklearn")


def python(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """Run a command that must be refused; return its one line."""
    monkeypatch.chdir(ROOT)

    def of(*arguments: str | Path, runs: Path = tmp_path / "runs") -> str:
        assert call(*arguments, "--runs", runs) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("error: ")
        assert said.err.endswith("\n")
        assert said.err.count("\n") == 1
        assert not runs.is_dir(), "something was started"
        return said.err

    return of


# -- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["papers/mnist1"], ["papers/mnist1:", "did you mean 'papers/mnist1d'?"]),
        ([MNIST, "papers/mnist"], ["papers/mnist:", "did you mean 'papers/mnist1d'?"]),
        ([MNIST, "--experiment", "benchmark/mpl"],
         ["experiment 'benchmark/mpl'", "did you mean 'benchmark/mlp'?"]),
        ([MNIST, "--budget", "nightli"], ["budget 'nightli'", "did you mean 'nightly'?"]),
        ([MNIST, "--launcher", "locale"], ["launcher 'locale'", "did you mean 'local'?"]),
        ([MNIST, "--device", "cuda0"], ["device 'cuda0'", "did you mean 'cuda'?"]),
        ([MNIST, "--set", "member=3"], ["field 'member'", "did you mean 'members'?"]),
        ([MNIST, "--set", "lr"], ["--set lr:", "field=value"]),
        ([MNIST, "--set", "lr=abc"], ["--set lr=abc", "'abc'", "float"]),
        ([MNIST, "--set", "steps=1.5"], ["--set steps=1.5", "int"]),
        ([MNIST, "--set", "members=0"], ["members=0", "at least 1"]),
        ([MNIST, "--set", "lr=nan"], ["lr=nan", "finite number"]),
        ([MNIST, "--set", "model=cnnn"], ["model 'cnnn'", "did you mean 'cnn'?"]),
        ([MNIST, "--seeds", "0"], ["--seeds 0", "at least 1"]),
        ([MNIST, "--seeds", "-2"], ["--seeds -2", "at least 1"]),
        ([MNIST, "--seed", "-1"], ["--seed -1", "at least 0"]),
        ([MNIST, "--seed", "1", "--seeds", "2"], ["--seed and --seeds"]),
        ([MNIST, "--steps", "-1"], ["steps=-1", "at least 1"]),
        ([MNIST, "--steps", "0"], ["steps=0", "at least 1"]),
        ([MNIST, "--gpu-days", "0"], ["--gpu-days 0", "above 0"]),
        ([MNIST, "--gpu-days", "nan"], ["--gpu-days nan", "above 0"]),
        ([MNIST, "--gpu-days", "inf"], ["--gpu-days inf", "above 0"]),
        ([MNIST, "--jobs", "0"], ["--jobs 0", "at least 1"]),
        ([MNIST, "--gpu-days", "1e-300"], ["--gpu-days 1e-300", "at least one second"]),
        ([MNIST, "--seeds", "100000000"], ["--seeds 100000000", "at most 100,000"]),
        ([MNIST, "--seed", "9" * 26], ["--seed 9999", "at most 4,294,967,295"]),
        ([MNIST, "--jobs", "3000000"], ["--jobs 3000000", "at most"]),
        ([MNIST, "--jobs", "20000", "--launcher", "ray"], ["--jobs 20000", "at most 10,000"]),
        ([MNIST, "--checkpoint-every", "inf"], ["--checkpoint-every inf", "at least 0"]),
        ([MNIST, "--set", "lr=0.1", "--set", "lr=1e-1"], ["lr=0.1 is given twice"]),
        ([MNIST, "--set", "lr=0.1,0.2,0.1"], ["lr=0.1 is given twice"]),
        ([MNIST, "--set", "lr=0.1,"], ["--set lr=0.1,", "a value is missing beside a comma"]),
        ([MNIST, "--set", "lr=0.1,fast"], ["--set lr=0.1,fast", "'fast'", "float"]),
        ([MNIST, "--set", "lr=0.1,-1"], ["lr=-1", "must lie between"]),
        ([MNIST, "--set", "steps=" + ",".join(map(str, range(1, 1002)))],
         ["a grid of 1,001 combinations", "at most 1,000"]),
        ([MNIST, "--set", "lr=0.1,0.2", "--seeds", "60000"], ["at most 100,000 trials"]),
        ([MNIST, "--set", "members=1000000"], ["members=1000000", "at most 10,000"]),
        ([MNIST, "--set", "members=" + "9" * 12], ["members=9999", "1,000,000,000"]),
        ([MNIST, "--set", "members=\u0663"], ["of type int", "0 to 9"]),
        ([MNIST, "--experiment", "double_descent", "--set", "peak=3"], ["1 values", "must be 2"]),
        ([MNIST, "--fresh", "--plan"], ["--fresh and --plan"]),
        ([MNIST, MNIST], ["mnist1d is named twice"]),
        (["papers/" + "x" * 5000], ["no such folder"]),
        ([MNIST, "--checkpoint-every", "-1"], ["--checkpoint-every -1", "at least 0"]),
        ([MNIST, "--budget", "smoke", "--experiment", "benchmark/shuffled_a"], ["nothing to run"]),
    ],
)  # fmt: skip
def test_a_bad_request_gets_one_line_and_starts_nothing(refused, arguments, told):
    said = refused("run", *arguments)
    for part in told:
        assert part in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "has no paper.py"),
        ("raise RuntimeError('two\\nlines')\n", "RuntimeError: two lines (paper.py:1)"),
        ("PAPERS = []\n", "has no PAPER"),
    ],
)
def test_a_folder_that_is_no_paper_is_refused(refused, tmp_path, text, told):
    folder = tmp_path / f"bad_{abs(hash(str(tmp_path)))}"
    folder.mkdir()
    if text is not None:
        (folder / "paper.py").write_text(text)
    said = refused("run", folder)
    assert str(folder) in said
    assert told in said


def test_where_there_are_no_papers_that_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert call("list") == 2
    assert capsys.readouterr().err.startswith(f"error: no papers below {tmp_path}/papers/")


def test_an_empty_name_is_no_dataset(capsys):
    assert call("data", "pull", "") == 2
    assert "dataset ''" in capsys.readouterr().err


def test_a_plan_of_nothing_is_refused(refused):
    told = refused("run", MNIST, "--experiment", "benchmark/shuffled_a", "--plan")
    assert "nothing to run" in told


def test_a_method_that_is_nowhere_is_refused_by_the_plan(refused, tmp_path):
    folder = make_paper(tmp_path)
    text = (folder / "paper.py").read_text()
    (folder / "paper.py").write_text(text.replace('run="method:run"', 'run="methods:run"'))
    assert "names no module; did you mean 'method'?" in refused("run", folder, "--plan")


def test_a_cap_below_one_turn_is_refused(refused, tmp_path):
    said = refused("run", make_paper(tmp_path), "--steps", "1")
    assert "steps=1: one turn of 'train' is charged 2 steps" in said


def test_a_claim_that_names_no_experiment_is_refused(refused, tmp_path):
    folder = make_paper(tmp_path)
    text = (folder / "paper.py").read_text()
    assert text.count("AtLeast(EXPERIMENTS[0]") == 1
    (folder / "paper.py").write_text(text.replace("AtLeast(EXPERIMENTS[0]", 'AtLeast("fitt"'))
    said = refused("run", folder)
    assert "claim 'loss'" in said
    assert "did you mean 'fit'?" in said


def test_a_folder_that_cannot_be_written_is_refused(refused, tmp_path):
    folder, file = make_paper(tmp_path), tmp_path / "file"
    file.write_text("precious")
    for runs in (file, file / "below"):
        said = refused("run", folder, runs=runs)
        assert f"--runs {runs}: cannot be written" in said
    assert file.read_text() == "precious"


def test_a_gpu_is_refused_where_there_is_none(refused, monkeypatch):
    monkeypatch.setattr(launch, "find_gpus", lambda: ())
    said = refused("run", MNIST, "--device", "cuda")
    assert "--device cuda: no usable GPU" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", MNIST, "--stepps", "3"], ["--stepps", "--steps"]),
        (["run", MNIST, "--seeds", "three"], ["--seeds", "integer"]),
        (["run"], ["Missing argument", "papers"]),
        (["runn", MNIST], ["runn", "'run'"]),
    ],
)
def test_what_is_no_option_or_command_is_refused(arguments, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert call(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert [word for word in told if word not in said.err] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--rounds", "0"), "--rounds 0: must be at least 1"),
        (("--rounds", "7", "--scale"), "--rounds: races have rounds, --scale has none"),
        (("--rounds", "7", "--lr-range"), "--rounds: races have rounds, --lr-range has none"),
    ],
)
def test_rounds_that_no_race_has_are_refused(options, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert call("bench", *options, "--reports", tmp_path / "reports") == 2
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["report", "verify", "check", "bench"])
def test_every_verb_names_an_unknown_paper(verb, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert call(verb, "papers/mnist1") == 2
    said = capsys.readouterr()
    assert said.err == "error: papers/mnist1: no such folder; did you mean 'papers/mnist1d'?\n"


def test_a_refusal_reaches_the_shell(tmp_path):
    runs = tmp_path / "runs"
    done = python("-m", "harness", "run", MNIST, "--budget", "nightli", "--runs", str(runs))
    assert done.returncode == 2
    assert done.stderr == "error: unknown budget 'nightli'; did you mean 'nightly'?\n"
    assert (done.stdout, runs.exists()) == ("", False)


# -- declarations ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [["list"], ["list", "--json"], ["--help"], ["run", "--help"]], ids=" ".join
)
def test_declarations_are_read_without_heavy_packages(arguments):
    script = (
        "import sys\nfrom harness.cli.app import main\n"
        f"try:\n    main({arguments!r})\n"
        f"finally:\n    sys.stderr.write(repr(sorted(set({HEAVY!r}) & set(sys.modules))))\n"
    )
    done = python("-c", script)
    assert done.returncode == 0
    assert done.stderr == "[]"
    assert len(done.stdout) > 200


def test_a_plan_runs_nothing(tmp_path, monkeypatch, capsys):
    folder = make_paper(tmp_path, experiments=("fit", "more"), seeds={"nightly": 2})
    monkeypatch.setenv("COLUMNS", "220")
    monkeypatch.setattr(launch, "run", None)
    runs = tmp_path / "runs"
    assert call("run", folder, "--budget", "nightly", "--plan", "--runs", runs) == 0
    said = capsys.readouterr().out
    lines = [line.split() for line in said.splitlines()]
    assert [line[:3] for line in lines if line[:1] in (["fit"], ["more"])] == [
        ["fit", "0", "60"], ["fit", "1", "60"], ["more", "0", "60"], ["more", "1", "60"],
    ]  # fmt: skip
    assert "4 trials, 240 SGD steps" in said
    assert not runs.exists()
