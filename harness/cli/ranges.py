"""What numbers of the command line may be."""

from __future__ import annotations

import math
import os

from harness import budget as budgets
from harness.paper import Refused

JOBS_PER_CORE, CLUSTER_JOBS = 16, 10_000
MOST_SEEDS, LARGEST_SEED = 100_000, 2**32 - 1


def require_within(
    jobs: int | None,
    gpu_days: float | None = None,
    checkpoint_every: float = 0.0,
    launcher: str = "local",
) -> None:
    """Refuse numbers of options outside their ranges."""
    if jobs is not None and jobs < 1:
        raise Refused(f"--jobs {jobs}: must be at least 1")
    cores = os.cpu_count() or 1
    most = JOBS_PER_CORE * cores if launcher == "local" else CLUSTER_JOBS
    if jobs is not None and jobs > most:
        here = f" on the {cores} cores of this machine" if launcher == "local" else ""
        raise Refused(f"--jobs {jobs}: must be at most {most:,}{here}")
    if gpu_days is not None and not 0 < gpu_days < math.inf:
        raise Refused(f"--gpu-days {gpu_days:g}: must be a number above 0")
    if gpu_days is not None and gpu_days * budgets.GPU_DAY < 1:
        least = 1 / budgets.GPU_DAY
        raise Refused(f"--gpu-days {gpu_days:g}: a cap is at least one second, {least:.2g}")
    if not 0 <= checkpoint_every < math.inf:
        raise Refused(f"--checkpoint-every {checkpoint_every:g}: must be at least 0 seconds")


def seeds(seed: list[int] | None, many: int | None) -> list[int] | None:
    """Return the seeds that `--seed` names or `--seeds` counts, each once; none of both: None."""
    if seed and many is not None:
        raise Refused("--seed and --seeds: give one of the two")
    if many is not None:
        if many < 1:
            raise Refused(f"--seeds {many}: must be at least 1")
        if many > MOST_SEEDS:
            raise Refused(f"--seeds {many}: must be at most {MOST_SEEDS:,}")
        return list(range(many))
    for number in seed or ():
        if number < 0:
            raise Refused(f"--seed {number}: must be at least 0")
        if number > LARGEST_SEED:
            raise Refused(f"--seed {number}: must be at most {LARGEST_SEED:,}")
    return sorted(set(seed)) if seed else None
