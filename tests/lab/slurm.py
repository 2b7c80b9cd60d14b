"""A SLURM of one node on 127.0.0.1, in a folder of its own, for as long as a block lasts.

By hand, with a shell that its commands answer in: `python -m tests.lab.slurm [--accounting]`.
It needs munged, slurmctld and slurmd (Debian: slurm-wlm and munge) and no right of root.
"""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SBIN = "/usr/sbin"  # where daemons are, which few users have on their path
DAEMONS = ("munged", "slurmctld", "slurmd")
PATIENCE = 60.0

CONF = """
ClusterName=toy
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CryptoType=crypto/munge
SlurmUser={user}
SlurmdUser={user}
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
ReturnToService=2
MaxArraySize={largest}
KillWait=30
MessageTimeout=5
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=1
JobAcctGatherType=jobacct_gather/none
NodeName={host} NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=short Nodes={host} MaxTime=30 State=UP
"""
# what many sites have; here nothing listens there, as when their database is down
ACCOUNTING = """
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
"""


def missing() -> list[str]:
    """Return the daemons that are not installed."""
    return [name for name in DAEMONS if _program(name) is None]


class Cluster:
    """The daemons of one cluster, and how they are killed and come back."""

    def __init__(self, folder: Path, accounting: bool, largest: int, cores: int) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("state", "spool"):
            (folder / name).mkdir()
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        ports = _free_ports(2)
        text = CONF.format(
            host=socket.gethostname().split(".")[0],
            controller=ports[0],
            node=ports[1],
            folder=folder,
            user=getpass.getuser(),
            largest=largest,
            cores=cores,
        )
        self.conf = folder / "slurm.conf"
        self.conf.write_text(text)
        self._accounting = accounting

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs so that SLURM's commands reach this cluster."""
        return {**os.environ, "SLURM_CONF": str(self.conf)}

    def start(self) -> None:
        """Start all daemons and wait until the node takes jobs."""
        beside = (f"--{name}-file={self.folder}/munge.{name}" for name in ("key", "log", "pid"))
        seed = f"--seed-file={self.folder}/munge.seed"
        place = f"--socket={self.folder}/munge.socket"
        self._start("munged", "--foreground", "--force", place, seed, *beside)
        _wait(lambda: (self.folder / "munge.socket").exists(), "munged", self.folder)
        self.start_controller()
        if self._accounting:  # slurmctld begins without the database only from a state of its own
            self._end("slurmctld")
            with self.conf.open("a") as handle:
                handle.write(ACCOUNTING)
            self.start_controller()
        self._start("slurmd", "-D", "-f", str(self.conf))
        _wait(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%T"), "slurmd", self.folder)

    def start_controller(self) -> None:
        """Start slurmctld, from the state that an earlier one left; wait until it answers."""
        self._start("slurmctld", "-D", "-f", str(self.conf))
        _wait(lambda: "UP" in self.ask("scontrol", "ping"), "slurmctld", self.folder)

    def kill_controller(self) -> None:
        """Kill slurmctld as a crash of its machine would; what runs on the node goes on."""
        process = self._running.pop("slurmctld")
        process.kill()
        process.wait()

    def ask(self, *command: str) -> str:
        """Return what one of SLURM's commands answers; empty when it fails."""
        answer = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        return answer.stdout if answer.returncode == 0 else ""

    def stop(self) -> None:
        """Take every job and daemon down."""
        if "slurmctld" in self._running:
            user = getpass.getuser()
            self.ask("scancel", "--signal=KILL", "--full", f"--user={user}")
            self.ask("scancel", f"--user={user}")
            with suppress(TimeoutError):
                _wait(lambda: not self.ask("squeue", "-h").strip(), "jobs", self.folder)
        for name in reversed(list(self._running)):
            self._end(name)
        self._end_steps()

    def _end(self, name: str) -> None:
        process = self._running.pop(name)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _end_steps(self) -> None:
        """Kill the step daemons of this cluster's slurmd; they outlive it when jobs hang."""
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if "slurmstepd" in (entry / "comm").read_text():
                    parts = (entry / "environ").read_bytes().split(b"\0")
                    if f"SLURM_CONF={self.conf}".encode() in parts:
                        os.kill(int(entry.name), signal.SIGKILL)

    def _start(self, name: str, *arguments: str) -> None:
        log = (self.folder / f"{name}.out").open("ab")
        self._running[name] = subprocess.Popen(
            [_program(name) or name, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()


@contextmanager
def running(accounting: bool = False, largest: int = 1001, cores: int = 2) -> Iterator[Cluster]:
    """Run a cluster; nothing of it is left behind.

    Args:
        accounting: name a database for accounting, which does not answer.
        largest: MaxArraySize.
        cores: how many tasks of one core the node takes at once; more than it has is fine.
    """
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)  # munged wants its socket within everyone's reach
    cluster = Cluster(folder, accounting, largest, cores)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SBIN}")


def _free_ports(count: int) -> list[int]:
    with suppress(OSError):
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        ports = [each.getsockname()[1] for each in sockets]
        for each in sockets:
            each.close()
    return ports


def _wait(reached: Callable[[], bool], what: str, folder: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > end:
            logs = "\n".join(
                f"== {log.name}\n{log.read_text(errors='replace')[-2000:]}"
                for log in [*folder.glob("*.out"), *folder.glob("*.log")]
            )
            raise TimeoutError(f"{what}: not there after {PATIENCE:g} s\n{logs}")
        time.sleep(0.2)


def main() -> None:
    """Run a shell in which sbatch, squeue and the others answer."""
    with running(accounting="--accounting" in sys.argv) as cluster:
        sys.stderr.write(f"a SLURM of one node runs in {cluster.folder} until this shell ends\n")
        subprocess.run([os.environ.get("SHELL", "/bin/sh")], env=cluster.environment, check=False)


if __name__ == "__main__":
    main()
