# Molecular dynamics and path integrals: one row of a sweep is one job with one directory.
include: "inputs/dynamics.smk"


rule run:
    input:
        model=f"{POTENTIAL}/model.pb",
        trained=results("potential/trained_pressures.csv"),
        eos=results("statics/eos.csv"),
        phonons=results("statics/phonons.csv"),
        energy=results("statics/harmonic_energy.csv"),
        cell=lambda wildcards: expand(results("dynamics/{source}/thermo.csv"), source=cell_of(wildcards.run)),
    output:
        trajectory=results("dynamics/{run}/trajectory.h5"),
        thermo=results("dynamics/{run}/thermo.csv"),
        report=results("dynamics/{run}/report.json"),
        timing=results("dynamics/{run}/timing.json"),  # an input of nothing: no two runs take the same time
        start=results("dynamics/{run}/start.extxyz"),
        prov=results("dynamics/{run}/run.prov.json"),
    log:
        logs("dynamics/{run}.log"),
    benchmark:
        benchmarks("dynamics/{run}.tsv")
    conda:
        environment("dynamics")
    threads: 1
    resources:
        **gpu(
            mem_mb=lambda wildcards: 1500
            + CONFIG.planned[wildcards.run].beads * CONFIG.planned[wildcards.run].atoms // 20,
            minutes=lambda wildcards: max(30, math.ceil(work(wildcards) * 3e-4 / 60)),
        ),
    params:
        **code("dynamics/run.py", "qcrystal/dynamics/lammps/worker.py", "qcrystal/dynamics/ipi/driver.py"),
        specification=lambda wildcards: plain(CONFIG.planned[wildcards.run]),
        cell_of=lambda wildcards: [plain(CONFIG.planned[source]) for source in cell_of(wildcards.run)],
        prototype=prototype(),
        max_frequency=CRYSTAL.dynamics.max_frequency,
    script:
        "../scripts/dynamics/run.py"
