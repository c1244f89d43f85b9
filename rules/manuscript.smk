# The paper: every number in the text is a macro made from the tables, every figure and table a file of the workflow.
NUMBER_INPUTS = {
    "card": f"{POTENTIAL}/card.yaml",
    "parity": f"{POTENTIAL}/parity_errors.csv",
    "eos": results("statics/eos.csv"),
    "phonons": results("statics/phonons.csv"),
    "classical": results("analysis/sweeps/classical_grid/summary.csv"),
    "qtb_low_temperature": results("analysis/sweeps/qtb_low_temperature/summary.csv"),
    "diffusion_qtb": results("analysis/sweeps/diffusion_qtb/summary.csv"),
    "energy_pimd": results("analysis/sweeps/energy_pimd/summary.csv"),
}


rule numbers:
    input:
        **NUMBER_INPUTS,
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
    script:
        "../scripts/manuscript/numbers.py"


rule manuscript:
    input:
        text="manuscript/lah10.tex",
        bibliography="manuscript/lah10.bib",
        macros=results("manuscript/numbers.tex"),
        figures=[file for file in FIGURE_FILES if file.endswith(".pdf")],
        tables=[file for file in TABLE_FILES if file.endswith(".tex")],
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
