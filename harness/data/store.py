"""Where data comes from: what is there; DVC's remote; the official origin; or one error.

A dataset counts as there only when every file has the registry's hashes, so one that is half
written, cut short or exchanged never looks whole. `data/.verified.json` remembers size, time and
inode of what was verified in full, which makes the next look cheap.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from harness.data import dvc
from harness.data.cifar import CIFAR_HASHES, read_cifar10, subset
from harness.data.download import Unavailable, fetch, hashes, writing
from harness.data.registry import DATASETS, Dataset, File
from harness.paper import Refused, require

__all__ = ["CIFAR_HASHES", "DATASETS", "digest", "ensure", "read_cifar10", "require_data"]
RECORD = "data/.verified.json"


@dataclass(frozen=True)
class Home:
    """A working tree and what its datasets are."""

    root: Path = Path(__file__).resolve().parents[2]
    datasets: Mapping[str, Dataset] = field(default_factory=lambda: DATASETS)

    def __getitem__(self, name: str) -> Dataset:
        return self.datasets[require(name, self.datasets, "dataset")]


HOME = Home()


def digest(name: str, home: Home = HOME) -> str:
    """Return the hash that binds a result to this dataset: the one in `data.dvc`."""
    return home[name].digest


def require_data(name: str, home: Home = HOME) -> Path:
    """Return where a dataset lies, after bringing it there when it is missing or damaged."""
    return ensure(name, home)


def ensure(name: str, home: Home = HOME) -> Path:
    """Return the verified folder (or archive) of a dataset, pulling it when needed.

    Raises:
        Refused: unknown name, nothing could be written, or every source failed (it lists them).
    """
    dataset = home[name]
    place = home.root / dataset.path
    if _remembered(dataset, home) or not problems(dataset, home):  # a full disk is no hindrance
        return place
    with _alone(name, home):
        if problems(dataset, home):  # looked at again: another process may have brought it
            _bring(dataset, home, ("dvc", "origin"))
    return place


def build(name: str, home: Home = HOME) -> Path:
    """Make a dataset again from official files, whatever DVC has; refuse what has none."""
    dataset = home[name]
    with _alone(name, home):
        if problems(dataset, home):
            _bring(dataset, home, ("convert", "origin"))
    return home.root / dataset.path


def add(name: str, home: Home = HOME) -> str:
    """Record the files of a dataset in `data.dvc`, where its entry must stand; return the hash."""
    path = home[name].path if name in home.datasets else f"data/{name}"
    if not (home.root / path).exists():
        raise Refused(f"data add {name}: {path} is not there; put its files in place first")
    return dvc.add(path, home.root)


def status(home: Home = HOME) -> dict[str, str]:
    """Return `present`, `missing` or what is wrong, per dataset, after hashing every file."""
    return {name: _state(dataset, home) for name, dataset in home.datasets.items()}


def _state(dataset: Dataset, home: Home) -> str:
    wrong = problems(dataset, home)
    if not wrong:
        return "present"
    gone = not (home.root / dataset.path).exists()
    return "missing" if gone else "damaged: " + "; ".join(wrong)


def problems(dataset: Dataset, home: Home) -> list[str]:
    """Hash every file; return what is wrong, and remember the dataset when nothing is."""
    before = _stamp(dataset, home)
    wrong = [line for file in dataset.files if (line := _wrong(dataset, file, home))]
    if not wrong and before == _stamp(dataset, home):
        _remember(dataset, before, home)
    return wrong


def _wrong(dataset: Dataset, file: File, home: Home) -> str:
    path = home.root / dataset.place(file)
    if not path.is_file():
        return f"{file.name} is missing"
    size = path.stat().st_size
    if size != file.size:
        return f"{file.name} has {size} bytes instead of {file.size}"
    md5, sha256 = hashes(path)
    if (md5, sha256) != (file.md5, file.sha256):
        return f"{file.name} has sha256 {sha256} instead of {file.sha256}"
    return ""


def _stamp(dataset: Dataset, home: Home) -> list[list[str | int]]:
    stamps: list[list[str | int]] = [[dataset.digest]]
    for file in dataset.files:
        path = home.root / dataset.place(file)
        if path.is_file():
            state = path.stat()
            stamps.append([file.name, state.st_size, state.st_mtime_ns, state.st_ino])
    return stamps


def _records(home: Home) -> dict[str, object]:
    try:
        found = json.loads((home.root / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # no memory: everything is hashed again
    return found if isinstance(found, dict) else {}


def _remembered(dataset: Dataset, home: Home) -> bool:
    return _records(home).get(dataset.name) == _stamp(dataset, home)


def _remember(dataset: Dataset, stamp: list[list[str | int]], home: Home) -> None:
    """Write down what was verified; where that cannot be written the next look hashes again."""
    target = home.root / RECORD
    new = target.with_name(f".verified.{os.getpid()}.json")
    with suppress(OSError):
        text = json.dumps({**_records(home), dataset.name: stamp})
        new.write_text(text, encoding="utf-8")
        new.replace(target)
    with suppress(OSError):
        new.unlink(missing_ok=True)


@contextmanager
def _alone(name: str, home: Home) -> Iterator[None]:
    """Hold the dataset's lock; a second process waits, and says so."""
    path = home.root / "data" / ".locks" / name
    with writing(name):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("ab")
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            Console(stderr=True).print(
                f"data {name.lstrip('.')}: another process is pulling it; waiting"
            )
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _bring(dataset: Dataset, home: Home, sources: tuple[str, ...]) -> None:
    """Try the sources in order; the first that leaves a verified dataset ends the search."""
    was = _state(dataset, home)
    tried = []
    for source in sources:
        try:
            with writing(dataset.name):
                {"dvc": _from_dvc, "origin": _from_origin, "convert": _convert}[source](
                    dataset, home
                )
            wrong = problems(dataset, home)
            if not wrong:
                return
            tried.append(f"{source}: {'; '.join(wrong)}")
        except Unavailable as problem:
            tried.append(f"{source}: {problem}")
    raise Refused(
        f"data '{dataset.name}' is {was}; tried {' | '.join(tried)}. Name a DVC remote that has "
        f"it ({dvc.REMOTE}), or go online, and: python -m harness data pull "
        f"{dataset.name}; or put its files into {dataset.path} yourself ({dataset.source})"
    )


def _from_dvc(dataset: Dataset, home: Home) -> None:
    with _alone(".dvc", home):  # DVC refuses a second process; ours waits
        dvc.pull(dataset, home.root)


def _from_origin(dataset: Dataset, home: Home) -> None:
    """Download what is missing or wrong into a folder aside; move it when all of it is right."""
    need = [file for file in dataset.files if _wrong(dataset, file, home)]
    lacking = [file.name for file in need if not (file.origins or file.text)]
    if lacking:
        raise Unavailable(f"no official address serves {', '.join(lacking)} as these bytes")
    aside = home.root / "data" / ".partial" / dataset.name
    aside.mkdir(parents=True, exist_ok=True)
    for file in need:
        if file.text:
            (aside / file.name).write_bytes(file.text.encode())
        elif not (aside / file.name).is_file() or hashes(aside / file.name)[1] != file.sha256:
            fetch(file, aside / file.name)
    _move(dataset, need, home)


def _convert(dataset: Dataset, home: Home) -> None:
    """Make `cifar10_subset` from the official archive, which is the only conversion there is."""
    if dataset.name != "cifar10_subset":
        raise Unavailable("nothing converts another file into it")
    archive = home["cifar10"]
    if problems(archive, home):
        raise Unavailable(f"needs the official {archive.path}; pull cifar10 first")
    made = subset(home.root / archive.path)
    made["README.md"] = dataset.files[0].text.encode()
    aside = home.root / "data" / ".partial" / dataset.name
    aside.mkdir(parents=True, exist_ok=True)
    for name, payload in made.items():
        (aside / name).write_bytes(payload)
    _move(dataset, list(dataset.files), home)


def _move(dataset: Dataset, files: list[File], home: Home) -> None:
    """Put verified files in place, each by a rename, and let DVC keep them when it is there."""
    aside = home.root / "data" / ".partial" / dataset.name
    for file in files:
        target = home.root / dataset.place(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        (aside / file.name).replace(target)
    aside.rmdir()
    try:
        with _alone(".dvc", home):
            dvc.keep(dataset, home.root)
    except Unavailable as problem:
        Console(stderr=True).print(f"data {dataset.name}: not kept in DVC's cache ({problem})")
