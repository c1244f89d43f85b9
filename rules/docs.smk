# Pictures of the documentation. They are committed, and drawn again by: snakemake --cores 1 pictures
PICTURES = ("workflow", "house", "bath", "beads", "invariants", "cage", "speed")


rule picture:
    input:
        tried="models/tried.csv",
        speed="docs/speed.csv",
    output:
        picture="docs/images/{picture}.png",
    log:
        logs("docs/{picture}.log"),
    wildcard_constraints:
        picture=one_of(PICTURES),
    conda:
        environment("docs")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("docs/picture.py"),
        prototype=prototype(),
        plans=[["scale=smoke", "start=dft"], ["crystal=ca-y-h", "scale=smoke"]],
    script:
        "../scripts/docs/picture.py"


rule pictures:
    input:
        expand("docs/images/{picture}.png", picture=PICTURES),
