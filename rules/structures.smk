# What the potential says at 0 K without motion: equation of state, enthalpies of the structures it finds, phonons.
rule equation_of_state:
    input:
        model=f"{POTENTIAL}/model.pb",
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
        runtime=20,
        gpu=0,
    params:
        **code("equation_of_state.py"),
        cage=plain(SYSTEM.cage),
        prototype=prototype(),
        range=SYSTEM.statics.lattice_constants,
        points=SCALE.statics.eos_points,
    script:
        "../scripts/equation_of_state.py"


rule enthalpy:
    input:
        model=f"{POTENTIAL}/model.pb",
    output:
        table=f"{STATICS}/enthalpy.csv",
        structures=f"{STATICS}/structures.extxyz",
        prov=f"{STATICS}/enthalpy.prov.json",
    log:
        f"{S}/logs/enthalpy.log",
    benchmark:
        f"{S}/benchmarks/enthalpy.tsv"
    conda:
        "../envs/dynamics.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
        gpu=0,
    params:
        **code("enthalpy.py"),
        prototype=prototype(),
        pressures=pick(SYSTEM.statics.pressures, SCALE.statics.pressures),
        starts=SCALE.statics.starts,
        max_steps=SCALE.statics.max_relaxation_steps,
        seed=CONFIG.seed("enthalpy"),
    script:
        "../scripts/enthalpy.py"


rule phonons:
    input:
        model=f"{POTENTIAL}/model.pb",
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
        runtime=120,
        gpu=0,
    params:
        **code("phonons.py"),
        masses={element: SYSTEM.isotopes[element].mass for element in SYSTEM.species},
        prototype=prototype(),
        pressures=pick(SYSTEM.statics.phonon_pressures, SCALE.statics.phonon_pressures),
        repeat=SCALE.statics.phonon_repeat,
        mesh=SCALE.statics.phonon_mesh,
    script:
        "../scripts/phonons.py"
