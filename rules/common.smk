# Configuration, paths and what every rule uses.
import os
import sys
from pathlib import Path

# Figures are files, and texts are UTF-8, whatever the desktop or the locale says. No job imports what lies about in the
# folder where Snakemake was started, nor what the user has installed for other purposes.
os.environ.update(MPLBACKEND="agg", PYTHONUTF8="1", PYTHONSAFEPATH="1", PYTHONNOUSERSITE="1")

ROOT = Path(workflow.basedir)
sys.path[:] = [place for place in sys.path if Path(place).resolve() not in (ROOT.resolve(), Path.cwd().resolve())]
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
from qcrystal.processes import CPU_THREADS

# A job uses the cores that its rule declares; libraries that start threads of their own are told so before they are loaded.
for variable in CPU_THREADS:
    os.environ.setdefault(variable, "1")

from qcrystal.config.load import MAIN_FILE, load, read_files
from qcrystal.config.messages import ConfigError, read_yaml
from qcrystal.config.machine import machine_files
from qcrystal.config.preflight import check_folder, check_places, check_results, check_surroundings
from qcrystal.config.wildcards import one_of
from qcrystal.provenance.code import code_digest, keep, recall
from qcrystal.provenance.forked import fork_jobs
from qcrystal.provenance.same_results import SameResultsError, declared

recall()

try:
    check_places(sys.executable, str(ROOT))
    check_folder(Path.cwd(), ROOT)
    check_surroundings(os.environ, [Path("results"), Path(".snakemake")])
    read_yaml(ROOT / MAIN_FILE, MAIN_FILE, "file")
    # Jobs on other nodes are given the machine's settings as those of the command line, and no profile.
    MACHINE = [path.absolute() for path in machine_files(sys.argv[1:], os.environ)]
    PUT_OVER = {
        **read_files([*MACHINE, *workflow.overwrite_configfiles]),
        "--config": workflow.config_settings.config,
    }
except ConfigError as error:
    print(error, file=sys.stderr)
    sys.exit(1)


configfile: str(ROOT / MAIN_FILE)


for path in MACHINE:
    workflow.configfile(str(path))
workflow.overwrite_configfiles[:0] = [path for path in MACHINE if path not in workflow.overwrite_configfiles]


try:
    CONFIG = load(config, ROOT, PUT_OVER)
    check_surroundings({}, [Path("results", CONFIG.crystal_name, CONFIG.scale_name)])
    declared(ROOT)
except (ConfigError, SameResultsError) as error:
    print(error, file=sys.stderr)
    sys.exit(1)

SCALE, CRYSTAL, MAIN = CONFIG.scale, CONFIG.crystal, CONFIG.main
if workflow.is_main_process:  # jobs start with the libraries loaded
    fork_jobs(("pymatgen.analysis.phase_diagram", "pymatgen.analysis.structure_matcher") if CRYSTAL.ternary else ())
RESULTS = f"results/{CONFIG.crystal_name}/{CONFIG.scale_name}"


def results(path):
    """A file of a stage of this crystal at this scale."""
    return f"{RESULTS}/{path}"


def logs(path):
    """The log of a job."""
    return results(f"logs/{path}")


def benchmarks(path):
    """Path of the file with a job's time and memory."""
    return results(f"benchmarks/{path}")


# Where the potential comes from: the released one, or the one trained on the configured data set.
POTENTIAL = MAIN.model if MAIN.start == "model" and MAIN.model else results(f"potential/{MAIN.dataset}")
if not MAIN.replace:
    try:
        check_results(Path(RESULTS), f"{POTENTIAL}/model.pb", str(CONFIG.crystal_file))
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
ENGINE = MAIN.evaluated_by


# No rule makes what nobody configured.
wildcard_constraints:
    run=one_of(CONFIG.planned),
    sweep=one_of(CONFIG.sweeps),
    dataset=one_of(MAIN.datasets),


def code(*files):
    """The files of code behind a rule (relative to ``scripts/``) and the digest of all that they import."""
    return {"modules": list(files), "code": code_digest(*files)}


def plain(model):
    """A part of the configuration as plain data, so that a rule depends on exactly this part; null stays null."""
    return None if model is None else model.model_dump(mode="json")


def masses_by_isotope():
    """Isotope of the mobile element: the masses (u) of all elements, the mobile one's being that isotope's."""
    return {
        name: {
            element: isotope.mass if element == CRYSTAL.mobile else CRYSTAL.isotopes[element].mass
            for element in CRYSTAL.species
        }
        for name, isotope in CRYSTAL.isotopes.items()
        if isotope.element == CRYSTAL.mobile
    }


def prototype():
    """The prototype that the runs start from, as plain data."""
    return plain(CRYSTAL.prototypes[CRYSTAL.prototype])


# The file of a stage's environment (--sdm conda). A rule that does the work of another stage names that stage.
ENVIRONMENTS = {
    "dft": "dft",
    "dataset": "potential",
    "potential": "potential",
    "learning": "potential",
    "statics": "dynamics",
    "search": "dynamics",
    "superconductivity": "analysis",
    "dynamics": "dynamics",
    "variational": "dynamics",
    "analysis": "analysis",
    "figures": "analysis",
    "manuscript": "tex",
    "provenance": "analysis",
    "docs": "analysis",
}


def environment(stage):
    """The conda environment of a stage's rules."""
    return f"../envs/{ENVIRONMENTS[stage]}.yaml"
