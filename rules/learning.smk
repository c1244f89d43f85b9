# Concurrent learning: explore with the newest committee, label what it disagrees about, train the next one.
# The inputs of generation g are outputs of generation g - 1; generation 0 is trained on the labels of the recipes. A data set
# that an earlier loop left (learning_from) grows by further generations; those before it are trained again, for the tables.
include: "inputs/learning.smk"


wildcard_constraints:
    generation=one_of(range(LAST + 1)),
    member=one_of(COMMITTEE),


rule learning_data:
    input:
        source=LEARNING_SOURCE_FILES,
        labels=lambda wildcards: labels_before(int(wildcards.generation)),
    output:
        folder=directory(results("learning/{generation}/data")),
        prov=results("learning/{generation}/data.prov.json"),
    log:
        logs("learning/{generation}/data.log"),
    conda:
        environment("learning")
    threads: 1
    resources:
        **cpu(mem_mb=2000, minutes=10),
    params:
        **code("learning/data.py"),
        source=LEARNING_SOURCE,
        species=CRYSTAL.species,
        test_fraction=LEARNING.test_fraction,
        seed=CONFIG.seed("learning", "test"),
    script:
        "../scripts/learning/data.py"


rule learning_train:
    input:
        data=results("learning/{generation}/data"),
    output:
        model=results("learning/{generation}/committee/{member}.pb"),
        curve=results("learning/{generation}/committee/{member}.csv"),
        prov=results("learning/{generation}/committee/{member}.prov.json"),
    log:
        logs("learning/{generation}/train-{member}.log"),
    benchmark:
        benchmarks("learning/{generation}-train-{member}.tsv")
    conda:
        environment("learning")
    threads: 1
    resources:
        **gpu(mem_mb=4000, minutes=240),
    params:
        **code("learning/train.py"),
        training=lambda wildcards: learning_training(wildcards.generation, wildcards.member),
    script:
        "../scripts/learning/train.py"


rule learning_explore:
    input:
        data=results("learning/{generation}/data"),
        model=results("learning/{generation}/committee/1.pb"),
    output:
        frames=results("learning/{generation}/explore/{run}.extxyz"),
        report=results("learning/{generation}/explore/{run}.json"),
        prov=results("learning/{generation}/explore/{run}.prov.json"),
    log:
        logs("learning/{generation}/explore/{run}.log"),
    benchmark:
        benchmarks("learning/{generation}-explore-{run}.tsv")
    wildcard_constraints:
        generation=one_of(EXPLORATION),
        run=one_of(run for runs in EXPLORATION.values() for run in runs),
    conda:
        environment("dynamics")
    threads: 1
    resources:
        **gpu(mem_mb=2000, minutes=60),
    params:
        **code("learning/explore.py", "qcrystal/dynamics/lammps/worker.py"),
        specification=lambda wildcards: EXPLORATION[int(wildcards.generation)][wildcards.run],
        recipe=lambda wildcards: RECIPES[EXPLORATION[int(wildcards.generation)][wildcards.run]["recipe"]],
        prototype=prototype(),
        nearest=LEARNING.nearest,
    script:
        "../scripts/learning/explore.py"


rule learning_select:
    input:
        data=results("learning/{generation}/data"),
        models=expand(results("learning/{{generation}}/committee/{member}.pb"), member=COMMITTEE),
        frames=explored("extxyz"),
        reports=explored("json"),
    output:
        batches=expand(results("learning/{{generation}}/frames/{batch}.extxyz"), batch=LEARNING_BATCHES),
        frames=results("learning/{generation}/frames.csv"),
        summary=results("learning/{generation}/summary.csv"),
        prov=results("learning/{generation}/frames.prov.json"),
    log:
        logs("learning/{generation}/select.log"),
    wildcard_constraints:
        generation=one_of(EXPLORATION),
    conda:
        environment("learning")
    threads: 1
    resources:
        **gpu(mem_mb=4000, minutes=60),
    params:
        **code("learning/select_frames.py"),
        engine=ENGINE,
        species=CRYSTAL.species,
        runs=lambda wildcards: list(EXPLORATION[int(wildcards.generation)].values()),
        soap=plain(LEARNING.soap),
        choice=lambda wildcards: {
            "bounds": LEARNING.bounds,
            "train": SCALE.learning.frames,
            "test": SCALE.learning.test_frames,
            "test_runs": SCALE.learning.test_runs,
            "seed": CONFIG.seed("learning", wildcards.generation, "test frames"),
        },
    script:
        "../scripts/learning/select_frames.py"


use rule dft_label as learning_label with:
    input:
        frames=results("learning/{generation}/frames/{batch}.extxyz"),
        setups=results("dft/paw"),
    output:
        labels=results("learning/{generation}/labels/{batch}.json"),
        prov=results("learning/{generation}/labels/{batch}.prov.json"),
    log:
        logs("learning/{generation}/label-{batch}.log"),
    benchmark:
        benchmarks("learning/{generation}-label-{batch}.tsv")
    wildcard_constraints:
        generation=one_of(EXPLORATION),
        batch=one_of(LEARNING_BATCHES),


rule learning_tables:
    input:
        data=results(f"learning/{LAST}/data"),
        models=expand(
            results("learning/{generation}/committee/{member}.pb"), generation=range(LAST + 1), member=COMMITTEE
        ),
        summaries=([f"{LEARNING_SOURCE}/generations.csv"] if FIRST else [])
        + expand(results("learning/{generation}/summary.csv"), generation=range(FIRST, LAST)),
    output:
        generations=results("learning/generations.csv"),
        errors=results("learning/generation_errors.csv"),
        map=results("learning/structure_map.csv"),
        prov=results("learning/tables.prov.json"),
    log:
        logs("learning/tables.log"),
    conda:
        environment("learning")
    threads: 1
    resources:
        **gpu(mem_mb=4000, minutes=60),
    params:
        **code("learning/tables.py"),
        species=CRYSTAL.species,
        soap=plain(LEARNING.soap),
    script:
        "../scripts/learning/tables.py"


rule learning_dataset:
    input:
        source=LEARNING_SOURCE_FILES,
        labels=labels_before(LAST),
        tables=[results(f"learning/{name}.csv") for name in ("generations", "generation_errors", "structure_map")],
    output:
        folder=directory(results(f"learning/{CONFIG.crystal_name}")),
        prov=results(f"learning/{CONFIG.crystal_name}.prov.json"),
    log:
        logs("learning/dataset.log"),
    conda:
        environment("learning")
    threads: 1
    resources:
        **cpu(mem_mb=2000, minutes=10),
    params:
        **code("learning/dataset.py"),
        source=LEARNING_SOURCE,
        species=CRYSTAL.species,
        test_fraction=LEARNING.test_fraction,
        seed=CONFIG.seed("learning", "test"),
    script:
        "../scripts/learning/dataset.py"
