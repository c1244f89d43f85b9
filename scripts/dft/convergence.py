"""Compare the labels of all settings that were tried with those of the densest."""

from pathlib import Path

from qcrystal.config.dft import Goals
from qcrystal.dft.convergence import convergence_table
from qcrystal.dft.labels import read_labels
from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job

with job(snakemake) as log:
    parameters = snakemake.params
    labels = {
        name: read_labels(Path(snakemake.input[f"label{number}"])).frames
        for number, name in enumerate(parameters.names)
    }
    at_rest = {
        name: float(read_table(snakemake.input[f"lattice{number}"], "lattice")["pressure"].iloc[0])
        for number, name in enumerate(parameters.names)
    }
    table = convergence_table(parameters.comparisons, labels, at_rest, Goals(**parameters.goals), parameters.chosen)
    write_table(table, snakemake.output.table, "dft_convergence")
    log.info("chosen settings against the densest: %s", table.iloc[-1].to_dict())
