"""The commands of `data`: one dataset that is missing does not keep the others away."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.app import main
from harness.data import store
from harness.data.registry import DATASETS
from harness.paper import Refused
from tests.lab import imagenets


def test_pull_of_all_goes_on_and_says_which_is_missing(tmp_path, monkeypatch, capsys):
    def some(name: str) -> Path:
        if name == "cifar10":
            raise Refused("data 'cifar10' is missing")
        return tmp_path / name

    monkeypatch.setattr(store, "ensure", some)
    with pytest.raises(SystemExit) as end:
        main(["data", "pull"])
    said = capsys.readouterr()
    assert end.value.code == 2
    assert "error: not pulled: cifar10; the others are in place" in said.err
    assert all(f"{name}: " in said.out for name in DATASETS if name != "cifar10")


def test_pull_of_what_cannot_be_downloaded_says_where_it_is_and_where_it_goes(capsys):
    with pytest.raises(SystemExit) as end:
        main(["data", "pull", "imagenet"])
    said = capsys.readouterr().err
    assert (end.value.code, said.count("\n")) == (2, 1)
    assert said.startswith("error: data pull imagenet: cannot be downloaded from here; get ILSVRC")
    assert "set HARNESS_IMAGENET to the folder that holds both" in said


def status() -> None:
    with pytest.raises(SystemExit) as end:
        main(["data", "status"])
    assert end.value.code == 0


def test_status_says_what_to_do_for_a_folder_of_the_users_own(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(store, "status", dict)
    folder = imagenets.tiny(tmp_path, monkeypatch)
    status()
    whole = capsys.readouterr().out
    assert "imagenet" in whole
    assert "present" in whole
    assert "HARNESS_IMAGENET" not in whole
    next((folder / "val").rglob("*.JPEG")).unlink()
    status()
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("imagenet is damaged: data 'imagenet': ")
    assert "val: 5 images, must be 6; get ILSVRC2012_img_train.tar" in lines[-1]
    monkeypatch.delenv("HARNESS_IMAGENET")
    status()
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith(
        "imagenet is missing: HARNESS_IMAGENET is not set to its folder; g"
    )
