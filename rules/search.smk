# Structures of low enthalpy: random and distorted starts, their enthalpies, and their check by DFT.
SEARCH = SCALE.statics.search
SEARCH_BATCHES = list(range(SEARCH.batches))
# What every rule of the search is told.
SEARCHED = {
    "prototype": prototype(),
    "pressures": SYSTEM.statics.pressures,
    "number_of_pressures": SCALE.statics.pressures,
    "shortest": SYSTEM.statics.shortest_distances,
    "max_steps": SCALE.statics.max_relaxation_steps,
}


rule search_random:
    input:
        model=f"{POTENTIAL}/model.pb",
        card=f"{POTENTIAL}/card.yaml",
    output:
        structures=f"{STATICS}/search/{{batch}}.extxyz",
        counts=f"{STATICS}/search/{{batch}}.csv",
        prov=f"{STATICS}/search/{{batch}}.prov.json",
    log:
        f"{S}/logs/search/{{batch}}.log",
    benchmark:
        f"{S}/benchmarks/search/{{batch}}.tsv"
    wildcard_constraints:
        batch=one_of(SEARCH_BATCHES),
    conda:
        "../envs/dynamics.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=time_limit(max(20, SEARCH.starts * 5)),
        gpu=0,
    params:
        **code("search/random_crystals.py"),
        **SEARCHED,
        starts=SEARCH.starts,
        formula_units=SEARCH.formula_units,
        space_groups=SYSTEM.statics.space_groups,
        window=SYSTEM.statics.window,
        seed=CONFIG.seed("search"),
    script:
        "../scripts/search/random_crystals.py"


rule search_distorted:
    input:
        model=f"{POTENTIAL}/model.pb",
        card=f"{POTENTIAL}/card.yaml",
    output:
        structures=f"{STATICS}/search/distorted.extxyz",
        counts=f"{STATICS}/search/distorted.csv",
        modes=f"{STATICS}/imaginary_modes.csv",
        prov=f"{STATICS}/search/distorted.prov.json",
    log:
        f"{S}/logs/search/distorted.log",
    benchmark:
        f"{S}/benchmarks/search/distorted.tsv"
    conda:
        "../envs/dynamics.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=time_limit(30 + 30 * SEARCH.distortions),
        gpu=0,
    params:
        **code("search/distorted.py"),
        **SEARCHED,
        phases=SYSTEM.statics.phases,
        distortions=SEARCH.distortions,
        primitive_cells=min(2, max(SEARCH.formula_units)),
        window=SYSTEM.statics.window,
        masses={element: SYSTEM.isotopes[element].mass for element in SYSTEM.species},
        seed=CONFIG.seed("distortions"),
    script:
        "../scripts/search/distorted.py"


rule enthalpy:
    input:
        model=f"{POTENTIAL}/model.pb",
        committee=potential_members(POTENTIAL),
        card=f"{POTENTIAL}/card.yaml",
        candidates=expand(f"{STATICS}/search/{{batch}}.extxyz", batch=[*SEARCH_BATCHES, "distorted"]),
        counts=expand(f"{STATICS}/search/{{batch}}.csv", batch=[*SEARCH_BATCHES, "distorted"]),
    output:
        table=f"{STATICS}/enthalpy.csv",
        structures=f"{STATICS}/structures.extxyz",
        found=f"{STATICS}/search.csv",
        counts=f"{STATICS}/search_counts.csv",
        prov=f"{STATICS}/enthalpy.prov.json",
    log:
        f"{S}/logs/enthalpy.log",
    benchmark:
        f"{S}/benchmarks/enthalpy.tsv"
    conda:
        "../envs/dynamics.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=time_limit(240),
        gpu=0,
    params:
        **code("search/enthalpies.py"),
        **SEARCHED,
        beyond_training=SYSTEM.statics.beyond_training,
        phases=SYSTEM.statics.phases,
        keep=SEARCH.keep,
    script:
        "../scripts/search/enthalpies.py"


rule dft_check_frames:
    input:
        table=f"{STATICS}/enthalpy.csv",
        structures=f"{STATICS}/structures.extxyz",
    output:
        frames=f"{S}/dft/check/frames.extxyz",
        prov=f"{S}/dft/check/frames.prov.json",
    log:
        f"{S}/logs/dft_check/frames.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=time_limit(10),
        gpu=0,
    params:
        **code("search/dft_check_frames.py"),
        check=SEARCH.check,
    script:
        "../scripts/search/dft_check_frames.py"


use rule dft_label as dft_check_label with:
    input:
        frames=f"{S}/dft/check/frames.extxyz",
        setups=f"{S}/dft/paw",
    output:
        labels=f"{S}/dft/check/{{batch}}.json",
        prov=f"{S}/dft/check/{{batch}}.prov.json",
    log:
        f"{S}/logs/dft_check/{{batch}}.log",
    benchmark:
        f"{S}/benchmarks/dft_check/{{batch}}.tsv"
    wildcard_constraints:
        batch="labels",


rule dft_check:
    input:
        frames=f"{S}/dft/check/frames.extxyz",
        labels=f"{S}/dft/check/labels.json",
        card=f"{POTENTIAL}/card.yaml",
    output:
        table=f"{S}/dft/structures_check.csv",
        structures=f"{S}/dft/structures_check.extxyz",
        prov=f"{S}/dft/structures_check.prov.json",
    log:
        f"{S}/logs/dft_check/table.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=time_limit(10),
        gpu=0,
    params:
        **code("search/dft_check.py"),
    script:
        "../scripts/search/dft_check.py"
