"""Datasets that may not be handed on: folders of the user's own, which nothing here downloads.

An environment variable names the folder. It counts as there only when parts, classes and numbers
of images are those of the data set; `data/.own.json` remembers when its folders changed last, so
that the next look lists no images. Standard library only: a `run` looks before any work.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.paper import Refused, require

RECORD = Path(__file__).resolve().parents[2] / "data" / ".own.json"


@dataclass(frozen=True)
class Own:
    """What such a data set is: images `PART/CLASS/*SUFFIX`, so many a part, of so many classes."""

    name: str
    variable: str
    parts: Mapping[str, int]
    classes: int
    pattern: str  # what a class is called ...
    called: str  # ... in words
    suffix: str
    licence: str
    citation: str
    source: str
    archives: tuple[str, ...]

    @property
    def advice(self) -> str:
        """What to do where it is not there."""
        folders = " and ".join(f"{part}/" for part in self.parts)
        return (
            f"get {', '.join(self.archives)} from {self.source}, unpack them into the folders "
            f"{folders} with a folder of *{self.suffix} for each class (torchvision.datasets."
            f"ImageNet does), and set {self.variable} to the folder that holds both"
        )


@dataclass(frozen=True)
class Listing:
    """The images of a folder by part, as CLASS/FILE in order; `digest` is of all these names."""

    folder: Path
    names: Mapping[str, list[str]]
    classes: list[str]
    digest: str


IMAGENET = Own(
    "imagenet",
    "HARNESS_IMAGENET",
    {"train": 1_281_167, "val": 50_000},
    1000,
    r"n\d{8}",
    "n and 8 digits",
    ".JPEG",
    "research and education only; the images may not be handed on",
    "O. Russakovsky et al.: ImageNet Large Scale Visual Recognition Challenge. IJCV 115, 2015",
    "https://image-net.org/download-images",
    (
        "ILSVRC2012_img_train.tar",
        "ILSVRC2012_img_val.tar",
        "ILSVRC2012_devkit_t12.tar.gz",
    ),
)
OWN: Mapping[str, Own] = {IMAGENET.name: IMAGENET}


def cannot_pull(name: str) -> Refused:
    """Return why nothing pulls such a data set, and what to do instead."""
    return Refused(f"data pull {name}: cannot be downloaded from here; {OWN[name].advice}")


def status() -> dict[str, str]:
    """Return `present`, or what is wrong, for each of them."""
    return {name: _state(own) for name, own in OWN.items()}


def _state(own: Own) -> str:
    if not os.environ.get(own.variable):
        return f"missing: {own.variable} is not set to its folder"
    try:
        listed(own)
    except Refused as refusal:
        return f"damaged: {refusal}"
    return "present"


def ensure(name: str) -> Path:
    """Return the folder of a data set, looked through at least once since it changed.

    Raises:
        Refused: the variable is not set, or the folder is not the data set's.
    """
    own = OWN[require(name, OWN, "data set")]
    folder = _folder(own)
    if _remembered(own.name) != _stamp(folder, own):
        listed(own)
    return folder


def listed(own: Own) -> Listing:
    """Return all images of a data set, and remember that they are what they should be.

    Raises:
        Refused: the variable is not set, or the folder is not the data set's.
    """
    folder = _folder(own)
    before = _stamp(folder, own)
    names = {part: [*_images(folder / part, own)] for part in own.parts}
    classes = _classes(folder, names, own)
    for part, count in own.parts.items():
        if len(names[part]) != count:
            _wrong(own, f"{folder / part}: {len(names[part]):,} images, must be {count:,}")
    text = "\n".join(f"{part}/{name}" for part in own.parts for name in names[part])
    if before == _stamp(folder, own):
        _remember(own.name, before)
    return Listing(folder, names, classes, hashlib.sha256(os.fsencode(text)).hexdigest()[:32])


def _wrong(own: Own, what: str) -> None:
    raise Refused(f"data '{own.name}': {what}; {own.advice}")


def _folder(own: Own) -> Path:
    text = os.environ.get(own.variable, "")
    if not text:
        _wrong(own, f"{own.variable} is not set, and it cannot be downloaded")
    folder = Path(text).expanduser().absolute()
    if not folder.is_dir():
        _wrong(own, f"{own.variable}={text}: no such folder")
    for part in own.parts:
        if not (folder / part).is_dir():
            _wrong(own, f"{own.variable}={text}: has no folder {part}/")
    return folder


def _images(part: Path, own: Own) -> Iterator[str]:
    """Yield CLASS/FILE of all images of a part, in order; refuse whatever else is there."""
    for kind in sorted(part.iterdir()):
        if not re.fullmatch(own.pattern, kind.name) or not kind.is_dir():
            _wrong(own, f"{kind}: is no folder of a class, which is {own.called}")
        with os.scandir(kind) as entries:
            files = sorted((entry.name, entry.is_file()) for entry in entries)
        for name, is_file in files:
            if not (is_file and name.endswith(own.suffix)):
                _wrong(own, f"{kind / name}: is no *{own.suffix}; take it out")
            yield f"{kind.name}/{name}"


def _classes(folder: Path, names: Mapping[str, list[str]], own: Own) -> list[str]:
    """Return the classes in order, which are those of every part and have images there."""
    found = {part: {name.partition("/")[0] for name in names[part]} for part in own.parts}
    first, *others = own.parts
    for part in others:
        if alone := sorted(found[first] ^ found[part]):
            has, lacks = (first, part) if alone[0] in found[first] else (part, first)
            _wrong(own, f"{folder}: class {alone[0]} has images in {has}/ and none in {lacks}/")
    if len(found[first]) != own.classes:
        _wrong(own, f"{folder / first}: {len(found[first]):,} classes, must be {own.classes:,}")
    return sorted(found[first])


# -- what was looked through ----------------------------------------------------------------------


def _stamp(folder: Path, own: Own) -> str:
    """Return a hash of when the folders changed last: those of parts and of classes."""
    stamp = hashlib.sha256(os.fsencode(folder) + repr(own).encode())
    for part in own.parts:
        inside = sorted(path for path in (folder / part).iterdir() if path.is_dir())
        for path in [folder / part, *inside]:
            state = path.stat()
            stamp.update(f"{state.st_ino} {state.st_mtime_ns} ".encode() + os.fsencode(path))
    return stamp.hexdigest()


def _records() -> dict[str, str]:
    try:
        found = json.loads(RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # no memory: every image is listed again
    return found if isinstance(found, dict) else {}


def _remembered(name: str) -> str:
    return _records().get(name, "")


def _remember(name: str, stamp: str) -> None:
    """Write down what was seen; where that cannot be written the next look lists again."""
    new = RECORD.with_name(f".own.{os.getpid()}.json")
    with suppress(OSError):
        RECORD.parent.mkdir(exist_ok=True)
        new.write_text(json.dumps({**_records(), name: stamp}), encoding="utf-8")
        new.replace(RECORD)
    with suppress(OSError):
        new.unlink(missing_ok=True)
