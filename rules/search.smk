# Structures of low enthalpy: random and distorted starts, their enthalpies, and their check by DFT.
SEARCH = SCALE.search
SEARCH_BATCHES = list(range(SEARCH.batches))
# What every rule of the search is told.
SEARCHED = {
    "prototype": prototype(),
    "pressures": CRYSTAL.search.pressures,
    "number_of_pressures": SEARCH.pressures,
    "shortest": CRYSTAL.search.shortest_distances,
    "max_steps": SEARCH.max_relaxation_steps,
}


rule search_random:
    input:
        model=f"{POTENTIAL}/model.pb",
        card=f"{POTENTIAL}/card.yaml",
    output:
        structures=results("search/batches/{batch}.extxyz"),
        counts=results("search/batches/{batch}.csv"),
        prov=results("search/batches/{batch}.prov.json"),
    log:
        logs("search/{batch}.log"),
    benchmark:
        benchmarks("search/{batch}.tsv")
    wildcard_constraints:
        batch=one_of(SEARCH_BATCHES),
    conda:
        environment("search")
    threads: 1
    resources:
        **cpu(mem_mb=3000, minutes=max(20, SEARCH.starts * 5)),
    params:
        **code("search/random_crystals.py"),
        **SEARCHED,
        engine=ENGINE,
        starts=SEARCH.starts,
        formula_units=SEARCH.formula_units,
        space_groups=CRYSTAL.search.space_groups,
        window=CRYSTAL.search.window,
        seed=CONFIG.seed("search"),
    script:
        "../scripts/search/random_crystals.py"


rule search_distorted:
    input:
        model=f"{POTENTIAL}/model.pb",
        card=f"{POTENTIAL}/card.yaml",
    output:
        structures=results("search/batches/distorted.extxyz"),
        counts=results("search/batches/distorted.csv"),
        modes=results("search/imaginary_modes.csv"),
        prov=results("search/batches/distorted.prov.json"),
    log:
        logs("search/distorted.log"),
    benchmark:
        benchmarks("search/distorted.tsv")
    conda:
        environment("search")
    threads: 1
    resources:
        **cpu(mem_mb=3000, minutes=30 + 30 * SEARCH.distortions),
    params:
        **code("search/distorted.py"),
        **SEARCHED,
        engine=ENGINE,
        phases=CRYSTAL.search.phases,
        distortions=SEARCH.distortions,
        primitive_cells=min(2, max(SEARCH.formula_units)),
        window=CRYSTAL.search.window,
        masses={element: CRYSTAL.isotopes[element].mass for element in CRYSTAL.species},
        seed=CONFIG.seed("distortions"),
    script:
        "../scripts/search/distorted.py"


rule enthalpy:
    input:
        model=f"{POTENTIAL}/model.pb",
        committee=potential_members(POTENTIAL),
        card=f"{POTENTIAL}/card.yaml",
        candidates=expand(results("search/batches/{batch}.extxyz"), batch=[*SEARCH_BATCHES, "distorted"]),
        counts=expand(results("search/batches/{batch}.csv"), batch=[*SEARCH_BATCHES, "distorted"]),
    output:
        table=results("search/enthalpies.csv"),
        structures=results("search/structures.extxyz"),
        found=results("search/found.csv"),
        counts=results("search/counts.csv"),
        prov=results("search/enthalpies.prov.json"),
    log:
        logs("search/enthalpies.log"),
    benchmark:
        benchmarks("search/enthalpies.tsv")
    conda:
        environment("search")
    threads: 1
    resources:
        **cpu(mem_mb=3000, minutes=240),
    params:
        **code("search/enthalpies.py"),
        **SEARCHED,
        engine=ENGINE,
        beyond_training=CRYSTAL.statics.beyond_training,
        phases=CRYSTAL.search.phases,
        keep=SEARCH.keep,
    script:
        "../scripts/search/enthalpies.py"


rule dft_check_frames:
    input:
        table=results("search/enthalpies.csv"),
        structures=results("search/structures.extxyz"),
    output:
        frames=results("search/dft_check/frames.extxyz"),
        prov=results("search/dft_check/frames.prov.json"),
    log:
        logs("search/dft_check/frames.log"),
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("search/dft_check_frames.py"),
        check=SEARCH.check,
    script:
        "../scripts/search/dft_check_frames.py"


use rule dft_label as dft_check_label with:
    input:
        frames=results("search/dft_check/frames.extxyz"),
        setups=results("dft/paw"),
    output:
        labels=results("search/dft_check/{batch}.json"),
        prov=results("search/dft_check/{batch}.prov.json"),
    log:
        logs("search/dft_check/{batch}.log"),
    benchmark:
        benchmarks("search/dft_check/{batch}.tsv")
    wildcard_constraints:
        batch="labels",


rule dft_check:
    input:
        frames=results("search/dft_check/frames.extxyz"),
        labels=results("search/dft_check/labels.json"),
        card=f"{POTENTIAL}/card.yaml",
    output:
        table=results("search/dft_check.csv"),
        structures=results("search/dft_check.extxyz"),
        prov=results("search/dft_check.prov.json"),
    log:
        logs("search/dft_check/table.log"),
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("search/dft_check.py"),
    script:
        "../scripts/search/dft_check.py"
