# Deep potentials: train, freeze, compress, and compare with frames never trained on.
TRAINING = {
    "species": SYSTEM.species,
    "architecture": plain(SYSTEM.training),
    "steps": SCALE.training.steps,
    "checkpoint_every": SCALE.training.checkpoint_every,
}


rule train:
    input:
        data=f"{S}/data/{{dataset}}",
    output:
        model=f"{S}/potential/{{dataset}}/model.pb",
        settings=f"{S}/potential/{{dataset}}/input.json",
        curve=f"{S}/potential/{{dataset}}/learning_curve.csv",
        prov=f"{S}/potential/{{dataset}}/model.prov.json",
    log:
        f"{S}/logs/potential/{{dataset}}.log",
    benchmark:
        f"{S}/benchmarks/potential/{{dataset}}.tsv"
    conda:
        "../envs/potential.yaml"
    threads: 2
    resources:
        mem_mb=8000,
        runtime=1440,
        gpu=GPU,
    params:
        **TRAINING,
        **code("train.py"),
        seed=lambda wildcards: CONFIG.seed("training", wildcards.dataset),
    script:
        "../scripts/train.py"


rule parity:
    input:
        data=f"{S}/data/{{dataset}}",
        model=f"{S}/potential/{{dataset}}/model.pb",
        published=MAIN.published,
    output:
        errors=f"{S}/potential/{{dataset}}/parity_errors.csv",
        histograms=f"{S}/potential/{{dataset}}/parity_histograms.csv",
        card=f"{S}/potential/{{dataset}}/card.yaml",
        prov=f"{S}/potential/{{dataset}}/parity.prov.json",
    log:
        f"{S}/logs/potential/{{dataset}}.parity.log",
    conda:
        "../envs/potential.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=120,
        gpu=GPU,
    params:
        **TRAINING,
        **code("parity.py"),
        seed=lambda wildcards: CONFIG.seed("training", wildcards.dataset),
        dataset=lambda wildcards: {**plain(MAIN.datasets[wildcards.dataset]), "start": MAIN.start},
    script:
        "../scripts/parity.py"
