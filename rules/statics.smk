# What the potential says at 0 K about the crystal at rest: equation of state and phonons.
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
        **code("statics/equation_of_state.py"),
        cage=plain(SYSTEM.cage),
        prototype=prototype(),
        range=SYSTEM.statics.lattice_constants,
        points=SCALE.statics.eos_points,
        dft_lattice_constants=SYSTEM.dft.lattice_constants,
    script:
        "../scripts/statics/equation_of_state.py"


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
        **code("statics/phonons.py"),
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
        "../scripts/statics/phonons.py"
