"""What a user asks SLURM for: `--slurm key=value`, or a file of such lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.paper import Refused, nearest
from harness.run.slurm import controller
from harness.run.slurm.controller import Unreachable

PYTHON = "python"  # ours: the command that starts Python in a job, for images of containers
MARK = "#SBATCH"
Flags = dict[str, str | bool]

OURS = {
    "array": "--jobs N says how many trials run at once",
    "chdir": "jobs run where this command does",
    "clusters": "set the variable SLURM_CLUSTERS instead",
    "error": "logs go below the runs folder",
    "input": "a trial reads nothing",
    "job-name": "jobs are found again by it",
    "no-requeue": "a job that reaches its time limit goes back into the queue",
    "nodes": "a trial is one task on one node",
    "ntasks": "a trial is one task on one node",
    "ntasks-per-node": "a trial is one task on one node",
    "open-mode": "logs are continued",
    "output": "logs go below the runs folder",
    "signal": "it is what makes a trial save before its time limit",
    "wrap": "jobs run trials",
}
NO_REQUESTS = {
    *("help", "ignore-pbs", "parsable", "quiet", "test-only", "usage", "verbose", "version"),
    *("gid", "uid", "wait"),
}
# a whole partition that is drained gives the same answer as a node that nobody has
WAITS = ("Requested node configuration is not available", "down, drained", "Requested nodes are")


def flags(given: Sequence[str]) -> Flags:
    """Return sbatch's flags from `key=value`, `key`, or `@FILE` with a line for each.

    A file may be a batch script: its `#SBATCH --key=value` lines count, other comments do not.

    Raises:
        Refused: a file that cannot be read, a line that is none, an empty value, a flag that is
            this program's own.
    """
    found: Flags = {}
    for origin, text in _lines(given):
        key, equals, value = text.removeprefix("--").partition("=")
        key, value = key.strip().replace("_", "-"), value.strip()
        if not re.fullmatch(r"[a-z][a-z0-9-]*", key):
            raise Refused(f"{origin}: must be key=value, such as partition=gpu or time=4:00:00")
        if equals and not value:
            raise Refused(f"{origin}: has no value, such as {key}=...")
        if key in OURS:
            raise Refused(f"{origin}: '{key}' is not yours to choose: {OURS[key]}")
        if key == PYTHON and not equals:
            raise Refused(f"{origin}: has no value, such as 'python=apptainer exec IMAGE python3'")
        found[key] = value if equals else True
    return found


def _lines(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield every request with the words that name its place."""
    for text in given:
        if not text.startswith("@"):
            yield f"--slurm {text}", text
            continue
        path = Path(text[1:])
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "is no text"
            raise Refused(f"--slurm {text}: cannot be read ({why})") from error
        script = content.startswith("#!")
        for number, line in enumerate(content.splitlines(), 1):
            asked = line.strip().removeprefix(MARK).strip()
            marked = line.strip().startswith(MARK)
            if asked and (marked or not (script or asked.startswith("#"))):
                yield f"--slurm {path}: line {number}: {asked}", asked


def check(asked: Flags) -> None:
    """Refuse what the cluster's sbatch does not know, or would not take.

    Where the controller is silent only the names are checked.

    Raises:
        Refused: an unknown flag, with the nearest that is known; a value that is refused.
    """
    known = known_flags()
    for key in asked:
        if key not in known:
            raise Refused(f"--slurm: sbatch has no flag '{key}'; {nearest(key, known)}")
    plain = [as_flag(key, value) for key, value in asked.items() if key != PYTHON]
    try:
        controller.ask("sbatch", "--test-only", "--quiet", *plain, "--wrap=true")
    except Unreachable:
        return
    except Refused as refusal:
        if not any(words in str(refusal) for words in WAITS):
            raise Refused(f"--slurm {' '.join(plain)}: {refusal}") from refusal


def known_flags() -> set[str]:
    """Return the flags that this cluster's sbatch takes, with those of its plugins, and ours."""
    try:
        text = controller.ask("sbatch", "--help")
    except (Refused, Unreachable) as error:
        raise Refused(f"--launcher slurm: no cluster behind this machine's {error}") from error
    return {*re.findall(r"--([a-z][a-z0-9-]+)", text), PYTHON} - NO_REQUESTS - set(OURS)


def as_flag(key: str, value: str | bool) -> str:
    """Return a flag as sbatch reads it."""
    return f"--{key}" if value is True else f"--{key}={value}"


def wants_gpus(asked: Flags) -> bool:
    """Tell whether the user says himself which GPUs jobs get."""
    return any(key.startswith(("gpus", "gres", "tres")) for key in asked)
