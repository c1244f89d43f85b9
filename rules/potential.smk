# Deep potentials: train, freeze, compress, and compare with frames never trained on.
# The first of a committee is what everything runs with; the others, of other seeds, tell where it is not to be trusted.
include: "inputs/potential.smk"


wildcard_constraints:
    suffix=one_of(["", *(f"-{member}" for member in range(2, SCALE.training.committee + 1))]),


rule train:
    input:
        data=results("dataset/{dataset}"),
    output:
        model=results("potential/{dataset}/model{suffix}.pb"),
        settings=results("potential/{dataset}/training{suffix}.json"),
        curve=results("potential/{dataset}/learning_curve{suffix}.csv"),
        prov=results("potential/{dataset}/model{suffix}.prov.json"),
    log:
        logs("potential/{dataset}{suffix}.log"),
    benchmark:
        benchmarks("potential/{dataset}{suffix}.tsv")
    conda:
        environment("potential")
    threads: 1 if ARCHITECTURE.trainer == "moments" else 2
    resources:
        **gpu(mem_mb=8000, minutes=1440),
    params:
        **code("potential/train.py"),
        training=lambda wildcards: training(wildcards.dataset + wildcards.suffix),
        compress=lambda wildcards: wildcards.suffix == "",  # the others are evaluated seldom, and are small as they are
    script:
        "../scripts/potential/train.py"


rule parity:
    input:
        data=results("dataset/{dataset}"),
        models=lambda wildcards: potential_members(results(f"potential/{wildcards.dataset}")),
        published=MAIN.published,
    output:
        errors=results("potential/{dataset}/parity_errors.csv"),
        histograms=results("potential/{dataset}/parity_histograms.csv"),
        card=results("potential/{dataset}/card.yaml"),
        prov=results("potential/{dataset}/parity.prov.json"),
    log:
        logs("potential/{dataset}.parity.log"),
    conda:
        environment("potential")
    threads: 1
    resources:
        **gpu(mem_mb=8000, minutes=120),
    params:
        **code("potential/parity.py"),
        training=lambda wildcards: training(wildcards.dataset),
        dataset=lambda wildcards: {**plain(MAIN.datasets[wildcards.dataset]), "start": MAIN.start},
    script:
        "../scripts/potential/parity.py"


# Of a potential that is trained here; a released one comes with this table.
rule held_out:
    input:
        data=results("dataset/{dataset}"),
        models=lambda wildcards: potential_members(results(f"potential/{wildcards.dataset}")),
    output:
        table=results("potential/{dataset}/parity_frames.csv"),
        prov=results("potential/{dataset}/parity_frames.prov.json"),
    log:
        logs("potential/{dataset}.frames.log"),
    conda:
        environment("potential")
    threads: 1
    resources:
        **gpu(mem_mb=8000, minutes=120),
    params:
        **code("potential/held_out.py"),
        engine=ENGINE,
        species=CRYSTAL.species,
    script:
        "../scripts/potential/held_out.py"


# Of the card, what runs and statics need: another change of the card makes none of them anew.
rule trained_pressures:
    input:
        card=f"{POTENTIAL}/card.yaml",
    output:
        table=results("potential/trained_pressures.csv"),
        prov=results("potential/trained_pressures.prov.json"),
    log:
        logs("potential/trained_pressures.log"),
    localrule: True
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=500, minutes=10),
    params:
        **code("potential/trained_pressures.py"),
    script:
        "../scripts/potential/trained_pressures.py"


rule accuracy:
    input:
        card=f"{POTENTIAL}/card.yaml",
        frames=f"{POTENTIAL}/parity_frames.csv",
    output:
        conditions=results("potential/accuracy/conditions.csv"),
        limits=results("potential/accuracy/limits.csv"),
        prov=results("potential/accuracy/accuracy.prov.json"),
    log:
        logs("potential/accuracy.log"),
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("potential/accuracy.py"),
    script:
        "../scripts/potential/accuracy.py"
