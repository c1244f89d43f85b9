"""A run on SLURM that loses its node to a more urgent job, and then its time, ends as an undisturbed run does."""

import json
import shutil

import pandas as pd
import pytest
import yaml
from slurm import missing
from waiting import wait_for
from workspace import Workspace

from qcrystal.dynamics.trajectory import Trajectory

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(missing() != [], reason=f"apt-get install slurm-wlm munge: no {', '.join(missing())}"),
]
RUN = "qtb-H-cubic-352-npt-200GPa-300K-r0"
REPORT = f"results/lah10/smoke/dynamics/{RUN}/report.json"
SLOW = "engine=deepmd"  # so that the run takes minutes
STATICS = [f"results/lah10/smoke/statics/{name}.csv" for name in ("eos", "phonons", "harmonic_energy")]


@pytest.fixture(scope="module")
def workspaces(root, tmp_path_factory):
    """Two copies with finished statics, in which one run takes minutes: more than the time limit of one."""
    first = Workspace(root, tmp_path_factory.mktemp("workspace"))
    path = first.folder / "config" / "crystals" / "lah10" / "scales" / "smoke.yaml"
    scale = yaml.safe_load(path.read_text())
    scale["sweeps"]["qtb_grid"].update(repeat=[2, 2, 2], pressures=[200], temperatures=[300], length=1.8)
    path.write_text(yaml.safe_dump(scale))
    done = first.snakemake(*STATICS, "--config", "scale=smoke", SLOW)
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


def test_run_that_is_preempted_and_runs_out_of_time_ends_as_an_undisturbed_one(cluster, workspaces):
    disturbed, undisturbed = workspaces
    plain = undisturbed.start(REPORT, "--config", "scale=smoke", SLOW)
    process = disturbed.start(
        *("--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "2"),
        *("--retries", "15"),  # a slow machine needs many minutes
        *("--config", "scale=smoke", SLOW, "longest_job=1", "device=cpu", "--", REPORT),
        **cluster.environment,
    )
    folder = disturbed.folder / "results" / "lah10" / "smoke" / "dynamics" / RUN
    wait_for((folder / "checkpoint.restart").is_file, process)
    cluster.preempt()
    wait_for(lambda: any(int(job["Restarts"]) for job in of_the_run(cluster)), process)
    assert process.wait(1200) == 0, disturbed.output.read_text()[-4000:]
    assert plain.wait(600) == 0, undisturbed.output.read_text()[-4000:]

    # one submission was taken from its node and went on, one or more ran out of time, the last one finished
    jobs = of_the_run(cluster)
    assert sum(int(job["Restarts"]) for job in jobs) == 1
    states = [job["JobState"] for job in jobs]
    assert len(states) > 1 and set(states[:-1]) == {"TIMEOUT"} and states[-1] == "COMPLETED"
    # each that ran out of time was asked to end, and did so by itself within the half minute that SLURM leaves it; one that
    # finishes in that time is too late for SLURM, and its run is computed again
    logs = disturbed.folder / ".snakemake" / "slurm_logs" / "rule_run" / RUN
    texts = [(logs / f"{job['JobId']}.log").read_text() for job in jobs[:-1]]
    assert all("exit status 143" in text or "(100%) done" in text for text in texts)
    assert any("exit status 143" in text for text in texts)
    timing = json.loads((disturbed.folder / REPORT).with_name("timing.json").read_text())
    assert timing["resumed_at"] > 0
    one, two = (w.folder / "results" / "lah10" / "smoke" / "dynamics" / RUN for w in workspaces)
    assert (Trajectory(one / "trajectory.h5").positions == Trajectory(two / "trajectory.h5").positions).all()
    first, second = (pd.read_csv(folder / "thermo.csv", comment="#") for folder in (one, two))
    pd.testing.assert_frame_equal(first, second, rtol=1e-9, atol=1e-9)  # text of what was read back from a checkpoint
