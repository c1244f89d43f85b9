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
        numbers={name: plain(entry) for name, entry in NUMBERS.items()},
    script:
        "../scripts/manuscript/numbers.py"


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
