# The paper: every number in the text is a macro made from the tables, every figure and table a file of the workflow.
from qcrystal.manuscript.numbers import NumberSet

NUMBERS_FILE = str(Path(CONFIG.crystal_file).parent / "numbers.yaml")
try:
    NUMBERS = validate(NumberSet, read_yaml(ROOT / NUMBERS_FILE, NUMBERS_FILE, "file"), NUMBERS_FILE).numbers
except ConfigError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
NUMBER_SOURCES = list(dict.fromkeys(entry.source for entry in NUMBERS.values()))


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
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=time_limit(10),
        gpu=0,
    params:
        **code("manuscript/index.py"),
        title=f"{CRYSTAL.name}: results at scale {CONFIG.scale_name}",
        subtitle=f"{len(FIGURES)} figures and tables, from {MAIN.start}",
        entries=[
            {
                "name": id,
                "category": entry.category,
                "files": [results(f"figures/{id}{suffix}") for suffix in entry.suffixes],
                "sources": [file for sources in entry.sources.values() for file in map(source_files, sources) if file],
            }
            for id, entry in FIGURES.items()
        ],
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
