"""The commit and the dirty flag of a checkout, in a git repository that a test made."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import harness
from harness.record import provenance


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit_of(folder: Path) -> tuple[str, bool]:
    """Look again: a process asks once, for what it runs does not change under it."""
    provenance.commit_of.cache_clear()
    return provenance.commit_of(folder)


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """Let git see no repository around the test's own, and forget what was asked here."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    yield
    provenance.commit_of.cache_clear()


@pytest.fixture
def checkout(tmp_path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "code.py").write_text("A = 1\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "all")
    return folder


def test_only_a_change_of_what_git_knows_is_dirty(checkout):
    head = git(checkout, "rev-parse", "HEAD")[:12]
    assert commit_of(checkout / "deep") == (head, False)
    (checkout / "runs").write_text("what a run left behind")
    assert commit_of(checkout / "deep") == (head, False)
    (checkout / "deep" / "code.py").write_text("A = 2\n")
    assert commit_of(checkout / "deep") == (head, True)
    git(checkout, "commit", "-qam", "more")
    later, dirty = commit_of(checkout / "deep")
    assert (later != head, dirty) == (True, False)


def test_code_outside_a_checkout_has_no_commit(tmp_path):
    (tmp_path / "copied").mkdir()
    assert commit_of(tmp_path / "copied") == ("unknown", False)


def test_a_checkout_of_somebody_else_is_not_said_to_be_clean(checkout, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    told, _ = commit_of(checkout / "deep")
    assert told == "unknown (git does not trust the owner of this checkout)"


def test_a_checkout_that_git_cannot_look_through_counts_as_changed(checkout):
    (checkout / ".git" / "index").write_bytes(b"garbage")
    assert commit_of(checkout / "deep") == (git(checkout, "rev-parse", "HEAD")[:12], True)


def test_what_is_collected_names_device_threads_and_versions(checkout, monkeypatch):
    monkeypatch.setattr(harness, "__file__", str(checkout / "deep" / "code.py"))
    monkeypatch.setattr(provenance, "PACKAGES", ("torch", "no_such_package"))
    told = provenance.collect("Some CPU", 2, "avx2")
    assert told["commit"] == git(checkout, "rev-parse", "HEAD")[:12]
    assert (told["dirty"], told["device"], told["threads"]) == (False, "Some CPU", 2)
    assert told["no_such_package"] == "not installed"
    assert told["torch"][0].isdigit()


def test_a_report_that_was_written_is_no_change(checkout):
    (checkout / "reports").mkdir()
    for name in ("reports/results.csv", "deep/README.md"):
        (checkout / name).write_text("as it was\n")
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", "measured")
    for name in ("reports/results.csv", "deep/README.md"):
        (checkout / name).write_text("reported anew\n")
    assert commit_of(checkout / "deep")[1] is False


def test_the_history_has_parents_before_their_children_whatever_the_clock_said(
    checkout, monkeypatch
):
    names = [git(checkout, "rev-parse", "HEAD")]
    for branch, year in (("main", 2096), ("main", 1971), ("side", 2001), ("main", 1970)):
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"{year}-06-01T00:00:00Z")
        if branch == "side":
            git(checkout, "checkout", "-qb", "side")
        git(checkout, "commit", "-q", "--allow-empty", "-m", str(year))
        names.append(git(checkout, "rev-parse", "HEAD"))
    git(checkout, "checkout", "-q", names[2])  # what only a branch has is known as well
    places = provenance.places(checkout / "deep")
    assert [places[name[:12]] for name in names] == [0, 1, 2, 3, 4]


def test_without_a_repository_no_history_is_known(tmp_path):
    (tmp_path / "copied").mkdir()
    assert provenance.places(tmp_path / "copied") == {}
