# Tables of a run, and which job evaluates which runs.
import hashlib

from qcrystal.io.table_schemas.runs import OBSERVABLES

TOGETHER = {run: batch for batch, runs in SCALE.sampling.deviation_together.items() for run in runs}


def deviation_batch(run):
    """The job that evaluates a run's committee deviation: its own, or one by its name, so that another run changes no other job."""
    if SCALE.sampling.deviation_jobs is None:
        return TOGETHER.get(run, run)
    return str(int(hashlib.sha256(run.encode()).hexdigest(), 16) % SCALE.sampling.deviation_jobs)


def deviation_runs(file):
    """A file of every run of a deviation job."""
    return lambda wildcards: expand(results(f"dynamics/{{run}}/{file}"), run=DEVIATION[wildcards.batch])


# Members of the potential's committee and of the released ones beside it: name, number, file.
COMPARED = [
    (Path(folder).name, number, file)
    for folder, files in {
        POTENTIAL: potential_members(POTENTIAL),
        **{folder: released_members(folder) for folder in MAIN.compared if folder != POTENTIAL},
    }.items()
    for number, file in enumerate(files[: SCALE.statics.compared_members], 1)
]


DEVIATION = {}
for run_name in CONFIG.runs:
    DEVIATION.setdefault(deviation_batch(run_name), []).append(run_name)


# Runs whose spectra are drawn, each once.
VIBRATING = list(
    dict.fromkeys(
        run for sweep in (CRYSTAL.vibrations.sweeps if CRYSTAL.vibrations else ()) for run in CONFIG.sweeps[sweep]
    )
)
