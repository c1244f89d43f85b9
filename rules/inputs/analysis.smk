# Tables of a run, and which job evaluates which runs.
import hashlib

from qcrystal.io.table_schemas.runs import OBSERVABLES


def deviation_batch(run):
    """The job that evaluates a run's committee deviation: its first sweep's, or by its name, so that another run changes no other job."""
    jobs = SCALE.sampling.deviation_jobs
    if jobs is None:
        return min(
            (sweep for sweep in CONFIG.sweeps if run in CONFIG.sweeps[sweep]),
            key=lambda sweep: SCALE.sweeps[sweep].rank,
        )
    return str(int(hashlib.sha256(run.encode()).hexdigest(), 16) % jobs)


def deviation_runs(file):
    """A file of every run of a deviation job."""
    return lambda wildcards: expand(results(f"dynamics/{{run}}/{file}"), run=DEVIATION[wildcards.batch])


# Every member of the potential's committee and of the released ones beside it: name, number, file.
COMPARED = [
    (Path(folder).name, number, file)
    for folder, files in {
        POTENTIAL: potential_members(POTENTIAL),
        **{folder: released_members(folder) for folder in MAIN.compared if folder != POTENTIAL},
    }.items()
    for number, file in enumerate(files, 1)
]


DEVIATION = {}
for run_name in CONFIG.runs:
    DEVIATION.setdefault(deviation_batch(run_name), []).append(run_name)
