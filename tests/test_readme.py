"""What the README tells its readers to type: it is known, what it names is there, and it works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from harness.plan import discover
from tests.test_workflows import require_known, verbs

__all__ = ["verbs"]  # a fixture
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TRIAL = re.compile(r"[0-9a-f]{10}")
COMMANDS = [  # each as it stands, from `python` on and without its comment
    shlex.split(line[line.index("python -m") :], comments=True)
    for block in BLOCK.findall(README)
    for line in block.replace("&& ", "\n").splitlines()
    if "python -m" in line
]
HARNESS = [words for words in COMMANDS if words[2] == "harness" and len(words) > 3]
TOOLS = [words for words in COMMANDS if words[2].startswith("papers.")]


@cache
def papers() -> dict[str, discover.Folder]:
    return {folder.name: folder for folder in discover.load_all(ROOT / "papers")}


@cache
def reported() -> set[str]:
    rows = pd.read_csv(ROOT / "reports" / "results.csv", usecols=["trial"], dtype=str)
    return set(rows["trial"])


def test_every_reader_is_told_of():
    assert len(HARNESS) > 30
    assert {words[2] for words in TOOLS} == {"papers.cells", "papers.ghn2", "papers.gtn"}


@pytest.mark.parametrize("words", HARNESS, ids=" ".join)
def test_every_command_is_known_and_what_it_names_is_there(words, verbs):
    require_known(words, verbs)
    named = [Path(word).name for word in words if word.startswith("papers/")]
    known = papers()
    if words[3] != "new":
        assert set(named) <= {*known, "NAME"}
    for at, word in enumerate(words):
        if word == "--experiment":
            experiments = [e.name for e in known[named[0]].paper.experiments]
            assert any(name.startswith(words[at + 1]) for name in experiments)
    trials = [word for word in words[4:] if TRIAL.fullmatch(word)]
    assert not trials or set(trials) <= reported()


@pytest.mark.slow
@pytest.mark.parametrize("words", TOOLS, ids=" ".join)
def test_every_tool_does_what_it_is_said_to_do(words, tmp_path):
    """As typed, but that what it writes goes elsewhere."""
    typed = [str(ROOT / word) if word.startswith("examples/") else word for word in words]
    done = subprocess.run(
        [sys.executable, *typed[1:]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    told = {"predict": "(100 %)", "teach": "step  16: ", "DARTS_V2": "normal cell"}
    assert told[words[3]] in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == {
        "predict": ["state.pt"], "teach": [], "DARTS_V2": ["DARTS_V2.svg"]
    }[words[3]]  # fmt: skip
