# Configuration, paths and what every rule uses.
import hashlib
import math
import os
import sys
from pathlib import Path

# A job uses the cores that its rule declares; libraries that start threads of their own are told so.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
# Figures are files, and texts are UTF-8, whatever the desktop or the locale says.
os.environ.update(MPLBACKEND="agg", PYTHONUTF8="1")

ROOT = Path(workflow.basedir)
try:
    import qcrystal
except ModuleNotFoundError:
    print("The environment lacks this repository's library; run: make environment", file=sys.stderr)
    sys.exit(1)
if Path(qcrystal.__file__).resolve().parents[2] != ROOT.resolve():
    print(
        f"{qcrystal.__file__}: the environment holds the library of another repository; run `make environment` in {ROOT}",
        file=sys.stderr,
    )
    sys.exit(1)
from qcrystal.config.load import MAIN_FILE, load, read_files
from qcrystal.config.messages import ConfigError, read_yaml
from qcrystal.config.preflight import check_places, check_surroundings
from qcrystal.config.wildcards import one_of
from qcrystal.dataset import deepmd_npy
from qcrystal.potential.card import read_card
from qcrystal.provenance.code import code_digest

try:
    check_places(sys.executable, str(ROOT))
    check_surroundings(os.environ, [Path("results"), Path(".snakemake")])
    read_yaml(ROOT / MAIN_FILE, MAIN_FILE, "file")
    PUT_OVER = {
        **read_files(workflow.overwrite_configfiles),
        "--config": workflow.config_settings.config,
    }
except ConfigError as error:
    print(error, file=sys.stderr)
    sys.exit(1)


configfile: str(ROOT / MAIN_FILE)


try:
    CONFIG = load(config, ROOT, PUT_OVER)
    check_surroundings({}, [Path("results", CONFIG.crystal_name, CONFIG.scale_name)])
except ConfigError as error:
    print(error, file=sys.stderr)
    sys.exit(1)

SCALE, CRYSTAL, MAIN = CONFIG.scale, CONFIG.crystal, CONFIG.main
RESULTS = f"results/{CONFIG.crystal_name}/{CONFIG.scale_name}"


def results(path):
    """A file of a stage of this crystal at this scale."""
    return f"{RESULTS}/{path}"


def logs(path):
    """The log of a job."""
    return results(f"logs/{path}")


def benchmarks(path):
    """What a job took."""
    return results(f"benchmarks/{path}")


# Where the potential comes from: the released one, or the one trained on the configured data set.
POTENTIAL = MAIN.model if MAIN.start == "model" else results(f"potential/{MAIN.dataset}")
DFT_LATTICE = results("dft/lattice.csv") if MAIN.start == "dft" else MAIN.dft_reference
DFT_CONVERGENCE = results("dft/convergence.csv") if MAIN.start == "dft" else MAIN.dft_convergence
DFT_CHECK = results("search/dft_check.csv") if MAIN.start == "dft" else MAIN.dft_check
LEARNING_TABLES = results("learning") if MAIN.start == "dft" else MAIN.learning_reference
GPU = 1 if MAIN.device == "cuda" else 0
ENGINE = MAIN.evaluated_by


# No rule makes what nobody configured.
wildcard_constraints:
    run=one_of(CONFIG.runs),
    sweep=one_of(CONFIG.sweeps),
    dataset=one_of(MAIN.datasets),


def code(*files):
    """The files of code behind a rule (relative to ``scripts/``) and the digest of all that they import."""
    return {"modules": list(files), "code": code_digest(*files)}


def plain(model):
    """A part of the configuration as plain data, so that a rule depends on exactly this part."""
    return model.model_dump(mode="json")


def prototype():
    """The prototype that the runs start from, as plain data."""
    return plain(CRYSTAL.prototypes[CRYSTAL.prototype])


def pick(values, count):
    """``count`` of the values, spread evenly, ends included."""
    if count >= len(values):
        return list(values)
    if count == 1:
        return [values[len(values) // 2]]
    return [values[round(i * (len(values) - 1) / (count - 1))] for i in range(count)]


def potential_members(folder):
    """Files of a potential and of its committee: those of a released one that are there, those of one that is trained here."""
    if folder == MAIN.model:
        return [f"{folder}/model.pb", *sorted(str(path) for path in Path(folder).glob("model-*.pb"))]
    return [f"{folder}/model.pb", *(f"{folder}/model-{member}.pb" for member in range(2, SCALE.training.committee + 1))]


def dataset_parts(folder):
    """Every file that a data set is read from: arrays, types, and the marks of its frames."""
    return [str(path) for path in deepmd_npy.dataset_files(Path(folder))]


def dataset_source(wildcards):
    """Folder of the data set: labelled by this workflow, public and checked against its checksums, or shipped."""
    if MAIN.start == "dft" and wildcards.dataset == MAIN.dataset:
        return results(f"learning/{CONFIG.crystal_name}")
    dataset = MAIN.datasets[wildcards.dataset]
    return f"results/downloads/{wildcards.dataset}" if dataset.repository else dataset.path


def dataset_files(wildcards):
    """The data set as input: a folder that a rule makes, or every file of one that is shipped (an edit touches no folder)."""
    source = dataset_source(wildcards)
    if source.startswith("results/"):
        return source
    return dataset_parts(source)


def time_limit(minutes):
    """A job's time limit (minutes, or a function of the wildcards): grows with every attempt, up to the machine's ``longest_job``."""

    def limit(wildcards, attempt):
        estimate = minutes(wildcards) if callable(minutes) else minutes
        return min(attempt * estimate, MAIN.longest_job or math.inf)

    return limit


def work(wildcards):
    """Effort of a run in bead-atom-steps."""
    spec = CONFIG.runs[wildcards.run]
    return spec.steps * spec.beads * spec.atoms


def cell_of(run):
    """The run whose mean volume a run keeps, as a list of one or none."""
    return list(filter(None, [CONFIG.runs[run].cell_of]))


def labels_before(generation):
    """The labels that a generation's committee is trained on: those it all begins with and of all generations before it."""
    recipes = [] if LEARNING_SOURCE else expand(results("dft/labels/{batch}.json"), batch=DFT_BATCHES)
    earlier = range(FIRST, generation)
    return recipes + expand(results("learning/{earlier}/labels/{batch}.json"), earlier=earlier, batch=LEARNING_BATCHES)


def explored(suffix):
    """Files with a suffix of all runs of a generation."""
    return lambda wildcards: expand(
        results(f"learning/{wildcards.generation}/explore/{{run}}.{suffix}"), run=EXPLORATION[int(wildcards.generation)]
    )


def deviation_batch(run):
    """The job that evaluates a run's committee deviation, by the run's name, so that another run changes no other job."""
    return int(hashlib.sha256(run.encode()).hexdigest(), 16) % SCALE.sampling.deviation_jobs


DEVIATION = {}
for run_name in CONFIG.runs:
    DEVIATION.setdefault(deviation_batch(run_name), []).append(run_name)


def deviation_runs(file):
    """A file of every run of a deviation job."""
    return lambda wildcards: expand(results(f"dynamics/{{run}}/{file}"), run=DEVIATION[int(wildcards.batch)])
