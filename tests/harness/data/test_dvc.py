"""`data.dvc` in fresh clones: pulls by name, repeatedly, and with an object that no remote has."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from harness.data import dvc as datasets_dvc
from harness.data.download import Unavailable
from harness.data.registry import DATASETS
from harness.data.store import Home, add, ensure, status
from harness.paper import Refused

ROOT = Path(__file__).resolve().parents[3]
DVC_FILES = ("data.dvc", ".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore")
STORED = [name for name in DATASETS if name != "cifar10"]


@pytest.fixture
def remote(monkeypatch) -> str:
    address = os.environ.get("HARNESS_DVC_REMOTE")
    if not address:
        pytest.skip("HARNESS_DVC_REMOTE names no DVC remote with the data")
    return address


def git(*arguments: str, cwd: Path) -> None:
    subprocess.run(["git", *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone with what DVC sees of this working tree, as a newcomer would have it."""
    path = tmp_path / "clone"
    git("init", "-q", str(path), cwd=tmp_path)
    for name in DVC_FILES:
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_bytes((ROOT / name).read_bytes())
    git("add", "-A", cwd=path)
    git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "all", cwd=path)
    return path


def dvc(*arguments: str, cwd: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def here(home: Home) -> list[str]:
    return [name for name, state in status(home).items() if state == "present"]


def outs(root: Path) -> dict[str, dict]:
    return {out["path"]: out for out in yaml.safe_load((root / "data.dvc").read_text())["outs"]}


def test_data_dvc_says_what_the_registry_says():
    listed = outs(ROOT)
    assert set(listed) == {dataset.path for dataset in DATASETS.values()}
    for dataset in DATASETS.values():
        out = listed[dataset.path]
        assert (out["md5"], out["size"]) == (dataset.digest, dataset.size)
        assert out.get("nfiles", 1) == len(dataset.files)
        assert out["desc"]
        assert out["meta"]["sha256"] == {file.name: file.sha256 for file in dataset.files}
        assert out["meta"]["licence"] == dataset.licence
        assert out["meta"]["source"].startswith("http")


def test_the_committed_config_names_no_machine():
    text = (ROOT / ".dvc" / "config").read_text()
    assert "remote " not in text.replace("`dvc remote add", "")
    assert "analytics = false" in text
    ignored = subprocess.run(["git", "check-ignore", "-q", "data.dvc"], cwd=ROOT, check=False)
    assert ignored.returncode == 1


@pytest.mark.slow
def test_pulls_by_name_repeat_and_leave_the_others_by_the_command(clone, remote):
    dvc("remote", "add", "--local", "--default", "store", remote, cwd=clone)
    home = Home(clone)
    for name, expected in (
        ("mnist", ["mnist"]),
        ("mnist", ["mnist"]),
        ("fashion_mnist", ["mnist", "fashion_mnist"]),
    ):
        code, said = dvc("pull", f"data/{name}", cwd=clone)
        assert code == 0, said
        assert here(home) == expected
    git("diff", "--exit-code", cwd=clone)


@pytest.mark.slow
def test_pulls_by_name_repeat_and_leave_the_others_by_the_api(clone, remote):
    home = Home(clone)
    for name, expected in (
        ("mnist", ["mnist"]),
        ("mnist", ["mnist"]),
        ("fashion_mnist", ["mnist", "fashion_mnist"]),
    ):
        datasets_dvc.pull(DATASETS[name], clone)
        assert here(home) == expected
    git("diff", "--exit-code", cwd=clone)


@pytest.mark.slow
def test_a_bare_pull_brings_all_but_the_archive_that_no_remote_has(clone, remote):
    """Measured: exit 1 and the missing path named; `--allow-missing` exits 0. Nothing is lost."""
    dvc("remote", "add", "--local", "--default", "store", remote, cwd=clone)
    code, said = dvc("pull", cwd=clone)
    assert code == 1
    assert "data/cifar-10-python.tar.gz" in said
    assert here(Home(clone)) == STORED
    assert dvc("pull", "--allow-missing", cwd=clone)[0] == 0
    assert here(Home(clone)) == STORED


def test_a_missing_object_of_one_dataset_leaves_the_others(clone, remote, tmp_path, monkeypatch):
    store = tmp_path / "store"
    for name in ("wikitext2", "mnist1d"):
        dataset = DATASETS[name]
        for md5 in (dataset.digest, *(file.md5 for file in dataset.files)):
            target = store / "files" / "md5" / md5[:2] / md5[2:]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((Path(remote) / "files" / "md5" / md5[:2] / md5[2:]).read_bytes())
    monkeypatch.setenv("HARNESS_DVC_REMOTE", str(store))
    datasets_dvc.pull(DATASETS["wikitext2"], clone)
    gone = DATASETS["mnist1d"].files[2].md5
    (store / "files" / "md5" / gone[:2] / gone[2:]).unlink()
    with pytest.raises(Unavailable):
        datasets_dvc.pull(DATASETS["mnist1d"], clone)
    assert here(Home(clone)) == ["wikitext2"]


def test_a_damaged_file_is_replaced_even_when_the_cache_shares_the_damage(clone, remote):
    home = Home(clone)
    path = ensure("mnist", home) / "t10k-labels-idx1-ubyte.gz"
    good = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"x" + good[1:])  # written through a hard link: DVC's object is damaged, too
    assert status(home)["mnist"].startswith("damaged: t10k-labels-idx1-ubyte.gz has sha256")
    ensure("mnist", home)
    assert path.read_bytes() == good
    assert here(home) == ["mnist"]


def test_add_changes_exactly_one_entry(clone, remote):
    home, before = Home(clone), outs(clone)
    folder = ensure("wikitext2", home)
    (folder / "more.txt").write_text("a line\n")
    told = add("wikitext2", home)
    after = outs(clone)
    assert list(after) == list(before)
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {"data/wikitext2"}
    assert after["data/wikitext2"]["md5"] == told != DATASETS["wikitext2"].digest
    assert after["data/wikitext2"]["meta"] == before["data/wikitext2"]["meta"]


def test_add_records_a_new_dataset_whose_entry_has_no_hash_yet(clone):
    before = outs(clone)
    (clone / "data" / "new").mkdir(parents=True)
    (clone / "data" / "new" / "a.txt").write_text("a\n")
    with (clone / "data.dvc").open("a") as file:
        file.write("- path: data/new\n  hash: md5\n  desc: new\n  meta:\n    licence: none\n")
    told = add("new", Home(clone))
    after = outs(clone)
    assert after["data/new"]["md5"] == told
    assert (after["data/new"]["nfiles"], after["data/new"]["desc"]) == (1, "new")
    assert {path: after[path] for path in before} == before


def test_add_without_an_entry_is_one_line(clone):
    (clone / "data" / "newer").mkdir(parents=True)
    with pytest.raises(Refused, match=r"data add data/newer"):
        add("newer", Home(clone))
    with pytest.raises(Refused, match=r"data/nothing is not there"):
        add("nothing", Home(clone))


def test_a_disk_that_is_full_for_the_index_of_dvc_is_one_line(clone, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setenv("HARNESS_DVC_REMOTE", str(tmp_path))
    monkeypatch.setattr(datasets_dvc, "_fetch", full)
    with pytest.raises(Refused, match="No space left on device") as told:
        ensure("mnist", Home(clone))
    assert "\n" not in str(told.value)
    assert here(Home(clone)) == []


def test_without_a_remote_the_reason_is_one_line(clone, monkeypatch):
    monkeypatch.delenv("HARNESS_DVC_REMOTE", raising=False)
    with pytest.raises(Unavailable, match="no DVC remote is named") as told:
        datasets_dvc.pull(DATASETS["mnist"], clone)
    assert "\n" not in str(told.value)


def test_a_remote_that_is_not_there_is_one_line(clone, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DVC_REMOTE", str(tmp_path / "nowhere"))
    with pytest.raises(Unavailable) as told:
        datasets_dvc.pull(DATASETS["mnist"], clone)
    assert "\n" not in str(told.value)
    assert here(Home(clone)) == []


def test_dvc_missing_is_a_reason_like_any_other(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dvc.repo", None)
    with pytest.raises(Unavailable, match="DVC is not installed"):
        datasets_dvc.pull(DATASETS["mnist"], tmp_path)
