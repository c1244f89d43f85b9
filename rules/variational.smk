# Variational free energies of quantum crystals: one row of a sweep of `nct` is one calculation with one folder.
include: "inputs/variational.smk"


wildcard_constraints:
    nct=one_of(CONFIG.variational),
    nct_sweep=one_of(CONFIG.variational_sweeps),
    nct_table="training|phonons|rdf|sites|size",


# The crystal at rest, and the phonons that are its coordinates.
rule nct_basis:
    input:
        model=potential_of,
        eos=statics_of("eos"),
        phonons=statics_of("phonons"),
        energy=statics_of("harmonic_energy"),
    output:
        basis=results("variational/{nct}/basis.npz"),
        prov=results("variational/{nct}/basis.prov.json"),
    log:
        logs("variational/{nct}.basis.log"),
    conda:
        environment("variational")
    threads: 1
    resources:
        **cpu(mem_mb=2000, minutes=30),
    params:
        **code("variational/basis.py"),
        specification=lambda wildcards: plain(CONFIG.variational[wildcards.nct]),
        prototype=lambda wildcards: plain(CRYSTAL.prototypes[CONFIG.variational[wildcards.nct].prototype]),
    script:
        "../scripts/variational/basis.py"


rule nct_train:
    input:
        model=potential_of,
        basis=results("variational/{nct}/basis.npz"),
    output:
        weights=results("variational/{nct}/weights.npz"),
        table=results("variational/{nct}/training.csv"),
        prov=results("variational/{nct}/training.prov.json"),
    log:
        logs("variational/{nct}.training.log"),
    benchmark:
        benchmarks("variational/{nct}.training.tsv")
    conda:
        environment("variational")
    threads: 1
    resources:
        **gpu(mem_mb=4000, minutes=240),
    params:
        **code("variational/train.py"),
        specification=lambda wildcards: plain(CONFIG.variational[wildcards.nct]),
    script:
        "../scripts/variational/train.py"


# Free energy by thermodynamic integration in the same cell, from the oscillators of level scha.
rule nct_reference:
    input:
        model=potential_of,
        basis=results("variational/{nct}/basis.npz"),
        weights=results("variational/{nct}/weights.npz"),
    output:
        table=results("variational/{nct}/reference.csv"),
        prov=results("variational/{nct}/reference.prov.json"),
    log:
        logs("variational/{nct}.reference.log"),
    benchmark:
        benchmarks("variational/{nct}.reference.tsv")
    conda:
        environment("variational")
    threads: 1
    resources:
        **gpu(mem_mb=4000, minutes=240),
    params:
        **code("variational/reference.py"),
        specification=lambda wildcards: plain(CONFIG.variational[wildcards.nct]),
    script:
        "../scripts/variational/reference.py"


rule nct_measure:
    input:
        model=potential_of,
        basis=results("variational/{nct}/basis.npz"),
        weights=results("variational/{nct}/weights.npz"),
        reference=branch(
            lambda wildcards: CONFIG.variational[wildcards.nct].references,
            then=results("variational/{nct}/reference.csv"),
            otherwise=[],
        ),
        summaries=judges("summary"),
        displacements=judges("msd"),
        cells=judges("cell"),
    output:
        samples=results("variational/{nct}/samples.h5"),
        summary=results("variational/{nct}/summary.csv"),
        report=results("variational/{nct}/report.json"),
        prov=results("variational/{nct}/summary.prov.json"),
    log:
        logs("variational/{nct}.measure.log"),
    conda:
        environment("variational")
    threads: 1
    resources:
        **gpu(mem_mb=4000, minutes=60),
    params:
        **code("variational/measure.py"),
        specification=lambda wildcards: plain(CONFIG.variational[wildcards.nct]),
        atoms=lambda wildcards: max(
            (CONFIG.runs[run].atoms for run in CONFIG.variational_judges.get(wildcards.nct, [])), default=0
        ),
    script:
        "../scripts/variational/measure.py"


rule nct_phonons:
    input:
        model=potential_of,
        basis=results("variational/{nct}/basis.npz"),
        weights=results("variational/{nct}/weights.npz"),
        summary=results("variational/{nct}/summary.csv"),
    output:
        table=results("variational/{nct}/phonons.csv"),
        prov=results("variational/{nct}/phonons.prov.json"),
    log:
        logs("variational/{nct}.phonons.log"),
    conda:
        environment("variational")
    threads: 1
    resources:
        **gpu(mem_mb=4000, minutes=60),
    params:
        **code("variational/phonons.py"),
        specification=lambda wildcards: plain(CONFIG.variational[wildcards.nct]),
    script:
        "../scripts/variational/phonons.py"


# Pair distribution functions and mean sites of every level.
rule nct_structure:
    input:
        model=potential_of,
        basis=results("variational/{nct}/basis.npz"),
        weights=results("variational/{nct}/weights.npz"),
        summary=results("variational/{nct}/summary.csv"),
    output:
        rdf=results("variational/{nct}/rdf.csv"),
        sites=results("variational/{nct}/sites.csv"),
        prov=results("variational/{nct}/rdf.prov.json"),
    log:
        logs("variational/{nct}.structure.log"),
    conda:
        environment("variational")
    threads: 1
    resources:
        **cpu(mem_mb=4000, minutes=30),
    params:
        **code("variational/structure.py"),
        specification=lambda wildcards: plain(CONFIG.variational[wildcards.nct]),
        prototype=lambda wildcards: plain(CRYSTAL.prototypes[CONFIG.variational[wildcards.nct].prototype]),
    script:
        "../scripts/variational/structure.py"


# What the small cell misses of the harmonic free energy.
rule nct_size:
    input:
        model=potential_of,
        basis=results("variational/{nct}/basis.npz"),
    output:
        table=results("variational/{nct}/size.csv"),
        prov=results("variational/{nct}/size.prov.json"),
    log:
        logs("variational/{nct}.size.log"),
    conda:
        environment("variational")
    threads: 1
    resources:
        **cpu(mem_mb=4000, minutes=60),
    params:
        **code("variational/size.py"),
        specification=lambda wildcards: plain(CONFIG.variational[wildcards.nct]),
    script:
        "../scripts/variational/size.py"


rule nct_gibbs:
    input:
        summaries=of_sweep("summary"),
    output:
        summary=results("variational/sweeps/{nct_sweep}/summary.csv"),
        gibbs=results("variational/sweeps/{nct_sweep}/gibbs.csv"),
        prov=results("variational/sweeps/{nct_sweep}/gibbs.prov.json"),
    log:
        logs("variational/sweeps/{nct_sweep}.log"),
    conda:
        environment("variational")
    threads: 1
    resources:
        **cpu(mem_mb=2000, minutes=10),
    params:
        **code("variational/gibbs.py"),
    script:
        "../scripts/variational/gibbs.py"


# One table of a sweep. Each waits for nothing that it does not need.
rule nct_table:
    input:
        tables=lambda wildcards: of_sweep(wildcards.nct_table)(wildcards),
    output:
        table=results("variational/sweeps/{nct_sweep}/{nct_table}.csv"),
        prov=results("variational/sweeps/{nct_sweep}/{nct_table}.prov.json"),
    log:
        logs("variational/sweeps/{nct_sweep}.{nct_table}.log"),
    conda:
        environment("variational")
    threads: 1
    resources:
        **cpu(mem_mb=2000, minutes=10),
    params:
        **code("variational/gather.py"),
        schema=lambda wildcards: f"nct_{wildcards.nct_table}",
    script:
        "../scripts/variational/gather.py"


rule nct:
    input:
        expand(
            results("variational/sweeps/{sweep}/{table}.csv"),
            sweep=CONFIG.variational_sweeps,
            table=["gibbs", "training", "phonons", "rdf", "sites", "size"],
        ),


# Published lithium potentials are downloaded, or copied from the folder that QCRYSTAL_LITHIUM names. They are never shipped.
rule published_potential:
    output:
        model="results/downloads/lithium/{published}.pb",
        prov="results/downloads/lithium/{published}.prov.json",
    log:
        "results/downloads/lithium/{published}.log",
    wildcard_constraints:
        published="dp0|dp4",
    localrule: True  # a cluster's nodes seldom see the network
    conda:
        environment("variational")
    threads: 1
    resources:
        **cpu(mem_mb=500, minutes=30),
    params:
        **code("variational/fetch.py"),
    script:
        "../scripts/variational/fetch.py"


rule x_lithium_wrinkle:
    input:
        models=["results/downloads/lithium/dp4.pb"],
    output:
        table="results/lithium/wrinkle.csv",
        png="results/lithium/x_lithium_wrinkle.png",
        pdf="results/lithium/x_lithium_wrinkle.pdf",
        caption="results/lithium/x_lithium_wrinkle.caption.json",
        prov="results/lithium/x_lithium_wrinkle.prov.json",
    log:
        "results/lithium/x_lithium_wrinkle.log",
    conda:
        environment("variational")
    threads: 1
    resources:
        **cpu(mem_mb=4000, minutes=30),
    params:
        **code("variational/wrinkle.py", "qcrystal/figures/frozen_phonon.py"),
        potentials=["dp4"],
        volumes=[17.0, 19.2, 20.3, 20.8],  # Å³/atom
        amplitudes=[0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3],  # Å
        mass=6.941,  # u
        caption="Effective energy of the frozen transverse phonon at N of bcc lithium against its amplitude, by a published "
        "potential whose three-body part ends at 3 Å.",
    script:
        "../scripts/variational/wrinkle.py"
