# Observables of each run, how far the potential is to be trusted there, and tidy tables over each sweep.
include: "inputs/analysis.smk"


rule observe:
    input:
        trajectory=results("dynamics/{run}/trajectory.h5"),
        thermo=results("dynamics/{run}/thermo.csv"),
        report=results("dynamics/{run}/report.json"),
        eos=results("statics/eos.csv"),
    output:
        **{name: results(f"analysis/runs/{{run}}/{name}.csv") for name in OBSERVABLES},
        prov=results("analysis/runs/{run}/observables.prov.json"),
    log:
        logs("analysis/runs/{run}.log"),
    group:
        "observables"
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=4000, minutes=30),
    params:
        **code("analysis/observe.py"),
        prototype=prototype(),
        cage=plain(CRYSTAL.cage),
        order_parameters=plain(CRYSTAL.order_parameters),
    script:
        "../scripts/analysis/observe.py"


# A job evaluates the frames of many runs: starting TensorFlow takes longer than a run's few frames.
rule deviation:
    input:
        trajectories=deviation_runs("trajectory.h5"),
        thermo=deviation_runs("thermo.csv"),
        models=potential_members(POTENTIAL),
        limits=results("potential/accuracy/limits.csv"),
    output:
        frames=results("analysis/deviation/{batch}/frames.csv"),
        runs=results("analysis/deviation/{batch}/runs.csv"),
        prov=results("analysis/deviation/{batch}/deviation.prov.json"),
    log:
        logs("analysis/deviation/{batch}.log"),
    wildcard_constraints:
        batch=one_of(DEVIATION),
    conda:
        environment("dynamics")
    threads: 1
    resources:
        **gpu(
            mem_mb=lambda wildcards: 3000 + max(CONFIG.runs[run].atoms for run in DEVIATION[wildcards.batch]) // 2,
            minutes=60,
        ),
    params:
        **code("analysis/deviation.py"),
        engine=ENGINE,
        frames=SCALE.sampling.deviation_frames,
    script:
        "../scripts/analysis/deviation.py"


# A job per table: a run joins a sweep where of the others only this table is known.
rule collect:
    input:
        observables=lambda wildcards: expand(
            results("analysis/runs/{run}/{table}.csv"), run=CONFIG.sweeps[wildcards.sweep], table=wildcards.table
        ),
        deviation=lambda wildcards: expand(
            results("analysis/deviation/{batch}/runs.csv"),
            batch=sorted(set(map(deviation_batch, CONFIG.sweeps[wildcards.sweep]))),
        ),
    output:
        table=results("analysis/sweeps/{sweep}/{table}.csv"),
        prov=results("analysis/sweeps/{sweep}/{table}.prov.json"),
    log:
        logs("analysis/sweeps/{sweep}-{table}.log"),
    wildcard_constraints:
        table=one_of(OBSERVABLES),
    group:
        "tables"
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=2000, minutes=10),
    params:
        **code("analysis/collect.py"),
        runs=lambda wildcards: [plain(CONFIG.runs[run]) for run in CONFIG.sweeps[wildcards.sweep]],
    script:
        "../scripts/analysis/collect.py"


rule potentials:
    input:
        models=[file for _, _, file in COMPARED],
        trained=results("potential/trained_pressures.csv"),
    output:
        table=results("analysis/potentials.csv"),
        prov=results("analysis/potentials.prov.json"),
    log:
        logs("analysis/potentials.log"),
    conda:
        environment("dynamics")
    threads: 1
    resources:
        **cpu(mem_mb=3000, minutes=120),
    params:
        **code("analysis/potentials.py"),
        engine=ENGINE,
        names=[name for name, _, _ in COMPARED],
        members=[number for _, number, _ in COMPARED],
        prototype=prototype(),
        cage=plain(CRYSTAL.cage),
        masses={element: CRYSTAL.isotopes[element].mass for element in CRYSTAL.species},
        pressures=CRYSTAL.statics.phonon_pressures,
        number_of_pressures=SCALE.statics.compared_pressures,
        repeat=SCALE.statics.phonon_repeat,
        mesh=SCALE.statics.phonon_mesh,
        shortest=CRYSTAL.search.shortest_distances,
    script:
        "../scripts/analysis/potentials.py"


if CRYSTAL.vibrations:

    rule vibrations:
        input:
            trajectories=expand(results("dynamics/{run}/trajectory.h5"), run=VIBRATING),
            thermo=expand(results("dynamics/{run}/thermo.csv"), run=VIBRATING),
        output:
            table=results("analysis/vibrations.csv"),
            prov=results("analysis/vibrations.prov.json"),
        log:
            logs("analysis/vibrations.log"),
        conda:
            environment("analysis")
        threads: 1
        resources:
            **cpu(mem_mb=4000, minutes=60),
        params:
            **code("analysis/vibrations.py"),
            resolution=CRYSTAL.vibrations.resolution,
        script:
            "../scripts/analysis/vibrations.py"


if CRYSTAL.hops:

    rule double_well:
        output:
            table=results("analysis/double_well.csv"),
            prov=results("analysis/double_well.prov.json"),
        log:
            logs("analysis/double_well.log"),
        conda:
            environment("analysis")
        threads: 1
        resources:
            **cpu(mem_mb=1000, minutes=120),
        params:
            **code("analysis/double_well.py"),
            well=plain(CRYSTAL.hops.well),
            mass=CRYSTAL.isotopes[CRYSTAL.mobile].mass,
            bath=plain(CRYSTAL.dynamics.bath),
            temperatures=CRYSTAL.hops.temperatures,
            wells=SCALE.hops.wells,
            length=SCALE.hops.length,
            seed=CONFIG.seed("double_well"),
        script:
            "../scripts/analysis/double_well.py"
