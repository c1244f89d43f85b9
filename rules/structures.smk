# What the potential says at 0 K without motion: equation of state, enthalpies of the structures it finds, phonons.
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


rule equation_of_state:
    input:
        model=f"{POTENTIAL}/model.pb",
        card=f"{POTENTIAL}/card.yaml",
    output:
        table=f"{STATICS}/eos.csv",
        prov=f"{STATICS}/eos.prov.json",
    log:
        f"{S}/logs/eos.log",
    conda:
        "../envs/dynamics.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=time_limit(20),
        gpu=0,
    params:
        **code("equation_of_state.py"),
        cage=plain(SYSTEM.cage),
        prototype=prototype(),
        range=SYSTEM.statics.lattice_constants,
        points=SCALE.statics.eos_points,
        dft_lattice_constants=SYSTEM.dft.lattice_constants,
    script:
        "../scripts/equation_of_state.py"


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
        **code("search_random.py"),
        **SEARCHED,
        starts=SEARCH.starts,
        formula_units=SEARCH.formula_units,
        space_groups=SYSTEM.statics.space_groups,
        window=SYSTEM.statics.window,
        seed=CONFIG.seed("search"),
    script:
        "../scripts/search_random.py"


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
        **code("search_distorted.py"),
        **SEARCHED,
        phases=SYSTEM.statics.phases,
        distortions=SEARCH.distortions,
        primitive_cells=min(2, max(SEARCH.formula_units)),
        window=SYSTEM.statics.window,
        masses={element: SYSTEM.isotopes[element].mass for element in SYSTEM.species},
        seed=CONFIG.seed("distortions"),
    script:
        "../scripts/search_distorted.py"


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
        **code("enthalpy.py"),
        **SEARCHED,
        beyond_training=SYSTEM.statics.beyond_training,
        phases=SYSTEM.statics.phases,
        keep=SEARCH.keep,
    script:
        "../scripts/enthalpy.py"


rule phonons:
    input:
        model=f"{POTENTIAL}/model.pb",
        card=f"{POTENTIAL}/card.yaml",
        eos=f"{STATICS}/eos.csv",
    output:
        table=f"{STATICS}/phonons.csv",
        dos=f"{STATICS}/phonon_dos.csv",
        energy=f"{STATICS}/harmonic_energy.csv",
        prov=f"{STATICS}/phonons.prov.json",
    log:
        f"{S}/logs/phonons.log",
    benchmark:
        f"{S}/benchmarks/phonons.tsv"
    conda:
        "../envs/dynamics.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=time_limit(120),
        gpu=0,
    params:
        **code("phonons.py"),
        masses={element: SYSTEM.isotopes[element].mass for element in SYSTEM.species},
        prototype=prototype(),
        pressures=SYSTEM.statics.phonon_pressures,
        number_of_pressures=SCALE.statics.phonon_pressures,
        beyond_training=SYSTEM.statics.beyond_training,
        repeat=SCALE.statics.phonon_repeat,
        mesh=SCALE.statics.phonon_mesh,
        max_frequency=SYSTEM.dynamics.max_frequency,
        highest_run_pressure=max((spec.pressure for spec in CONFIG.runs.values()), default=0.0),
        system_file=str(CONFIG.system_file),
        released=MAIN.start == "model",
    script:
        "../scripts/phonons.py"


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
        **code("dft_check_frames.py"),
        check=SEARCH.check,
    script:
        "../scripts/dft_check_frames.py"


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
        **code("dft_check.py"),
    script:
        "../scripts/dft_check.py"
