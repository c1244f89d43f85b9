# The paper: every number in the text is a macro made from the tables, every figure and table a file of the workflow.
NUMBER_INPUTS = {
    "card": f"{POTENTIAL}/card.yaml",
    "parity": f"{POTENTIAL}/parity_errors.csv",
    "eos": f"{STATICS}/eos.csv",
    "phonons": f"{STATICS}/phonons.csv",
    "classical": f"{S}/tables/sweeps/classical_grid/summary.csv",
    "qtb_low_temperature": f"{S}/tables/sweeps/qtb_low_temperature/summary.csv",
    "diffusion_qtb": f"{S}/tables/sweeps/diffusion_qtb/summary.csv",
    "energy_pimd": f"{S}/tables/sweeps/energy_pimd/summary.csv",
}


rule numbers:
    input:
        **NUMBER_INPUTS,
    output:
        numbers=f"{S}/numbers.json",
        macros=f"{S}/manuscript/numbers.tex",
        prov=f"{S}/numbers.prov.json",
    log:
        f"{S}/logs/numbers.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=time_limit(10),
        gpu=0,
    params:
        **code("manuscript/numbers.py"),
        scale=CONFIG.scale_name,
    script:
        "../scripts/manuscript/numbers.py"


rule manuscript:
    input:
        text="manuscript/lah10.tex",
        bibliography="manuscript/lah10.bib",
        macros=f"{S}/manuscript/numbers.tex",
        figures=[file for file in FIGURE_FILES if file.endswith(".pdf")],
        tables=[file for file in TABLE_FILES if file.endswith(".tex")],
    output:
        pdf=f"{S}/manuscript/lah10.pdf",
        prov=f"{S}/manuscript/lah10.prov.json",
    log:
        f"{S}/logs/manuscript.log",
    conda:
        "../envs/tex.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=time_limit(10),
        gpu=0,
    params:
        **code("manuscript/typeset.py"),
    script:
        "../scripts/manuscript/typeset.py"
