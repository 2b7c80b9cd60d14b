"""A folder of the user's own counts only when it is the data set; what is not is one line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.data import own
from harness.paper import Refused
from tests.lab import imagenets
from tests.lab.imagenets import TINY

ONE = "n00000001/n00000001_0.JPEG"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return imagenets.tiny(tmp_path, monkeypatch)


def test_a_whole_folder_is_listed_in_order_with_its_classes(folder: Path):
    listing = own.listed(TINY)
    assert listing.folder == folder
    assert listing.classes == list(imagenets.CLASSES)
    assert listing.names["train"] == sorted(listing.names["train"])
    assert (len(listing.names["train"]), len(listing.names["val"])) == (12, 6)
    assert own.status() == {"imagenet": "present"}


def test_the_digest_is_that_of_the_names_wherever_the_folder_is(folder: Path, monkeypatch):
    before = own.listed(TINY).digest
    monkeypatch.setenv(TINY.variable, str(folder.rename(folder.with_name("moved"))))
    assert own.listed(TINY).digest == before
    moved = folder.with_name("moved") / "val" / ONE
    moved.rename(moved.with_name("other.JPEG"))
    assert own.listed(TINY).digest != before


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda f: shutil.rmtree(f / "val"), "has no folder val/"),
        (lambda f: shutil.rmtree(f), "no such folder"),
        (lambda f: (f / "val" / ONE).unlink(), "val: 5 images, must be 6"),
        (lambda f: shutil.rmtree(f / "val" / "n00000001"), "class n00000001 has images in train"),
        (lambda f: shutil.rmtree(f / "train" / "n12345678"), "class n12345678 has images in val/"),
        (lambda f: (f / "train" / ONE).with_name("notes.txt").touch(), r"notes\.txt: is no \*\.J"),
        (lambda f: (f / "val" / "a.JPEG").touch(), r"val/a\.JPEG: is no folder of a class, which"),
        (lambda f: (f / "train" / "cats").mkdir(), "train/cats: is no folder of a class, which"),
        (lambda f: (f / "val" / ONE).with_name("b.JPEG").mkdir(), r"b\.JPEG: is no \*\.JPEG"),
    ],
)
def test_what_is_missing_or_too_much_is_named_with_what_to_do(
    folder: Path, harm: Callable[[Path], object], message: str
):
    assert own.ensure("imagenet") == folder
    harm(folder)  # after it had been looked through: it is found all the same
    with pytest.raises(Refused, match=message) as told:
        own.ensure("imagenet")
    assert "\n" not in str(told.value)
    assert "set HARNESS_IMAGENET to the folder" in str(told.value)
    assert own.status()["imagenet"] == f"damaged: {told.value}"


def test_another_number_of_classes_is_refused(folder: Path):
    with pytest.raises(Refused, match="train: 3 classes, must be 4"):
        own.listed(replace(TINY, classes=4))


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_it_says_what_to_do(folder: Path, monkeypatch, value: str | None):
    if value is None:
        monkeypatch.delenv(TINY.variable)
    else:
        monkeypatch.setenv(TINY.variable, value)
    with pytest.raises(Refused, match="HARNESS_IMAGENET is not set, and it cannot be downloaded"):
        own.ensure("imagenet")
    assert own.status()["imagenet"] == "missing: HARNESS_IMAGENET is not set to its folder"


def test_what_was_looked_through_is_not_listed_again_until_a_folder_changes(
    folder: Path, monkeypatch
):
    own.ensure("imagenet")
    listed: list[object] = []
    monkeypatch.setattr(own, "listed", listed.append)
    own.ensure("imagenet")
    assert listed == []
    os.utime(folder / "train" / "n12345678", ns=(1, 1))
    own.ensure("imagenet")
    assert listed == [TINY]


def test_the_official_numbers_are_those_of_the_challenge():
    assert dict(own.IMAGENET.parts) == {"train": 1_281_167, "val": 50_000}
    assert own.IMAGENET.classes == 1000
