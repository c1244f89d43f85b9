# Labels by density-functional theory: GPAW through ASE, run by the interpreter that carries GPAW.
from qcrystal.dft.convergence import comparisons, settings_to_label

DFT = SYSTEM.dft
DFT_SETTINGS = {
    key: getattr(DFT, key)
    for key in ("functional", "cutoff", "kpoint_length", "width", "energy_convergence", "force_convergence")
}
DFT_BATCHES = list(range(SCALE.dft.batches))
CHOSEN = {key: DFT_SETTINGS[key] for key in ("cutoff", "kpoint_length", "width")}
COMPARISONS = comparisons(CHOSEN, DFT.convergence, SCALE.dft.convergence)
TRIED = settings_to_label(COMPARISONS)


rule dft_paw:
    output:
        folder=directory(f"{S}/dft/paw"),
        prov=f"{S}/dft/paw.prov.json",
    log:
        f"{S}/logs/dft_paw.log",
    conda:
        "../envs/dft.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=time_limit(10),
        gpu=0,
    params:
        **code("dft/paw.py"),
        elements=DFT.paw,
        functional=DFT.functional,
        python=MAIN.dft_python,
    script:
        "../scripts/dft/paw.py"


rule dft_frames:
    input:
        **{f"structures{i}": recipe.structures for i, recipe in enumerate(DFT.structure_recipes)},
    output:
        frames=expand(f"{S}/dft/frames/{{batch}}.extxyz", batch=DFT_BATCHES),
        prov=f"{S}/dft/frames.prov.json",
    log:
        f"{S}/logs/dft_frames.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=time_limit(10),
        gpu=0,
    params:
        **code("dft/frames.py"),
        prototype=prototype(),
        species=SYSTEM.species,
        recipes=[plain(recipe) for recipe in DFT.recipes],
        structure_recipes=[plain(recipe) for recipe in DFT.structure_recipes],
        frequencies=DFT.frequencies,
        frames_per_recipe=SCALE.dft.frames_per_recipe,
        seed=DFT.seed,
    script:
        "../scripts/dft/frames.py"


rule dft_label:
    input:
        frames=f"{S}/dft/frames/{{batch}}.extxyz",
        setups=f"{S}/dft/paw",
    output:
        labels=f"{S}/dft/labels/{{batch}}.json",
        prov=f"{S}/dft/labels/{{batch}}.prov.json",
    log:
        f"{S}/logs/dft_label/{{batch}}.log",
    benchmark:
        f"{S}/benchmarks/dft_label/{{batch}}.tsv"
    wildcard_constraints:
        batch=one_of(DFT_BATCHES),
    conda:
        "../envs/dft.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=time_limit(240),
        gpu=0,
    params:
        **code("dft/label_batch.py", "dft/label.py"),
        settings=DFT_SETTINGS,
        python=MAIN.dft_python,
    script:
        "../scripts/dft/label_batch.py"


rule dft_lattice:
    input:
        setups=f"{S}/dft/paw",
    output:
        table=f"{S}/dft/lattice.csv",
        prov=f"{S}/dft/lattice.prov.json",
    log:
        f"{S}/logs/dft_lattice.log",
    benchmark:
        f"{S}/benchmarks/dft_lattice.tsv"
    conda:
        "../envs/dft.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=time_limit(120),
        gpu=0,
    params:
        **code("dft/lattice_table.py", "dft/lattice.py", "dft/label.py"),
        settings=DFT_SETTINGS,
        prototype=prototype(),
        cage=plain(SYSTEM.cage),
        lattice_constants=pick(DFT.lattice_constants, SCALE.dft.lattice_points),
        python=MAIN.dft_python,
    script:
        "../scripts/dft/lattice_table.py"


# The convergence of the settings: the same small frames, labelled by every setting that is tried.
use rule dft_frames as dft_convergence_frames with:
    input:
        [],
    output:
        frames=[f"{S}/dft/convergence/frames.extxyz"],
        prov=f"{S}/dft/convergence/frames.prov.json",
    log:
        f"{S}/logs/dft_convergence/frames.log",
    params:
        **code("dft/frames.py"),
        prototype=prototype(),
        species=SYSTEM.species,
        recipes=[plain(recipe) for recipe in DFT.convergence.frames],
        structure_recipes=[],
        frequencies=DFT.frequencies,
        frames_per_recipe=None,
        seed=DFT.seed,


use rule dft_label as dft_convergence_label with:
    input:
        frames=f"{S}/dft/convergence/frames.extxyz",
        setups=f"{S}/dft/paw",
    output:
        labels=f"{S}/dft/convergence/{{batch}}.json",
        prov=f"{S}/dft/convergence/{{batch}}.prov.json",
    log:
        f"{S}/logs/dft_convergence/{{batch}}.log",
    benchmark:
        f"{S}/benchmarks/dft_convergence/{{batch}}.tsv"
    wildcard_constraints:
        batch=one_of(TRIED),
    params:
        **code("dft/label_batch.py", "dft/label.py"),
        settings=lambda wildcards: DFT_SETTINGS | TRIED[wildcards.batch],
        python=MAIN.dft_python,


use rule dft_lattice as dft_convergence_lattice with:
    output:
        table=f"{S}/dft/convergence/lattice/{{batch}}.csv",
        prov=f"{S}/dft/convergence/lattice/{{batch}}.prov.json",
    log:
        f"{S}/logs/dft_convergence/{{batch}}-lattice.log",
    benchmark:
        f"{S}/benchmarks/dft_convergence/{{batch}}-lattice.tsv"
    wildcard_constraints:
        batch=one_of(TRIED),
    params:
        **code("dft/lattice_table.py", "dft/lattice.py", "dft/label.py"),
        settings=lambda wildcards: DFT_SETTINGS | TRIED[wildcards.batch],
        prototype=prototype(),
        cage=plain(SYSTEM.cage),
        lattice_constants=[DFT.convergence.lattice_constant],
        python=MAIN.dft_python,


rule dft_convergence_compare:
    input:
        **{f"label{i}": f"{S}/dft/convergence/{name}.json" for i, name in enumerate(TRIED)},
        **{f"lattice{i}": f"{S}/dft/convergence/lattice/{name}.csv" for i, name in enumerate(TRIED)},
    output:
        table=f"{S}/dft/convergence.csv",
        prov=f"{S}/dft/convergence.prov.json",
    log:
        f"{S}/logs/dft_convergence.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=time_limit(10),
        gpu=0,
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
        eos=f"{S}/statics/eos.csv",
    output:
        table=f"{S}/dft/label_pressures/{{dataset}}.csv",
        prov=f"{S}/dft/label_pressures/{{dataset}}.prov.json",
    log:
        f"{S}/logs/label_pressures/{{dataset}}.log",
    conda:
        "../envs/dynamics.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=time_limit(60),
        gpu=0,
    params:
        **code("dft/label_pressures.py"),
        source=dataset_source,
        species=SYSTEM.species,
        prototype=prototype(),
    script:
        "../scripts/dft/label_pressures.py"


rule dft_dataset:
    input:
        labels=expand(f"{S}/dft/labels/{{batch}}.json", batch=DFT_BATCHES),
    output:
        folder=directory(f"{S}/dft/{CONFIG.system_name}"),
        prov=f"{S}/dft/{CONFIG.system_name}.prov.json",
    log:
        f"{S}/logs/dft_dataset.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=time_limit(10),
        gpu=0,
    params:
        **code("dft/dataset.py"),
    script:
        "../scripts/dft/dataset.py"
