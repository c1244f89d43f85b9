# Tables of a run, and which job evaluates which runs.
import hashlib

from qcrystal.io.table_schemas.runs import OBSERVABLES


def deviation_batch(run):
    """The job that evaluates a run's committee deviation, by the run's name, so that another run changes no other job.

    Runs of different ranks never share a job: a rank waits for no run of a later one.
    """
    rank = min(SCALE.sweeps[sweep].rank for sweep, runs in CONFIG.sweeps.items() if run in runs)
    return f"{rank}-{int(hashlib.sha256(run.encode()).hexdigest(), 16) % SCALE.sampling.deviation_jobs}"


def deviation_runs(file):
    """A file of every run of a deviation job."""
    return lambda wildcards: expand(results(f"dynamics/{{run}}/{file}"), run=DEVIATION[wildcards.batch])


DEVIATION = {}
for run_name in CONFIG.runs:
    DEVIATION.setdefault(deviation_batch(run_name), []).append(run_name)
