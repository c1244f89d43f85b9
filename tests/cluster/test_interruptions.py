"""A run on SLURM that loses its node to a more urgent job, and then its time, ends as an undisturbed run does."""

import json
import os
import shutil
import signal
from pathlib import Path

import pandas as pd
import pytest
import yaml
from slurm import missing
from waiting import wait_for
from workspace import Workspace

from qcrystal.dynamics.lammps import worker
from qcrystal.dynamics.trajectory import Trajectory

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(missing() != [], reason=f"apt-get install slurm-wlm munge: no {', '.join(missing())}"),
]
RUN = "qtb-H-cubic-44-npt-200GPa-250K-r0"
REPORT = f"results/lah10/smoke/dynamics/{RUN}/report.json"
SCALE = ("--config", "scale=smoke")
STATICS = [f"results/lah10/smoke/statics/{name}.csv" for name in ("eos", "phonons", "harmonic_energy")]


@pytest.fixture(scope="module")
def workspaces(root, tmp_path_factory):
    """Two copies with finished statics, in which one run has many checkpoints."""
    first = Workspace(root, tmp_path_factory.mktemp("workspace"))
    path = first.folder / "config" / "crystals" / "lah10" / "scales" / "smoke.yaml"
    scale = yaml.safe_load(path.read_text())
    scale["sweeps"]["qtb_grid"].update(pressures=[200], temperatures=[250], length=2.0)
    path.write_text(yaml.safe_dump(scale))
    done = first.snakemake(*STATICS, *SCALE)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    second = Workspace(first.folder, tmp_path_factory.mktemp("workspace"))
    for name in ("results", ".snakemake"):
        shutil.copytree(first.folder / name, second.folder / name)
    yield first, second
    first.stop()
    second.stop()


def of_the_run(cluster):
    found = [job for job in cluster.jobs() if job.get("Comment", "").startswith("rule_run_")]
    return sorted(found, key=lambda job: int(job["JobId"]))


def workers(workspace):
    """Processes that compute the run in a copy of the repository."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
            if (
                worker.__name__ in words
                and any(RUN in word for word in words)
                and ((folder / "cwd").readlink() == workspace.folder)
            ):
                yield int(folder.name)
        except OSError:  # It has ended.
            continue


def freeze(workspace, process, but=None):
    """Stop the process that computes the run, but an earlier one, after a checkpoint; it goes on when SLURM ends its job."""
    wait_for(lambda: set(workers(workspace)) - {but}, process)
    (number,) = set(workers(workspace)) - {but}
    checkpoint = workspace.folder / Path(REPORT).with_name("checkpoint.restart")
    before = checkpoint.stat().st_mtime_ns if checkpoint.is_file() else 0
    wait_for(lambda: checkpoint.is_file() and checkpoint.stat().st_mtime_ns > before, process)
    os.kill(number, signal.SIGSTOP)
    return number


def test_run_that_is_preempted_and_runs_out_of_time_ends_as_an_undisturbed_one(cluster, workspaces):
    """The run stands still when it loses its node, and when its time ends: so it does on machines of any speed."""
    disturbed, undisturbed = workspaces
    plain = undisturbed.snakemake(REPORT, *SCALE)
    assert plain.returncode == 0, (plain.stdout + plain.stderr)[-4000:]
    process = disturbed.start(
        *("--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "2"),
        *("--retries", "3"),
        *(*SCALE, "device=cpu", "--", REPORT),
        **cluster.environment,
    )
    number = freeze(disturbed, process)
    cluster.preempt()
    wait_for(lambda: any(int(job["Restarts"]) for job in of_the_run(cluster)), process)
    freeze(disturbed, process, but=number)
    (job,) = of_the_run(cluster)
    cluster.limit(job["JobId"], minutes=1)
    assert process.wait(600) == 0, disturbed.output.read_text()[-4000:]

    # the first submission was taken from its node, went on, and ran out of time: it ended by itself within the half minute
    # that SLURM leaves it
    jobs = of_the_run(cluster)
    assert [job["JobState"] for job in jobs] == ["TIMEOUT", "COMPLETED"]
    assert [job["Restarts"] for job in jobs] == ["1", "0"]
    log = disturbed.folder / ".snakemake" / "slurm_logs" / "rule_run" / RUN / f"{jobs[0]['JobId']}.log"
    assert "exit status 143" in log.read_text()
    timing = json.loads((disturbed.folder / REPORT).with_name("timing.json").read_text())
    assert timing["resumed_at"] > 0
    one, two = (w.folder / "results" / "lah10" / "smoke" / "dynamics" / RUN for w in workspaces)
    assert (Trajectory(one / "trajectory.h5").positions == Trajectory(two / "trajectory.h5").positions).all()
    first, second = (pd.read_csv(folder / "thermo.csv", comment="#") for folder in (one, two))
    pd.testing.assert_frame_equal(first, second, rtol=1e-9, atol=1e-9)  # text of what was read back from a checkpoint
