# LaH10 as a quantum crystal: from DFT labels to the figures, tables and numbers of a paper.
#   snakemake --cores 2                                   every figure and table (config/config.yaml says at which scale)
#   snakemake --cores 2 --config scale=smoke start=labels
from snakemake.utils import min_version

min_version("9.0")


include: "rules/common.smk"
include: "rules/dft.smk"
include: "rules/dataset.smk"
include: "rules/learning.smk"
include: "rules/potential.smk"
include: "rules/statics.smk"
include: "rules/search.smk"
include: "rules/dynamics.smk"
include: "rules/analysis.smk"
include: "rules/figures.smk"
include: "rules/manuscript.smk"
include: "rules/provenance.smk"


rule figures:
    default_target: True
    input:
        FIGURE_FILES,
        TABLE_FILES,
        f"{S}/numbers.json",
        f"{S}/configuration.yaml",


rule runs:
    input:
        expand(f"{S}/runs/{{run}}/trajectory.h5", run=CONFIG.runs),


rule labels:
    input:
        f"{S}/dft/{CONFIG.system_name}",


rule learning:
    input:
        rules.learning_tables.output,
        rules.learning_dataset.output,


rule convergence:
    input:
        f"{S}/dft/convergence.csv",


rule potential:
    input:
        f"{POTENTIAL}/model.pb",


rule paper:
    input:
        f"{S}/manuscript/lah10.pdf",
