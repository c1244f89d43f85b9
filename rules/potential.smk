# Deep potentials: train, freeze, compress, and compare with frames never trained on.
# The first of a committee is what everything runs with; the others, of other seeds, tell where it is not to be trusted.
STEPS = SCALE.training.steps
TRAINING = {
    "species": SYSTEM.species,
    "architecture": plain(SYSTEM.training[MAIN.training]),
    "repulsion": plain(SYSTEM)["repulsion"],
    "steps": STEPS.get(MAIN.training) if isinstance(STEPS, dict) else STEPS,  # config.py says if one is missing
    "checkpoint_every": SCALE.training.checkpoint_every,
}


wildcard_constraints:
    suffix=one_of(["", *(f"-{member}" for member in range(2, SCALE.training.committee + 1))]),


rule train:
    input:
        data=f"{S}/data/{{dataset}}",
    output:
        model=f"{S}/potential/{{dataset}}/model{{suffix}}.pb",
        settings=f"{S}/potential/{{dataset}}/input{{suffix}}.json",
        curve=f"{S}/potential/{{dataset}}/learning_curve{{suffix}}.csv",
        prov=f"{S}/potential/{{dataset}}/model{{suffix}}.prov.json",
    log:
        f"{S}/logs/potential/{{dataset}}{{suffix}}.log",
    benchmark:
        f"{S}/benchmarks/potential/{{dataset}}{{suffix}}.tsv"
    conda:
        "../envs/potential.yaml"
    threads: 1 if TRAINING["architecture"]["trainer"] == "moments" else 2
    resources:
        mem_mb=8000,
        runtime=time_limit(1440),
        gpu=GPU,
    params:
        **TRAINING,
        **code("potential/train.py"),
        seed=lambda wildcards: CONFIG.seed("training", wildcards.dataset + wildcards.suffix),
        compress=lambda wildcards: wildcards.suffix == "",  # the others are evaluated seldom, and are small as they are
    script:
        "../scripts/potential/train.py"


rule parity:
    input:
        data=f"{S}/data/{{dataset}}",
        models=lambda wildcards: potential_members(f"{S}/potential/{wildcards.dataset}"),
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
        runtime=time_limit(120),
        gpu=GPU,
    params:
        **TRAINING,
        **code("potential/parity.py"),
        seed=lambda wildcards: CONFIG.seed("training", wildcards.dataset),
        dataset=lambda wildcards: {**plain(MAIN.datasets[wildcards.dataset]), "start": MAIN.start},
    script:
        "../scripts/potential/parity.py"


# Of a potential that is trained here; a released one comes with this table.
rule held_out:
    input:
        data=f"{S}/data/{{dataset}}",
        models=lambda wildcards: potential_members(f"{S}/potential/{wildcards.dataset}"),
    output:
        table=f"{S}/potential/{{dataset}}/parity_frames.csv",
        prov=f"{S}/potential/{{dataset}}/parity_frames.prov.json",
    log:
        f"{S}/logs/potential/{{dataset}}.frames.log",
    conda:
        "../envs/potential.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=time_limit(120),
        gpu=GPU,
    params:
        **code("potential/held_out.py"),
        species=SYSTEM.species,
    script:
        "../scripts/potential/held_out.py"


rule accuracy:
    input:
        card=f"{POTENTIAL}/card.yaml",
        frames=f"{POTENTIAL}/parity_frames.csv",
    output:
        conditions=f"{S}/accuracy/conditions.csv",
        limits=f"{S}/accuracy/limits.csv",
        prov=f"{S}/accuracy/accuracy.prov.json",
    log:
        f"{S}/logs/accuracy.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=time_limit(10),
        gpu=0,
    params:
        **code("potential/accuracy.py"),
    script:
        "../scripts/potential/accuracy.py"
