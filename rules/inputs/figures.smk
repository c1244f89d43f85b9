# The figures and tables that the crystal's figures.yaml lists, and the files behind their sources.
from qcrystal.config.messages import validate
from qcrystal.errors import QcrystalError
from qcrystal.figures.registry import FigureSet
from qcrystal.manuscript.published import read_published
from qcrystal.potential.card import read_card

FIGURES_FILE = str(Path(CONFIG.crystal_file).parent / "figures.yaml")
try:
    FIGURE_SET = validate(FigureSet, read_yaml(ROOT / FIGURES_FILE, FIGURES_FILE, "file"), FIGURES_FILE)
    FIGURE_SET.check_published(read_published(ROOT / MAIN.published), MAIN.published)
    FIGURES = FIGURE_SET.without(SCALE.left_out, f"scale {MAIN.scale}")
except QcrystalError as error:
    print(error, file=sys.stderr)
    sys.exit(1)

FIGURE_FILES = [
    results(f"figures/{id}{suffix}")
    for id, entry in FIGURES.items()
    if entry.what.output == "figure"
    for suffix in entry.suffixes
]
TABLE_FILES = [
    results(f"figures/{id}{suffix}")
    for id, entry in FIGURES.items()
    if entry.what.output == "table"
    for suffix in entry.suffixes
]
CAPTION_FILES = [results(f"figures/{id}.caption.json") for id in FIGURES]


# Tables that a start from DFT makes, and the sources that name shipped ones for the other starts.
DFT_TABLES = {
    "dft:lattice": ("dft/lattice.csv", "dft_reference"),
    "dft:convergence": ("dft/convergence.csv", "dft_convergence"),
    "dft:structures": ("search/dft_check.csv", "dft_check"),
}


def needed(key):
    """The file or folder that the crystal's sources name under a key; a figure needs it."""
    value = getattr(MAIN, key)
    if value is None:
        print(
            f"{CONFIG.sources_file}: {key}: null, but a figure of {FIGURES_FILE} needs it; name it, or take the figure out",
            file=sys.stderr,
        )
        sys.exit(1)
    return value


# Sections of the crystal that tables are made from, where it has them; a name without a table stands for all others of its kind.
SECTIONS = {
    "ternary": {"": ("ternary", TERNARY)},
    "superconductivity": {
        "formulas": ("superconductivity", SUPERCONDUCTIVITY),
        "tc_model": ("superconductivity.tc_model", SUPERCONDUCTIVITY and SUPERCONDUCTIVITY.tc_model),
        "": ("superconductivity.compounds with couplings, or meshes of the scale", COUPLED),
    },
}


def check_section(kind, table):
    """Make sure that the crystal has what a table is made from."""
    sections = SECTIONS[kind]
    section, there = sections.get(table, sections[""])
    if not there:
        print(
            f"{CONFIG.crystal_file}: no {section}, but a figure of {FIGURES_FILE} needs {kind}:{table}; "
            "add it, or take the figure out",
            file=sys.stderr,
        )
        sys.exit(1)


def source_files(name):
    """Files behind a source of ``figures.yaml``, such as ``statics:eos``: one, or none, as where its runs have not ended."""
    sweep = name.removeprefix("sweep:").partition("/")[0]
    if name.startswith("sweep:") and sweep in CONFIG.sweeps and not CONFIG.sweeps[sweep]:
        return []
    file = source_file(name)
    return [] if file in [results(table) for table in SCALE.unfinished.tables] else file


def not_ended(sweeps):
    """Sentence of a caption on runs that have not ended, or nothing."""
    planned = {run for sweep in sweeps for run in CONFIG.planned_sweeps.get(sweep, ())}
    ended = len(planned & set(CONFIG.runs))
    if ended == len(planned):
        return ""
    return f"{ended} of the {len(planned)} planned runs behind these values {'has' if ended == 1 else 'have'} ended"


def source_file(name):
    """The file behind a source whatever has ended, or none."""
    kind, _, rest = name.partition(":")
    if kind == "sweep":
        sweep, _, table = rest.partition("/")
        if sweep not in CONFIG.sweeps:
            print(
                f"{CONFIG.scale_file}: sweeps: a figure of {FIGURES_FILE} needs the sweep {sweep!r}; add it",
                file=sys.stderr,
            )
            sys.exit(1)
        return results(f"analysis/sweeps/{sweep}/{table}.csv")
    if kind == "nct":
        sweep, _, table = rest.partition("/")
        if sweep not in CONFIG.variational_sweeps:
            print(
                f"{CONFIG.scale_file}: nct.sweeps: a figure of {FIGURES_FILE} needs the sweep {sweep!r}; add it",
                file=sys.stderr,
            )
            sys.exit(1)
        return results(f"variational/sweeps/{sweep}/{table}.csv")
    if kind in ("analysis", "figure"):
        return results(f"{'figures' if kind == 'figure' else kind}/{rest}.csv")
    if kind == "statics":
        return results(f"statics/{rest}.csv")
    if kind == "search":
        return results(f"search/{rest}.extxyz") if rest == "structures" else results(f"search/{rest}.csv")
    if kind in SECTIONS:
        check_section(kind, rest)
    if kind == "ternary":
        return results(f"search/ternary/{rest}.csv")
    if kind == "superconductivity":
        return results(f"superconductivity/{rest}.csv")
    if kind == "potential":
        return f"{POTENTIAL}/card.yaml" if rest == "card" else f"{POTENTIAL}/{rest}.csv"
    if kind == "accuracy":
        return results(f"potential/accuracy/{rest}.csv")
    if (kind, rest) == ("quality", "potential"):  # of the set that a released potential was trained on
        path = f"{MAIN.model}/data_quality.csv"
        if MAIN.start != "model" or not Path(path).is_file():
            return []
        return path if read_card(Path(MAIN.model) / "card.yaml").data.name != MAIN.dataset else []
    if kind == "quality":
        return results(f"dataset/quality/{MAIN.dataset}/{rest}.csv")
    if name == "dft:label_pressures":
        return needed("label_pressures")
    if kind == "dft":
        made, key = DFT_TABLES[name]
        return results(made) if MAIN.start == "dft" else needed(key)
    if kind == "learning":
        folder = results("learning") if MAIN.start == "dft" else needed("learning_reference")
        return f"{folder}/{rest}.csv"
    raise ValueError(f"figure input {name!r}: unknown kind {kind!r}")
