# The paper: every number in the text is a macro made from the tables, every figure and table a file of the workflow.
include: "inputs/manuscript.smk"


rule numbers:
    input:
        [source_files(source) for source in NUMBER_SOURCES if source_files(source)],
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
        sources=[source for source in NUMBER_SOURCES if source_files(source)],
        partial=[source for source in NUMBER_SOURCES if not_ended([source.removeprefix("sweep:").partition("/")[0]])],
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


# No record: the pages repeat records, and are no results themselves.
rule origin_pages:
    input:
        figures=[file for file in FIGURE_FILES if file.endswith(".png")],
        captions=CAPTION_FILES,
        records=[results(f"figures/{figure_id}.prov.json") for figure_id in FIGURES],
        numbers=results("manuscript/numbers.json"),
        record_of_numbers=results("manuscript/numbers.prov.json"),
    output:
        ORIGIN_PAGES,
    log:
        logs("manuscript/origin_pages.log"),
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("manuscript/origin_pages.py"),
        command=f"make audit CRYSTAL={CONFIG.crystal_name} SCALE={CONFIG.scale_name}",
        entries=[shown(figure_id) for figure_id in FIGURES],
    script:
        "../scripts/manuscript/origin_pages.py"


rule manuscript:
    input:
        text=manuscript(".tex"),
        bibliography=manuscript(".bib"),
        macros=results("manuscript/numbers.tex"),
        figures=[file for file in FIGURE_FILES if file.endswith(".pdf")],
        tables=[file for file in TABLE_FILES if file.endswith(".tex")],
        captions=CAPTION_FILES,
    output:
        pdf=results(f"manuscript/{CONFIG.crystal_name}.pdf"),
        prov=results(f"manuscript/{CONFIG.crystal_name}.prov.json"),
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
