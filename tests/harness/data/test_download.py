"""Downloads: the first origin that has the bytes, resumed, verified, never half in place."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from harness.data import download
from harness.data.download import Unavailable, fetch
from harness.paper import Refused
from tests.lab.serving import CONTENT, a_file, down, host

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


def test_a_good_host_gives_the_file(tmp_path):
    with host() as good:
        assert fetch(a_file(good.address), tmp_path / "a.bin") == good.address
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_a_connection_that_breaks_off_is_resumed_where_it_stopped(tmp_path):
    with host(lives=400_000) as breaking:
        fetch(a_file(breaking.address), tmp_path / "a.bin")
    assert breaking.asked == ["", "bytes=400000-", "bytes=800000-"]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_the_next_mirror_goes_on_where_the_first_one_died(tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    with host() as good:
        assert fetch(a_file(down(), good.address), tmp_path / "a.bin") == good.address
    assert good.asked == ["bytes=1000-"]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_host_without_ranges_sends_everything_again(tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    with host(ranges=False) as plain:
        fetch(a_file(plain.address), tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_wrong_beginning_is_thrown_away(tmp_path):
    (tmp_path / "a.bin.part").write_bytes(b"x" * 1000)
    with host() as good:
        fetch(a_file(good.address), tmp_path / "a.bin")
    assert good.asked == ["bytes=1000-", ""]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_wrong_bytes_are_refused_with_both_hashes_and_the_next_mirror_is_asked(tmp_path):
    lie = CONTENT[::-1]
    with host(lie) as lying, host() as good:
        with pytest.raises(Unavailable) as refused:
            fetch(a_file(lying.address), tmp_path / "a.bin")
        assert list(tmp_path.iterdir()) == []
        assert fetch(a_file(lying.address, good.address), tmp_path / "a.bin") == good.address
    assert a_file().sha256 in str(refused.value)
    assert a_file(content=lie).sha256 in str(refused.value)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"more", b""])
def test_a_host_with_another_size_gives_nothing(tmp_path, content):
    with host(content) as wrong, pytest.raises(Unavailable, match=r"127\.0\.0\.1"):
        fetch(a_file(wrong.address), tmp_path / "a.bin")
    assert not (tmp_path / "a.bin").exists()


def test_everything_down_lists_every_address(tmp_path):
    first, second = down(), down()
    with pytest.raises(Unavailable) as refused:
        fetch(a_file(first, second), tmp_path / "a.bin")
    assert first in str(refused.value)
    assert second in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line_and_no_other_mirror_is_asked(tmp_path, monkeypatch):
    def full(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with host() as good, host() as other:
        with pytest.raises(Refused, match="No space left on device") as refused:
            fetch(a_file(good.address, other.address), tmp_path / "a.bin")
        assert other.asked == []
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "a.bin").exists()


def test_a_disk_that_fills_while_writing_is_not_taken_for_a_lost_connection(tmp_path, monkeypatch):
    def full(*_: object) -> str:
        with download.writing("a.bin"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return ""

    monkeypatch.setattr(download, "_copy", full)
    with host() as good, pytest.raises(Refused, match="No space left on device"):
        fetch(a_file(good.address), tmp_path / "a.bin")
