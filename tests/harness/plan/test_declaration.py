"""What a paper.py may do to whoever reads it, and declarations that make no sense."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.paper import Experiment, Phase, Refused, Task
from harness.plan import declaration, discover
from tests.lab.throwaway import as_found  # noqa: F401

pytestmark = pytest.mark.usefixtures("as_found")
TASK = Task("task", "none", "none", "loss")


@dataclass(frozen=True)
class Config:
    steps: int = 5


def paper(folder: Path, text: str) -> Path:
    home = folder / f"declared_{abs(hash(str(folder)))}"
    home.mkdir()
    (home / "paper.py").write_text(text)
    return home


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import sys; sys.exit(0)\n", "raises SystemExit: 0 (paper.py:1)"),
        ("raise KeyboardInterrupt\n", "raises KeyboardInterrupt (paper.py:1)"),
        ("x = 1\nwhile True: pass\n", "takes longer than 0.2 s to declare (paper.py:2)"),
        ("import time\ntime.sleep(60)\n", "takes longer than 0.2 s to declare (paper.py:2)"),
        ("def again(): again()\nagain()\n", "raises RecursionError"),
        ("import nowhere_to_be_found\n", "raises ModuleNotFoundError"),
        ("PAPER = (\n", "raises SyntaxError"),
    ],
)
def test_a_module_that_does_not_declare_is_named(tmp_path, monkeypatch, text, told):
    monkeypatch.setattr(declaration, "PATIENCE", 0.2)
    handler = signal.getsignal(signal.SIGALRM)
    with pytest.raises(Refused) as refused:
        discover.load(paper(tmp_path, text))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0


def test_a_real_ctrl_c_is_not_the_papers_fault(tmp_path, monkeypatch):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    text = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(9)\n"
    with pytest.raises(KeyboardInterrupt):
        discover.load(paper(tmp_path, text))


def test_declarations_load_in_other_threads_too(tmp_path):
    told: list[str] = []

    def load() -> None:
        try:
            discover.load(paper(tmp_path, "PAPERS = 1\n"))
        except Refused as refusal:
            told.append(str(refusal))

    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
    assert "has no PAPER" in told[0]


@pytest.mark.parametrize(
    "name",
    ["", "../../escape", "a b/../c", "a//b", "/a", "a/", ".hidden", "a/..", "\u00e9", "a\n"],
)
def test_a_name_that_is_no_folders_is_refused(name):
    with pytest.raises(Refused, match="a name has letters"):
        declaration.require_sound(Experiment(name, TASK, Config(), "m:run"))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"seeds": {"smoke": -1}}, "seeds at smoke is -1: must be a number of at least 1"),
        ({"seeds": {"smoke": 0}}, "seeds at smoke is 0"),
        ({"expected": {"smoke": "x"}}, "expected at smoke is 'x'"),
        ({"expected": {"smoke": float("nan")}}, "expected at smoke is nan"),
        (
            {"expected": {"smoke": -2.0}},
            "expected at smoke is -2.0: must be a number of at least 0",
        ),
    ],
)
def test_numbers_that_are_none_are_refused(more, told):
    with pytest.raises(Refused) as refused:
        declaration.require_sound(Experiment("e", TASK, Config(), "m:run", **more))
    assert told in str(refused.value)


@pytest.mark.parametrize("phase", [{"length": -5}, {"length": 3, "cost": -1}])
def test_a_phase_is_not_shorter_than_nothing(phase):
    with pytest.raises(Refused, match="must be at least 0"):
        Phase(**phase)


@pytest.mark.parametrize("kind", ["loop", "long", "null", "file"])
def test_a_path_that_leads_to_no_folder_is_refused(tmp_path, kind):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "file").touch()
    path = {"loop": tmp_path / "a", "long": "x" * 5000, "null": "a\0b", "file": tmp_path / "file"}
    with pytest.raises(Refused, match="no such folder") as refused:
        discover.load(path[kind])
    assert len(str(refused.value)) < 1000


def test_one_paper_named_twice_is_refused():
    with pytest.raises(Refused, match="mnist1d is named twice"):
        discover.load_each(["papers/mnist1d", "papers/../papers/mnist1d"])
