"""Whoever changes the files of results by hand is noticed: named, never judged, exit status 1."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.record import tables
from harness.show.report import read_results
from tests.lab.commands import call
from tests.lab.measured import result
from tests.lab.throwaway import make_paper

NAMES = ("results.csv", "measured.csv")
Files = dict[str, list[str]]  # lines, by the file's name


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A paper of two experiments with three seeds each, of which one trains three members."""
    folder = make_paper(tmp_path / "papers", experiments=("fit", "other"), seeds={"smoke": 3})
    monkeypatch.chdir(tmp_path)
    made = [result(folder, seed, 0.5 + seed / 10) for seed in range(3)]
    made += [result(folder, seed, 0.9 + seed / 10, experiment="other") for seed in range(3)]
    (row,) = made[0].rows
    made[0].rows = [{**row, "values": {"loss": 0.5 + m / 100, "member": m}} for m in range(3)]
    Path("reports").mkdir()
    tables.store(tables.frame(made), Path("reports/results.csv"))
    assert call("verify", folder, "--budget", "smoke") == 0
    return folder, [one.trial for one in made]


def cells(line: str) -> list[str]:
    return re.findall(r'(?:"(?:[^"]|"")*"|[^,])*(?:,|\n)', line)


def place(files: Files, name: str) -> int:
    return files["results.csv"][0].rstrip("\n").split(",").index(name)


def of(files: Files, name: str, trial: str) -> list[int]:
    return [i for i, line in enumerate(files[name]) if line.startswith(f"{trial},")]


def overwrite_a_value(files: Files, trials: list[str]) -> None:
    (at,) = of(files, "measured.csv", trials[1])
    files["measured.csv"][at] = f"{trials[1]},0,loss,0.01\n"


def write_text_for_a_value(files: Files, trials: list[str]) -> None:
    (at,) = of(files, "measured.csv", trials[1])
    files["measured.csv"][at] = f"{trials[1]},0,loss,good\n"


def exchange_values(files: Files, trials: list[str]) -> None:
    (one,), (other,) = (of(files, "measured.csv", trials[i]) for i in (1, 2))
    lines = files["measured.csv"]
    values = [lines[i].rpartition(",")[2] for i in (one, other)]
    lines[one] = f"{trials[1]},0,loss,{values[1]}"
    lines[other] = f"{trials[2]},0,loss,{values[0]}"


def exchange_whose_values_they_are(files: Files, trials: list[str]) -> None:
    (one,), (other,) = (of(files, "measured.csv", trials[i]) for i in (1, 2))
    lines = files["measured.csv"]
    lines[one] = lines[one].replace(trials[1], trials[2])
    lines[other] = lines[other].replace(trials[2], trials[1])


def exchange_methods(files: Files, trials: list[str]) -> None:
    at = place(files, "experiment")
    rows = [cells(line) for line in files["results.csv"]]
    for row in rows[1:]:
        row[at] = {"fit,": "other,", "other,": "fit,"}[row[at]]
    files["results.csv"] = ["".join(row) for row in rows]


def copy_a_row(files: Files, trials: list[str]) -> None:
    (at,) = of(files, "results.csv", trials[1])
    files["results.csv"].append(files["results.csv"][at])


def copy_a_seed_as_another(files: Files, trials: list[str]) -> None:
    (at,) = of(files, "results.csv", trials[1])
    row = cells(files["results.csv"][at])
    row[place(files, "seed")] = "3,"
    files["results.csv"].append("".join(row).replace(trials[1], trials[1][::-1], 1))
    (at,) = of(files, "measured.csv", trials[1])
    files["measured.csv"].append(files["measured.csv"][at].replace(trials[1], trials[1][::-1]))


def copy_a_member(files: Files, trials: list[str]) -> None:
    first = of(files, "measured.csv", trials[0])[0]
    files["measured.csv"].append(files["measured.csv"][first].replace(",0,", ",3,", 1))


def delete_a_metric(files: Files, trials: list[str]) -> None:
    del files["measured.csv"][1:]


def add_a_metric(files: Files, trials: list[str]) -> None:
    files["measured.csv"].append(f"{trials[1]},0,accuracy,1.0\n")


def say_a_metric_twice(files: Files, trials: list[str]) -> None:
    files["measured.csv"].append(f"{trials[1]},0,loss,0.01\n")


def delete_a_row_alone(files: Files, trials: list[str]) -> None:
    (at,) = of(files, "results.csv", trials[1])
    del files["results.csv"][at]


def change_a_cost(files: Files, trials: list[str]) -> None:
    (at,) = of(files, "results.csv", trials[1])
    row = cells(files["results.csv"][at])
    row[place(files, "seconds")] = "0.001,"
    files["results.csv"][at] = "".join(row)


def take_off_a_digest(files: Files, trials: list[str]) -> None:
    (at,) = of(files, "results.csv", trials[1])
    row = cells(files["results.csv"][at])
    row[-1] = "\n"
    files["results.csv"][at] = "".join(row)


TAMPERING: dict[str, tuple[Callable[[Files, list[str]], None], str, list[int]]] = {
    # what is done, the file that is named, the trials that are (by their place)
    "value": (overwrite_a_value, "measured.csv", [1]),
    "text": (write_text_for_a_value, "measured.csv", [1]),
    "values": (exchange_values, "measured.csv", [1, 2]),
    "owners": (exchange_whose_values_they_are, "measured.csv", [1, 2]),
    "methods": (exchange_methods, "results.csv", [0, 1, 2, 3, 4, 5]),
    "row twice": (copy_a_row, "results.csv", [1]),
    "seed twice": (copy_a_seed_as_another, "results.csv", [-1]),
    "member": (copy_a_member, "results.csv", [0]),
    "no metrics": (delete_a_metric, "measured.csv", [0, 1, 2, 3, 4, 5]),
    "a metric more": (add_a_metric, "measured.csv", [1]),
    "a metric twice": (say_a_metric_twice, "measured.csv", [1]),
    "half a row": (delete_a_row_alone, "results.csv", [1]),
    "cost": (change_a_cost, "results.csv", [1]),
    "digest": (take_off_a_digest, "results.csv", [1]),
}


def tamper(case: str, trials: list[str]) -> list[str]:
    """Change the files; return the start of what is to be said of each trial."""
    act, name, which = TAMPERING[case]
    files = {n: Path("reports", n).read_text().splitlines(keepends=True) for n in NAMES}
    before = {n: list(lines) for n, lines in files.items()}
    act(files, trials)
    assert files != before
    for file, lines in files.items():
        Path("reports", file).write_text("".join(lines))
    named = [trials[i] if i >= 0 else trials[1][::-1] for i in which]
    return [f"reports/{name}: trial {trial}, member " for trial in named]


@pytest.mark.parametrize("case", TAMPERING)
def test_it_is_named_and_fails_and_nothing_is_written(lab, case, capsys):
    folder, trials = lab
    expected = tamper(case, trials)
    written = {name: Path("reports", name).read_bytes() for name in NAMES}
    capsys.readouterr()
    gone = len(expected) == len(trials)  # nothing is left to judge: refused, after all are named
    assert call("verify", folder, "--budget", "smoke") == (2 if gone else 1)
    said = capsys.readouterr().out
    assert [start for start in expected if start not in said] == []
    assert said.count("left out: ") >= len(expected)
    assert call("report", folder) == 2
    said = capsys.readouterr()
    assert [start for start in expected if start not in said.out.replace("\n", "")] == []
    assert "rows are not as they were measured; nothing was written" in said.err
    assert said.err.count("\n") == 1
    assert {name: Path("reports", name).read_bytes() for name in NAMES} == written
    assert not Path("reports/comparison.md").exists()


def test_what_was_altered_is_not_judged_and_the_others_are(lab):
    _, trials = lab
    tamper("value", trials)
    kept = tables.inspect(Path("reports/results.csv"))
    assert set(kept.rows["trial"]) - set(kept.sound["trial"]) == {trials[1]}
    judged, _ = read_results(Path("runs"), Path("reports"))
    assert set(judged["trial"]) == set(trials) - {trials[1]}
    assert 0.01 not in set(judged["loss"])


def test_a_deleted_seed_makes_its_claims_incomplete(lab, capsys):
    folder, trials = lab
    for name in NAMES:
        path = Path("reports", name)
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not line.startswith(trials[1])))
    assert tables.inspect(Path("reports/results.csv")).altered == []
    capsys.readouterr()
    assert call("verify", folder, "--budget", "smoke") == 1
    assert "incomplete" in capsys.readouterr().out


def test_a_deleted_or_renamed_column_is_refused_by_name(lab, capsys):
    folder, _ = lab
    path = Path("reports/results.csv")
    kept = path.read_text()
    for content, why in (
        (kept.replace("seed,", "", 1), "no column 'seed'"),
        (kept.replace("paper,", "papier,", 1), "no column 'paper' (did you mean 'papier'?)"),
    ):
        path.write_text(content)
        for verb in (["verify", folder, "--budget", "smoke"], ["report", folder], ["replay", "x"]):
            capsys.readouterr()
            assert call(*verb) == 2
            said = capsys.readouterr().err
            assert said.startswith(f"error: {path}: line 1 has {why}")
            assert said.count("\n") == 1
        assert path.read_text() == content


@pytest.mark.parametrize("name", ["results.csv", "measured.csv", "curves.csv", "confirmed.csv"])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"garbage", "line 1 is cut"),
        (b"\xff\xfe\x00\x01", "line 1 is not UTF-8"),
        (b"", "line 1 is not there"),
        (b"a;b;c\n", "line 1 has semicolons"),
        (b"a,b\n<<<<<<< HEAD\n", "line 2 is of a merge conflict"),
        (None, "is a folder"),
    ],
    ids=["garbage", "binary", "empty", "semicolons", "conflict", "folder"],
)
def test_every_file_that_cannot_be_read_is_refused_in_one_line(lab, name, content, why, capsys):
    folder, _ = lab
    path = Path("reports", name)
    path.unlink(missing_ok=True)
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    before = {file: file.read_bytes() for file in Path("reports").iterdir() if file.is_file()}
    capsys.readouterr()
    assert call("report", folder) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {path}: {why}")
    assert said.count("\n") == 1
    after = {file: file.read_bytes() for file in Path("reports").iterdir() if file.is_file()}
    assert after == before
