# Labels by density-functional theory: GPAW through ASE, run by the interpreter that carries GPAW.
from qcrystal.fields import spread
from qcrystal.dft.convergence import comparisons, settings_to_label

DFT = CRYSTAL.dft
DFT_SETTINGS = {
    key: getattr(DFT, key)
    for key in (
        "functional",
        "cutoff",
        "kpoint_length",
        "smearing",
        "width",
        "symmetry",
        "energy_convergence",
        "force_convergence",
    )
}
DFT_BATCHES = list(range(SCALE.dft.batches))
CHOSEN = {key: DFT_SETTINGS[key] for key in ("cutoff", "kpoint_length", "width")}
COMPARISONS = comparisons(CHOSEN, DFT.convergence, SCALE.dft.convergence)
TRIED = settings_to_label(COMPARISONS)


rule dft_paw:
    output:
        folder=directory(results("dft/paw")),
        prov=results("dft/paw.prov.json"),
    log:
        logs("dft/paw.log"),
    conda:
        environment("dft")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("dft/paw.py"),
        sets={element: plain(options) for element, options in DFT.paw.items()},
        functional=DFT.functional,
        python=MAIN.dft_python,
    script:
        "../scripts/dft/paw.py"


rule dft_frames:
    input:
        **{f"structures{i}": recipe.structures for i, recipe in enumerate(DFT.structure_recipes)},
    output:
        frames=expand(results("dft/frames/{batch}.extxyz"), batch=DFT_BATCHES),
        prov=results("dft/frames.prov.json"),
    log:
        logs("dft/frames.log"),
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("dft/frames.py"),
        prototype=prototype(),
        species=CRYSTAL.species,
        mobile=CRYSTAL.mobile,
        recipes=[plain(recipe) for recipe in DFT.recipes],
        structure_recipes=[plain(recipe) for recipe in DFT.structure_recipes],
        frequencies=DFT.frequencies,
        frames_per_recipe=SCALE.dft.frames_per_recipe,
        seed=DFT.seed,
    script:
        "../scripts/dft/frames.py"


rule dft_label:
    input:
        frames=results("dft/frames/{batch}.extxyz"),
        setups=results("dft/paw"),
    output:
        labels=results("dft/labels/{batch}.json"),
        prov=results("dft/labels/{batch}.prov.json"),
    log:
        logs("dft/label/{batch}.log"),
    benchmark:
        benchmarks("dft/label/{batch}.tsv")
    wildcard_constraints:
        batch=one_of(DFT_BATCHES),
    conda:
        environment("dft")
    threads: 1
    resources:
        **cpu(mem_mb=4000, minutes=240),
    params:
        **code("dft/label_batch.py", "dft/label.py"),
        settings=DFT_SETTINGS,
        python=MAIN.dft_python,
    script:
        "../scripts/dft/label_batch.py"


rule dft_lattice:
    input:
        setups=results("dft/paw"),
    output:
        table=results("dft/lattice.csv"),
        prov=results("dft/lattice.prov.json"),
    log:
        logs("dft/lattice.log"),
    benchmark:
        benchmarks("dft/lattice.tsv")
    conda:
        environment("dft")
    threads: 1
    resources:
        **cpu(mem_mb=4000, minutes=120),
    params:
        **code("dft/lattice_table.py", "dft/lattice.py", "dft/label.py"),
        settings=DFT_SETTINGS,
        prototype=prototype(),
        cage=plain(CRYSTAL.cage),
        lattice_constants=spread(DFT.lattice_constants, SCALE.dft.lattice_points),
        python=MAIN.dft_python,
    script:
        "../scripts/dft/lattice_table.py"


# The convergence of the settings: the same small frames, labelled by every setting that is tried.
use rule dft_frames as dft_convergence_frames with:
    input:
        [],
    output:
        frames=[results("dft/convergence/frames.extxyz")],
        prov=results("dft/convergence/frames.prov.json"),
    log:
        logs("dft/convergence/frames.log"),
    params:
        **code("dft/frames.py"),
        prototype=prototype(),
        species=CRYSTAL.species,
        mobile=CRYSTAL.mobile,
        recipes=[plain(recipe) for recipe in DFT.convergence.frames],
        structure_recipes=[],
        frequencies=DFT.frequencies,
        frames_per_recipe=None,
        seed=DFT.seed,


use rule dft_label as dft_convergence_label with:
    input:
        frames=results("dft/convergence/frames.extxyz"),
        setups=results("dft/paw"),
    output:
        labels=results("dft/convergence/{batch}.json"),
        prov=results("dft/convergence/{batch}.prov.json"),
    log:
        logs("dft/convergence/{batch}.log"),
    benchmark:
        benchmarks("dft/convergence/{batch}.tsv")
    wildcard_constraints:
        batch=one_of(TRIED),
    params:
        **code("dft/label_batch.py", "dft/label.py"),
        settings=lambda wildcards: DFT_SETTINGS | TRIED[wildcards.batch],
        python=MAIN.dft_python,


use rule dft_lattice as dft_convergence_lattice with:
    output:
        table=results("dft/convergence/lattice/{batch}.csv"),
        prov=results("dft/convergence/lattice/{batch}.prov.json"),
    log:
        logs("dft/convergence/{batch}-lattice.log"),
    benchmark:
        benchmarks("dft/convergence/{batch}-lattice.tsv")
    wildcard_constraints:
        batch=one_of(TRIED),
    params:
        **code("dft/lattice_table.py", "dft/lattice.py", "dft/label.py"),
        settings=lambda wildcards: DFT_SETTINGS | TRIED[wildcards.batch],
        prototype=prototype(),
        cage=plain(CRYSTAL.cage),
        lattice_constants=[DFT.convergence.lattice_constant],
        python=MAIN.dft_python,


rule dft_convergence_compare:
    input:
        **{f"label{i}": results(f"dft/convergence/{name}.json") for i, name in enumerate(TRIED)},
        **{f"lattice{i}": results(f"dft/convergence/lattice/{name}.csv") for i, name in enumerate(TRIED)},
    output:
        table=results("dft/convergence.csv"),
        prov=results("dft/convergence.prov.json"),
    log:
        logs("dft/convergence.log"),
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("dft/convergence.py"),
        comparisons=COMPARISONS,
        names=list(TRIED),
        goals=plain(DFT.convergence.goals),
        chosen=CHOSEN,
    script:
        "../scripts/dft/convergence.py"


# What a data set's labels of moving atoms say about the pressure at rest; asked for by name, as the data may not be shipped.
rule label_pressures:
    input:
        dataset_files,
        model=f"{POTENTIAL}/model.pb",
        eos=results("statics/eos.csv"),
    output:
        table=results("dft/label_pressures/{dataset}.csv"),
        prov=results("dft/label_pressures/{dataset}.prov.json"),
    log:
        logs("dft/label_pressures/{dataset}.log"),
    conda:
        environment("dynamics")
    threads: 1
    resources:
        **cpu(mem_mb=4000, minutes=60),
    params:
        **code("dft/label_pressures.py"),
        engine=ENGINE,
        source=dataset_source,
        species=CRYSTAL.species,
        prototype=prototype(),
    script:
        "../scripts/dft/label_pressures.py"


rule dft_dataset:
    input:
        labels=expand(results("dft/labels/{batch}.json"), batch=DFT_BATCHES),
    output:
        folder=directory(results(f"dft/{CONFIG.crystal_name}")),
        prov=results(f"dft/{CONFIG.crystal_name}.prov.json"),
    log:
        logs("dft/dataset.log"),
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("dft/dataset.py"),
    script:
        "../scripts/dft/dataset.py"
