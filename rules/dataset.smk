# Data sets: imported, checked, split into frames that are trained on and frames that are not.
include: "inputs/dataset.smk"


rule download:
    input:
        checksums=lambda wildcards: MAIN.datasets[wildcards.dataset].checksums,
    output:
        folder=directory("results/downloads/{dataset}"),
        prov="results/downloads/{dataset}.prov.json",
    log:
        "results/downloads/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(name for name, dataset in MAIN.datasets.items() if dataset.repository),
    localrule: True  # a cluster's nodes seldom see the network
    conda:
        environment("dataset")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=60),
    params:
        **code("dataset/download.py"),
        source=lambda wildcards: plain(MAIN.datasets[wildcards.dataset]),
    script:
        "../scripts/dataset/download.py"


rule dataset:
    input:
        dataset_files,
    output:
        folder=directory(results("dataset/{dataset}")),
        summary=results("dataset/{dataset}.csv"),
        prov=results("dataset/{dataset}.prov.json"),
    log:
        logs("dataset/{dataset}.log"),
    conda:
        environment("dataset")
    threads: 1
    resources:
        **cpu(mem_mb=4000, minutes=20),
    params:
        **code("dataset/split.py"),
        source=dataset_source,
        species=CRYSTAL.species,
        settings=lambda wildcards: {
            key: value
            for key, value in plain(MAIN.datasets[wildcards.dataset]).items()
            if key in ("test", "test_fraction", "limits")
        },
        seed=lambda wildcards: CONFIG.seed("split", wildcards.dataset),
    script:
        "../scripts/dataset/split.py"


rule data_quality:
    input:
        data=results("dataset/{dataset}"),
    output:
        **{name: results(f"dataset/quality/{{dataset}}/{name}.csv") for name in ("frames", "systems", "histograms")},
        prov=results("dataset/quality/{dataset}/quality.prov.json"),
    log:
        logs("dataset/quality/{dataset}.log"),
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=4000, minutes=60),
    params:
        **code("dataset/quality.py"),
        species=CRYSTAL.species,
    script:
        "../scripts/dataset/quality.py"
