# Labels by density-functional theory: GPAW through ASE, run by the interpreter that carries GPAW.
DFT = SYSTEM.dft
DFT_SETTINGS = {
    key: getattr(DFT, key)
    for key in ("functional", "cutoff", "kpoint_length", "width", "energy_convergence", "force_convergence")
}
DFT_BATCHES = list(range(SCALE.dft.batches))


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
        runtime=10,
        gpu=0,
    params:
        **code("dft_paw.py"),
        elements=DFT.paw,
        functional=DFT.functional,
        python=MAIN.dft_python,
    script:
        "../scripts/dft_paw.py"


rule dft_frames:
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
        runtime=10,
        gpu=0,
    params:
        **code("dft_frames.py"),
        prototype=prototype(),
        species=SYSTEM.species,
        recipes=[plain(recipe) for recipe in DFT.recipes],
        frequencies=DFT.frequencies,
        frames_per_recipe=SCALE.dft.frames_per_recipe,
        seed=DFT.seed,
    script:
        "../scripts/dft_frames.py"


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
    conda:
        "../envs/dft.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=0,
    params:
        **code("dft_label_batch.py", "dft_label.py"),
        settings=DFT_SETTINGS,
        python=MAIN.dft_python,
    script:
        "../scripts/dft_label_batch.py"


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
        runtime=120,
        gpu=0,
    params:
        **code("dft_lattice_table.py", "dft_lattice.py", "dft_label.py"),
        settings=DFT_SETTINGS,
        prototype=prototype(),
        cage=plain(SYSTEM.cage),
        lattice_constants=pick(DFT.lattice_constants, SCALE.dft.lattice_points),
        python=MAIN.dft_python,
    script:
        "../scripts/dft_lattice_table.py"


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
        runtime=10,
        gpu=0,
    params:
        **code("dft_dataset.py"),
    script:
        "../scripts/dft_dataset.py"
