# Molecular dynamics and path integrals: one row of a sweep is one job with one directory.
rule run:
    input:
        model=f"{POTENTIAL}/model.pb",
        card=f"{POTENTIAL}/card.yaml",
        eos=f"{STATICS}/eos.csv",
        phonons=f"{STATICS}/phonons.csv",
        energy=f"{STATICS}/harmonic_energy.csv",
        cell=lambda wildcards: expand(f"{S}/runs/{{source}}/thermo.csv", source=cell_of(wildcards.run)),
    output:
        trajectory=f"{S}/runs/{{run}}/trajectory.h5",
        thermo=f"{S}/runs/{{run}}/thermo.csv",
        report=f"{S}/runs/{{run}}/report.json",
        start=f"{S}/runs/{{run}}/start.extxyz",
        prov=f"{S}/runs/{{run}}/run.prov.json",
    log:
        f"{S}/logs/runs/{{run}}.log",
    benchmark:
        f"{S}/benchmarks/runs/{{run}}.tsv"
    conda:
        "../envs/dynamics.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards: 1500 + CONFIG.runs[wildcards.run].beads * CONFIG.runs[wildcards.run].atoms // 20,
        runtime=time_limit(lambda wildcards: max(30, math.ceil(work(wildcards) * 3e-4 / 60))),
        gpu=GPU,
    params:
        **code("dynamics/run.py", "qcrystal/dynamics/lammps/worker.py", "qcrystal/dynamics/ipi/driver.py"),
        specification=lambda wildcards: plain(CONFIG.runs[wildcards.run]),
        cell_of=lambda wildcards: [plain(CONFIG.runs[source]) for source in cell_of(wildcards.run)],
        prototype=prototype(),
        max_frequency=SYSTEM.dynamics.max_frequency,
    script:
        "../scripts/dynamics/run.py"
