# Quantum crystals, LaH10 first: from DFT labels to the figures, tables and numbers of a paper.
#   snakemake --cores 2                                   every figure and table (config/config.yaml says at which scale)
#   snakemake --cores 2 --config scale=smoke start=labels
from snakemake.utils import min_version

min_version("9.0")


include: "rules/common.smk"
include: "rules/resources.smk"
include: "rules/dataset.smk"
include: "rules/dft.smk"
include: "rules/potential.smk"
include: "rules/learning.smk"
include: "rules/statics.smk"
include: "rules/search.smk"
include: "rules/superconductivity.smk"
include: "rules/dynamics.smk"
include: "rules/variational.smk"
include: "rules/analysis.smk"
include: "rules/figures.smk"
include: "rules/manuscript.smk"
include: "rules/provenance.smk"
include: "rules/docs.smk"


keep()  # what was read of the code, for the jobs and the next start


rule figures:
    default_target: True
    input:
        FIGURE_FILES,
        TABLE_FILES,
        results("manuscript/numbers.json"),
        results("index.html"),
        ORIGIN_PAGES,
        results("provenance/configuration.yaml"),


# Long scales are made in the order of what they decide: rank_1, rank_2, and the rest by the default target.
for rank in (1, 2):

    rule:
        name:
            f"rank_{rank}"
        input:
            [
                results(f"analysis/sweeps/{sweep}/summary.csv")
                for sweep, settings in SCALE.sweeps.items()
                if settings.rank <= rank and CONFIG.sweeps[sweep]
            ],


rule runs:
    input:
        expand(results("dynamics/{run}/trajectory.h5"), run=CONFIG.runs),


rule labels:
    input:
        results(f"dft/{CONFIG.crystal_name}"),


rule learning:
    input:
        rules.learning_tables.output,
        rules.learning_dataset.output,


rule convergence:
    input:
        results("dft/convergence.csv"),


rule potential:
    input:
        f"{POTENTIAL}/model.pb",


rule paper:
    input:
        results(f"manuscript/{CONFIG.crystal_name}.pdf"),
