# Every figure and table of the paper, drawn from tidy tables: those that the crystal's figures.yaml lists.
from qcrystal.config.messages import validate
from qcrystal.figures.registry import FigureSet
from qcrystal.manuscript.published import PublishedError, read_published

FIGURES_FILE = str(Path(CONFIG.crystal_file).parent / "figures.yaml")
try:
    FIGURE_SET = validate(FigureSet, read_yaml(ROOT / FIGURES_FILE, FIGURES_FILE, "file"), FIGURES_FILE)
    FIGURE_SET.check_published(read_published(ROOT / MAIN.published), MAIN.published)
except (ConfigError, PublishedError) as error:
    print(error, file=sys.stderr)
    sys.exit(1)

FIGURES = FIGURE_SET.figures
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


def source_files(name):
    """Files behind a source of ``figures.yaml`` such as ``sweep:classical_grid/summary`` or ``statics:eos``: one, or none."""
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
    if kind == "statics":
        return results(f"statics/{rest}.csv")
    if kind == "search":
        return results(f"search/{rest}.extxyz") if rest == "structures" else results(f"search/{rest}.csv")
    if kind == "potential":
        return f"{POTENTIAL}/{rest}.csv"
    if kind == "accuracy":
        return results(f"potential/accuracy/{rest}.csv")
    if (kind, rest) == ("quality", "potential"):  # of the set that a released potential was trained on
        path = f"{MAIN.model}/data_quality.csv"
        if MAIN.start != "model" or not Path(path).is_file():
            return []
        return path if read_card(Path(MAIN.model) / "card.yaml").data.name != MAIN.dataset else []
    if kind == "quality":
        return results(f"dataset/quality/{MAIN.dataset}/{rest}.csv")
    if kind == "dft":
        return {
            "lattice": DFT_LATTICE,
            "convergence": DFT_CONVERGENCE,
            "structures": DFT_CHECK,
            "label_pressures": MAIN.label_pressures,
        }[rest]
    if kind == "learning":
        return f"{LEARNING_TABLES}/{rest}.csv"
    raise ValueError(f"figure input {name!r}: unknown kind {kind!r}")


for figure_id, figure in FIGURES.items():

    rule:
        name:
            figure_id
        input:
            **{
                role: [file for source in sources for file in [source_files(source)] if file]
                for role, sources in figure.sources.items()
            },
            published=MAIN.published,
        output:
            *(
                [
                    report(
                        results(f"figures/{figure_id}.png"),
                        category=figure.category,
                        caption="../manuscript/captions.rst",
                        labels={"figure": figure_id},
                    ),
                    results(f"figures/{figure_id}.pdf"),
                ]
                if figure.what.output == "figure"
                else [results(f"figures/{figure_id}.csv"), results(f"figures/{figure_id}.tex")]
            ),
            caption=results(f"figures/{figure_id}.caption.json"),
            prov=results(f"figures/{figure_id}.prov.json"),
        log:
            logs(f"figures/{figure_id}.log"),
        group:
            "figures"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=time_limit(10),
            gpu=0,
        params:
            **code("figures/figure.py", f"qcrystal/figures/{figure.kind}.py"),
            figure=figure_id,
            kind=figure.kind,
            roles=list(figure.sources),
            published=figure.published,
            options=figure.options,
            caption=figure.caption,
            converged_length=SCALE.sampling.converged_length,
        script:
            "../scripts/figures/figure.py"
