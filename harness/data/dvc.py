"""What DVC does for us: pull one dataset, keep one, record one. The only file that knows DVC.

Measured with DVC 3.67: a pull of one entry of `data.dvc` never touches the others. We fetch into
DVC's cache first, verify there, and only then check out, so that a failure changes nothing.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.data.download import Unavailable, hashes
from harness.data.registry import Dataset
from harness.paper import Refused

REMOTE = "HARNESS_DVC_REMOTE"
SLACK = 4 << 20  # bytes; with less than this free, an index that cannot be written is a full disk


@contextmanager
def _opened(root: Path) -> Iterator[Any]:
    """Open the repository's DVC, with the remote of the environment when it names one."""
    try:
        from diskcache import Timeout
        from dvc.exceptions import DvcException
        from dvc.repo import Repo
    except ImportError as error:
        raise Unavailable("DVC is not installed (pip install -e '.[data]')") from error
    # DVC takes a relative site_cache_dir from where the user stands: give it the repository's
    config: dict[str, Any] = {"core": {"site_cache_dir": str(root / ".dvc" / "tmp" / "site")}}
    if address := os.environ.get(REMOTE):
        config["remote"] = {"environment": {"url": address}}
        config["core"]["remote"] = "environment"
    logs = [logging.getLogger(name) for name in ("dvc", "dvc_data", "dvc_objects")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)  # what matters is raised, and told in our own words
    try:
        with Repo(str(root), config=config) as repo:
            yield repo
    except DvcException as error:
        raise Unavailable(f"DVC: {_line(error)}") from error
    except (
        sqlite3.Error,
        Timeout,
    ) as error:  # DVC's index: this is how a full disk shows itself first
        if "disk is full" in str(error) or shutil.disk_usage(root).free < SLACK:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise Unavailable(f"DVC's index below .dvc/tmp: {_line(error)}") from error
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _entry(repo: Any, dataset: Dataset) -> Any:
    (out,) = repo.find_outs_by_path(str(Path(repo.root_dir) / dataset.path))
    if out.hash_info.value != dataset.digest:
        raise Unavailable(
            f"data.dvc has {out.hash_info.value} for {dataset.path}, the registry {dataset.digest}"
        )
    return out


def pull(dataset: Dataset, root: Path) -> None:
    """Bring a dataset from DVC's cache or its remote into the folder that `data.dvc` names."""
    with _opened(root) as repo:
        _entry(repo, dataset)
        if not _cached(repo, dataset):
            if not repo.config["core"].get("remote"):
                raise Unavailable(f"no DVC remote is named (set {REMOTE} to a path or an address)")
            _fetch(repo, dataset)
        repo.checkout(targets=[str(root / dataset.path)], force=True)


def _fetch(repo: Any, dataset: Dataset) -> None:
    repo.fetch(targets=[str(Path(repo.root_dir) / dataset.path)])
    if not _cached(repo, dataset):
        raise Unavailable(f"the DVC remote does not have all of {dataset.name}, or not unharmed")


def _cached(repo: Any, dataset: Dataset) -> bool:
    """Return whether the cache has every file, and drop objects that are not what they say.

    DVC trusts a write-protected object without looking; with hard links, whoever damages a file
    of the work tree damages the object, and a pull would bring the damage back.
    """
    whole = True
    for file in dataset.files:
        path = Path(repo.cache.local.oid_to_path(file.md5))
        if not path.is_file():
            whole = False
        elif hashes(path) != (file.md5, file.sha256):
            path.unlink()
            whole = False
    listing = Path(repo.cache.local.oid_to_path(dataset.digest))
    return whole and listing.is_file()


def keep(dataset: Dataset, root: Path) -> None:
    """Commit a dataset that came from elsewhere to DVC's cache; `data.dvc` stays as it is."""
    with _opened(root) as repo:
        out = _entry(repo, dataset)
        with repo.lock:
            out.commit()


def add(path: str, root: Path) -> str:
    """Record what lies at `path` in `data.dvc`: exactly one entry changes. Return its hash."""
    try:
        with _opened(root) as repo:
            (out,) = repo.find_outs_by_path(str(root / path))
            with repo.lock:
                out.save()
                out.commit()
                out.stage.dump()
            return str(out.hash_info.value)
    except Unavailable as problem:
        raise Refused(f"data add {path}: {problem}") from problem
