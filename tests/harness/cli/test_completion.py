"""What a shell offers at the tab key, asked as bash and zsh ask."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.cli import completion
from harness.plan import processor
from harness.record import lineage
from harness.show import report
from tests.lab.commands import call
from tests.lab.journals import Lab, six

ROOT = Path(__file__).resolve().parents[3]
ROW = "{},tiny,fit/mlp,3,nightly\n"


@pytest.fixture
def asked(monkeypatch, capsys):
    """Complete the last word of a line; return what is offered."""

    def of(words: str, shell: str = "bash") -> list[str]:
        monkeypatch.setenv("_HARNESS_COMPLETE", f"complete_{shell}")
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
        assert call() == 0
        return capsys.readouterr().out.splitlines()

    return of


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with six trials below runs/, two in a committed table, and one removed."""
    (tmp_path / "reports").mkdir()
    head = "trial,paper,experiment,seed,budget\n"
    (tmp_path / "reports" / report.RESULTS).write_text(head + ROW.format("t0") + ROW.format("f1"))
    (tmp_path / "reports" / lineage.REMOVED).write_text(head + ROW.format("gone"))
    six(tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    Lab.leave()


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("harness run papers/gd", ["papers/gdas"]),
        ("harness run papers/gdas --budget n", ["nightly"]),
        ("harness run papers/gdas --experiment cost/w", ["cost/whole", "cost/whole_first_order"]),
        ("harness run papers/gdas --launcher ", ["local", "slurm", "ray"]),
        ("harness run papers/gdas --device c", ["cpu", "cuda"]),
        ("harness run papers/gdas --isa a", [processor.COMMITTED]),
        ("harness replay --isa n", [processor.NATIVE]),
        ("harness night --isa ", list(processor.VARIABLES)),
        ("harness confirm --isa ", list(processor.VARIABLES)),
        ("harness export --table r", ["results", "rows"]),
        ("harness export --format ", ["csv", "json"]),
        ("harness data pull mnist1", ["mnist1d"]),
        ("harness stop papers/gd", ["papers/gdas"]),
        ("harness ver", ["verify"]),
    ],
)
def test_a_shell_completes_words(words, completed, monkeypatch, asked):
    monkeypatch.chdir(ROOT)
    assert asked(words) == completed


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("harness replay ", ["f1", "t0", "t3", "t4"]),
        ("harness replay f", ["f1"]),
        ("harness replay --reports elsewhere f", [""]),
        ("harness replay --runs elsewhere t", ["t0"]),
        ("harness remove t4 t", ["t0", "t3", "t4"]),
        ("harness remove --undo ", ["gone"]),
        ("harness stop ", ["t5"]),
    ],
)
def test_trials_are_those_of_which_the_verb_can_make_something(words, completed, home, asked):
    assert asked(words) == completed


def test_a_shell_that_has_room_says_what_a_trial_is(home, asked):
    assert "fit/mlp seed 3, nightly" in "".join(asked("harness replay f", "zsh"))


def test_the_tables_are_those_that_are_written():
    assert (completion.RESULTS, completion.REMOVED) == (report.RESULTS, lineage.REMOVED)


def test_no_key_waits_for_a_heavy_import(home, asked, monkeypatch):
    for name in ("pandas", "torch", "scipy", "mlflow"):
        monkeypatch.setitem(sys.modules, name, None)  # an import of it fails from here on
    for verb in ("replay", "remove", "stop"):
        assert asked(f"harness {verb} ")
