# Pictures of the documentation. They are committed, and drawn again by: snakemake --cores 1 pictures
PICTURES = ("workflow", "house", "bath", "beads", "invariants", "cage", "speed")
# Figures of LaH10's results. README's: snakemake --cores 1 docs/images/overview.png --config scale=reference, after
# `make figures SCALE=reference`. The tutorial's: snakemake --cores 2 docs/images/tutorial-phase.png --config scale=smoke
RESULT_PICTURES = {"overview": "overview", "tutorial-phase": "qin_fig2a_phase_classical"}


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


rule result_picture:
    input:
        lambda wildcards: results(f"figures/{RESULT_PICTURES[wildcards.picture]}.png"),
    output:
        "docs/images/{picture}.png",
    log:
        logs("docs/{picture}.log"),
    wildcard_constraints:
        picture=one_of(RESULT_PICTURES),
    localrule: True
    conda:
        environment("docs")
    shell:
        "cp -- {input} {output} 2> {log}"


rule pictures:
    input:
        expand("docs/images/{picture}.png", picture=PICTURES),
