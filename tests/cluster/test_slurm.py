"""A part of the workflow on a real SLURM through the shipped profile: one GPU, several jobs that want it."""

from datetime import datetime
from itertools import combinations

import pytest
import yaml
from slurm import missing
from workspace import Workspace

pytestmark = [
    pytest.mark.timeout(1500),
    pytest.mark.skipif(missing() != [], reason=f"apt-get install slurm-wlm munge: no {', '.join(missing())}"),
]
# The cheapest targets in which two runs want the GPU at once, and whose observables, tables and figures come in groups.
TARGETS = ["results/lah10/smoke/figures/dft_equation_of_state.csv", "results/lah10/smoke/figures/qin_fig6_rdf.png"]
RUNS = TABLES = 2


@pytest.fixture(scope="module")
def workspace(root, tmp_path_factory):
    """A copy in which each run's committee deviation is a job of its own, so that few runs are enough for several."""
    workspace = Workspace(root, tmp_path_factory.mktemp("workspace"))
    scale = workspace.folder / "config" / "scales" / "smoke.yaml"
    settings = yaml.safe_load(scale.read_text())
    settings["sampling"]["deviation_jobs"] = 1000
    scale.write_text(yaml.safe_dump(settings))
    return workspace


@pytest.fixture(scope="module")
def jobs(cluster, workspace):
    """SLURM's account of each job after the workflow has finished, by the rule (and wildcards) of its comment."""
    process = workspace.snakemake(
        *("--profile", "profiles/slurm", "--retries", "0", "--slurm-init-seconds-before-status-checks", "2"),
        *("--set-threads", "run=2", "--config", "scale=smoke", "--", *TARGETS),
        timeout=1400,
        **cluster.environment,
    )
    assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]
    return {job["Comment"].removeprefix("rule_"): job for job in cluster.jobs()}


def of_rule(jobs, rule):
    return [job for name, job in jobs.items() if name.startswith(rule)]


def asked_for_gpu(job):
    return job["JOB_GRES"] != "(null)"


def moment(job, event):
    return datetime.fromisoformat(job[f"{event}Time"])


def test_everything_ran_on_the_cluster_and_finished(jobs, workspace):
    assert {job["JobState"] for job in jobs.values()} == {"COMPLETED"}
    for target in TARGETS:
        assert (workspace.folder / target).stat().st_size > 100


def test_only_dynamics_and_inference_ask_for_the_gpu(jobs):
    wanting = of_rule(jobs, "run_") + of_rule(jobs, "deviation_")
    assert len(wanting) == RUNS + TABLES
    assert {job["JobId"] for job in wanting} == {job["JobId"] for job in jobs.values() if asked_for_gpu(job)}
    assert {(job["JOB_GRES"], job["Partition"]) for job in wanting} == {("gpu:a100:1", "gpu")}
    assert {job["Partition"] for job in jobs.values() if not asked_for_gpu(job)} == {"cpu"}


def test_two_jobs_never_share_the_gpu(jobs):
    pairs = list(combinations(sorted(filter(asked_for_gpu, jobs.values()), key=lambda job: moment(job, "Start")), 2))
    assert all(moment(first, "End") <= moment(second, "Start") for first, second in pairs)
    # and it was SLURM that kept them apart: the second was there before the first had ended
    assert any(moment(second, "Submit") < moment(first, "End") for first, second in pairs)


def test_small_jobs_are_submitted_together(jobs):
    """Each kind in one job, which works them off one after the other: on one core, for the sum of their time limits."""
    minutes = {"observables_observe": RUNS * 30, "tables_collect": TABLES * 10, "figures_figure_dft": len(TARGETS) * 10}
    for group, limit in minutes.items():
        (job,) = of_rule(jobs, group)
        assert (job["NumCPUs"], job["TimeLimit"]) == ("1", f"{limit // 60:02}:{limit % 60:02}:00")


def test_a_job_gets_the_cores_of_its_rule_and_no_more(jobs):
    """Runs have two MPI ranks here, and their starter must not ask SLURM for what the job holds already."""
    assert {job["NumCPUs"] for job in of_rule(jobs, "run_")} == {"2"}
    assert {job["NumCPUs"] for job in of_rule(jobs, "phonons")} == {"1"}


def test_jobs_that_find_no_gpu_where_slurm_gave_them_one_say_so(jobs, workspace):
    logs = workspace.folder / "results" / "lah10" / "smoke" / "logs"
    texts = [
        path.read_text() for folder in ("dynamics", "analysis/deviation") for path in (logs / folder).glob("*.log")
    ]
    assert len(texts) == RUNS + TABLES
    assert all(text.count("computing on the CPU") == 1 for text in texts)
