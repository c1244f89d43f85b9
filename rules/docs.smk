# Pictures of the documentation. They are committed, and drawn again by: snakemake --cores 1 pictures
PICTURES = ("workflow", "house", "bath", "beads", "invariants", "cage")


rule picture:
    input:
        tried="models/tried.csv",
    output:
        picture="docs/images/{picture}.png",
    log:
        logs("docs/{picture}.log"),
    wildcard_constraints:
        picture=one_of(PICTURES),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=time_limit(10),
        gpu=0,
    params:
        **code("docs/picture.py"),
        prototype=prototype(),
        plan=["scale=smoke", "start=dft"],
    script:
        "../scripts/docs/picture.py"


rule pictures:
    input:
        expand("docs/images/{picture}.png", picture=PICTURES),
