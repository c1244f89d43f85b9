# The paper: every number in the text is a macro made from the tables, every figure and table a file of the workflow.
include: "inputs/manuscript.smk"


rule numbers:
    input:
        [source_files(source) for source in NUMBER_SOURCES],
    output:
        numbers=results("manuscript/numbers.json"),
        macros=results("manuscript/numbers.tex"),
        prov=results("manuscript/numbers.prov.json"),
    log:
        logs("manuscript/numbers.log"),
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("manuscript/numbers.py"),
        scale=CONFIG.scale_name,
        sources=NUMBER_SOURCES,
        numbers=literal({name: plain(entry) for name, entry in NUMBERS.items()}),
    script:
        "../scripts/manuscript/numbers.py"


rule index:
    input:
        figures=FIGURE_FILES,
        tables=TABLE_FILES,
        captions=CAPTION_FILES,
        numbers=results("manuscript/numbers.json"),
    output:
        page=results("index.html"),
        prov=results("index.prov.json"),
    log:
        logs("manuscript/index.log"),
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("manuscript/index.py"),
        title=f"{CRYSTAL.name}: results at scale {CONFIG.scale_name}",
        subtitle=f"{len(FIGURES)} figures and tables, from {MAIN.start}",
        entries=[shown(figure_id) for figure_id in FIGURES],
    script:
        "../scripts/manuscript/index.py"


rule manuscript:
    input:
        text="manuscript/lah10.tex",
        bibliography="manuscript/lah10.bib",
        macros=results("manuscript/numbers.tex"),
        figures=[file for file in FIGURE_FILES if file.endswith(".pdf")],
        tables=[file for file in TABLE_FILES if file.endswith(".tex")],
        captions=CAPTION_FILES,
    output:
        pdf=results("manuscript/lah10.pdf"),
        prov=results("manuscript/lah10.prov.json"),
    log:
        logs("manuscript/typeset.log"),
    conda:
        environment("manuscript")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("manuscript/typeset.py"),
    script:
        "../scripts/manuscript/typeset.py"
