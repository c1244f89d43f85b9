# What the potential says at 0 K about the crystal at rest: equation of state and phonons.
rule equation_of_state:
    input:
        model=f"{POTENTIAL}/model.pb",
        trained=results("potential/trained_pressures.csv"),
    output:
        table=results("statics/eos.csv"),
        prov=results("statics/eos.prov.json"),
    log:
        logs("statics/equation_of_state.log"),
    conda:
        environment("statics")
    threads: 1
    resources:
        **cpu(mem_mb=2000, minutes=20),
    params:
        **code("statics/equation_of_state.py"),
        engine=ENGINE,
        cage=plain(CRYSTAL.cage),
        prototype=prototype(),
        range=CRYSTAL.statics.lattice_constants,
        points=SCALE.statics.eos_points,
        dft_lattice_constants=CRYSTAL.dft.lattice_constants,
    script:
        "../scripts/statics/equation_of_state.py"


rule phonons:
    input:
        model=f"{POTENTIAL}/model.pb",
        trained=results("potential/trained_pressures.csv"),
        eos=results("statics/eos.csv"),
    output:
        table=results("statics/phonons.csv"),
        dos=results("statics/phonon_dos.csv"),
        energy=results("statics/harmonic_energy.csv"),
        prov=results("statics/phonons.prov.json"),
    log:
        logs("statics/phonons.log"),
    benchmark:
        benchmarks("statics/phonons.tsv")
    conda:
        environment("statics")
    threads: 1
    resources:
        **cpu(mem_mb=2000, minutes=120),
    params:
        **code("statics/phonons.py"),
        engine=ENGINE,
        masses={element: CRYSTAL.isotopes[element].mass for element in CRYSTAL.species},
        prototype=prototype(),
        pressures=CRYSTAL.statics.phonon_pressures,
        number_of_pressures=SCALE.statics.phonon_pressures,
        beyond_training=CRYSTAL.statics.beyond_training,
        repeat=SCALE.statics.phonon_repeat,
        mesh=SCALE.statics.phonon_mesh,
        max_frequency=CRYSTAL.dynamics.max_frequency,
        highest_run_pressure=max((spec.pressure for spec in CONFIG.planned.values()), default=0.0),
        crystal_file=str(CONFIG.crystal_file),
        released=MAIN.start == "model",
    script:
        "../scripts/statics/phonons.py"


# Phonons that motion renormalises, beside the harmonic ones. No run starts from them.
rule self_consistent_phonons:
    input:
        model=f"{POTENTIAL}/model.pb",
        phonons=results("statics/phonons.csv"),
    output:
        table=results("statics/self_consistent_phonons.csv"),
        dos=results("statics/self_consistent_dos.csv"),
        free_energy=results("statics/self_consistent_free_energy.csv"),
        prov=results("statics/self_consistent_phonons.prov.json"),
    log:
        logs("statics/self_consistent_phonons.log"),
    benchmark:
        benchmarks("statics/self_consistent_phonons.tsv")
    conda:
        environment("statics")
    threads: 1
    resources:
        **cpu(mem_mb=4000, minutes=240),
    params:
        **code("statics/self_consistent_phonons.py"),
        engine=ENGINE,
        masses={element: CRYSTAL.isotopes[element].mass for element in CRYSTAL.species},
        prototype=prototype(),
        temperatures=CRYSTAL.statics.self_consistent_temperatures,
        mesh=SCALE.statics.phonon_mesh,
        effort=plain(SCALE.statics.self_consistent),
        seed=CONFIG.seed("statics", "self_consistent_phonons"),
    script:
        "../scripts/statics/self_consistent_phonons.py"


if CRYSTAL.hops:

    rule hop_path:
        input:
            model=f"{POTENTIAL}/model.pb",
            equation_of_state=results("statics/eos.csv"),
            phonons=results("statics/phonons.csv"),
            harmonic_energy=results("statics/harmonic_energy.csv"),
        output:
            paths=results("statics/hop_paths.csv"),
            saddles=results("statics/hop_saddles.csv"),
            rates=results("statics/hop_rates.csv"),
            prov=results("statics/hop_paths.prov.json"),
        log:
            logs("statics/hop_path.log"),
        conda:
            environment("statics")
        threads: 1
        resources:
            **cpu(mem_mb=2000, minutes=240),
        params:
            **code("statics/hop_path.py"),
            engine=ENGINE,
            prototype=prototype(),
            mobile=CRYSTAL.mobile,
            masses=masses_by_isotope(),
            pressure=CRYSTAL.hops.pressure,
            temperatures=CRYSTAL.hops.temperatures,
            mechanisms=CRYSTAL.hops.mechanisms,
            effort=plain(SCALE.hops),
        script:
            "../scripts/statics/hop_path.py"


if CRYSTAL.hops and CRYSTAL.hops.instantons:

    rule instantons:
        input:
            model=f"{POTENTIAL}/model.pb",
            saddles=results("statics/hop_saddles.csv"),
        output:
            table=results("statics/hop_instantons.csv"),
            prov=results("statics/hop_instantons.prov.json"),
        log:
            logs("statics/instantons.log"),
        conda:
            environment("statics")
        threads: 1
        resources:
            **cpu(mem_mb=4000, minutes=240),
        params:
            **code("statics/instantons.py"),
            engine=ENGINE,
            prototype=prototype(),
            mobile=CRYSTAL.mobile,
            masses=masses_by_isotope(),
            mechanisms=CRYSTAL.hops.instantons.mechanisms,
            temperatures=sorted(CRYSTAL.hops.instantons.temperatures, reverse=True)[: SCALE.instantons.temperatures],
            beads=SCALE.instantons.beads,
            effort=plain(SCALE.hops),
        script:
            "../scripts/statics/instantons.py"
