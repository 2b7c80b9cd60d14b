"""Datasets count only when verified; sources are tried in order; failures are one line."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.data import dvc, store
from harness.data.registry import File
from harness.data.store import Home, build, digest, ensure, require_data, status
from harness.paper import Refused
from tests.lab.serving import CONTENT, a_dataset, a_file, down, host

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("HARNESS_DVC_REMOTE", raising=False)


def home_of(tmp_path: Path, *files: File) -> Home:
    return Home(tmp_path, {"toy": a_dataset(*files)})


@pytest.fixture
def pulled(tmp_path) -> Home:
    """A home whose dataset came from a host that is down by now."""
    with host() as good:
        home = home_of(tmp_path, a_file(good.address), a_file(good.address, name="b.bin"))
        ensure("toy", home)
    return home


def test_the_origin_is_used_when_dvc_has_nothing(pulled):
    folder = require_data("toy", pulled)
    assert sorted(path.name for path in folder.iterdir()) == ["a.bin", "b.bin"]
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert status(pulled) == {"toy": "present"}
    assert not list((pulled.root / "data" / ".partial").iterdir())


def test_what_is_there_and_verified_asks_nobody_and_hashes_nothing(pulled, monkeypatch):
    def never(*_: object) -> None:
        raise AssertionError("a verified dataset was looked at again")

    monkeypatch.setattr(store, "_bring", never)
    monkeypatch.setattr(store, "hashes", never)
    assert ensure("toy", pulled) == pulled.root / "data" / "toy"


@pytest.mark.parametrize("harm", ["corrupt", "truncated", "swapped", "gone"])
def test_harm_is_found_and_offline_it_is_one_line_that_changes_nothing(pulled, harm):
    path = pulled.root / "data" / "toy" / "a.bin"
    if harm == "corrupt":
        path.write_bytes(b"x" + CONTENT[1:])
    elif harm == "truncated":
        path.write_bytes(CONTENT[:-1])
    elif harm == "gone":
        path.unlink()
    else:  # another file of the same size and time takes its place
        other, state = path.with_name("other"), path.stat()
        other.write_bytes(CONTENT[::-1])
        os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
        other.replace(path)
    before = path.read_bytes() if path.exists() else None
    assert status(pulled)["toy"].startswith("damaged: a.bin")
    with pytest.raises(Refused, match=r"'toy' is damaged: a\.bin .*dvc: .* \| origin: ") as told:
        ensure("toy", pulled)
    assert "\n" not in str(told.value)
    assert (path.read_bytes() if path.exists() else None) == before
    assert (path.parent / "b.bin").read_bytes() == CONTENT


def test_only_the_harmed_file_is_downloaded_again(tmp_path):
    with host() as first, host() as second:
        home = home_of(tmp_path, a_file(first.address), a_file(second.address, name="b.bin"))
        folder = ensure("toy", home)
        (folder / "b.bin").write_bytes(b"harm")
        ensure("toy", home)
        assert (len(first.asked), len(second.asked)) == (1, 2)
    assert (folder / "b.bin").read_bytes() == CONTENT


def test_one_file_that_nobody_has_leaves_no_folder_that_looks_whole(tmp_path):
    with host() as good:
        home = home_of(tmp_path, a_file(good.address), a_file(down(), name="b.bin"))
        with pytest.raises(Refused, match=r"origin: http://127\.0\.0\.1"):
            ensure("toy", home)
    assert status(home) == {"toy": "missing"}
    assert not (tmp_path / "data" / "toy").exists()


def test_the_error_says_what_was_tried_and_what_to_do(tmp_path):
    with pytest.raises(Refused) as told:
        ensure("toy", home_of(tmp_path, a_file()))
    for part in ("'toy' is missing", "dvc: ", "origin: no official address", "HARNESS_DVC_REMOTE",
                 "python -m harness data pull toy"):  # fmt: skip
        assert part in str(told.value)


@pytest.mark.parametrize("call", [ensure, digest, build, require_data])
def test_an_unknown_name_gets_the_nearest_one(call):
    with pytest.raises(Refused, match="unknown dataset 'mnits'; did you mean 'mnist'"):
        call("mnits")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, monkeypatch, number):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with host() as good:
        home = home_of(tmp_path, a_file(good.address))
        monkeypatch.setattr(Path, "mkdir", refuse)
        with pytest.raises(Refused, match=os.strerror(number)) as told:
            ensure("toy", home)
        assert good.asked == []
    assert "\n" not in str(told.value)


def test_a_verified_dataset_in_a_read_only_folder_is_used(pulled):
    folder = pulled.root / "data"
    folder.chmod(0o555)
    try:
        assert ensure("toy", pulled).is_dir()
    finally:
        folder.chmod(0o755)


def test_a_disk_that_fills_while_dvc_pulls_is_one_line(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(dvc, "pull", full)
    with pytest.raises(Refused, match="No space left on device"):
        ensure("toy", home_of(tmp_path, a_file()))


def test_a_second_process_waits_and_then_finds_the_data(tmp_path):
    """The child finds the lock taken, says that it waits, and downloads nothing itself."""
    code = (
        "import sys; from pathlib import Path\n"
        "from harness.data.store import Home, ensure\n"
        "from tests.lab.serving import a_dataset, a_file\n"
        "ensure('toy', Home(Path(sys.argv[1]), {'toy': a_dataset(a_file())}))\n"
    )
    lock = tmp_path / "data" / ".locks" / "toy"
    lock.parent.mkdir(parents=True)
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        command = [sys.executable, "-c", code, str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as child:
            assert child.stderr is not None
            assert "another process is pulling it; waiting" in child.stderr.readline()
            assert child.poll() is None
            (tmp_path / "data" / "toy").mkdir()
            (tmp_path / "data" / "toy" / "a.bin").write_bytes(CONTENT)
            fcntl.flock(held, fcntl.LOCK_UN)
            child.communicate()
        assert child.returncode == 0


def test_build_refuses_what_no_official_file_makes(tmp_path):
    with pytest.raises(Refused, match=r"pull cifar10 first"):
        build("cifar10_subset", Home(tmp_path))
    with pytest.raises(Refused, match=r"no official address serves human_answers\.csv"):
        build("mnist1d", Home(tmp_path))
