"""A Ray cluster of two nodes on this machine, in a process of its own.

Run as a script it starts the nodes, prints their processes and lasts as long as its input.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Nodes:
    """Where the cluster is, what lets others in, and its processes: `head` is a raylet too."""

    address: str
    head: int
    other: int
    controller: int
    environment: dict[str, str] = field(default_factory=dict)

    def raylets(self) -> list[int]:
        return [self.head, self.other]

    def lose(self, *processes: int) -> None:
        for process in processes or (self.controller, self.head, self.other):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


@contextmanager
def two_nodes(cpus: int = 1) -> Iterator[Nodes]:
    """Start two nodes with so many CPUs each; nothing of them outlives the block."""
    root = Path(__file__).resolve().parents[2]
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]),
    }
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    line = [sys.executable, __file__, str(cpus)]
    with subprocess.Popen(
        line, text=True, env=environment, start_new_session=True, **pipes
    ) as process:
        try:
            told = json.loads(process.stdout.readline())
            yield Nodes(**told, environment={**environment, "RAY_ADDRESS": told["address"]})
            process.communicate("\n", timeout=60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def main(cpus: int) -> None:
    from ray.cluster_utils import Cluster

    head = {"num_cpus": cpus, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    cluster.add_node(num_cpus=cpus)
    first, second = (node.all_processes for node in cluster.list_all_nodes())
    told = {
        "address": cluster.address,
        "head": first["raylet"][0].process.pid,
        "other": second["raylet"][0].process.pid,
        "controller": first["gcs_server"][0].process.pid,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdin.readline()
    cluster.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
