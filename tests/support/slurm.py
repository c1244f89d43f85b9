"""A SLURM of one node with one GPU that is none, in a folder: started and stopped by a test, beside any that is installed."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from qcrystal.processes import end_with_parent

DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "srun", "scontrol", "squeue", "sinfo")
SYSTEM_FOLDERS = ("/usr/sbin", "/sbin", "/usr/bin", "/bin")
PATIENCE = 60.0
"""Seconds in which a daemon has to answer."""

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=3600
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=64000 Gres=gpu:{model}:1 State=UNKNOWN
PartitionName=cpu Nodes=node Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=node MaxTime=INFINITE State=UP
PartitionName=urgent Nodes=node PriorityTier=10 MaxTime=INFINITE State=UP
"""


def find(program: str) -> str | None:
    """Path of a program, also where only the superuser looks."""
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_FOLDERS]))


def missing() -> list[str]:
    """Programs of SLURM that are not installed."""
    return [program for program in (*DAEMONS, *COMMANDS) if find(program) is None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Slurm:
    """The daemons of the cluster, and what its users see of it.

    Parameters
    ----------
    folder
        Where everything of the cluster lies.
    cores
        CPUs of its node (more than the machine has, where jobs shall run at once).
    model
        Name of the GPU's model. The device is an empty file: SLURM hands it out like any other.
    """

    def __init__(self, folder: Path, cores: int, model: str):
        self.folder = folder
        self.daemons: list[subprocess.Popen] = []
        for name in ("state", "spool", "bin"):
            (folder / name).mkdir()
        (folder / "gres.conf").write_text(f"NodeName=node Name=gpu Type={model} File=/dev/null Flags=nvidia_gpu_env\n")
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self.configuration = folder / "slurm.conf"
        # The executor takes SLURM's variables from the environment of the srun within a job.
        srun = folder / "bin" / "srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.configuration} exec {find("srun")} "$@"\n')
        srun.chmod(0o755)
        self.configuration.write_text(
            CONFIGURATION.format(
                folder=folder,
                host=socket.gethostname(),
                user=getpass.getuser(),
                cores=cores,
                model=model,
                controller_port=free_port(),
                node_port=free_port(),
            )
        )

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which SLURM's commands, and those within its jobs, find this cluster."""
        return {"SLURM_CONF": str(self.configuration), "PATH": f"{self.folder}/bin{os.pathsep}{os.environ['PATH']}"}

    def start(self) -> None:
        """Start the daemons one after the other.

        Raises
        ------
        RuntimeError
            With the end of its log, if one does not answer.
        """
        files = [f"--{name}={self.folder}/munge.{suffix}" for name, suffix in MUNGE_FILES.items()]
        self._start("munged", "--foreground", "--force", *files)
        self._wait("munged", lambda: (self.folder / "munge.socket").exists())
        self._start("slurmctld", "-D", "-f", self.configuration)
        self._start("slurmd", "-D", "-f", self.configuration, "-N", "node")
        self._wait("slurmd", lambda: self.command("sinfo", "--noheader", "--format=%T").split() == ["idle"])

    def stop(self) -> None:
        """End all jobs and then the daemons, the last first."""
        if len(self.daemons) == len(DAEMONS):
            subprocess.run([find("scancel"), "--user", getpass.getuser()], env={**os.environ, **self.environment})
            deadline = time.monotonic() + PATIENCE
            while self.command("squeue", "--noheader") and time.monotonic() < deadline:
                time.sleep(0.5)
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in reversed(self.daemons):
            try:
                daemon.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def command(self, program: str, *arguments) -> str:
        """Output of one of SLURM's commands; empty where it fails."""
        process = subprocess.run(
            [find(program), *map(str, arguments)],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
        )
        return process.stdout.strip()

    def preempt(self) -> None:
        """Submit a job of a second that wants all cores and takes them from whoever has them."""
        script = self.folder / "urgent.sh"
        script.write_text("#!/bin/sh\nsleep 1\n")
        arguments = ["--partition=urgent", "--exclusive", "--mem=100", f"--output={self.folder}/urgent.log"]
        if not self.command("sbatch", *arguments, script):
            raise RuntimeError("SLURM did not take the urgent job")

    def limit(self, job: str, minutes: int) -> None:
        """Change the time limit of a job, also of one that runs."""
        self.command("scontrol", "update", f"JobId={job}", f"TimeLimit={minutes}")

    def jobs(self) -> list[dict[str, str]]:
        """Everything that the controller knows about each job of the cluster's life."""
        lines = self.command("scontrol", "--oneliner", "--details", "show", "job").splitlines()
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]

    def _start(self, program: str, *arguments) -> None:
        with open(self.folder / f"{program}.output", "w") as output:
            self.daemons.append(
                subprocess.Popen(
                    [find(program), *map(str, arguments)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **self.environment},
                    preexec_fn=end_with_parent,
                )
            )

    def _wait(self, program: str, ready) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            if time.monotonic() > deadline or any(daemon.poll() is not None for daemon in self.daemons):
                words = "\n".join(path.read_text()[-1000:] for path in sorted(self.folder.glob("*.output")))
                raise RuntimeError(f"{program} of SLURM does not answer:\n{words}")
            time.sleep(0.2)


MUNGE_FILES = {
    "key-file": "key",
    "socket": "socket",
    "pid-file": "pid",
    "log-file": "log",
    "seed-file": "seed",
}
